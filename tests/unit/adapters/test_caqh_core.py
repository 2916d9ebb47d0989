"""CAQH CORE connectivity: envelopes, checksums, one effect a PayloadID, codes in plain words."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.caqh_core import ADAPTER, mime, soap
from adapters.caqh_core.answers import answer_page
from adapters.caqh_core.destination import CoreDestination
from adapters.caqh_core.errors import fault_of
from adapters.caqh_core.fake import PASSWORD, USER, FakeReceiver, receipt_of
from adapters.caqh_core.message import (
    REAL_TIME,
    SUBMIT,
    Message,
    checksum,
    is_damaged,
    payload_id,
)
from adapters.caqh_core.multipart import Part, join, split
from adapters.caqh_core.settings import CoreAnswersSettings, CoreDestinationSettings
from adapters.caqh_core.source import CoreAnswers
from connector.errors import AwaitsPerson, ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.ports import AdapterContext, Outgoing
from connector.x12.validate import validate
from tests.unit.adapters.test_hl7_tls import _certificate as certificate
from tests.x12_samples import FILES, REQUEST

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DOCUMENT = Outgoing(
    "0f" * 32, "requests-to-payers/p/x.x12", "application/edi-x12", REQUEST,
    {"kind": "authorization_request"},
)  # fmt: skip


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORE_PASSWORD", PASSWORD)


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    fake = FakeReceiver()
    with fake.serving():
        yield fake


def options(receiver: FakeReceiver, **changed: Any) -> dict[str, Any]:
    return {
        "url": f"{receiver.url}/core", "sender_id": "PRACTICE", "receiver_id": "PAYER",
        "user": USER, "password": {"env": "CORE_PASSWORD"}, "private_network": True, **changed,
    }  # fmt: skip


def destination(receiver: FakeReceiver, **changed: Any) -> CoreDestination:
    given = options(receiver, **{"answers_to": "answers", **changed})
    context = AdapterContext("payer", Path("/nowhere"), now=lambda: NOW)
    return CoreDestination(CoreDestinationSettings.model_validate(given), context)


@pytest.mark.parametrize("envelope", ["soap", "mime"])
@pytest.mark.parametrize("mode", ["real_time", "batch"])
def test_a_file_arrives_as_it_is(receiver: FakeReceiver, envelope: str, mode: str) -> None:
    with closing(destination(receiver, envelope=envelope, mode=mode)) as core:
        receipt = core.deliver(DOCUMENT)
    assert receiver.effects == [(payload_id(DOCUMENT.key), REQUEST)]
    assert receipt.reference == payload_id(DOCUMENT.key)
    assert (receipt.answer is not None) == (mode == "real_time")


@pytest.mark.parametrize("envelope", ["soap", "mime"])
def test_an_attachment_with_any_bytes_arrives_as_it_is(
    receiver: FakeReceiver, envelope: str
) -> None:
    binary = bytes(range(256)) * 40
    content = REQUEST.replace(b"ST*278*0001*005010X217", b"ST*275*0001*005010X210") + binary
    with closing(destination(receiver, envelope=envelope, mode="batch")) as core:
        core.deliver(replace(DOCUMENT, content=content))
    assert receiver.effects[0][1] == content


def test_the_envelope_is_the_one_of_the_rule() -> None:
    message = Message(
        REAL_TIME.action, "X12_278_Request_005010X217E1_2", "RealTime", "1-2-3", NOW, "S&1", "R1",
        b"ISA*<&>~",
    )  # fmt: skip
    kind, body = soap.wrap(message, "us", "p<w")
    assert kind == 'application/soap+xml; charset=UTF-8; action="RealTimeTransaction"'
    text = body.decode()
    for part in (
        'xmlns:core="http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd"',
        "<core:COREEnvelopeRealTimeRequest ", "<ProcessingMode>RealTime</ProcessingMode>",
        "<TimeStamp>2026-11-20T15:00:00Z</TimeStamp>", "<SenderID>S&amp;1</SenderID>",
        "<CORERuleVersion>2.2.0</CORERuleVersion>", "<Payload>ISA*&lt;&amp;&gt;~</Payload>",
        "<wsse:Username>us</wsse:Username>", ">p&lt;w</wsse:Password>",
    ):  # fmt: skip
        assert part in text
    batch = replace(message, action=SUBMIT.action, mode="Batch")
    kind, body = soap.wrap(batch, None, "")
    assert kind.startswith('multipart/related; type="application/xop+xml"; start="<envelope@core>"')
    assert b"<PayloadLength>8</PayloadLength>" in body
    assert f"<CheckSum>{checksum(b'ISA*<&>~')}</CheckSum>".encode() in body
    assert b"wsse" not in body
    fields, payload = soap.unwrap(kind, body)
    assert payload == b"ISA*<&>~" and fields["PayloadID"] == "1-2-3"


def test_the_checksum_is_sha1() -> None:
    assert checksum(b"abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"  # FIPS 180, example


def test_a_payload_id_is_a_uuid_made_of_the_key_alone() -> None:
    assert payload_id("a") == payload_id("a") != payload_id("b")
    assert len(payload_id("a")) == 36


def test_a_real_time_answer_comes_along_as_rows(receiver: FakeReceiver) -> None:
    with closing(destination(receiver)) as core:
        answer = core.deliver(DOCUMENT).answer
    assert answer is not None and answer.source == "answers"
    [batch] = answer.page.batches
    [row] = batch.rows
    assert (batch.table, row.data["type"], row.fault) == ("x12", "999", None)
    assert row.data["content"]["group_control_number"]


def test_the_fakes_receipt_is_a_good_999() -> None:
    assert [one.message for one in validate(receipt_of(REQUEST)) if one.is_error] == []


def test_a_decision_comes_along_too_and_a_damaged_one_is_for_a_person() -> None:
    decision = (FILES / "response_approved.x12").read_bytes()
    for content, fault in ((decision, None), (decision[:-40], "x12_damaged")):
        fake = FakeReceiver(answer=lambda _, content=content: content)
        with fake.serving(), closing(destination(fake)) as core:
            answer = core.deliver(DOCUMENT).answer
        assert answer is not None
        [row] = answer.page.batches[0].rows
        assert (row.fault.code if row.fault else None) == fault
        if fault is None:
            assert (row.data["type"], row.data["direction"]) == ("278", "response")


def test_an_answer_that_comes_again_with_its_right_checksum_is_another_one() -> None:
    decision = (FILES / "response_approved.x12").read_bytes()
    bad, good = (answer_page(decision, NOW, damaged=one).batches[0] for one in (True, False))
    assert bad.rows[0].fault is not None and good.rows[0].fault is None
    assert bad.key != good.key, "else the good one would be taken for read"


@pytest.mark.parametrize("order", ["lose", "garbage"])
def test_a_lost_answer_is_never_sent_again_blindly(receiver: FakeReceiver, order: str) -> None:
    receiver.script = [order]
    with closing(destination(receiver)) as core:
        with pytest.raises(RetryLater) as lost:
            core.deliver(DOCUMENT)
        assert lost.value.code == "answer_lost"
        assert lost.value.until == NOW + timedelta(seconds=90)
        with pytest.raises(AwaitsPerson) as person:
            core.find(replace(DOCUMENT, unsure=True))
        assert payload_id(DOCUMENT.key) in person.value.message
    assert len(receiver.effects) == 1


def test_where_repeats_are_recognised_the_same_payload_id_goes_again(
    receiver: FakeReceiver,
) -> None:
    receiver.script = ["lose"]
    with closing(destination(receiver, repeats="recognised")) as core:
        with pytest.raises(RetryLater):
            core.deliver(DOCUMENT)
        assert core.find(replace(DOCUMENT, unsure=True)) is None
        receipt = core.deliver(replace(DOCUMENT, unsure=True))
    assert receipt.answer is not None
    assert len(receiver.effects) == 1


def test_a_batch_is_asked_about_by_its_acknowledgment(receiver: FakeReceiver) -> None:
    with closing(destination(receiver, mode="batch")) as core:
        unsure = replace(DOCUMENT, unsure=True)
        with pytest.raises(AwaitsPerson):
            core.find(unsure)
        receiver.script = ["lose"]
        with pytest.raises(RetryLater):
            core.deliver(DOCUMENT)
        found = core.find(unsure)
    assert found is not None and found.answer is not None
    assert len(receiver.effects) == 1


def test_without_doubt_nothing_is_asked(receiver: FakeReceiver) -> None:
    with closing(destination(receiver)) as core:
        assert core.find(DOCUMENT) is None
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        ("UnAuthorized", ConfigurationError, "not_signed_in"),
        ("VersionMismatch", ConfigurationError, "core_version"),
        ("ChecksumMismatched", RetryLater, "damaged_on_the_way"),
        ("SenderIDIllegal", ConfigurationError, "core_field"),
        ("PayloadTypeIllegal", ConfigurationError, "core_field"),
        ("PayloadIDRequired", Rejected, "core_refused"),
        ("Something else, about Jordan Sample", Rejected, "core_refused"),
        ("fault Sender", Rejected, "core_refused"),
        ("fault Receiver", RetryLater, "server_error"),
    ],
)
def test_codes_mean_something(
    receiver: FakeReceiver, code: str, kind: type[ConnectorError], ours: str
) -> None:
    receiver.script = [code]
    with closing(destination(receiver)) as core, pytest.raises(kind) as fault:
        core.deliver(DOCUMENT)
    assert fault.value.code == ours
    assert "Jordan" not in str(fault.value)
    assert receiver.effects == []


def test_success_is_no_fault() -> None:
    assert fault_of("Success", "host") is None


def test_only_x12_of_a_known_kind_is_sent(receiver: FakeReceiver) -> None:
    with closing(destination(receiver)) as core:
        with pytest.raises(Rejected):
            core.deliver(replace(DOCUMENT, content=b"%PDF"))
        other = REQUEST.replace(b"ST*278*0001*005010X217", b"ST*837*0001*005010X222")
        with pytest.raises(ConfigurationError) as fault:
            core.deliver(replace(DOCUMENT, content=other))
        assert fault.value.code == "payload_type_unknown"
    assert receiver.effects == []


@pytest.mark.parametrize("envelope", ["soap", "mime"])
def test_batch_results_are_fetched_until_there_are_none(
    receiver: FakeReceiver, envelope: str
) -> None:
    decision = (FILES / "response_approved.x12").read_bytes()
    pended = (FILES / "response_pended.x12").read_bytes()
    receiver.results = {"X12_005010_Request_Batch_Results_278": [decision, pended]}
    given = CoreAnswersSettings.model_validate(options(receiver, envelope=envelope))
    source = CoreAnswers(given, AdapterContext("answers", Path("/nowhere"), now=lambda: NOW))
    pages = list(source.fetch(None))
    assert [page.batches[0].rows[0].data["type"] for page in pages] == ["278", "278"]
    assert list(source.fetch(None)) == []
    source.close()


@pytest.mark.parametrize("envelope", ["soap", "mime"])
def test_a_result_with_a_wrong_checksum_is_for_a_person(
    receiver: FakeReceiver, envelope: str
) -> None:
    receiver.results = {
        "X12_005010_Request_Batch_Results_278": [(FILES / "response_approved.x12").read_bytes()]
    }
    receiver.spoils = True
    given = CoreAnswersSettings.model_validate(options(receiver, envelope=envelope))
    context = AdapterContext("answers", Path("/nowhere"), now=lambda: NOW)
    with closing(CoreAnswers(given, context)) as source:
        ((row,),) = [page.batches[0].rows for page in source.fetch(None)]
    assert row.fault is not None and "checksum is wrong" in row.fault.message


def test_a_checksum_is_read_as_senders_write_it() -> None:
    assert not is_damaged(b"ISA", "") and is_damaged(b"ISA", "0" * 40)
    digits = checksum(b"ISA")
    for stated in (digits, digits.upper(), base64.b64encode(bytes.fromhex(digits)).decode()):
        assert not is_damaged(b"ISA", stated) and not is_damaged(b"ISA\r\n", stated)
        assert is_damaged(b"ISa", stated)


@pytest.mark.parametrize("lines", [False, True])
def test_a_short_payload_that_lies_in_the_envelope_as_base64(lines: bool) -> None:
    text = base64.b64encode(REQUEST).decode()
    text = "\n".join(text[n : n + 76] for n in range(0, len(text), 76)) if lines else text
    envelope = (
        f'<e:Envelope xmlns:e="{soap.SOAP}"><e:Body><r><ErrorCode>Success</ErrorCode>'
        f"<Payload>{text}</Payload></r></e:Body></e:Envelope>"
    )
    assert soap.unwrap("application/soap+xml", envelope.encode())[1] == REQUEST


def test_settings_are_checked() -> None:
    good = {"url": "https://a.example/x", "sender_id": "A", "receiver_id": "B"}
    for changed, told in (
        ({}, "user and password, or certificate"),
        ({"user": "u"}, "belong together"),
        ({"certificate": "c.pem", "repeat_seconds": 5}, "greater than or equal to 90"),
        ({"certificate": "c.pem", "sender_id": "A\n"}, "pattern"),
    ):
        with pytest.raises(ValidationError) as fault:
            CoreDestinationSettings.model_validate({**good, **changed})
        assert told in str(fault.value)


def test_a_certificate_that_can_not_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_text("nothing")
    given = CoreDestinationSettings.model_validate(
        {"url": "https://a.example/x", "sender_id": "A", "receiver_id": "B",
         "certificate": "own.pem"}
    )  # fmt: skip
    with pytest.raises(ConfigurationError) as fault:
        CoreDestination(given, AdapterContext("payer", tmp_path))
    assert fault.value.code == "certificate_unreadable"


def test_the_adapter_says_what_is_not_kept() -> None:
    good = {"url": "https://a.example", "sender_id": "A", "receiver_id": "B", "certificate": "c"}
    assert ADAPTER.concerns(CoreDestinationSettings.model_validate(good))
    assert not ADAPTER.concerns(CoreAnswersSettings.model_validate(good))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_parts_come_out_as_they_went_in(contents: list[bytes]) -> None:
    parts = [Part({"content-id": f"<{n}>"}, content) for n, content in enumerate(contents)]
    boundary, body = join(parts)
    assert split(body, f'multipart/related; boundary="{boundary}"') == parts


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["multipart/related; boundary=a", "text/xml", ""]))
def test_any_answer_is_read_or_refused(body: bytes, kind: str) -> None:
    for wrapping in (soap, mime):
        for content in (body, b"--a\r\n" + body + b"\r\n--a--", b"<x>" + body):
            try:
                wrapping.unwrap(kind, content)
            except RetryLater as fault:
                assert fault.code == "garbage_answer"


def test_an_xml_bomb_is_not_even_parsed() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'
    with pytest.raises(RetryLater):
        soap.unwrap("application/soap+xml", bomb)


def test_our_certificate_is_shown_to_the_server(tmp_path: Path) -> None:
    """Mutual TLS: who shows none is not even heard."""
    authority = certificate(tmp_path, "authority", None)
    certificate(tmp_path, "server", authority)
    certificate(tmp_path, "practice", authority)
    own = tmp_path / "own.pem"
    own.write_bytes((tmp_path / "practice.pem").read_bytes())
    with own.open("ab") as file:
        file.write((tmp_path / "practice.key").read_bytes())
    demanding = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    demanding.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    demanding.load_verify_locations(tmp_path / "authority.pem")
    demanding.verify_mode = ssl.CERT_REQUIRED
    fake = FakeReceiver()
    with fake.serving():
        assert fake._server is not None
        fake._server.socket = demanding.wrap_socket(fake._server.socket, server_side=True)
        given = {
            "url": fake.url.replace("http://127.0.0.1", "https://localhost") + "/core",
            "sender_id": "PRACTICE", "receiver_id": "PAYER", "user": USER,
            "password": {"env": "CORE_PASSWORD"}, "private_network": True,
            "ca_file": "authority.pem", "certificate": "own.pem",
        }  # fmt: skip
        context = AdapterContext("payer", tmp_path, now=lambda: NOW)
        own.chmod(0o644)
        with pytest.raises(ConfigurationError) as exposed:
            CoreDestination(CoreDestinationSettings.model_validate(given), context)
        assert exposed.value.code == "secret_exposed"
        own.chmod(0o600)
        with closing(CoreDestination(CoreDestinationSettings.model_validate(given), context)) as it:
            it.deliver(DOCUMENT)
        assert len(fake.effects) == 1
        del given["certificate"]
        it = CoreDestination(CoreDestinationSettings.model_validate(given), context)
        with closing(it), pytest.raises(ConnectorError):
            it.deliver(replace(DOCUMENT, key="other"))
    assert len(fake.effects) == 1

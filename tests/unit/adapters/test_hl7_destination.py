"""Results and documents over MLLP: two other libraries read what is sent; answers are heeded."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace
from datetime import date

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from pydantic import ValidationError

from adapters.hl7_v2.destination import Hl7Destination
from adapters.hl7_v2.outgoing import TOTALS, built, control_id
from adapters.hl7_v2.settings import DestinationSettings
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.ports import AdapterContext, Outgoing, PatientReference
from connector.registry import load_instruments
from connector.resources import Resources
from tests.unit.adapters.mllp_sender import accepting, answer, free_port, receiver

PERSON = PatientReference(
    "ehr", "P-101", "CH-1", "Zoë", "O'Quill & Sons|Ltd", date(1988, 4, 12), "female"
)
LABELS = {"kind": "therapist", "as_of": "2026-11-20", "release": "none", "format": "pdf"}
PDF = b"%PDF-1.7 " + bytes(range(256)) * 1000
REPORT = Outgoing("k" * 64, "therapist/p/2026-11-20_therapist_ab.pdf", "application/pdf", PDF,
                  LABELS, PERSON)  # fmt: skip
SUMMARY = Outgoing(
    "s" * 64, "s.json", "application/json",
    json.dumps({"instrument": "phq9", "total": 12, "severity_band": "moderate", "baseline": 18,
                "percent_change": 33.3, "decision": "meets", "rule": "R5",
                "reason": "PHQ-9 fell | from 18 ^ to 12", "assessed_on": "2026-11-19",
                "safety_flags": ["safety_item9"]}).encode(),
    {**LABELS, "kind": "summary", "format": "json"}, PERSON,
)  # fmt: skip
DECISION = replace(SUMMARY, content=json.dumps({"kind": "decision", "context": {
    "instrument": "odd_measure", "decision": "below", "band": None, "percent": 0,
    "current": {"total": 3.5, "taken_on": "2026-11-18"}, "baseline": None}}).encode())  # fmt: skip


def settings(port: int = 1, **more) -> DestinationSettings:
    return DestinationSettings(host="127.0.0.1", port=port, **more)


def destination(tmp_path, port: int, **more) -> Hl7Destination:
    return Hl7Destination(settings(port, **more), AdapterContext("hl7", tmp_path))


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5", "2.5.1"])
@pytest.mark.parametrize(
    "document", [REPORT, SUMMARY, DECISION], ids=["pdf", "summary", "decision"]
)
def test_a_message_is_what_hl7_allows_and_says_the_same_to_others(version, document):
    content = built(document, settings(version=version, patient_source="ehr",
                                       patient_id_authority="HARBOR"))  # fmt: skip
    small = content.replace(base64.b64encode(PDF), b"UERG")
    parse_message(small.decode(), validation_level=VALIDATION_LEVEL.STRICT).validate()
    theirs = hl7.parse(content.decode())
    assert str(theirs.segment("PID")(3)) == "P-101^^^HARBOR^MR"
    name = str(theirs.segment("PID")(5)).split("^")
    assert [theirs.unescape(part) for part in name] == ["O'Quill & Sons|Ltd", "Zoë"]
    assert str(theirs.segment("MSH")(10)) == control_id(document.key)
    if document is REPORT:
        found = str(theirs.segment("OBX")(5)).split("^")
        assert (found[1], found[2], found[3]) == ("application", "PDF", "Base64")
        assert base64.b64decode(found[4]) == PDF
        assert str(theirs.segment("TXA")(17)) == "DO"
    else:
        values = {str(obx(3)): str(obx(5)) for obx in theirs.segments("OBX")}
        if document is SUMMARY:
            assert values["44261-6^phq9 total^LN"] == "12"
            reason = values["REASON^Reason of the decision^99PGC"]
            assert theirs.unescape(reason) == "PHQ-9 fell | from 18 ^ to 12"
            assert "SAFETY_FLAG^Needs a person^99PGC" in values
        else:
            assert values["ODD_MEASURE^odd_measure total^99PGC"] == "3.5"
            assert values["PERCENT_CHANGE^Improvement since baseline^99PGC"] == "0"


def test_long_reasons_are_sent_whole():
    reason = "PHQ-9 fell, and & that is long. " * 60
    long = replace(SUMMARY, content=json.dumps({"decision": "meets", "reason": reason}).encode())
    theirs = hl7.parse(built(long, settings()).decode())
    [found] = [str(o(5)) for o in theirs.segments("OBX") if str(o(3)).startswith("REASON")]
    assert theirs.unescape(found).strip() == reason.strip()


def test_the_same_document_is_the_same_message_for_ever():
    assert built(REPORT, settings()) == built(REPORT, settings())
    assert len(control_id("a")) == 20 and control_id("a") != control_id("b")


def test_patients_of_other_sources_are_named_by_chart_number_and_names_may_lack():
    unnamed = replace(REPORT, patient=PatientReference("forms", "F-9", "CH-1"),
                      labels={**LABELS, "release": "clinician_signature"})  # fmt: skip
    theirs = hl7.parse(built(unnamed, settings(patient_source="ehr")).decode())
    assert str(theirs.segment("PID")(3)) == "CH-1^^^^MR"
    assert str(theirs.segment("PID")(5)) == "^^^^^^U"
    assert str(theirs.segment("TXA")(17)) == "AU"


def test_the_loinc_codes_are_those_of_the_instruments():
    instruments = load_instruments(Resources())
    assert {i.id: i.loinc.total for i in instruments.values() if i.loinc.total} == TOTALS


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (replace(REPORT, patient=None), "no_patient"),
        (replace(SUMMARY, content=b"[]"), "document_unreadable"),
        (replace(SUMMARY, content=b"\xff"), "document_unreadable"),
        (replace(SUMMARY, content=b"{}"), "nothing_to_send"),
    ],
)
def test_what_can_not_be_sent_is_refused_here(document, code):
    with pytest.raises(Rejected) as caught:
        built(document, settings())
    assert caught.value.code == code


def test_one_connection_serves_many_messages_and_is_opened_again(tmp_path):
    with receiver(accepting) as ehr:
        out = destination(tmp_path, ehr.port)
        for number in range(5):
            out.deliver(replace(SUMMARY, key=f"key-{number}"))
        assert ehr.connections == 1
        ehr.drop()
        receipt = out.deliver(SUMMARY)
        assert receipt.reference == control_id(SUMMARY.key)
        assert ehr.connections == 2
        assert len(ehr.received) == 6
        out.close()


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (lambda m: answer(m, "CA"), None, ""),
        (lambda m: answer(m, "AE", "ERR|||103^Table value not found^HL70357|E"), Rejected,
         "refused_by_receiver"),
        (lambda m: answer(m, "AR"), Rejected, "refused_by_receiver"),
        (lambda m: answer(m, "AR", "ERR|||207^x^HL70357|E||||Quillfeather"), RetryLater,
         "not_taken_now"),
        (lambda m: answer(m, "AE", "ERR|PID^1^3^206&locked&HL70357"), RetryLater, "not_taken_now"),
        (lambda m: answer(m, "AA", control_id="OTHER"), RetryLater, "answer_lost"),
        (lambda m: answer(m, "??"), RetryLater, "garbage_answer"),
        (lambda m: b"hello", RetryLater, "garbage_answer"),
        (lambda m: b"", RetryLater, "garbage_answer"),
        (lambda m: None, RetryLater, "connection_lost"),
    ],
)  # fmt: skip
def test_answers_decide_what_becomes_of_the_document(tmp_path, reply, error, code):
    with receiver(reply) as ehr:
        out = destination(tmp_path, ehr.port)
        if error is None:
            out.deliver(SUMMARY)
        else:
            with pytest.raises(error) as caught:
                out.deliver(SUMMARY)
            assert caught.value.code == code
            assert "Quill" not in str(caught.value) + caught.value.detail
        out.close()


def test_no_answer_is_tried_again_under_the_same_id(tmp_path):
    given_up = threading.Event()

    def late(content: bytes) -> bytes:
        given_up.wait(60)
        return accepting(content)

    with receiver(late) as ehr:
        out = destination(tmp_path, ehr.port)
        out._client._seconds = 0.1
        with pytest.raises(RetryLater) as caught:
            out.deliver(SUMMARY)
        assert caught.value.code == "timed_out"
        given_up.set()
        ehr.reply = accepting
        out._client._seconds = 60
        out.deliver(SUMMARY)
        out.close()
    assert len(set(ehr.received)) == 1 and len(ehr.received) == 2


def test_nobody_there_is_an_outage(tmp_path):
    out = destination(tmp_path, free_port())
    with pytest.raises(RetryLater) as caught:
        out.deliver(SUMMARY)
    assert caught.value.code == "unreachable"


def test_certificates_that_can_not_be_used_are_named(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        destination(tmp_path, 1, tls={"ca_file": "nothing.pem"})
    assert caught.value.code == "ca_file_unreadable"
    with pytest.raises(ValidationError, match="belong together"):
        settings(tls={"certificate": "c.pem"})
    with pytest.raises(ValidationError):
        settings(application="A|B")

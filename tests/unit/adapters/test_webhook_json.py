"""Posted events that are what they say: which page they become, and what the options mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.webhook_json import ADAPTER
from connector.errors import ConfigurationError, InvalidRecord
from connector.ports import Posted, RawBatch
from tests.unit.adapters.signed_requests import (
    AT,
    BODY,
    EVENT,
    GITHUB,
    OLD_KEY,
    STAMPED,
    STANDARD,
    UNSIGNED,
    digest64,
    github,
    posted,
    stamped,
    standard,
    webhook,
)


def batch_of(home: Path, request: Posted, options: Any = STANDARD, name: str = "forms") -> RawBatch:
    page = webhook(home, options, name).receive(request)
    assert page.faults == () and page.cursor is None
    [batch] = page.batches
    return batch


def signed(home: Path, options: Any, event: dict[str, Any], name: str = "forms") -> RawBatch:
    body = json.dumps(event).encode()
    return batch_of(home, posted(body), options, name)


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        (STANDARD, standard()),
        (STANDARD, standard(key=OLD_KEY)),
        (GITHUB, github()),
        (STAMPED, stamped()),
        (UNSIGNED, {}),
    ],
)
def test_an_event_becomes_one_row_of_the_table(
    tmp_path: Path, options: Any, headers: dict[str, str]
) -> None:
    batch = batch_of(tmp_path, posted(headers=headers), options)
    assert (batch.table, batch.origin, batch.as_of) == ("event", "/webhooks/forms", AT)
    [row] = batch.rows
    assert (row.number, row.data, row.fault) == (1, EVENT, None)
    assert batch.key.isalnum()
    assert len(batch.key) == 64


def test_one_right_signature_among_several_is_enough(tmp_path: Path) -> None:
    headers = standard()
    headers["webhook-signature"] = (
        f"v1,{digest64(b'other' * 8, b'')} v1a,xyz {headers['webhook-signature']}"
    )
    assert batch_of(tmp_path, posted(headers=headers)).rows[0].data == EVENT


def test_spellings_that_mean_the_same_are_taken(tmp_path: Path) -> None:
    upper = {"x-hub-signature-256": github()["x-hub-signature-256"].upper().replace("SHA", "sha")}
    assert batch_of(tmp_path, posted(headers=upper), GITHUB).rows
    spaced = {"x-tool-signature": stamped()["x-tool-signature"].replace(",", " , ") + ", v0=old"}
    assert batch_of(tmp_path, posted(headers=spaced), STAMPED).rows


def test_base64_and_other_tags(tmp_path: Path) -> None:
    options = {"signature": {**GITHUB["signature"], "encoding": "base64", "prefix": ""}}
    headers = {"x-hub-signature-256": digest64(b"p" * 32, BODY)}
    assert batch_of(tmp_path, posted(headers=headers), options).rows
    options = {
        "signature": {
            **STAMPED["signature"], "encoding": "base64", "time_tag": "ts", "signature_tag": "s"
        }
    }  # fmt: skip
    stamp = str(int(AT.timestamp()))
    digest = digest64(b"p" * 32, stamp.encode() + b"." + BODY)
    headers = {"x-tool-signature": f"ts={stamp},s={digest}"}
    assert batch_of(tmp_path, posted(headers=headers), options).rows


def test_a_secret_from_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORM_SECRET", "p" * 32)
    options = {"signature": {**GITHUB["signature"], "secret": {"env": "FORM_SECRET"}}}
    assert batch_of(tmp_path, posted(headers=github()), options).rows


class TestKeys:
    def test_the_same_event_is_the_same_page_whatever_its_time_and_headers(
        self, tmp_path: Path
    ) -> None:
        first = batch_of(tmp_path, posted())
        again = batch_of(tmp_path, posted(headers=standard(id="msg-2"), later=200))
        assert first.key == again.key
        assert again.as_of > first.as_of

    def test_sources_and_events_never_meet(self, tmp_path: Path) -> None:
        keys = {
            signed(tmp_path, STANDARD, {**EVENT, "event_id": event_id}, name).key
            for name in ("forms", "forms2", "form")
            for event_id in ("evt-1", "evt-2", "2evt-1")
        }
        assert len(keys) == 9

    def test_the_id_comes_from_the_body_then_the_signed_header_then_the_digest(
        self, tmp_path: Path
    ) -> None:
        bare = {k: v for k, v in EVENT.items() if k != "event_id"}
        body = json.dumps(bare).encode()
        by_header = batch_of(tmp_path, posted(body, standard(body, id="evt-1")))
        assert by_header.key == batch_of(tmp_path, posted()).key
        assert by_header.rows[0].data == EVENT, "the mapping finds the id where it looks for it"
        by_digest = batch_of(tmp_path, posted(body, github(body)), GITHUB)
        assert len(by_digest.rows[0].data["event_id"]) == 64
        named = {**bare, "event_id": by_digest.rows[0].data["event_id"]}
        body = json.dumps(named).encode()
        assert batch_of(tmp_path, posted(body, github(body)), GITHUB).key != by_digest.key

    def test_a_header_that_is_not_signed_makes_no_id_unless_the_site_says_so(
        self, tmp_path: Path
    ) -> None:
        body = b'{"patient_id": "F-770031"}'
        one = posted(body, {**github(body), "webhook-id": "a", "x-event-id": "a"})
        two = posted(body, {**github(body), "webhook-id": "b", "x-event-id": "b"})
        assert batch_of(tmp_path, one, GITHUB).key == batch_of(tmp_path, two, GITHUB).key
        stated = {**GITHUB, "event_id": {"header": "X-Event-Id"}}
        assert batch_of(tmp_path, one, stated).key != batch_of(tmp_path, two, stated).key

    def test_a_path_into_the_body(self, tmp_path: Path) -> None:
        options = {**STANDARD, "event_id": {"body": "data.id"}}
        one = signed(tmp_path, options, {"data": {"id": 7}, "event_id": "x"})
        assert one.key == signed(tmp_path, options, {"data": {"id": "7 "}, "n": 1}).key
        assert one.key != signed(tmp_path, options, {"data": {"id": "8"}, "event_id": "x"}).key
        assert signed(tmp_path, options, {"data": "7"}).rows[0].data["event_id"] == "msg-1"

    def test_only_the_header_where_the_body_is_not_to_be_asked(self, tmp_path: Path) -> None:
        options = {**STANDARD, "event_id": {"body": None}}
        headers = [standard(id=id) for id in ("m1", "m2")]
        one, two = (batch_of(tmp_path, posted(headers=h), options) for h in headers)
        assert one.key != two.key

    @pytest.mark.parametrize(
        "event_id", [True, 1.5, [], {"a": 1}, "x" * 201, "line\nbreak", "\u200b"]
    )
    def test_an_id_that_is_none_is_told(self, tmp_path: Path, event_id: Any) -> None:
        with pytest.raises(InvalidRecord) as caught:
            signed(tmp_path, STANDARD, {**EVENT, "event_id": event_id})
        assert caught.value.code == "wrong_event_id"
        assert "event_id: an event id" in caught.value.message

    @pytest.mark.parametrize("event_id", [None, "", "  "])
    def test_a_blank_id_counts_as_none(self, tmp_path: Path, event_id: Any) -> None:
        batch = signed(tmp_path, STANDARD, {**EVENT, "event_id": event_id})
        assert batch.rows[0].data["event_id"] == "msg-1"


class TestOptions:
    def refused(self, home: Path, options: dict[str, Any]) -> ConfigurationError:
        with pytest.raises(ConfigurationError) as caught:
            webhook(home, options)
        return caught.value

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({}, "say how requests are signed (signature:), or that anybody may send them"),
            ({"accept_unsigned": False}, "say how requests are signed"),
            ({**STANDARD, "accept_unsigned": True}, "give signature or accept_unsigned: true, not"),
            ({"signature": {"secret": []}}, "signature.secret"),
            ({"signature": {}}, "signature.secret"),
            (
                {"signature": {"scheme": "md5", "secret": {"env": "X"}}},
                "Valid values: standard_webhooks, hmac_sha256",
            ),
            ({"signature": {"scheme": "hmac_sha256", "secret": {"env": "X"}}}, "needs header"),
            (
                {"signature": {"secret": {"env": "X"}, "prefix": "v1"}},
                "prefix belongs to hmac_sha256, not to standard_webhooks",
            ),
            (
                {"signature": {**GITHUB["signature"], "tolerance_seconds": 60}},
                "tolerance_seconds belongs to standard_webhooks and timestamped_hmac",
            ),
            ({"signature": {**GITHUB["signature"], "headr": "X"}}, "Did you mean 'header'?"),
            ({**STANDARD, "max_byte": 1}, "Did you mean 'max_bytes'?"),
            ({**STANDARD, "max_bytes": 10}, "max_bytes"),
            ({**STANDARD, "event_id": {"body": "a..b"}}, "event_id.body"),
            ({"signature": {"secret": {"env": "NOT_SET_ANYWHERE"}}}, "NOT_SET_ANYWHERE"),
            ({"signature": {"secret": {"file": "nothing"}}}, "nothing"),
        ],
    )
    def test_what_can_not_work_is_refused_with_its_place(
        self, tmp_path: Path, options: dict[str, Any], said: str
    ) -> None:
        assert said in str(self.refused(tmp_path, options))

    @pytest.mark.parametrize(
        ("secret", "code"),
        [
            ("whsec_not base64!", "secret_unusable"),
            ("whsec_é", "secret_unusable"),
            ("whsec_c2hvcnQ=", "secret_too_short"),
        ],
    )
    def test_an_unusable_secret_is_told_without_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, code: str
    ) -> None:
        monkeypatch.setenv("FORM_SECRET", secret)
        fault = self.refused(tmp_path, {"signature": {"secret": {"env": "FORM_SECRET"}}})
        assert fault.code == code
        assert "FORM_SECRET" in str(fault)
        assert secret.removeprefix("whsec_") not in str(fault)

    def test_limits_and_proof_are_told_to_the_web_part(self, tmp_path: Path) -> None:
        hook = webhook(tmp_path, {**STANDARD, "max_bytes": 5000})
        assert (hook.max_bytes, hook.signed) == (5000, True)
        open_to_all = webhook(tmp_path, UNSIGNED)
        assert (open_to_all.max_bytes, open_to_all.signed) == (1_000_000, False)

    def test_another_table(self, tmp_path: Path) -> None:
        assert batch_of(tmp_path, posted(), {**STANDARD, "table": "intake"}).table == "intake"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (UNSIGNED, "requests are NOT SIGNED"),
            ({**GITHUB, "event_id": {"header": "X-Event-Id"}}, "X-Event-Id, which the signature"),
            ({**STAMPED, "event_id": {"header": "webhook-id"}}, "webhook-id, which the signature"),
            (STANDARD, None),
            ({**STANDARD, "event_id": {"header": "Webhook-Id"}}, None),
            (GITHUB, None),
        ],
    )
    def test_what_deserves_a_second_look(self, options: dict[str, Any], said: str | None) -> None:
        assert ADAPTER.webhook_settings is not None
        found = list(ADAPTER.concerns(ADAPTER.webhook_settings.model_validate(options)))
        assert len(found) == (said is not None)
        assert said is None or said in found[0]

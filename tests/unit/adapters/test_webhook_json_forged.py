"""Requests that prove nothing: each class is refused as not authentic, with its sentence."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import InvalidRecord, NotAuthentic
from connector.ports import Posted, Webhook
from tests.unit.adapters.signed_requests import (
    BODY,
    EVENT,
    GITHUB,
    KEY,
    STAMP,
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

MISSING = "the request is not signed: the header {} is missing"
WRONG = (
    "the signature is not one of this body by a secret of this source: the secrets differ, or the "
    "body was changed on its way"
)
EXPIRED = (
    "the request was signed more than 300 seconds ago: it is an old one sent again, or a clock is "
    "wrong"
)
FUTURE = "the request was signed more than 300 seconds in the future: a clock is wrong"
NO_TIME = "the header webhook-timestamp is not a time in whole seconds"
NO_ID = "the header webhook-id is not one id in plain characters"
MANY = "the request has far too many signatures"
ONCE = "the header webhook-signature must come once, its signatures apart by spaces"
LONG = "the header {} is far too long"
SIGNATURE = standard()["webhook-signature"]
OTHER_BODY = json.dumps({**EVENT, "items": [0] * 9}).encode()


def headers(**changed: str | None) -> Posted:
    """A good request with headers changed; None takes one away."""
    given = standard() | {name.replace("_", "-"): value for name, value in changed.items()}
    return posted(headers={name: value for name, value in given.items() if value is not None})


STANDARD_FORGED: dict[str, tuple[Posted, str]] = {
    "no headers at all": (posted(headers={}), MISSING.format("webhook-id")),
    "no id": (headers(webhook_id=None), MISSING.format("webhook-id")),
    "no timestamp": (headers(webhook_timestamp=None), MISSING.format("webhook-timestamp")),
    "no signature": (headers(webhook_signature=None), MISSING.format("webhook-signature")),
    "empty id": (headers(webhook_id=""), MISSING.format("webhook-id")),
    "blank signature": (headers(webhook_signature="  "), MISSING.format("webhook-signature")),
    "changed body": (replace(posted(), body=OTHER_BODY), WRONG),
    "one byte more": (replace(posted(), body=BODY + b" "), WRONG),
    "empty body under a good signature": (replace(posted(), body=b""), WRONG),
    "changed id": (headers(webhook_id="msg-2"), WRONG),
    "changed timestamp": (headers(webhook_timestamp=str(int(STAMP) + 1)), WRONG),
    "padded timestamp": (headers(webhook_timestamp="0" + STAMP), WRONG),
    "another's secret": (posted(headers=standard(key=b"x" * 32)), WRONG),
    "empty secret": (posted(headers=standard(key=b"")), WRONG),
    "expired": (posted(later=301), EXPIRED),
    "expired long ago": (posted(headers=standard(stamp="1")), EXPIRED),
    "of the future": (posted(later=-301), FUTURE),
    "of the far future": (posted(headers=standard(stamp="9" * 12)), FUTURE),
    "timestamp in milliseconds": (posted(headers=standard(stamp=STAMP + "000")), NO_TIME),
    "timestamp with a fraction": (posted(headers=standard(stamp=STAMP + ".5")), NO_TIME),
    "timestamp negative": (posted(headers=standard(stamp="-" + STAMP)), NO_TIME),
    "timestamp in words": (headers(webhook_timestamp="now"), NO_TIME),
    "timestamp in other digits": (headers(webhook_timestamp="١٢٣"), NO_TIME),
    "timestamp twice": (headers(webhook_timestamp=f"{STAMP},{STAMP}"), NO_TIME),
    "timestamp without end": (
        headers(webhook_timestamp="1" * 100_000),
        LONG.format("webhook-timestamp"),
    ),
    "timestamp of a hundred digits": (headers(webhook_timestamp="1" * 100), NO_TIME),
    "id twice": (headers(webhook_id="msg-1,msg-1"), WRONG),
    "id twice, spaced": (headers(webhook_id="msg-1, msg-1"), NO_ID),
    "id not ASCII": (headers(webhook_id="m\xe9"), NO_ID),
    "id half a character": (headers(webhook_id="\ud800"), NO_ID),
    "id without end": (headers(webhook_id="m" * 100_000), LONG.format("webhook-id")),
    "id of a thousand characters": (headers(webhook_id="m" * 1000), NO_ID),
    "signature twice": (headers(webhook_signature=f"{SIGNATURE},{SIGNATURE}"), ONCE),
    "signature twice, spaced": (headers(webhook_signature=f"{SIGNATURE}, {SIGNATURE}"), ONCE),
    "signature without version": (headers(webhook_signature=SIGNATURE[3:]), WRONG),
    "signature without comma": (headers(webhook_signature="v1" + SIGNATURE[3:]), WRONG),
    "version unknown": (headers(webhook_signature="v2" + SIGNATURE[2:]), WRONG),
    "asymmetric version": (headers(webhook_signature="v1a" + SIGNATURE[2:]), WRONG),
    "signature empty": (headers(webhook_signature="v1,"), WRONG),
    "signature cut": (headers(webhook_signature=SIGNATURE[:-4]), WRONG),
    "signature without padding": (headers(webhook_signature=SIGNATURE.rstrip("=")), WRONG),
    "signature in hex": (
        headers(webhook_signature="v1," + base64.b64decode(SIGNATURE[3:]).hex()),
        WRONG,
    ),
    "signature not ASCII": (headers(webhook_signature="v1,\xe9\xe8"), WRONG),
    "signature half a character": (headers(webhook_signature="v1,\udfff"), WRONG),
    "signature of NULs": (headers(webhook_signature="v1,\x00\x00"), WRONG),
    "signature without end": (
        headers(webhook_signature="v1," + "A" * 1_000_000),
        LONG.format("webhook-signature"),
    ),
    "signature of thousands": (headers(webhook_signature="v1," + "A" * 8000), WRONG),
    "too many signatures": (headers(webhook_signature="v1,AA== " * 21), MANY),
    "signed the body alone": (headers(webhook_signature="v1," + digest64(KEY, BODY)), WRONG),
    "signed as a plain HMAC": (posted(headers=github()), MISSING.format("webhook-id")),
}


@pytest.mark.parametrize("case", STANDARD_FORGED)
def test_standard_webhooks_refuses(tmp_path: Path, case: str) -> None:
    request, sentence = STANDARD_FORGED[case]
    with pytest.raises(NotAuthentic) as caught:
        webhook(tmp_path, STANDARD).receive(request)
    assert caught.value.message == sentence


def test_there_are_at_least_thirty_classes() -> None:
    assert len(STANDARD_FORGED) >= 30


def hub(value: str) -> dict[str, str]:
    return {"x-hub-signature-256": value}


def tool(value: str) -> dict[str, str]:
    return {"x-tool-signature": value}


GOOD_HUB = github()["x-hub-signature-256"]
GOOD_TOOL = stamped()["x-tool-signature"]
TAGS = "the header X-Tool-Signature must hold t= once and v1="
OTHERS_FORGED: dict[str, tuple[Any, Posted, str]] = {
    "hmac: none": (GITHUB, posted(headers={}), MISSING.format("X-Hub-Signature-256")),
    "hmac: without prefix": (
        GITHUB, posted(headers=hub(GOOD_HUB[7:])),
        "the header X-Hub-Signature-256 must begin with sha256=",
    ),
    "hmac: of another body": (GITHUB, posted(headers=github(OTHER_BODY)), WRONG),
    "hmac: twice": (GITHUB, posted(headers=hub(f"{GOOD_HUB},{GOOD_HUB}")), WRONG),
    "hmac: prefix alone": (GITHUB, posted(headers=hub("sha256=")), WRONG),
    "hmac: base64 for hex": (
        GITHUB, posted(headers=hub("sha256=" + digest64(b"p" * 32, BODY))), WRONG,
    ),
    "hmac: not ASCII": (GITHUB, posted(headers=hub("sha256=\xff\udcff")), WRONG),
    "stamped: none": (STAMPED, posted(headers={}), MISSING.format("X-Tool-Signature")),
    "stamped: no time": (STAMPED, posted(headers=tool(GOOD_TOOL.split(",")[1])), TAGS),
    "stamped: time twice": (STAMPED, posted(headers=tool(f"t={STAMP},{GOOD_TOOL}")), TAGS),
    "stamped: no signature": (STAMPED, posted(headers=tool(f"t={STAMP}")), TAGS),
    "stamped: garbage": (STAMPED, posted(headers=tool(",=,=,\x00,é")), TAGS),
    "stamped: time in words": (
        STAMPED, posted(headers=tool("t=now,v1=00")),
        "t= in the header X-Tool-Signature is not a time in whole seconds",
    ),
    "stamped: other time": (STAMPED, posted(headers=tool(GOOD_TOOL.replace("t=1", "t=2"))), WRONG),
    "stamped: expired": (STAMPED, posted(headers=stamped(), later=301), EXPIRED),
    "stamped: of the future": (STAMPED, posted(headers=stamped(), later=-301), FUTURE),
    "stamped: too many": (STAMPED, posted(headers=tool(f"t={STAMP}" + ",v1=00" * 30)), MANY),
    "stamped: header without end": (
        STAMPED, posted(headers=tool("," * 1_000_000)), LONG.format("X-Tool-Signature"),
    ),
    "stamped: commas": (STAMPED, posted(headers=tool("," * 8000)), TAGS),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS_FORGED)
def test_the_other_schemes_refuse(tmp_path: Path, case: str) -> None:
    options, request, sentence = OTHERS_FORGED[case]
    with pytest.raises(NotAuthentic) as caught:
        webhook(tmp_path, options).receive(request)
    assert caught.value.message == sentence


@pytest.mark.parametrize("later", [-300, -1, 0, 299, 300])
def test_a_time_within_the_tolerance_is_taken(tmp_path: Path, later: float) -> None:
    assert webhook(tmp_path, STANDARD).receive(posted(later=later)).batches
    request = posted(headers=stamped(), later=later)
    assert webhook(tmp_path, STAMPED).receive(request).batches


def test_a_secret_taken_out_of_the_site_proves_nothing_any_more(tmp_path: Path) -> None:
    rotated = {"signature": {"secret": [{"file": "old"}]}}
    with pytest.raises(NotAuthentic):
        webhook(tmp_path, rotated).receive(posted())


def test_no_sentence_repeats_what_was_sent(tmp_path: Path) -> None:
    hook = webhook(tmp_path, STANDARD)
    for request, _ in STANDARD_FORGED.values():
        with pytest.raises(NotAuthentic) as caught:
            hook.receive(request)
        assert "msg-1" not in str(caught.value)
        assert STAMP not in str(caught.value)
        assert caught.value.detail == ""


_TEXT = st.text(max_size=40) | st.sampled_from(
    [SIGNATURE, STAMP, "msg-1", GOOD_HUB, GOOD_TOOL, "v1,", "t=1,v1=", "\ud800", "é", "\x00"]
)
_NAMES = st.sampled_from(
    ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256",
     "x-tool-signature"]
)  # fmt: skip
_BODIES = st.binary(max_size=60) | st.sampled_from([BODY, b"{}", b"[]", b"\xff", b'{"a":NaN}'])


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> list[Webhook]:
    home = tmp_path_factory.mktemp("hooks")
    return [webhook(home, options) for options in (STANDARD, GITHUB, STAMPED, UNSIGNED)]


@settings(max_examples=200, deadline=None)
@given(given_headers=st.dictionaries(_NAMES, _TEXT, max_size=5), body=_BODIES)
def test_nothing_but_the_two_errors_ever_leaves(
    hooks: list[Webhook], given_headers: dict[str, str], body: bytes
) -> None:
    for hook in hooks:
        try:
            hook.receive(posted(body, given_headers))
        except (NotAuthentic, InvalidRecord) as fault:
            str(fault).encode()

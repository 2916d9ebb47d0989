"""Authentic requests that can't be read: each says what is wrong, never what was sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import InvalidRecord
from connector.json_text import DEEPEST, read_object
from connector.ports import Webhook
from tests.unit.adapters.signed_requests import STANDARD, UNSIGNED, posted, webhook

DEEP = DEEPEST + 1
CASES: dict[str, tuple[bytes, str, str]] = {
    "not UTF-8": (b'{"name": "Zo\xeb"}', "not_utf8", "not UTF-8 text"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not_utf8", "not UTF-8 text"),
    "compressed": (b"\x1f\x8b\x08\x00", "not_utf8", "not UTF-8 text"),
    "empty": (b"", "empty_body", "empty; a JSON object was expected"),
    "blank": (b" \r\n\t", "empty_body", "empty; a JSON object was expected"),
    "a form": (b"name=Zoe&items=1", "bad_json", "not valid JSON at line 1, column 1"),
    "cut off": (b'{"items": [1, 2', "bad_json", "not valid JSON at line 1, column 16"),
    "two objects": (b"{}\n{}", "bad_json", "not valid JSON at line 2, column 1"),
    "single quotes": (b"{'a': 1}", "bad_json", "not valid JSON at line 1, column 2"),
    "control character": (b'{"a": "\x01"}', "bad_json", "not valid JSON at line 1, column 8"),
    "a list": (b"[1]", "not_an_object", "a JSON object was expected, not a list"),
    "text": (b'"Zoe"', "not_an_object", "a JSON object was expected, not a single value"),
    "null": (b"null", "not_an_object", "a JSON object was expected, not a single value"),
    "a key twice": (b'{"Zoe": 1, "Zoe": 2}', "doubled_key", "a key is there twice in one object"),
    "a key twice inside": (
        b'{"a": [{"b": 1, "b": 1}]}', "doubled_key", "a key is there twice in one object",
    ),
    "NaN": (b'{"total": NaN}', "not_finite", "NaN is not a JSON number"),
    "Infinity": (b'{"total": -Infinity}', "not_finite", "-Infinity is not a JSON number"),
    "infinite": (b'{"total": 1e999}', "not_finite", "a number in it is too large to be one"),
    "a number of thousands of digits": (
        b'{"total": ' + b"9" * 5000 + b"}", "bad_json", "a number in it has thousands of digits",
    ),
    "deep lists": (
        b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}", "too_deep",
        f"the JSON is nested more than {DEEPEST} levels deep",
    ),
    "deep objects": (
        b'{"a":' * DEEP + b"1" + b"}" * DEEP, "too_deep",
        f"the JSON is nested more than {DEEPEST} levels deep",
    ),
    "deep without end": (
        b"[" * 100_000, "too_deep", f"the JSON is nested more than {DEEPEST} levels deep",
    ),
    "half a character": (
        b'{"a": "\\ud800"}', "bad_character",
        "a text in it holds a character that no text may hold (NUL, half a pair)",
    ),
    "half a character in a key": (
        b'{"\\uDFFF": 1}', "bad_character",
        "a text in it holds a character that no text may hold (NUL, half a pair)",
    ),
    "NUL": (
        b'{"a": ["\\u0000"]}', "bad_character",
        "a text in it holds a character that no text may hold (NUL, half a pair)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("options", [STANDARD, UNSIGNED], ids=["signed", "unsigned"])
@pytest.mark.parametrize("case", CASES)
def test_an_unreadable_body_says_what_is_wrong_with_it(
    tmp_path: Path, case: str, options: Any
) -> None:
    body, code, sentence = CASES[case]
    with pytest.raises(InvalidRecord) as caught:
        webhook(tmp_path, options).receive(posted(body))
    fault = caught.value
    assert (fault.code, fault.message) == (code, f"the body can't be read: {sentence}")
    assert (fault.field, fault.value) == ("body", None)
    assert "Zo" not in fault.sentence()


def test_a_body_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    body = b'{"a": "' + b"x" * 2000 + b'"}'
    with pytest.raises(InvalidRecord) as caught:
        webhook(tmp_path, {**STANDARD, "max_bytes": 1000}).receive(posted(body))
    assert caught.value.message == "the body is larger than the 1000 bytes allowed"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\\\\u0000 \\\\ud800"}', {"a": "\\u0000 \\ud800"}),
        (b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}", None),
        ('{"a": "Zoë\u2028"}'.encode(), {"a": "Zoë\u2028"}),
        (b'{"a": 1.5e3, "b": -0, "c": null}', {"a": 1500.0, "b": 0, "c": None}),
    ],
)
def test_what_is_unusual_and_right_is_read(body: bytes, value: Any) -> None:
    found = read_object(body)
    assert value is None or found == value


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_one_error(body: bytes) -> None:
    try:
        assert isinstance(read_object(body), dict)
    except InvalidRecord as fault:
        str(fault).encode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", max_size=3), inner),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Webhook:
    return webhook(tmp_path_factory.mktemp("hook"), UNSIGNED)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abcd", max_size=4), _VALUES, max_size=4))
def test_every_object_arrives_as_it_was_sent(hook: Webhook, event: dict[str, Any]) -> None:
    body = json.dumps(event).encode()
    [batch] = hook.receive(posted(body)).batches
    assert {k: v for k, v in batch.rows[0].data.items() if k != "event_id"} == event

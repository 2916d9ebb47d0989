"""Lines that can't be answered: one sentence each, never an exception, never what was in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.evaluation import KINDS, LONGEST, Basis, evaluate_line
from connector.progress import RuleSet
from connector.registry import load_instruments
from connector.resources import Resources

BASIS = Basis(load_instruments(Resources()), RuleSet())
MANY = settings(max_examples=250, deadline=None)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"no json", "not_json"),
        (b"{", "not_json"),
        (b'{"kind":"expected","week":4} trailing', "not_json"),
        (b'{"kind":"expected","week":04}', "not_json"),
        (b'{"kind":"expected","week":nan}', "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b'{"kind":"expected","week":"\xe9"}', "not_utf8"),
        (b"[]", "not_object"),
        (b"3", "not_object"),
        (b"NaN", "not_object"),
        (b"null", "not_object"),
        (b'"score"', "not_object"),
        (b"[" * 100_000, "too_deep"),
        (b'{"kind":' * 5_000, "too_deep"),
        (b'{"kind":"expected","week":4,"x":' + b"[" * 20 + b"]" * 20 + b"}", "too_deep"),
        (b'{"kind":"expected","week":4,"week":5}', "doubled_field"),
        (b'{"kind":"expected","week":NaN}', "wrong_type"),
        (b'{"kind":"expected","week":1e999999999}', "number_out_of_range"),
        (b'{"kind":"expected","week":1e-999999999}', "number_out_of_range"),
        (b'{"kind":"expected","week":1e99999999999999999999}', "number_out_of_range"),
        (b'{"kind":"expected","week":' + b"9" * 100_000 + b"}", "number_out_of_range"),
        (b'{"kind":"expected","week":0.' + b"1" * 100_000 + b"}", "number_out_of_range"),
        (b'{"kind":"expected","week":4,"x":"' + b"x" * LONGEST + b'"}', "line_too_long"),
        (b'{"kind":"decide","instrument":"phq9","tody":"2026-03-02"}', "unknown_field"),
        (b"{}", "unknown_kind"),
        (b'{"kind":3}', "unknown_kind"),
        (b'{"kind":["score"]}', "unknown_kind"),
        (b'{"kind":"\\ud800"}', "unknown_kind"),
    ],
)
def test_one_sentence_each(line: bytes, error: str) -> None:
    answer = evaluate_line(line, BASIS)
    assert set(answer) == {"status", "error", "message"}
    assert (answer["status"], answer["error"]) == ("error", error)
    assert len(answer["message"]) < 400


def test_an_unknown_kind_gets_the_valid_ones_and_the_nearest() -> None:
    message = evaluate_line('{"kind":"decided"}', BASIS)["message"]
    assert "Did you mean 'decide'?" in message
    assert "Valid values: score, change, baseline, decide" in message


def test_a_name_as_long_as_a_book_is_not_compared() -> None:
    line = json.dumps({"kind": "decide" * 50_000, "decide" * 50_000: 1})
    assert evaluate_line(line, BASIS)["error"] == "unknown_kind"


def test_a_byte_order_mark_and_fields_of_the_sender_are_no_fault() -> None:
    line = b'\xef\xbb\xbf{"kind":"expected","week":4,"id":"q-1","note":"ours","total":3}'
    assert evaluate_line(line, BASIS) == {"value": 20}


def test_nothing_of_the_line_is_repeated() -> None:
    secret = "Ann Sample"
    for fields in (
        {"kind": secret},
        {"kind": "score", "instrument": secret},
        {"kind": "change", "instrument": "phq9", "baseline": secret, "current": 3},
        {"kind": "decide", "instrument": "phq9", "episode_start": secret, "series": [[secret, 1]]},
        {"kind": "attendance", "visits": [secret]},
        {secret: 1, "kind": "expected"},
    ):
        assert secret not in json.dumps(evaluate_line(json.dumps(fields), BASIS))


GOOD: list[dict[str, Any]] = [
    {"kind": "score", "instrument": "phq9", "items": [1, 1, 1, 1, 1, 1, 0, 0, None]},
    {"kind": "score", "instrument": "cssrs_screener", "items": [1, 1, 0, 0, 0, 1]},
    {"kind": "score", "instrument": "auditc", "items": [3, 1, 1], "context": {"sex": "male"}},
    {"kind": "score", "instrument": "tug", "items": [12.5], "total_in": 12.5},
    {"kind": "change", "instrument": "core10", "baseline": 24, "current": 9, "sd": 7, "rel": 0.9},
    {"kind": "change", "instrument": "tug", "baseline": 0, "current": 9},
    {"kind": "baseline", "episode_start": "2026-03-02", "series": [["2026-03-02", 19]]},
    {"kind": "decide", "instrument": "phq9", "episode_start": "2026-03-02", "today": "2026-05-01",
     "series": [["2026-03-02", 19], ["2026-04-27", 9], ["2026-05-25", None]]},
    {"kind": "expected", "week": 6},
    {"kind": "gas", "goals": [[1, 0], [2, 1]]},
    {"kind": "attendance", "visits": ["attended", "no_show"]},
    {"kind": "adherence", "done": [4, 1], "prescribed": [5, 5]},
    {"kind": "se_diff", "args": [7.7, 0.9]},
    {"kind": "cut_c", "args": [18, 6, 6, 4]},
]  # fmt: skip
numbers = st.one_of(
    st.integers(),
    st.integers(-3, 30),
    st.floats(),
    st.sampled_from([1e308, 1e-308, 10**400, -0.0, 0.1]),
)
texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from([*KINDS, "phq9", "tug", "dass21", "2026-03-02", "0001-01-01", "9999-12-31"]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def answered(line: str | bytes) -> dict[str, Any]:
    answer = evaluate_line(line, BASIS)
    written = json.dumps(answer, allow_nan=False)
    assert json.loads(written) == answer
    if answer.get("status") == "error" and "flags" not in answer:
        assert set(answer) == {"status", "error", "message"}
    return answer


@MANY
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_no_bytes_raise(line: bytes | str) -> None:
    answered(line)


@MANY
@given(values)
def test_no_json_raises(value: Any) -> None:
    answered(json.dumps(value))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_no_kind_raises_whatever_is_put_in_its_fields(good: dict[str, Any], data: Any) -> None:
    assert answered(json.dumps(good)).get("error") in (None, "unknown_instrument")
    line = dict(good)
    for field in data.draw(st.lists(st.sampled_from(sorted(set(good) - {"kind"})), max_size=2)):
        old = line.get(field)
        if isinstance(old, list) and old and data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(old) - 1))
            inner = list(old[place]) if isinstance(old[place], list) else None
            if inner:
                inner[data.draw(st.integers(0, len(inner) - 1))] = data.draw(values)
            line[field] = [*old[:place], inner or data.draw(values), *old[place + 1 :]]
        else:
            line[field] = data.draw(values)
    answered(json.dumps(line))


@MANY
@given(st.sampled_from(GOOD), st.data())
def test_no_damaged_text_raises(good: dict[str, Any], data: Any) -> None:
    text = json.dumps(good)
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 6))
    answered(text[:at] + data.draw(st.text(max_size=3)) + text[at + cut :])

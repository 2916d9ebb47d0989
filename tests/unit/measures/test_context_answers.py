"""What was told beside the items: read kindly, and unknown where it is not clear."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.measures import Instrument, parse_instrument
from connector.measures.context import told

Instruments = dict[str, Instrument]

FORM = """\
id: demo
version: "1"
name: Demo
short_name: Demo
plain_name: demo score
domain: demo
direction: higher_is_worse
items: 3
item_range: {min: 0, max: 4}
context:
  - {key: together}
  - {key: problem, kind: number, max: 3}
scoring: {kind: sum}
score_min: 0
score_max: 12
missing: {not_applicable: [{item: 1, key: together}]}
screen: {positive: ">=6", and_context: [{key: problem, trigger: ">=2"}]}
safety_questions: [{key: together, name: together}]
item_flags: [{flag: low_item, items: [2, 3], trigger: "<1"}]
min_days: 7
licence: free
citation: none
sources:
  min_days: made up
  screen: made up
  missing: made up
  item_flags: made up
  safety_questions: made up
"""


@pytest.mark.parametrize("yes", [True, 1, "1", "yes", " Yes ", "TRUE", "y", Decimal(1)])
def test_ways_to_say_yes(yes: Any, instruments: Instruments) -> None:
    assert told(instruments["wsas"], {"work_not_applicable": yes}) == {"work_not_applicable": 1}


@pytest.mark.parametrize("no", [False, 0, "0", "no", "No ", "false", "n"])
def test_ways_to_say_no(no: Any, instruments: Instruments) -> None:
    assert told(instruments["wsas"], {"work_not_applicable": no}) == {"work_not_applicable": 0}


@pytest.mark.parametrize("unclear", [None, "", "maybe", 2, -1, 0.5, "1e999", [1], {"a": 1}])
def test_anything_else_is_unknown(unclear: Any, instruments: Instruments) -> None:
    assert told(instruments["wsas"], {"work_not_applicable": unclear}) == {}


@pytest.mark.parametrize(
    ("given", "read"), [(0, 0), (3, 3), ("2", 2), (2.0, 2), (4, None), (1.5, None), (True, None)]
)
def test_numbers_inside_the_range(given: Any, read: int | None, instruments: Instruments) -> None:
    expected = {} if read is None else {"problem": read}
    assert told(instruments["mdq"], {"problem": given}) == expected


def test_questions_of_other_instruments_are_not_read(instruments: Instruments) -> None:
    assert told(instruments["phq9"], {"same_time": True, "sex": "male"}) == {}
    assert told(instruments["mdq"], None) == {}


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("key: problem, trigger", "key: problm, trigger", ["screen.and_context", "'problem'"]),
        ("item: 1, key: together", "item: 1, key: togther", ["not_applicable", "'together'"]),
        ("item: 1, key: together", "item: 4, key: together", ["not_applicable", "no item 4"]),
        ("[{key: together, name", "[{key: nothing, name", ["safety_questions", "nothing"]),
        ("items: [2, 3], trigger", "items: [2, 9], trigger", ["item_flags", "no item 9"]),
        ("  screen: made up\n", "", ["state where screen comes from"]),
        ("  missing: made up\n", "", ["state where missing comes from"]),
        ("  item_flags: made up\n", "", ["state where item_flags comes from"]),
        ("  safety_questions: made up\n", "", ["state where safety_questions comes from"]),
        ("kind: number, max: 3", "kind: number, max: 0", ["context.1", "not above min"]),
        ("kind: number, max: 3", "max: 3", ["context.1", "yes_no"]),
        ("kind: number, max: 3", "kind: numbr, max: 3", ["context.1.kind", "'number'"]),
    ],
)
def test_a_wrong_reference_in_a_file_is_named(old: str, new: str, parts: list[str]) -> None:
    assert old in FORM
    parse_instrument(FORM, "demo.yaml")
    with pytest.raises(ConfigurationError) as caught:
        parse_instrument(FORM.replace(old, new, 1), "demo.yaml")
    for part in parts:
        assert part in str(caught.value)

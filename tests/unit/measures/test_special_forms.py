"""The format holds forms with their own logic: skips, triage, cut-offs by person, supplements."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.errors import ConfigurationError
from connector.measures import Instrument, parse_instrument, safety_flags, score

_HEAD = """\
version: "1"
name: {name}
short_name: {name}
plain_name: {name} score
domain: made_up
direction: higher_is_worse
min_days: 7
licence: free
citation: none
sources:
  min_days: made up
  safety_items: made up
  clinical_cutoff: made up
  missing: made up
  subscales: made up
  screen_by: made up
"""


def form(name: str, body: str) -> Instrument:
    return parse_instrument(f"id: {name}\n" + _HEAD.format(name=name) + body, f"{name}.yaml")


def answers(*given: int | None) -> list[Decimal | None]:
    return [None if answer is None else Decimal(answer) for answer in given]


AUDIT_LIKE = """\
items: 10
item_range: {min: 0, max: 4}
item_exceptions:
  - {items: [9, 10], range: {min: 0, max: 4, values: [0, 2, 4]}}
skip:
  - {zero: [1], skips: [2, 3, 4, 5, 6, 7, 8]}
  - {zero: [2, 3], skips: [4, 5, 6, 7, 8]}
scoring: {kind: sum}
score_min: 0
score_max: 40
clinical_cutoff: ">=8"
"""


@pytest.mark.parametrize(
    ("given", "status", "total"),
    [
        ((0, *[None] * 7, 2, 0), "ok", 2),
        ((1, 0, 0, *[None] * 5, 0, 4), "ok", 5),
        ((1, 0, 1, *[None] * 5, 0, 4), "incomplete", None),
        ((0, 0, 0, 0, 0, 0, 0, 0, None, 0), "incomplete", None),
        ((0, 3, *[None] * 6, 0, 0), "ok", 3),
    ],
)
def test_items_that_a_form_lets_people_skip_count_as_zero(given, status, total) -> None:
    scored = score(form("skips", AUDIT_LIKE), items=answers(*given))
    assert (scored.status, scored.total) == (status, total)


SCREEN_BY_SEX = """\
items: 3
item_range: {min: 0, max: 4}
scoring: {kind: sum}
score_min: 0
score_max: 12
primary_allowed: false
screen_by: {key: sex, values: {male: ">=4"}, otherwise: ">=3"}
"""


@pytest.mark.parametrize(
    ("sex", "total", "positive"),
    [("male", 3, False), ("male", 4, True), ("female", 3, True), (None, 3, True), (None, 2, False)],
)
def test_a_screening_cut_off_may_depend_on_the_person(sex, total, positive) -> None:
    screen = form("by_sex", SCREEN_BY_SEX)
    scored = score(screen, total=Decimal(total), context={"sex": sex} if sex else None)
    assert ("screen_positive:by_sex" in scored.flags) is positive


TRIAGE = """\
items: 6
item_range: {min: 0, max: 1}
item_exceptions:
  - {items: [6], range: {min: 0, max: 2}}
skip:
  - {zero: [2], skips: [3, 4, 5]}
primary_allowed: false
safety_items:
  - {item: 4, trigger: ">=1"}
scoring:
  kind: triage
  flag: suicide_risk
  levels:
    - {name: high, any: [{items: [4, 5], trigger: ">=1"}, {items: [6], trigger: ">=2"}]}
    - {name: moderate, any: [{items: [3], trigger: ">=1"}, {items: [6], trigger: ">=1"}]}
    - {name: low, any: [{items: [1, 2], trigger: ">=1"}]}
"""


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ((1, 0, None, None, None, 0), "suicide_risk:low"),
        ((1, 1, 1, 0, 0, 0), "suicide_risk:moderate"),
        ((0, 0, None, None, None, 1), "suicide_risk:moderate"),
        ((0, 1, 0, 0, 1, 0), "suicide_risk:high"),
        ((0, 0, None, None, None, 2), "suicide_risk:high"),
        ((0, 0, None, None, None, 0), None),
    ],
)
def test_a_triage_form_has_a_level_and_no_total(given, flag) -> None:
    scored = score(form("triage", TRIAGE), items=answers(*given))
    assert scored.status == "ok" and scored.total is None
    assert [f for f in scored.flags if f.startswith("suicide_risk")] == ([flag] if flag else [])


def test_the_level_of_an_incomplete_triage_form_is_told_all_the_same() -> None:
    triage = form("triage", TRIAGE)
    scored = score(triage, items=answers(1, None, None, None, 1, 0))
    assert scored.status == "incomplete" and "suicide_risk:high" in scored.flags
    assert safety_flags(triage, items=answers(1, 1, 0, 1, 0, 0)) == (
        "safety_item_positive:4",
        "suicide_risk:high",
    )
    assert score(triage, total=Decimal(3)).error == "items_required"


SUPPLEMENTED = """\
items: 5
item_range: {min: 0, max: 3}
scored_items: [1, 2, 3]
scoring: {kind: sum}
score_min: 0
score_max: 9
subscales:
  - name: screen
    items: [1, 2, 3]
    kind: count
    count_from: 1
    positive: ">=2"
    and_all: [{items: [4], trigger: ">=1"}, {items: [5], trigger: ">=2"}]
"""


@pytest.mark.parametrize(
    ("given", "total", "positive"),
    [
        ((1, 1, 0, 1, 2), 2, True),
        ((1, 1, 0, 1, 1), 2, False),
        ((3, 3, 3, 0, 3), 9, False),
        ((1, 1, 0, None, None), 2, False),
    ],
)
def test_supplementary_items_are_conditions_and_not_part_of_the_total(
    given, total, positive
) -> None:
    scored = score(form("supplemented", SUPPLEMENTED), items=answers(*given))
    assert (scored.status, scored.total) == ("ok", total)
    assert ("subscale_positive:screen" in scored.flags) is positive


ONE_ITEM_MAY_BE_BLANK = """\
items: 5
item_range: {min: 0, max: 8}
missing: {blanks_allowed: 1, only_items: [1]}
scoring: {kind: sum}
score_min: 0
score_max: 40
"""


def test_only_the_named_item_may_be_left_out() -> None:
    work = form("work", ONE_ITEM_MAY_BE_BLANK)
    assert score(work, items=answers(None, 4, 4, 4, 4)).total == 20
    assert score(work, items=answers(4, None, 4, 4, 4)).status == "incomplete"


def test_subscales_may_have_a_direction_of_their_own() -> None:
    mixed = form(
        "mixed",
        "items: 2\nitem_range: {min: 0, max: 4}\nscoring: {kind: subscales_only}\nsubscales:\n"
        "  - {name: risk, items: [1], positive: '>=3'}\n"
        "  - {name: protective, items: [2], direction: higher_is_better, positive: '<=1'}\n",
    )
    assert [scale.direction for scale in mixed.subscales] == [None, "higher_is_better"]
    assert score(mixed, items=answers(3, 1)).flags == (
        "subscale_positive:risk",
        "subscale_positive:protective",
    )


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        (AUDIT_LIKE.replace("skips: [2, 3", "skips: [12, 3"), "skip"),
        (
            SUPPLEMENTED.replace("scored_items: [1, 2, 3]", "scored_items: [1, 2, 9]"),
            "scored_items",
        ),
        (SCREEN_BY_SEX.replace('">=4"', '"four"'), "four"),
    ],
)
def test_a_wrong_item_or_limit_is_named(wrong: str, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        form("wrong", wrong)
    assert key in str(caught.value)

"""Safety items are judged before and apart from totals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.measures import Instrument, safety_flags, score

Instruments = dict[str, Instrument]
BLANK = [None] * 8


def _items(*answers: int | str | None) -> list[Decimal | None]:
    return [None if answer is None else Decimal(answer) for answer in answers]


@pytest.mark.parametrize(
    ("answers", "flags"),
    [
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), ()),
        ((3, 3, 3, 3, 3, 3, 3, 3, 0), ()),
        ((0, 0, 0, 0, 0, 0, 0, 0, 1), ("safety_item_positive:9",)),
        ((0, 0, 0, 0, 0, 0, 0, 0, 3), ("safety_item_positive:9",)),
        ((0, 0, 0, 0, 0, 0, 0, 0, None), ("safety_item_missing:9",)),
        ((*BLANK, 1), ("safety_item_positive:9",)),  # incomplete
        ((*BLANK, None), ("safety_item_missing:9",)),
        ((9, 0, 0, 0, 0, 0, 0, 0, 1), ("safety_item_positive:9",)),  # another item is invalid
        (("NaN", 0, 0, 0, 0, 0, 0, 0, 1), ("safety_item_positive:9",)),
        ((0, 0, 0, 0, 0, 0, 0, 0, 7), ("safety_item_positive:9",)),  # itself out of range
        ((0, 0, 0, 0, 0, 0, 0, 0, -1), ("safety_item_missing:9",)),  # unusable, so not known
        ((0, 0, 0, 0, 0, 0, 0, 0, "NaN"), ("safety_item_missing:9",)),
        ((0, 0, 0, 0, 0, 0, 0, 0), ("safety_item_missing:9",)),  # too short to hold it
        ((0, 0, 0, 0, 0, 0, 0, 0, 2, 1), ("safety_item_positive:9",)),  # one too many
        ((), ("safety_item_missing:9",)),
    ],
)
def test_phq9_item_9(
    answers: tuple[int | str | None, ...], flags: tuple[str, ...], instruments: Instruments
) -> None:
    items = _items(*answers)
    assert safety_flags(instruments["phq9"], items=items, total=None) == flags
    assert score(instruments["phq9"], items=items).flags == flags


def test_a_total_alone_hides_the_safety_item(instruments: Instruments) -> None:
    for name in ("phq9", "epds", "core10"):
        for total in (Decimal(0), Decimal(99)):  # the second is out of range
            result = score(instruments[name], total=total)
            assert result.flags == ("safety_unknown_total_only",)


def test_neither_items_nor_total_is_not_safe(instruments: Instruments) -> None:
    assert score(instruments["phq9"]).flags == ("safety_item_missing:9",)


def test_forms_without_safety_items_raise_none(instruments: Instruments) -> None:
    assert score(instruments["gad7"], total=Decimal(21)).flags == ()
    assert score(instruments["gad7"], items=[None] * 7).flags == ()


def test_a_reverse_safety_item_is_turned_round_first(instruments: Instruments) -> None:
    epds = instruments["epds"]
    worst_as_printed = _items(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert safety_flags(epds, items=worst_as_printed, encoding="raw") == (
        "safety_item_positive:10",
    )
    assert safety_flags(epds, items=worst_as_printed, encoding="weighted") == ()
    never_as_printed = _items(0, 0, 0, 0, 0, 0, 0, 0, 0, 3)
    assert safety_flags(epds, items=never_as_printed, encoding="raw") == ()
    assert safety_flags(epds, items=never_as_printed) == ("safety_item_positive:10",)


def test_an_unknown_encoding_never_hides_a_positive_answer(instruments: Instruments) -> None:
    for answer in (0, 3):
        items = _items(0, 0, 0, 0, 0, 0, 0, 0, 0, answer)
        result = score(instruments["epds"], items=items, encoding="mirrored")
        assert result.error == "unknown_encoding"
        assert result.flags == ("safety_item_positive:10",)

"""The form of an instrument: its answers with their ranges, its total, what it asks beside them.

Numbers only: no questionnaire wording is held. The person copies from the paper in front of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from connector.measures import Instrument
from connector.measures.scales import scale_of

_ENCODINGS = {
    "raw": "as printed on the form",
    "weighted": "as they are scored (reverse items turned round)",
    "zero_based": "starting at 0",
    "one_based": "starting at 1",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One item: its number, and what may be typed (``most`` None: no upper limit).

    ``step`` is the smallest difference between two answers; ``only`` lists the valid ones where
    not every step is.
    """

    number: int
    least: str
    most: str | None
    step: str
    only: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The range in words."""
        if self.only:
            return " or ".join((", ".join(self.only[:-1]), self.only[-1]))
        return f"{self.least} to {self.most}" if self.most is not None else f"{self.least} or more"


@dataclass(frozen=True, slots=True)
class Question:
    """Something asked beside the items; ``most`` None: yes or no."""

    key: str
    least: str
    most: str | None

    @property
    def label(self) -> str:
        """The key as words."""
        return self.key.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class ScoreForm:
    """``total`` is None where there is none; ``encodings``: (word, meaning) to choose from."""

    id: str
    name: str
    short_name: str
    answers: tuple[Answer, ...]
    total: Answer | None
    questions: tuple[Question, ...]
    encodings: tuple[tuple[str, str], ...]
    variants: tuple[str, ...]


def instruments_to_enter(instruments: Mapping[str, Instrument]) -> list[tuple[str, str]]:
    """Id and name of each instrument that can be typed in, by name; scales are made of forms."""
    found = [(i.id, i.short_name) for i in instruments.values() if scale_of(i.id) is None]
    return sorted(found, key=lambda one: one[1].casefold())


def form_of(instrument: Instrument) -> ScoreForm:
    """The form of one instrument."""
    count = 0 if instrument.totals_only else instrument.items or instrument.items_max or 0
    encodings: tuple[str, ...] = ()
    if instrument.encoding_required:
        encodings = tuple(instrument.encodings.accepted)
    shifts = [instrument.encodings.shift.get(e, Decimal(0)) for e in encodings] or [Decimal(0)]  # type: ignore[call-overload]
    total = None
    if instrument.has_total:
        step = _step(max(instrument.decimals, 2 if instrument.score_max is None else 0))
        least = instrument.score_min if instrument.score_min is not None else Decimal(0)
        most = instrument.score_max
        total = Answer(0, _plain(least), None if most is None else _plain(most), step)
    return ScoreForm(
        id=instrument.id,
        name=instrument.name,
        short_name=instrument.short_name,
        answers=tuple(_answer(instrument, n, shifts) for n in range(1, count + 1)),
        total=total,
        questions=tuple(
            Question(q.key, _plain(q.min), None if q.kind == "yes_no" else _plain(q.max))
            for q in instrument.context
        ),
        encodings=tuple((word, _ENCODINGS[word]) for word in encodings),
        variants=instrument.variants,
    )


def _answer(instrument: Instrument, number: int, shifts: list[Decimal]) -> Answer:
    """The widest range that any way of counting the answers gives; the server knows which it is."""
    valid = instrument.range_of(number)
    least = min(valid.min - shift for shift in shifts)
    most = None if valid.max is None else max(valid.max - shift for shift in shifts)
    only = tuple(_plain(value) for value in valid.values)
    return Answer(
        number, _plain(least), None if most is None else _plain(most),
        _step(instrument.item_decimals), only,
    )  # fmt: skip


def _step(decimals: int) -> str:
    return str(Decimal(1).scaleb(-decimals)) if decimals else "1"


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")

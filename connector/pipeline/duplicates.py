"""One form that a source gives twice: as item answers and again as a bare total."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from connector.pipeline.wording import long_date
from connector.progress import DataNote
from connector.records import Assessment


def without_doubled_totals(
    forms: Sequence[Assessment],
) -> tuple[tuple[Assessment, ...], list[DataNote]]:
    """``forms`` without totals that item answers of the same day stand for, and a note on each.

    The answers win: they can be scored and traced, and they carry the safety items.
    """
    answered: dict[tuple[str, str | None, date], Assessment] = {}
    for form in forms:
        if form.items is not None:
            answered.setdefault(_same(form), form)
    kept: list[Assessment] = []
    notes: list[DataNote] = []
    for form in forms:
        twin = answered.get(_same(form)) if form.items is None else None
        if twin is None:
            kept.append(form)
            continue
        notes.append(
            DataNote(
                kind="doubled_total",
                text=f"{form.instrument} of {long_date(form.taken_on)} came as item answers and "
                "as a total; the item answers are used",
                sources=(twin.id, form.id),
                on=form.taken_on,
            )
        )
    return tuple(kept), notes


def _same(form: Assessment) -> tuple[str, str | None, date]:
    return form.instrument, form.variant, form.taken_on

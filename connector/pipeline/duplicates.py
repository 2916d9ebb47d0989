"""One form that comes twice: as item answers and as a bare total, or as a total of two senders.

A form tool repeats earlier totals in every event, and an export may hold the same forms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from connector.pipeline.wording import long_date
from connector.progress import DataNote
from connector.records import Assessment


def without_doubled_totals(
    forms: Sequence[Assessment],
) -> tuple[tuple[Assessment, ...], tuple[Assessment, ...], list[DataNote]]:
    """``forms`` without totals that another form of the same day stands for; those; a note on each.

    Item answers win: they can be scored and traced, and they carry the safety items. Of equal
    totals, those that came as events stay, else those of one source: two of its own are two forms.
    """
    answered: dict[tuple[str, str | None, date], Assessment] = {}
    totals: dict[tuple[tuple[str, str | None, date], Decimal | None], Assessment] = {}
    for form in forms:
        if form.items is not None:
            answered.setdefault(_same(form), form)
            continue
        known = totals.setdefault((_same(form), form.total), form)
        if known.event_id is None and form.event_id is not None:
            totals[_same(form), form.total] = form
    kept: list[Assessment] = []
    doubled: list[Assessment] = []
    notes: list[DataNote] = []
    for form in forms:
        twin = answered.get(_same(form)) if form.items is None else None
        how = "as item answers and as a total; the item answers are used"
        if twin is None and form.items is None and form.event_id is None:
            first = totals[_same(form), form.total]
            elsewhere = first.provenance.source != form.provenance.source
            twin = first if elsewhere or first.event_id is not None else None
            how = "as the same total more than once; it is counted once"
        if twin is None:
            kept.append(form)
            continue
        doubled.append(form)
        notes.append(
            DataNote(
                kind="doubled_total",
                text=f"{form.instrument} of {long_date(form.taken_on)} came {how}",
                sources=(twin.id, form.id),
                on=form.taken_on,
            )
        )
    return tuple(kept), tuple(doubled), notes


def answered_twin(total: Assessment, forms: Iterable[Assessment]) -> Assessment | None:
    """The form with item answers that stands for a doubled ``total``."""
    return next((f for f in forms if f.items is not None and _same(f) == _same(total)), None)


def _same(form: Assessment) -> tuple[str, str | None, date]:
    return form.instrument, form.variant, form.taken_on

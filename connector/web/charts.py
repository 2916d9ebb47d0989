"""``/charts/<id>``: where a chart's golden thread breaks; ``/records/<id>``: what a break names.

Addresses hold the connector's own ids, which are digests: no name and no number of a patient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from connector.chart_desk import ChartDesk, trace
from connector.progress import PracticeProfile
from connector.store.store import Store
from connector.thread import Documented, GoldenThread, RecordRef

_DISCIPLINES = {"mental_health": "psychotherapy", "physical_therapy": "physical therapy"}
_STATES = {"present": "present", "absent": "absent", "stale": "stale", "not_due": "not due"}
_TAGS = {"present": "meets", "absent": "below", "stale": "below"}
_MOST = 8


@dataclass(frozen=True, slots=True)
class _Link:
    """A record as a link: where it leads and what it is called."""

    id: str
    words: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One link of the thread, or one element of a checklist, as a table row."""

    name: str
    state: str
    tag: str
    finding: str
    action: str
    links: tuple[_Link, ...]
    more: int


def charts(store: Store, practice: PracticeProfile, desk: Callable[[], ChartDesk]) -> Blueprint:
    """The pages, bound to a store and to what checks charts."""
    blueprint = Blueprint("charts", __name__)

    @blueprint.get("/charts/<patient_id>")
    def chart(patient_id: str) -> ResponseReturnValue:
        made = desk()  # not inside the read: it reads all instruments at first
        found = store.read(lambda tx: made.one(tx, patient_id))
        if found is None:
            abort(404)
        trace(store, "chart_checked", found.patient.id, {"patients": 1})
        thread = found.thread
        return render_template(
            "chart.html",
            practice=practice,
            number=found.patient.chart_number,
            discipline=_DISCIPLINES[thread.discipline],
            on=thread.on.isoformat(),
            breaks=len(thread.breaks),
            tables=_tables(thread, found.elements),
            visits=[(_link(v.visit), v.missing) for v in thread.visits],
        )

    @blueprint.get("/records/<record_id>")
    def record(record_id: str) -> ResponseReturnValue:
        made = desk()
        found = store.read(lambda tx: made.record(tx, record_id))
        if found is None:
            abort(404)
        trace(store, "viewed", record_id, {})
        return render_template("record.html", practice=practice, record=found)

    return blueprint


def _tables(thread: GoldenThread, elements: tuple[Documented, ...]) -> list[tuple[str, list[_Row]]]:
    """Heading and rows of each table; without any care there is nothing to show."""
    if not thread.links:
        return []
    return [
        ("Golden thread", [_row(link) for link in thread.links]),
        ("Client participation and use of measures", [_row(row) for row in thread.participation]),
        ("Medical-necessity checklist, as a payer may see it", [_row(one) for one in elements]),
    ]


def _row(one: Documented) -> _Row:
    shown = one.records if one.broken else one.records[-1:]
    return _Row(
        name=one.name,
        state=_STATES[one.state],
        tag=_TAGS.get(one.state, ""),
        finding=one.finding,
        action=one.action,
        links=tuple(_link(record) for record in shown[:_MOST]),
        more=len(one.records) - len(shown[:_MOST]),
    )


def _link(record: RecordRef) -> _Link:
    kind = "the chart" if record.kind == "patient" else record.kind.replace("_", " ")
    day = f" of {record.on.isoformat()}" if record.on else ""
    row = f", row {record.row}" if record.row is not None else ""
    return _Link(record.id, f"{kind}{day} ({record.origin}{row})")

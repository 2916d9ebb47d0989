"""Records as they are judged: those of several patients who are one person in one chart.

Everything that judges charts reads records through here. Who is part of another's chart, or waits
for a person to say whose it is, has no chart of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

from connector.records import Patient, PatientRecord, Record
from connector.store.store import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Together:
    """The records of some charts; ``members`` are the patients that are part of each.

    ``held`` are those asked for that have no chart of their own.
    """

    records: Mapping[str, list[Record]]
    members: Mapping[str, Sequence[str]]
    held: Set[str] = frozenset()

    @property
    def ids(self) -> list[str]:
        """The charts and all that are part of them."""
        return sorted({*self.records, *(id for part in self.members.values() for id in part)})

    def of_chart(self, chart_id: str, by_patient: Mapping[str, Sequence[T]]) -> list[T]:
        """What belongs to the patients of one chart, of what is known by patient."""
        people = (chart_id, *self.members.get(chart_id, ()))
        return [one for id in people for one in by_patient.get(id, ())]


def together(tx: Tx, patient_ids: Iterable[str]) -> Together:
    """The records that are judged in each of these charts, in id order; none of who has no chart.

    Records of a member speak of the chart's patient; all else about them stays as it is.
    """
    ids = list(dict.fromkeys(patient_ids))
    links = tx.identities.links(ids)
    if not links:
        return Together(tx.records.of_patients(ids), {})
    wanted = set(ids)
    without = {one.patient_id for one in links if one.state != "own"}
    members: dict[str, list[str]] = {}
    for one in links:
        if one.joined and one.chart_id in wanted and one.chart_id not in without:
            members.setdefault(str(one.chart_id), []).append(one.patient_id)
    inside = {id for part in members.values() for id in part}
    found = tx.records.of_patients(sorted((wanted - without) | inside))
    return Together(
        {
            id: []
            if id in without
            else joined_records(found[id], [found[member] for member in members.get(id, ())], id)
            for id in ids
        },
        members,
        without & wanted,
    )


def joined_records(
    own: Sequence[Record], others: Iterable[Sequence[Record]], chart_id: str
) -> list[Record]:
    """A chart's records with those of its members, who are no patients of their own there."""
    moved = [
        record.model_copy(update={"patient_id": chart_id})
        for part in others
        for record in part
        if isinstance(record, PatientRecord) and not isinstance(record, Patient)
    ]
    return sorted([*own, *moved], key=lambda record: record.id) if moved else list(own)


def charts_of(tx: Tx, patient_ids: Iterable[str]) -> set[str]:
    """These patients, and the charts that they are part of: whose records changed, all told."""
    ids = set(patient_ids)
    return ids | {
        str(one.chart_id)
        for one in tx.identities.links(ids)
        if one.joined and one.patient_id in ids
    }

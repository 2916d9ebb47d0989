"""Canonical records, each in its newest version, sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, bindparam

from connector.ports import PatientReference
from connector.records import RECORD_TYPES, STORED, Patient, PatientRecord, Record, Retraction
from connector.store.packing import expand, squeeze
from connector.store.schema import records
from connector.store.scope import Prepared, Scope, chunks

_BODY = "records.body"
_APART_FROM_CONTENT = {"provenance", "version"}
_PAGE = 2000
_TOMBSTONE = "tombstone"
"""Kind of a row that keeps an older version of a deleted record from coming in late."""
_OF_PATIENTS = Prepared(lambda make: make.select(records).where(make.among(records.c.patient_id)))
_CHANGED_SINCE = Prepared(
    # The kind is looked at afterwards: asked for here, SQLite walks all records of the kind.
    lambda make: make.select(records, records.c.id, records.c.kind).where(
        make.among(records.c.patient_id),
        records.c.updated_at >= bindparam("since", type_=records.c.updated_at.type),
    )
)
_SHARED = Prepared(
    lambda make: make.select(records).where(
        records.c.patient_id.is_(None), records.c.kind != _TOMBSTONE
    )
)
_OF_IDS = Prepared(
    lambda make: make.select(records).where(make.among(records.c.id), records.c.kind != _TOMBSTONE)
)
_DIGESTS = Prepared(
    lambda make: make.select(records, records.c.id, records.c.digest).where(
        make.among(records.c.id), records.c.deleted.is_(False)
    )
)
_VERSIONS = Prepared(
    lambda make: make.locked(
        make.select(records, records.c.id, records.c.version, records.c.digest)
        .where(make.among(records.c.id))
        .order_by(records.c.id)
    )
)


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """What an upsert did, counted per given record.

    ``changed`` holds the stored result of each record that is new or has other content, once.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    changed: tuple[Record, ...] = ()


class Records:
    """Records by id. An older version never overwrites a newer one."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def upsert(self, given: Sequence[Record], at: datetime) -> UpsertResult:
        """Stores what is newer than, or differs at the same version from, what is there.

        The same content (provenance and version apart) counts as unchanged, but a newer version
        and its provenance are taken over.
        """
        counts = {"inserted": 0, "updated": 0, "unchanged": 0, "stale": 0}
        changed: dict[str, Record] = {}
        write: dict[str, tuple[Record, str]] = {}
        # In id order, so that two replicas never wait for each other's rows.
        for chunk in chunks(sorted(given, key=lambda record: record.id)):
            known = self._versions({record.id for record in chunk})
            # A record given twice may straddle two chunks; what was decided before counts as known.
            known |= {
                id: (write[id][0].version, write[id][1])
                for id in (record.id for record in chunk) if id in write
            }  # fmt: skip
            for record in chunk:
                digest = self._digest(record)
                verdict, store = _judge(record, digest, known.get(record.id))
                counts[verdict] += 1
                if store:
                    known[record.id] = (record.version, digest)
                    write[record.id] = (record, digest)
                if verdict in ("inserted", "updated"):
                    changed[record.id] = record
        self._write([self._row(record, digest, at) for record, digest in write.values()])
        latest = tuple(write[id][0] for id in changed)
        return UpsertResult(changed=latest, **counts)

    def retract(self, given: Sequence[Retraction], at: datetime) -> UpsertResult:
        """Marks records as deleted that are not newer; of unknown ones only the id is kept."""
        if not given:
            return UpsertResult()
        newest = {one.id: one for one in sorted(given, key=lambda one: (one.id, one.version))}
        rows: list[dict[str, Any]] = []
        changed: list[Record] = []
        for chunk in chunks(list(newest.values())):
            known = self._versions({one.id for one in chunk})
            for one in chunk:
                if one.id in known and known[one.id][0] > one.version:
                    continue
                record = self.get(one.id) if one.id in known else None
                if record is None:
                    rows.append(self._tombstone(one, at))
                    continue
                gone = record.model_copy(
                    update={"deleted": True, "version": one.version, "provenance": one.provenance}
                )
                rows.append(self._row(gone, self._digest(gone), at))
                changed += [] if record.deleted else [gone]
        self._write(rows)
        unchanged = len(newest) - len(changed)
        return UpsertResult(updated=len(changed), unchanged=unchanged, changed=tuple(changed))

    def get(self, id: str) -> Record | None:
        """The record of an id, retracted ones included."""
        query = self._scope.select(records).where(records.c.id == id, records.c.kind != _TOMBSTONE)
        row = self._scope.run(query).one_or_none()
        return None if row is None else self._record(row)

    def of_patients(self, ids: Iterable[str]) -> dict[str, list[Record]]:
        """All records of each patient (the Patient itself, and retracted ones too), in id order."""
        found: dict[str, list[Record]] = {id: [] for id in ids}
        for chunk in chunks(sorted(found)):
            # Sorted here: asked for one patient in id order, SQLite reads the whole practice by id
            # instead of taking the index of patients.
            rows = self._scope.prepared(_OF_PATIENTS, chunk)
            for row in sorted(rows, key=lambda row: row.id):
                found[row.patient_id].append(self._record(row))
        return found

    def of_ids(self, ids: Iterable[str]) -> dict[str, Record]:
        """Records by id, retracted ones too; unknown ids are left out."""
        found: dict[str, Record] = {}
        for chunk in chunks(sorted(set(ids))):
            for row in self._scope.prepared(_OF_IDS, chunk):
                found[row.id] = self._record(row)
        return found

    def forget(self, ids: Iterable[str]) -> int:
        """Removes records as if they had never been made: their raw input is read again."""
        removed = 0
        for chunk in chunks(sorted(set(ids))):
            removed += self._scope.run(
                self._scope.delete(records).where(self._scope.among(records.c.id, chunk))
            ).rowcount
        return removed

    def changed_since(self, patient_ids: Iterable[str], kind: str, since: datetime) -> set[str]:
        """Ids of the patients' records of a kind that were written at or after a time."""
        found: set[str] = set()
        for chunk in chunks(sorted(set(patient_ids))):
            rows = self._scope.prepared(_CHANGED_SINCE, chunk, since=since)
            found.update(id for id, its_kind in rows if its_kind == kind)
        return found

    def shared(self) -> list[Record]:
        """Records of no patient (clinicians, the practice), retracted ones too, in id order."""
        # Sorted here for the same reason as in of_patients.
        rows = sorted(self._scope.prepared(_SHARED), key=lambda row: row.id)
        return [self._record(row) for row in rows]

    def patients(self, limit: int = 100, after: str = "") -> list[Patient]:
        """Patients that are not retracted, in id order, starting behind the id ``after``."""
        query = (
            self._scope.select(records)
            .where(records.c.kind == "patient", records.c.deleted.is_(False), records.c.id > after)
            .order_by(records.c.id).limit(limit)
        )  # fmt: skip
        return [cast(Patient, self._record(row)) for row in self._scope.run(query)]

    def source_ids(self, source: str) -> dict[str, set[str]]:
        """The source's own ids of the rows of its records that are not retracted, by its table.

        Opens every record of the practice: for comparisons made once a day.
        """
        found: dict[str, set[str]] = {}
        after = ""
        while True:
            query = (
                self._scope.select(records, records.c.id, records.c.body)
                .where(records.c.deleted.is_(False), records.c.id > after)
                .order_by(records.c.id).limit(_PAGE)
            )  # fmt: skip
            rows = self._scope.run(query).all()
            for id, sealed in rows:
                after = id
                came = json.loads(expand(self._scope.open(_BODY, (id,), sealed)))["provenance"]
                if came["source"] == source and came.get("table"):
                    own_id = came.get("row_id") or came["source_id"]
                    found.setdefault(came["table"], set()).add(own_id)
            if len(rows) < _PAGE:
                return found

    def references(self, patient_ids: Iterable[str]) -> dict[str, PatientReference]:
        """How each patient's own source knows the person; retracted patients too."""
        found: dict[str, PatientReference] = {}
        for chunk in chunks(sorted(set(patient_ids))):
            query = self._scope.select(records).where(
                self._scope.among(records.c.id, chunk), records.c.kind == "patient"
            )
            for row in self._scope.run(query):
                patient = cast(Patient, self._record(row))
                came = patient.provenance
                found[patient.id] = PatientReference(
                    came.source, came.source_id, patient.chart_number, patient.given_name,
                    patient.family_name, patient.birth_date, patient.sex,
                )  # fmt: skip
        return found

    def digests(self, ids: Iterable[str]) -> dict[str, str | None]:
        """The content digest of each record; None when there is none or it is retracted."""
        found: dict[str, str | None] = dict.fromkeys(ids)
        for chunk in chunks(sorted(found)):
            found.update({id: digest for id, digest in self._scope.prepared(_DIGESTS, chunk)})
        return found

    def counts(self) -> dict[str, int]:
        """Number of records by kind, without retracted ones."""
        rows = self._scope.count_by(records.c.kind, records.c.deleted)
        return {kind: count for kind, deleted, count in rows if not deleted}

    def _versions(self, ids: set[str]) -> dict[str, tuple[datetime, str]]:
        rows = self._scope.prepared(_VERSIONS, sorted(ids))
        return {id: (version, digest) for id, version, digest in rows}

    def _digest(self, record: Record) -> str:
        content = record.model_dump_json(exclude=_APART_FROM_CONTENT)
        return self._scope.keys.fingerprint(content.encode())

    def _row(self, record: Record, digest: str, at: datetime) -> dict[str, Any]:
        body = squeeze(record.model_dump_json().encode())
        return self._scope.own(
            id=record.id, kind=getattr(record, "kind"), patient_id=_patient_id(record),  # noqa: B009
            version=record.version, deleted=record.deleted, digest=digest,
            body=self._scope.seal(_BODY, (record.id,), body), updated_at=at,
        )  # fmt: skip

    def _tombstone(self, one: Retraction, at: datetime) -> dict[str, Any]:
        return self._scope.own(
            id=one.id, kind=_TOMBSTONE, patient_id=None, version=one.version, deleted=True,
            digest="", body=self._scope.seal(_BODY, (one.id,), squeeze(b"")), updated_at=at,
        )  # fmt: skip

    def _write(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        # The condition on the time holds even where another replica has stored a newer version
        # meanwhile.
        self._scope.put_all(records, rows, ("id",), time="version")

    def _record(self, row: Row[*tuple[Any, ...]]) -> Record:
        body = expand(self._scope.open(_BODY, (row.id,), row.body))
        return RECORD_TYPES[row.kind].model_validate_json(body, context=STORED)


def _judge(record: Record, digest: str, known: tuple[datetime, str] | None) -> tuple[str, bool]:
    """What becomes of a record, and whether it is written."""
    if known is None:
        return "inserted", True
    version, content = known
    if record.version < version:
        return "stale", False
    if digest == content:
        return "unchanged", record.version > version
    return "updated", True


def _patient_id(record: Record) -> str | None:
    if isinstance(record, PatientRecord):
        return record.patient_id
    return record.id if isinstance(record, Patient) else None

"""Which patients are one person: parts of another's chart, and who waits for a person to say.

Records stay as they are under the patient that they came for; only what is judged together changes.
So taking charts apart again gives what was there before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import Row, or_

from connector.store.schema import identities, identity_keys
from connector.store.scope import Prepared, Scope, chunks

IdentityState = Literal["matched", "merged", "waiting", "own"]
JOINED = ("matched", "merged")
_LINKS = Prepared(
    lambda make: make.select(identities).where(
        or_(make.among(identities.c.patient_id), make.among(identities.c.chart_id))
    )
)
_KEYS = Prepared(
    lambda make: make.select(
        identity_keys, identity_keys.c.key, identity_keys.c.patient_id, identity_keys.c.source
    ).where(make.among(identity_keys.c.key))
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose chart a patient is part of, or why it is not known.

    ``matched``: by the site's rules or by a person; ``merged``: by a person, ``before`` is what was
    there; ``waiting``: not judged until a person says whose it is; ``own``: a person said that it
    is nobody else. ``by`` is "rules" or a name; ``reason`` holds nothing about a patient.
    """

    patient_id: str
    chart_id: str | None
    state: IdentityState
    reason: str
    by: str
    decided_at: datetime
    before: str | None = None

    @property
    def joined(self) -> bool:
        """Whether its records are judged in another's chart."""
        return self.state in JOINED

    def as_before(self) -> str:
        """The row as text, for the ``before`` of the merge that takes its place."""
        return json.dumps(
            {
                "chart_id": self.chart_id, "state": self.state, "reason": self.reason,
                "by": self.by, "decided_at": self.decided_at.isoformat(),
            }
        )  # fmt: skip

    def restored(self) -> Identity | None:
        """The row that a merge took the place of; None where there was none."""
        if self.before is None:
            return None
        kept = json.loads(self.before)
        kept["decided_at"] = datetime.fromisoformat(kept["decided_at"])
        return Identity(patient_id=self.patient_id, **kept)


class Identities:
    """Identities by patient; most patients have none."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def links(self, patient_ids: Iterable[str]) -> list[Identity]:
        """The rows of these patients, and of those that are part of their charts."""
        found: dict[str, Identity] = {}
        for chunk in chunks(sorted(set(patient_ids))):
            rows = self._scope.prepared(_LINKS, chunk)
            found |= {row.patient_id: _identity(row) for row in rows}
        return [found[id] for id in sorted(found)]

    def of(self, patient_ids: Iterable[str]) -> dict[str, Identity]:
        """The rows of these patients, by patient."""
        wanted = set(patient_ids)
        return {one.patient_id: one for one in self.links(wanted) if one.patient_id in wanted}

    def list(self, *states: IdentityState) -> list[Identity]:
        """Rows in these states (all when none is given), oldest decision first."""
        query = self._scope.select(identities)
        if states:
            query = query.where(identities.c.state.in_(states))
        ordered = query.order_by(identities.c.decided_at, identities.c.patient_id)
        return [_identity(row) for row in self._scope.run(ordered)]

    def put(self, given: Identity) -> None:
        """Stores a row in place of the patient's own one."""
        values = self._scope.own(
            patient_id=given.patient_id, chart_id=given.chart_id, state=given.state,
            reason=given.reason, by=given.by, decided_at=given.decided_at, before=given.before,
        )  # fmt: skip
        self._scope.put(identities, values, ("patient_id",))

    def remove(self, patient_id: str) -> None:
        """Removes a patient's row: it is judged alone."""
        self._scope.run(self._scope.delete(identities).where(identities.c.patient_id == patient_id))

    def counts(self) -> dict[str, int]:
        """Number of patients by state."""
        return dict(self._scope.count_by(identities.c.state))

    def set_keys(self, patient_id: str, source: str, keys: Iterable[str]) -> set[str]:
        """Replaces what a patient may be found by; the keys that it had before."""
        query = self._scope.select(identity_keys, identity_keys.c.key)
        had = set(self._scope.run(query.where(identity_keys.c.patient_id == patient_id)).scalars())
        if had == (wanted := set(keys)):
            return had
        self._scope.run(
            self._scope.delete(identity_keys).where(identity_keys.c.patient_id == patient_id)
        )
        rows = [
            self._scope.own(patient_id=patient_id, key=key, source=source) for key in sorted(wanted)
        ]
        if rows:
            self._scope.run(self._scope.insert(identity_keys), rows)
        return had

    def sharing(self, keys: Iterable[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
        """The patients, each with its source, that are found by each of the keys."""
        found: dict[str, list[tuple[str, str]]] = {}
        for chunk in chunks(sorted(set(keys))):
            for key, patient_id, source in self._scope.prepared(_KEYS, chunk):
                found.setdefault(key, []).append((patient_id, source))
        return found


def _identity(row: Row[*tuple[object, ...]]) -> Identity:
    return Identity(
        patient_id=row.patient_id, chart_id=row.chart_id, state=cast(IdentityState, row.state),
        reason=row.reason, by=row.by, decided_at=row.decided_at, before=row.before,
    )  # fmt: skip

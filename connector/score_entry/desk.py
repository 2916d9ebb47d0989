"""Takes a typed score in: finds the chart, checks, stores it in the inbox; for page and command.

Nothing is stored while anything is wrong. The same entry sent twice has one effect, because its
random id is made with the empty form.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.columns import closest
from connector.errors import ConfigurationError
from connector.mapping.apply import MappingContext
from connector.mapping.spec import MappingSpec
from connector.measures import Instrument
from connector.ports import RawPage
from connector.records import Assessment, Patient
from connector.score_entry.check import Problem, Typed, batch_of, refused, row_of
from connector.score_entry.form import instruments_to_enter
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx

_PAGE = 500
_LATEST = 200


@dataclass(frozen=True, slots=True)
class Entered:
    """An entry that was stored. ``who`` names the person, for whom typed it to look at."""

    entry_id: str
    who: str
    chart_number: str
    instrument: str
    taken_on: str
    by: str


@dataclass(frozen=True)
class ScoreDesk:
    """The way in for scores by hand, of one source.

    ``store_page`` stores a page for a source and returns after the commit.
    """

    store: Store
    source: str
    spec: MappingSpec
    context: MappingContext
    instruments: dict[str, Instrument]
    store_page: Callable[[str, RawPage], int]
    now: Callable[[], datetime]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The instruments that can be typed in: id and name."""
        return instruments_to_enter(self.instruments)

    def instrument(self, given: str) -> Instrument | None:
        """The instrument of an id that can be typed in."""
        return self.instruments[given] if given in dict(self.choices) else None

    @staticmethod
    def new_id() -> str:
        """The id of an entry that is about to be typed."""
        return secrets.token_hex(16)

    def enter(self, typed: Typed) -> Entered | list[Problem]:
        """Store the entry, or say everything that is wrong with it. Raises ConnectorError."""
        instrument = self.instrument(typed.instrument)
        if instrument is None:
            return [Problem("instrument", "Choose a measure.")]
        patient, problems = self._patient(typed.chart_number)
        now = self.now()
        today = now.astimezone(ZoneInfo(self.context.timezone)).date()
        own_id = patient.provenance.source_id if patient is not None else "-"
        row, wrong = row_of(typed, instrument, own_id, today)
        problems += wrong
        told = {one.field for one in wrong}
        judged = refused(row, self.spec, self.context, now)
        problems += [one for one in judged if one.field not in told]
        if patient is not None and not problems:
            problems += self._doubtful(typed, patient)
        if problems or patient is None:
            return problems
        self.store_page(self.source, RawPage(batches=(batch_of(row, now),)))
        entry = AuditEntry(
            "score_entered", f"score-{typed.entry_id}", actor=row["entered_by"],
            detail={"instrument": instrument.id, "source": self.source},
        )  # fmt: skip
        self.store.write(lambda tx: tx.audit.append([entry], now))
        name = " ".join(part for part in (patient.given_name, patient.family_name) if part)
        return Entered(
            typed.entry_id, name, patient.chart_number, instrument.short_name, typed.taken_on,
            row["entered_by"],
        )  # fmt: skip

    def take_back(self, entry_id: str, by: str) -> bool:
        """Retract an entry that was typed wrongly; False where there is none of this id."""
        kept = self.store.read(lambda tx: tx.inbox.kept(self.source, [f"score-{entry_id}"]))
        if not kept:
            return False
        now = self.now()
        gone = batch_of({"entry_id": entry_id}, now, deleted=True)
        self.store_page(self.source, RawPage(batches=(gone,)))
        entry = AuditEntry("score_taken_back", f"score-{entry_id}", actor=by)
        self.store.write(lambda tx: tx.audit.append([entry], now))
        return True

    def _patient(self, given: str) -> tuple[Patient | None, list[Problem]]:
        wanted = given.strip().casefold()
        if not wanted:
            return None, [Problem("chart_number", "Enter the chart number.")]
        known = self.store.read(lambda tx: list(self._charts(tx)))
        found = [one for one in known if one.chart_number.casefold() == wanted]
        if len(found) == 1:
            return found[0], []
        if found:
            text = "Several patients have this chart number; correct it in the EHR first."
            return None, [Problem("chart_number", text)]
        like = closest(given, [one.chart_number for one in known])
        hint = f" Did you mean {like}?" if like is not None else ""
        return None, [Problem("chart_number", f"No patient has this chart number.{hint}")]

    def _charts(self, tx: Tx) -> Iterator[Patient]:
        after = ""
        while patients := tx.records.patients(_PAGE, after):
            after = patients[-1].id
            yield from (p for p in patients if p.provenance.source == self.context.patient_source)

    def _doubtful(self, typed: Typed, patient: Patient) -> list[Problem]:
        """What is possible and likely a mistake; the person confirms it."""
        if patient.birth_date is not None and typed.taken_on < patient.birth_date.isoformat():
            return [Problem("taken_on", "The date lies before the patient's birth.")]
        if typed.again:
            return []
        records = self.store.read(lambda tx: tx.records.of_patients([patient.id]))[patient.id]
        same = [
            one.provenance.source_id for one in records
            if isinstance(one, Assessment) and not one.deleted
            and one.instrument == typed.instrument and one.taken_on.isoformat() == typed.taken_on
        ]  # fmt: skip
        same += self._just_typed(typed, patient)
        if not set(same) - {typed.entry_id}:
            return []
        text = "The chart has this measure of this day already; confirm if this is another one."
        return [Problem("taken_on", text, "again")]

    def _just_typed(self, typed: Typed, patient: Patient) -> list[str]:
        """Entries of the same measure and day that may not be mapped yet: their ids."""
        items = self.store.read(lambda tx: tx.inbox.latest(self.source, _LATEST))
        rows = [row for item in items for row in item.batch.rows]
        gone = {row.data.get("entry_id") for row in rows if row.deleted}
        wanted = (patient.provenance.source_id, typed.instrument, typed.taken_on)
        return [
            str(row.data["entry_id"]) for row in rows
            if not row.deleted and row.data["entry_id"] not in gone
            and tuple(row.data.get(k) for k in ("patient_id", "instrument", "taken_on")) == wanted
        ]  # fmt: skip


def score_source(names: dict[str, str | None]) -> str:
    """The source that scores are typed into, of those with the adapter (name: its patients_of).

    Raises ConfigurationError where there is none, or it does not say whose patients it is about.
    """
    for name, patients_of in sorted(names.items()):
        if patients_of is None:
            raise ConfigurationError(
                "patients_missing",
                f"source {name!r}: say whose patients the scores are about (patients_of)",
                where="site.yaml",
            )
        return name
    raise ConfigurationError(
        "no_score_form",
        "the site has no source for scores typed in; add one with adapter: score_form, mapping: "
        "score_form, patients_of: the EHR's source",
        where="site.yaml",
    )

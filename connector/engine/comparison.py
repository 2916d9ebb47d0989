"""Two judgements of the same charts, compared and counted: decisions, alerts, reports, bands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.engine.evaluate import calls_for_report, report_facts
from connector.mapping.apply import RowError
from connector.progress import Alert, Progress

EXAMPLES = 5
"""Chart numbers that are named of each kind of change."""
PACKET = ("insurer", "packet_manifest")


@dataclass(frozen=True, slots=True)
class Judged:
    """One chart as judged by one configuration; ``documents`` are digests by kind.

    ``failed`` is the type of the defect that kept it from being judged.
    """

    progress: Progress | None
    documents: Mapping[str, str]
    failed: str = ""


@dataclass
class Impact:
    """What would change. Counters are by what changes; ``examples`` are chart numbers by the same.

    ``sources``: of each source that is read by another mapping, batches with and without raw input.
    ``accepted``, ``refused``: rows that only the one mapping takes, by code and field. ``notes``
    say what the counts do not tell.
    """

    patients: int = 0
    unchanged: int = 0
    decisions: Counter[tuple[str, str]] = field(default_factory=Counter)
    appear: Counter[tuple[str, str]] = field(default_factory=Counter)
    disappear: Counter[tuple[str, str]] = field(default_factory=Counter)
    bands: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    sources: dict[str, tuple[int, int]] = field(default_factory=dict)
    rows_read: int = 0
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def safety_gone(self) -> int:
        """Safety alerts that would no longer be raised."""
        return sum(n for (rule, _), n in self.disappear.items() if rule.startswith("safety"))

    def read(self, source: str, kept: int, emptied: int) -> None:
        """A source's raw input was read by both mappings, as far as it is there."""
        self.sources[source] = (kept, emptied)

    def rows(self, count: int, before: Sequence[RowError], after: Sequence[RowError]) -> None:
        """A batch was read by both mappings, with these errors."""
        self.rows_read += count
        refused_before = {error.row: error for error in before}
        refused_after = {error.row: error for error in after}
        for row, error in refused_before.items():
            if row not in refused_after:
                self.accepted[error.error.code, error.error.field] += 1
        for row, error in refused_after.items():
            if row not in refused_before:
                self.refused[error.error.code, error.error.field] += 1

    def same(self, has_chart: bool) -> None:
        """A chart of which no record and no rule would be other."""
        self.patients += has_chart
        self.unchanged += has_chart

    def add(self, before: Judged | None, after: Judged | None) -> None:
        """A chart judged twice; None where there is none."""
        if before is None and after is None:
            return
        self.patients += 1
        said = [*self._decision(before, after), *self._alerts(before, after)]
        said += [*self._bands(before, after), *self._documents(before, after)]
        if after is not None and after.failed and not (before and before.failed):
            self.failures[after.failed] += 1
            said.append(f"failure {after.failed}")
        self.unchanged += not said
        chart = _chart_number(before, after)
        for what in dict.fromkeys(said):
            named = self.examples.setdefault(what, [])
            if len(named) < EXAMPLES and chart not in named:
                named.append(chart)

    def _decision(self, before: Judged | None, after: Judged | None) -> list[str]:
        was, now = _decided(before), _decided(after)
        if was == now:
            return []
        self.decisions[was, now] += 1
        return [f"decision {was} {now}"]

    def _alerts(self, before: Judged | None, after: Judged | None) -> list[str]:
        was, now = _alerts_of(before), _alerts_of(after)
        said = []
        for name, counter, these, others in (
            ("appear", self.appear, now, was),
            ("disappear", self.disappear, was, now),
        ):
            for key, alert in these.items():
                if key not in others:
                    counter[alert.rule, alert.severity] += 1
                    said.append(f"{name} {alert.rule} {alert.severity}")
        return said

    def _bands(self, before: Judged | None, after: Judged | None) -> list[str]:
        was, now = _bands_of(before), _bands_of(after)
        said = []
        for id in sorted(was.keys() & now.keys()):
            if was[id] != now[id]:
                instrument = now[id][0]
                self.bands[instrument, was[id][1], now[id][1]] += 1
                said.append(f"band {instrument} {was[id][1]} {now[id][1]}")
        return said

    def _documents(self, before: Judged | None, after: Judged | None) -> list[str]:
        """Reports that the change would make, as the service makes them: where there are new facts.

        Milestones and facts are those of the evaluation, so numbers that change no decision send
        nobody a new report.
        """
        if after is None or after.progress is None:
            return []
        known = None
        was: Mapping[str, str] = {}
        if before is not None and before.progress is not None:
            same = report_facts(before.progress) == report_facts(after.progress)
            known, was = (same, {m.key for m in before.progress.milestones}), before.documents
        if not calls_for_report(known, after.progress):
            return []
        kinds = [kind for kind, digest in after.documents.items() if was.get(kind) != digest]
        self.documents.update(kinds)
        return [f"document {kind}" for kind in kinds]


def _decided(one: Judged | None) -> str:
    if one is None:
        return "no chart"
    return "could not be judged" if one.progress is None else one.progress.decision.decision


def _alerts_of(one: Judged | None) -> dict[str, Alert]:
    found = () if one is None or one.progress is None else one.progress.alerts
    return {alert.key: alert for alert in found}


def _bands_of(one: Judged | None) -> dict[tuple[str, str], tuple[str, str]]:
    """The instrument and band of each scored form, by assessment and instrument."""
    if one is None or one.progress is None:
        return {}
    return {
        (m.assessment_id, series.instrument): (series.instrument, m.score.band or m.score.status)
        for series in one.progress.measured.series
        for m in series.measurements
    }


def _chart_number(before: Judged | None, after: Judged | None) -> str:
    for one in (after, before):
        if one is not None and one.progress is not None:
            return one.progress.chart.patient.chart_number
    return "(no number)"

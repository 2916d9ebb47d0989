"""Everything the units of work need: built once by ``app``, handed to the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from connector.alerting.plan import Alerting
from connector.authorizations.payers import PayerBook
from connector.documents.pdf_form import Variant
from connector.documents.render import Renderer
from connector.engine.gate import Gate
from connector.identity import IdentityRules
from connector.mapping.apply import MappingContext
from connector.mapping.spec import MappingSpec
from connector.measures import Instrument
from connector.outcomes.shown import Shown
from connector.pipeline.deliver import Route
from connector.ports import Channel, Destination, FilesScores, Source
from connector.progress import PracticeProfile, RuleSet
from connector.resources import Resources
from connector.store.store import Store
from connector.wording import WordingRules


class Reporter(Protocol):
    """Hears how far the work is; the progress line of the command line is one."""

    def expect(self, what: str, left: int) -> None:
        """``left`` units of ``what`` are known to be left to do."""

    def advance(self, what: str, amount: int) -> None:
        """``amount`` more units of ``what`` are done."""


class Silent:
    """The reporter of a service: nobody watches."""

    def expect(self, what: str, left: int) -> None:
        """Nothing."""

    def advance(self, what: str, amount: int) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Work:
    """The parts that ingest, evaluate and deliver work with. ``now`` is the only clock.

    ``renderer`` is None where no pages are made. ``needing_patient`` names the destinations that
    must know whose chart a document belongs to, ``needing_note`` those that want it as text too.
    ``expected_hours``: how often each source must bring something new, where the site says so.
    ``remind_days``: after how many days people are reminded of what waits to be filed by hand.
    ``silent_after``: after how long the silence of a counterpart that notifies us is told.
    ``pdf`` is the variant of PDFs, ``pdf_for`` that of some kinds of report.
    ``identity``: how the patients of a source join those of another;
    ``shadow``: the stages that only say what they would do.
    """

    store: Store
    practice: PracticeProfile
    rules: RuleSet
    instruments: Mapping[str, Instrument]
    wording: WordingRules
    resources: Resources
    paper: str
    sources: Mapping[str, Source]
    mappings: Mapping[str, MappingSpec]
    contexts: Mapping[str, MappingContext]
    destinations: Mapping[str, Destination]
    routes: Sequence[Route]
    renderer: Renderer | None
    now: Callable[[], datetime]
    needing_patient: frozenset[str] = frozenset()
    needing_note: frozenset[str] = frozenset()
    expected_hours: Mapping[str, float] = field(default_factory=dict)
    remind_days: Mapping[str, int] = field(default_factory=dict)
    silent_after: Mapping[str, timedelta] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=lambda: defaultdict(Gate))
    pdf: Variant = "ua-1"
    pdf_for: Mapping[Any, Variant] = field(default_factory=dict)
    keep_raw_days: int = 30
    keep_documents_days: int = 365
    keep_signed_days: int = 2192
    shown: Shown = field(default_factory=Shown)
    report: Reporter = field(default_factory=Silent)
    alerting: Alerting | None = None
    channels: Mapping[str, Channel] = field(default_factory=dict)
    payers: PayerBook = field(default_factory=PayerBook)
    answering: frozenset[str] = frozenset()
    identity: Mapping[str, IdentityRules] = field(default_factory=dict)
    shadow: frozenset[str] = frozenset()

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The document kinds that go to some destination; others need not be made."""
        return frozenset(kind for route in self.routes for kind in route.receives)

    @cached_property
    def needing_scores(self) -> frozenset[str]:
        """The destinations that file scores as data."""
        return frozenset(
            name
            for name, one in self.destinations.items()
            if isinstance(one, FilesScores) and one.files_scores
        )

    @cached_property
    def keep_for_review(self) -> frozenset[str]:
        """The destinations where documents may wait to be signed or released."""
        return frozenset(route.destination for route in self.routes if route.unreleased)

    @cached_property
    def kept_back(self) -> Mapping[str, frozenset[str]]:
        """The kinds of document that are made for a destination and not sent, by destination."""
        return {route.destination: frozenset(route.shadow) for route in self.routes}

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone; dates in reports and rules are dates there."""
        return ZoneInfo(self.practice.timezone)

"""Where people stand in for an interface: scores typed in, documents filed, exports dropped.

What the site file says of them, for ``app``, the commands and the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from connector import registry
from connector.settings import Site

if TYPE_CHECKING:
    from connector.mapping.apply import MappingContext
    from connector.mapping.spec import MappingSpec
    from connector.measures import Instrument
    from connector.ports import RawPage
    from connector.score_entry import ScoreDesk
    from connector.store.store import Store

SCORE_FORM = "score_form"


class Parts(Protocol):
    """What is needed of the app, which is built above this module."""

    @property
    def site(self) -> Site: ...
    @property
    def mappings(self) -> dict[str, MappingSpec]: ...
    @property
    def instruments(self) -> dict[str, Instrument]: ...
    def context(self, source: str) -> MappingContext:
        """What mapping needs to know besides the mapping itself."""


def expected_hours(site: Site) -> Mapping[str, float]:
    """How often each source must bring something new, where the site says so."""
    given = {source.name: source.expect_every_hours for source in site.sources}
    return {name: hours for name, hours in given.items() if hours is not None}


def remind_days(site: Site) -> Mapping[str, int]:
    """After how many days people are reminded, by destination where a person files."""
    named = needing_note(site)
    return {d.name: d.remind_after_days for d in site.destinations if d.name in named}


def needing_note(site: Site) -> frozenset[str]:
    """The destinations that get each document as a few lines of text, too."""
    return frozenset(
        d.name for d in site.destinations if registry.find_adapter(d.adapter).needs_note
    )


def takes_scores(site: Site) -> bool:
    """Whether staff may type scores in."""
    return any(source.adapter == SCORE_FORM for source in site.sources)


def score_desk(app: Parts, store: Store, store_page: Callable[[str, RawPage], int]) -> ScoreDesk:
    """The way in for scores typed by staff. Raises ConfigurationError where there is none."""
    from connector.score_entry.desk import ScoreDesk, score_source

    forms = {s.name: s.patients_of for s in app.site.sources if s.adapter == SCORE_FORM}
    name = score_source(forms)
    return ScoreDesk(
        store=store,
        source=name,
        spec=app.mappings[name],
        context=app.context(name),
        instruments=app.instruments,
        store_page=store_page,
        now=app.site.now,
    )

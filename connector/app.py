"""START HERE. The composition root: builds everything from the site file, in one place.

``Site`` (settings) + shipped and site files (resources) -> sources, mappings, instruments, rules,
destinations, store, engine. No other module names concrete parts. Building is cheap and opens
nothing; ``open_store`` and ``open_engine`` do, when a command needs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector import (
    alert_channels,
    by_hand,
    joining,
    payer_desk,
    registry,
    second_looks,
    settings,
    ways_in,
)
from connector.authorizations.payers import PayerBook
from connector.budget import Plan, Quotas
from connector.configuration.files import approved_folder
from connector.errors import ConfigurationError
from connector.folders import shared_folders
from connector.mapping.apply import MappingContext
from connector.mapping.load import check_instruments, load_mapping
from connector.mapping.spec import MappingSpec
from connector.measures import Instrument, parse_instrument
from connector.measures.scales import with_scales
from connector.outcomes.shown import Shown
from connector.pipeline.deliver import Route
from connector.pipeline.rule_names import named_rightly
from connector.ports import AdapterContext, Destination, Listener, Source, Webhook, utc_now
from connector.progress import PracticeProfile, RuleSet
from connector.record_ids import RecordIds
from connector.resources import ResourceFile, Resources

if TYPE_CHECKING:
    from connector.documents.render import Renderer
    from connector.engine.runner import Runner
    from connector.engine.work import Reporter, Work
    from connector.release import Desk
    from connector.store.crypto import KeyRing
    from connector.store.store import Store


@dataclass(frozen=True)
class App:
    """One site, ready to work. Parts are built when first used, from checked settings.

    ``files``: where its own files lie, if not in ``home``: the approved ones.
    """

    home: Path
    site: settings.Site
    files: Path | None = None

    @cached_property
    def resources(self) -> Resources:
        """Shipped files with this site's own on top."""
        return Resources(self.files or self.home)

    @cached_property
    def templates(self) -> Resources:
        """The same, with report templates as they are at the start: no later edit is seen."""
        return self.resources.frozen("report_templates")

    @cached_property
    def practice(self) -> PracticeProfile:
        """What reports say about the practice."""
        given = self.site.practice
        return PracticeProfile(
            id=given.id,
            name=given.name,
            timezone=given.timezone,
            phone=given.phone,
            crisis_text=given.crisis_text,
            synthetic=given.synthetic,
            letters_need_consent=given.letters_need_consent,
            pages_at=self.site.render.links_to,
            substance_use=registry.load_substance_use(self.resources),
        )

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone: its days are the practice's days."""
        return ZoneInfo(self.site.practice.timezone)

    @cached_property
    def rules(self) -> RuleSet:
        """The default rule set with the practice's own numbers on top."""
        rules = settings.check_rules(RuleSet, self.site.rules)
        return named_rightly(rules, self.instruments)

    @cached_property
    def instruments(self) -> dict[str, Instrument]:
        """Every instrument in use, by id, and the scales of those that have no total."""
        return with_scales(registry.load_instruments(self.resources))

    @cached_property
    def mappings(self) -> dict[str, MappingSpec]:
        """The mapping of each source, by source name, checked against the instruments in use."""
        return {g.name: self._mapping(g) for g in self.site.sources if g.name not in self.answering}

    @cached_property
    def answering(self) -> frozenset[str]:
        """The sources that bring payers' answers, which no mapping reads."""
        return payer_desk.answering(self.site)

    @cached_property
    def payers(self) -> PayerBook:
        """What each payer wants, and who we are to them."""
        return payer_desk.load(self.resources, self.site)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The configured sources that are polled, by name."""
        for fault in shared_folders(self.site, self.home):
            raise fault
        return {
            given.name: ways_in.source(given, self._source_context(given)) for given in self.polled
        }

    @cached_property
    def webhooks(self) -> dict[str, Webhook]:
        """The configured sources that post to ``/webhooks/<name>``, by name."""
        return {
            given.name: ways_in.webhook(given, self._source_context(given))
            for given in self.site.sources
            if ways_in.posts(given)
        }

    @cached_property
    def listeners(self) -> dict[str, Listener]:
        """The configured sources that connect to a port of ours, by name."""
        return {
            given.name: ways_in.listener(given, self._source_context(given))
            for given in self.site.sources
            if ways_in.way(given) == "listener"
        }

    @cached_property
    def polled(self) -> tuple[settings.SourceSettings, ...]:
        """The sources that are asked at their interval; the others push."""
        return tuple(given for given in self.site.sources if ways_in.way(given) == "source")

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """How often each polled source is asked, and what that costs, by name."""
        return {given.name: ways_in.plan(given) for given in self.polled}

    @cached_property
    def quotas(self) -> Quotas:
        """The requests that each source may make; counted in the store once it is open."""
        quotas = Quotas(utc_now)
        for given in self.polled:
            quotas.set(given.name, ways_in.budget(given))
        return quotas

    @cached_property
    def destinations(self) -> dict[str, Destination]:
        """The configured destinations, by name."""
        return {given.name: self._destination(given) for given in self.site.destinations}

    @cached_property
    def routes(self) -> list[Route]:
        """Which document kinds go to which destination."""
        return [self._route(given) for given in self.site.destinations]

    @cached_property
    def keys(self) -> KeyRing:
        """The practice's encryption keys; made on first use of a new site."""
        from connector.store.crypto import ENVIRONMENT_VARIABLE, KeyRing

        path = self.home / self.site.store.keys_file
        if path.exists() or os.environ.get(ENVIRONMENT_VARIABLE):
            return KeyRing.load(path)
        try:
            return KeyRing.create(path)
        except ConfigurationError as fault:
            if fault.code != "keys_exist":
                raise
            # Another process has just made them for the same new site.
            return KeyRing.load(path)

    def findings(self) -> list[ConfigurationError]:
        """Everything that is wrong with the site's parts, not only the first; empty when well."""
        parts: list[Callable[[], object]] = [lambda: self.rules]
        parts.append(partial(registry.load_wording, self.resources))
        parts.append(partial(registry.load_substance_use, self.resources))
        for name, file in self.resources.files("mappings/instruments", "*.yaml").items():
            parts.append(partial(_instrument, name, file))
        read = [given for given in self.site.sources if given.name not in self.answering]
        parts += [partial(self._mapping, given) for given in read]
        parts += [lambda: self.payers, lambda: joining.load_identity(self.site)]
        parts += [partial(self._way_in, given) for given in self.site.sources]
        parts += [partial(self._destination, given) for given in self.site.destinations]
        parts += alert_channels.parts(self.site, self.home)
        found: dict[str, ConfigurationError] = {}
        for part in parts:
            try:
                part()
            except ConfigurationError as fault:
                found.setdefault(str(fault), fault)
        return list(found.values())

    def context(self, source: str) -> MappingContext:
        """What mapping needs to know besides the mapping itself."""
        [given] = [one for one in self.site.sources if one.name == source]
        return MappingContext(
            source=source,
            ids=RecordIds(self.keys.index_key, self.site.practice.id),
            timezone=self.site.practice.timezone,
            instruments=self.instruments,
            patient_source=given.patients_of,
        )

    def open_store(self) -> Store:
        """The store, opened and migrated."""
        from connector.store.store import Store

        url = settings.absolute_url(self.site.store.url, self.home)
        return Store.open(url, self.keys, self.site.practice.id, self.zone)

    def work(self, store: Store, renderer: Renderer | None, report: Reporter | None = None) -> Work:
        """Everything the units of work need, over an open store and renderer."""
        from connector.engine.budgets import StoredCounts
        from connector.engine.work import Silent, Work

        self.quotas.bind(StoredCounts(store))
        return Work(
            store=store,
            practice=self.practice,
            rules=self.rules,
            instruments=self.instruments,
            wording=registry.load_wording(self.resources),
            resources=self.templates,
            paper=self.site.render.paper,
            sources=self.sources,
            mappings=self.mappings,
            contexts={name: self.context(name) for name in self.mappings},
            destinations=self.destinations,
            routes=self.routes,
            needing_patient=frozenset(
                given.name
                for given in self.site.destinations
                if registry.find_adapter(given.adapter).needs_patient
            ),
            needing_note=by_hand.needing_note(self.site),
            expected_hours=by_hand.expected_hours(self.site),
            remind_days=by_hand.remind_days(self.site),
            silent_after=ways_in.silent_after(self.polled, lambda: self.webhooks),
            renderer=renderer,
            pdf=self.site.render.pdf,
            pdf_for=self.site.render.pdf_for,
            now=self.site.now,
            keep_raw_days=self.site.store.keep_raw_days,
            keep_documents_days=self.site.store.keep_documents_days,
            keep_signed_days=self.site.store.keep_signed_days,
            shown=Shown(**self.site.director.model_dump()),
            report=report or Silent(),
            alerting=alert_channels.load_alerting(self.site),
            channels=alert_channels.build_channels(self.site, self.home),
            payers=self.payers,
            answering=self.answering,
            identity=joining.load_identity(self.site),
            shadow=frozenset(self.site.shadow),
        )

    def desk(self, store: Store) -> Desk:
        """What signing and releasing documents needs, over an open store."""
        from connector.documents import compose
        from connector.release import Desk

        paper, templates = self.site.render.paper, self.templates
        return Desk(
            store=store,
            routes=self.routes,
            zone=self.zone,
            now=self.site.now,
            page=lambda spec: compose.html(spec, templates, paper),
            signers=self.site.practice.signers,
            substance_use=self.practice.substance_use,
        )

    @contextmanager
    def open_engine(self, report: Reporter | None = None) -> Iterator[Runner]:
        """A launched engine with everything bound; closed in order, whatever happens."""
        from connector.documents.render import Renderer
        from connector.engine import workflows
        from connector.engine.changed import put_in_force
        from connector.engine.durable import DurableEngine
        from connector.engine.runner import Runner
        from connector.engine.serializer import EncryptedSerializer

        render = self.site.render
        renderer = closing(Renderer(render.processes, render.timeout_seconds))
        with self.open_store() as store, renderer as pdf:
            work = self.work(store, pdf, report)
            approval = self.site.approval is not None
            put_in_force(work, self.home, self.files, approval)
            engine = DurableEngine(
                settings.absolute_url(self.site.store.engine_url, self.home),
                EncryptedSerializer(self.keys, self.site.practice.id),
            )
            workflows.bind(work, engine.boot)
            with engine:
                runner = Runner(work, threads=render.processes * 2, alone=engine.embedded)
                try:
                    yield runner
                finally:
                    runner.stop()

    def _mapping(self, given: settings.SourceSettings) -> MappingSpec:
        spec = load_mapping(given.mapping, self.resources)
        check_instruments(spec, self.instruments)
        return spec

    def concerns(self) -> list[str]:
        """What is valid in the site file and deserves a second look, as sentences."""
        return second_looks.concerns(self.site)

    def _way_in(self, given: settings.SourceSettings) -> None:
        context, way = self._source_context(given), ways_in.way(given)
        if way == "source":
            ways_in.source(given, context)
        if way == "listener":
            ways_in.listener(given, context)
        if ways_in.posts(given):
            ways_in.webhook(given, context)

    def _source_context(self, given: settings.SourceSettings) -> AdapterContext:
        if given.name in self.answering:
            more: dict[str, Any] = {"quota_of": self.quotas.of, "reader": ways_in.reader}
            return AdapterContext(given.name, self.home, now=self.site.now, **more)
        mapping = self.mappings[given.name]
        tables = tuple(table.raw_name for table in mapping.tables.values())
        return AdapterContext(
            given.name, self.home, mapping.expected_tables(), self.site.now, tables,
            self.quotas.of, ways_in.reader, self.zone,
        )  # fmt: skip

    def _route(self, given: settings.DestinationSettings) -> Route:
        adapter = registry.find_adapter(given.adapter)
        return Route(
            destination=given.name,
            receives=given.receives,
            formats=tuple(
                f for f in adapter.formats if given.formats is None or f in given.formats
            ),
            payers=given.payers,
            shadow=given.receives if "deliver" in self.site.shadow else given.shadow_kinds,
            one_format=adapter.one_format,
            unreleased=adapter.keeps_for_review,
        )

    def _destination(self, given: settings.DestinationSettings) -> Destination:
        adapter = registry.find_adapter(given.adapter)
        if adapter.destination is None or adapter.destination_settings is None:
            raise ConfigurationError(
                "not_a_destination", f"destination {given.name!r}: {adapter.name} can't be sent to"
            )
        odd = [k for k in given.receives if adapter.kinds is not None and k not in adapter.kinds]
        if odd:
            raise ConfigurationError(
                "kind_not_taken",
                f"destination {given.name!r}, receives: {adapter.name} can't take {odd[0]!r}",
                where=settings.SITE_FILE,
                allowed=adapter.kinds or (),
            )
        where = f"{settings.SITE_FILE}, destination {given.name!r}, options"
        options = settings.check_section(adapter.destination_settings, given.options, where=where)
        context = AdapterContext(given.name, self.home, now=self.site.now, quota_of=self.quotas.of)
        return adapter.destination(options, context)


def open_app(home: Path) -> App:
    """The app for the site in ``home``. Raises ConfigurationError naming file, key and values."""
    approved = approved_folder(home)
    if approved is not None:
        return App(home, settings.load_site(approved), approved)
    return edited_app(home)


def edited_app(home: Path) -> App:
    """The app for the files as they are edited, approved or not: to check them, not to work."""
    return App(home, settings.load_site(home))


def _instrument(name: str, file: ResourceFile) -> Instrument:
    return parse_instrument(file.text(), name)

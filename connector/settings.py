"""The site file (``site.yaml``): one practice's sources, destinations, reports and rules.

Only the core keys are checked here; each adapter section is handed to that adapter's own settings
class by ``app.py``, so settings never import an adapter. Unknown keys are refused with the nearest
valid one. Secrets are never in the site file: it names environment variables or key files.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from connector.errors import ConfigurationError
from connector.setting_faults import all_faults, first_fault
from connector.yaml_text import load_yaml

SITE_FILE = "site.yaml"
T = TypeVar("T", bound=BaseModel)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PracticeSettings(_Section):
    """The practice that this site serves; ``id`` marks every row, key and metric."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,39}$")
    name: str
    timezone: str = "America/New_York"
    phone: str | None = None
    crisis_text: str = "In crisis? Call or text 988 (US), or call 911."
    synthetic: bool = False
    letters_need_consent: bool = False
    signers: tuple[Annotated[str, Field(pattern=r"^\S[^,]*, *\S")], ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(_unknown_zone(value)) from None
        return value


class BudgetSettings(_Section):
    """Requests that a counterpart allows; a part left out is as its adapter knows it."""

    per_minute: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)


class SourceSettings(_Section):
    """One counterpart to read from. ``options`` belong to the adapter.

    ``patients_of`` names the source whose patient ids this one uses (a form tool beside the EHR):
    its records then join those charts, and it makes no patients of its own. Sources of payers'
    answers have no ``mapping``. ``identity``: its patients are looked for among those of another
    source by number, name and birth date (``connector.identity``). ``expect_every_hours``: when
    nothing new has come for longer, the data owner is told.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,39}$")
    adapter: str
    mapping: str = ""
    patients_of: str | None = None
    every_seconds: int = Field(default=300, ge=5)
    expect_every_hours: float | None = Field(default=None, gt=0, le=2400)
    budget: BudgetSettings | None = None
    identity: dict[str, Any] | None = None
    options: dict[str, Any] = {}


class DestinationSettings(_Section):
    """One counterpart to write to. ``receives`` lists the document kinds that go there.

    ``formats`` narrows what it gets of them; ``payers`` (ids of files in config/payers) narrows
    what is about one payer. ``remind_after_days``: where a person files by hand, when people are
    reminded of what waits. ``shadow``: documents are made for it and kept back, all (true) or
    those of some kinds.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,39}$")
    adapter: str
    remind_after_days: int = Field(default=3, ge=1, le=90)
    receives: tuple[
        Literal[
            "therapist", "patient", "insurer", "referrer", "director", "decision", "summary",
            "packet_manifest", "alert", "request", "authorization_request", "attachment",
            "copy_sheet", "eligibility",
        ],
        ...,
    ]  # fmt: skip
    formats: tuple[Literal["pdf", "html", "json", "x12", "pas", "cdex"], ...] | None = None
    payers: tuple[str, ...] = ()
    shadow: bool | tuple[str, ...] = False
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _shadow_of_received(self) -> DestinationSettings:
        odd = [k for k in self.shadow_kinds if k not in self.receives]
        if odd:
            said = ", ".join(self.receives)
            raise ValueError(f"shadow: it does not receive {odd[0]!r}; valid values: {said}")
        return self

    @property
    def shadow_kinds(self) -> tuple[str, ...]:
        """The kinds of document that are made for it and not sent."""
        if isinstance(self.shadow, bool):
            return self.receives if self.shadow else ()
        return self.shadow


_KINDS = {
    "sqlite:///": "sqlite",
    "postgresql://": "postgresql",
    "postgresql+psycopg://": "postgresql",
}


def _database_kind(url: str) -> str | None:
    return next((kind for start, kind in _KINDS.items() if url.startswith(start)), None)


class StoreSettings(_Section):
    """Databases: ours and the engine's. SQLite paths are relative to the site's home.

    ``keep_signed_days``: six years, the time for which HIPAA asks to keep documentation
    (45 CFR 164.316(b)(2)); state law on records may ask for more.
    """

    url: str = "sqlite:///data/connector.db"
    engine_url: str = "sqlite:///data/engine.db"
    keys_file: str = "data/keys.json"
    keep_raw_days: int = Field(default=30, ge=1)
    keep_documents_days: int = Field(default=365, ge=1)
    keep_signed_days: int = Field(default=2192, ge=1)

    @model_validator(mode="after")
    def _same_kind(self) -> StoreSettings:
        kinds = [_database_kind(url) for url in (self.url, self.engine_url)]
        if None in kinds or kinds[0] != kinds[1]:
            raise ValueError(
                "url and engine_url must both be SQLite files (sqlite:///data/connector.db) or "
                "both PostgreSQL databases (postgresql://user@host/database)"
            )
        return self


_Pdf = Literal["ua-1", "a-3a", "a-3u", "a-3b"]
_PAGES = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~\-]+)*")


class RenderSettings(_Section):
    """PDF rendering: child processes, seconds before one is killed, paper, what kind of PDF.

    ``pdf`` is the variant of every report, ``pdf_for`` that of some (kind of report: variant).
    ``ua-1`` is PDF/UA-1; those of PDF/A-3 are that as well and hold the report's data.
    ``links_to``: where people in the practice open the service's pages; the therapist's page then
    links each break of the golden thread to its record.
    """

    processes: int = Field(default=2, ge=1, le=16)
    timeout_seconds: int = Field(default=30, ge=1)
    paper: Literal["Letter", "A4"] = "Letter"
    pdf: _Pdf = "ua-1"
    pdf_for: dict[Literal["therapist", "patient", "insurer", "referrer", "director"], _Pdf] = {}
    links_to: str | None = None

    @field_validator("links_to")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not _PAGES.fullmatch(value):
            raise ValueError(
                "links_to is the address of the service's pages, such as "
                "https://connector.riverside.example, with neither sign-in nor query"
            )
        return value


class ServiceSettings(_Section):
    """The service: threads that answer requests; ``web_process`` gives them a process of their own.

    Two processes do more under load and take more memory. ``one_core`` keeps the threads of each
    process together on one core of the processor. ``publish_keys`` are files of private keys whose
    public halves are published, for servers that we prove ourselves to with them.
    """

    web_process: bool = False
    threads: int = Field(default=16, ge=2, le=64)
    one_core: bool = True
    publish_keys: tuple[str, ...] = ()


class DirectorSettings(_Section):
    """The clinical director's report: what is shown of small groups, and the stated assumptions.

    ``minutes_saved``: minutes that a clinician saves by one such report, as the practice judges it.
    """

    smallest_group: int = Field(default=11, ge=1, le=1000)
    by_clinician: bool = False
    minutes_saved: dict[
        Literal["therapist", "patient", "insurer", "referrer"], Annotated[int, Field(ge=0, le=600)]
    ] = {"therapist": 10, "patient": 5, "insurer": 45, "referrer": 15}


class Site(_Section):
    """The whole site file. ``as_of`` freezes the clock: for demos and replays of old data only.

    ``shadow``: stages that compute, say what they would have done, and do nothing else.
    ``approval``: a changed configuration waits until a second person has approved it.
    """

    practice: PracticeSettings
    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    destinations: tuple[DestinationSettings, ...] = Field(min_length=1)
    store: StoreSettings = StoreSettings()
    render: RenderSettings = RenderSettings()
    service: ServiceSettings = ServiceSettings()
    director: DirectorSettings = DirectorSettings()
    rules: dict[str, Any] = {}
    alerting: dict[str, Any] = {}
    payers: dict[str, Any] = {}
    shadow: tuple[Literal["ingest", "evaluate", "deliver", "tell"], ...] = ()
    approval: Literal["second_person"] | None = None
    as_of: AwareDatetime | None = None

    @model_validator(mode="after")
    def _known_patients(self) -> Site:
        names = [source.name for source in self.sources if source.patients_of is None]
        for source in self.sources:
            if source.patients_of is not None and source.patients_of not in names:
                raise ValueError(
                    f"source {source.name!r}: patients_of must name a source with patients of its "
                    f"own; valid values: {', '.join(n for n in names if n != source.name)}"
                )
        return self

    @field_validator("sources", "destinations")
    @classmethod
    def _unique_names(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [entry.name for entry in value]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"the name {doubled[0]!r} is used twice")
        return value

    def now(self) -> datetime:
        """The moment the product works at: the clock, or ``as_of`` where the site froze it."""
        return self.as_of or datetime.now(UTC)


def site_home(given: str | os.PathLike[str] | None = None) -> Path:
    """The site's folder: ``given``, else $CONNECTOR_HOME, else the current folder."""
    return Path(given or os.environ.get("CONNECTOR_HOME") or ".").resolve()


def absolute_url(url: str, home: Path) -> str:
    """A database URL with a relative SQLite path resolved against the site's home."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    return prefix + str(home / url.removeprefix(prefix))


def load_site(home: Path) -> Site:
    """The checked site file in ``home``.

    Raises ConfigurationError naming the file, the key and the valid values.
    """
    return check_section(Site, _read(home), where=SITE_FILE)


def site_findings(home: Path) -> list[ConfigurationError]:
    """Everything that is wrong with the site file itself; empty when it can be loaded."""
    try:
        data = _read(home)
        Site.model_validate(data)
    except ConfigurationError as fault:
        return [fault]
    except ValidationError as fault:
        return all_faults(Site, fault, SITE_FILE, data)
    return []


def _read(home: Path) -> dict[Any, Any]:
    path = home / SITE_FILE
    try:
        loaded = load_yaml(path.read_text(encoding="utf-8"), SITE_FILE, "site_unreadable")
    except FileNotFoundError:
        raise ConfigurationError(
            "site_not_found", f"no {SITE_FILE} in {home}; make one with: connector init {home}"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError("site_unreadable", f"{SITE_FILE} is not UTF-8 text") from None
    except OSError as fault:
        raise ConfigurationError(
            "site_unreadable", f"{SITE_FILE} in {home} can't be read: {fault.strerror}"
        ) from None
    if not isinstance(loaded, dict):
        raise ConfigurationError(
            "site_unreadable", f"{SITE_FILE} holds no keys, such as practice:", where=str(home)
        )
    return loaded


def check_section(model: type[T], data: Any, *, where: str) -> T:
    """``data`` as ``model``; the first fault as a ConfigurationError with key and valid values."""
    try:
        return model.model_validate(data)
    except ValidationError as fault:
        raise first_fault(model, fault, where, data) from None


def check_rules(model: type[T], given: dict[str, Any]) -> T:
    """The rule set with the site's ``rules`` on top, numbers checked; YAML lists become tuples."""
    tuples = {key: _as_tuples(value) for key, value in given.items()}
    return check_section(model, tuples, where=f"{SITE_FILE}, rules")


def _as_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_tuples(part) for key, part in value.items()}
    return tuple(_as_tuples(part) for part in value) if isinstance(value, list) else value


def _unknown_zone(value: str) -> str:
    """That a time zone is not known, with one of that name, such as US/Eastern for Eastern."""
    zones = sorted(available_timezones(), key=lambda zone: (not zone.startswith("US/"), zone))
    bare = value.casefold().replace(" ", "_")
    close = [zone for zone in zones if bare and bare == zone.casefold().rpartition("/")[2]]
    close = close or get_close_matches(value, zones, n=1)
    near = f". Did you mean {close[0]!r}?" if close else ", such as America/New_York"
    return f"unknown time zone {value!r}{near}"

"""The site file (``site.yaml``): one practice's sources, destinations, reports and rules.

Only the core keys are checked here; each adapter section is handed to that adapter's own settings
class by ``app.py``, so settings never import an adapter. Unknown keys are refused with the nearest
valid one. Secrets are never in the site file: it names environment variables or key files.
"""

from __future__ import annotations

import difflib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from connector.errors import ConfigurationError

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

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"unknown time zone {value!r}, such as America/New_York") from None
        return value


class SourceSettings(_Section):
    """One counterpart to read from. ``options`` belong to the adapter."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,39}$")
    adapter: str
    mapping: str
    every_seconds: int = Field(default=300, ge=5)
    options: dict[str, Any] = {}


class DestinationSettings(_Section):
    """One counterpart to write to. ``receives`` lists the document kinds that go there."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,39}$")
    adapter: str
    receives: tuple[
        Literal["therapist", "patient", "insurer", "decision", "packet_manifest", "alert"], ...
    ]
    options: dict[str, Any] = {}


class StoreSettings(_Section):
    """Databases: ours and the engine's. SQLite paths are relative to the site's home."""

    url: str = "sqlite:///data/connector.db"
    engine_url: str = "sqlite:///data/engine.db"
    keys_file: str = "data/keys.json"
    keep_raw_days: int = Field(default=30, ge=1)
    keep_documents_days: int = Field(default=365, ge=1)


class RenderSettings(_Section):
    """PDF rendering: child processes, seconds before one is killed, paper."""

    processes: int = Field(default=2, ge=1, le=16)
    timeout_seconds: int = Field(default=30, ge=1)
    paper: Literal["Letter", "A4"] = "Letter"


class Site(_Section):
    """The whole site file. ``as_of`` freezes the clock: for demos and replays of old data only."""

    practice: PracticeSettings
    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    destinations: tuple[DestinationSettings, ...] = Field(min_length=1)
    store: StoreSettings = StoreSettings()
    render: RenderSettings = RenderSettings()
    rules: dict[str, Any] = {}
    as_of: AwareDatetime | None = None

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


def load_site(home: Path) -> Site:
    """The checked site file in ``home``.

    Raises ConfigurationError naming the file, the key and the valid values.
    """
    path = home / SITE_FILE
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            "site_not_found", f"no {SITE_FILE} in {home}; make one with: connector init {home}"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ConfigurationError(
            "site_unreadable", f"{SITE_FILE} is not valid YAML: {_yaml_place(fault)}"
        ) from None
    return check_section(Site, loaded, where=SITE_FILE)


def check_section(model: type[T], data: Any, *, where: str) -> T:
    """``data`` as ``model``; the first fault as a ConfigurationError with key and valid values."""
    try:
        return model.model_validate(data)
    except ValidationError as fault:
        first = fault.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        more = f" (and {fault.error_count() - 1} more)" if fault.error_count() > 1 else ""
        if first["type"] == "extra_forbidden":
            allowed = _keys_at(model, first["loc"][:-1])
            name = str(first["loc"][-1])
            close = difflib.get_close_matches(name, allowed, n=1)
            raise ConfigurationError(
                "unknown_key",
                f"unknown key {key}{more}",
                where=where,
                allowed=allowed,
                suggestion=close[0] if close else None,
            ) from None
        raise ConfigurationError(
            "invalid_value", f"{key}: {first['msg']}{more}", where=where
        ) from None


def check_rules(model: type[T], given: dict[str, Any]) -> T:
    """The rule set with the site's ``rules`` on top, numbers checked; YAML lists become tuples."""
    tuples = {key: _as_tuples(value) for key, value in given.items()}
    return check_section(model, tuples, where=f"{SITE_FILE}, rules")


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(part) for part in value) if isinstance(value, list) else value


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the section that ``loc`` points to (best effort through annotations)."""
    current: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        field = getattr(current, "model_fields", {}).get(part)
        if field is None:
            return []
        current = _model_in(field.annotation)
        if current is None:
            return []
    return sorted(getattr(current, "model_fields", {}))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def _yaml_place(fault: Exception) -> str:
    mark = getattr(fault, "problem_mark", None)
    problem = getattr(fault, "problem", None) or "unreadable text"
    return f"{problem}, line {mark.line + 1}" if mark else str(problem)

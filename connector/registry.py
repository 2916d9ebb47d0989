"""Finds what can be plugged in: adapters, instruments, payers, lists of wording and of codes.

A wrong name gets the right ones.

Adapters are the folders of the ``adapters`` package, each with one ``ADAPTER`` object, and the
entry points ``progress_connector.adapters`` of other distributions. Only here are they imported;
the rest of the core knows ``ports`` alone.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from pydantic import BaseModel

from connector.authorizations.payer_file import PayerFile
from connector.errors import ConfigurationError
from connector.measures import Instrument, parse_instrument
from connector.ports import Adapter
from connector.resources import Resources
from connector.settings import check_section
from connector.substance_use import SubstanceUse, SubstanceUseFile, compile_list
from connector.wording import WordingFile, WordingRules, compile_wording
from connector.yaml_text import load_yaml

M = TypeVar("M", bound=BaseModel)
ENTRY_POINTS = "progress_connector.adapters"
PAYERS = "config/payers"
"""One file for each payer; a site's own file of the same name takes a shipped one's place."""
WORDING = "config/crisis_wording.yaml"
"""The rule list of crisis wording; a site's own file of that name takes its place."""
SUBSTANCE_USE = "config/substance_use.yaml"
"""The codes of 42 CFR Part 2; a site's own file of that name takes its place."""


def adapter_names() -> list[str]:
    """The names of all adapters that can be used, without importing them."""
    return sorted(_shipped() | set(_of_other_distributions()))


def find_adapter(name: str) -> Adapter:
    """The adapter called ``name``. Raises ConfigurationError ("unknown_adapter")."""
    point = _of_other_distributions().get(name)
    if point is not None:
        return _declared(point.load(), name)
    if name not in _shipped():
        raise unknown("adapter", name, adapter_names())
    return _declared(importlib.import_module(f"adapters.{name}"), name)


# Both are kept: folders and every installed distribution are read, and a site asks dozens of times.
@cache
def _shipped() -> frozenset[str]:
    package = importlib.import_module("adapters")
    return frozenset(
        module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg
    )


@cache
def _of_other_distributions() -> dict[str, EntryPoint]:
    """The adapters of other distributions, by name; of two of a name, the first that is found."""
    return {point.name: point for point in reversed(list(entry_points(group=ENTRY_POINTS)))}


def load_instruments(resources: Resources) -> dict[str, Instrument]:
    """Every instrument in use, by id. Raises ConfigurationError naming the file and the key.

    The version of one that the site changed ends with a digest of all it says, so that decisions
    tell apart what was judged by other numbers.
    """
    found: dict[str, Instrument] = {}
    for name, file in resources.files("mappings/instruments", "*.yaml").items():
        instrument = parse_instrument(file.text(), name)
        if file.owner == "site":
            digest = hashlib.sha256(instrument.model_dump_json().encode()).hexdigest()[:8]
            version = f"{instrument.version}+{digest}"
            instrument = instrument.model_copy(update={"version": version})
        found[instrument.id] = instrument
    return found


def load_payers(resources: Resources) -> dict[str, PayerFile]:
    """Every payer in use, by id. Raises ConfigurationError naming the file and the key."""
    found: dict[str, PayerFile] = {}
    for name, file in resources.files(PAYERS, "*.yaml").items():
        payer = _checked(PayerFile, file.text(), name, "payer_unreadable")
        if payer.id in found:
            raise ConfigurationError(
                "payer_doubled", f"another file has the id {payer.id!r} already", where=name
            )
        found[payer.id] = payer
    return found


def load_wording(resources: Resources) -> WordingRules:
    """The rule list in use. Raises ConfigurationError naming the file and what is wrong in it."""
    return _wording(resources.find(WORDING).text())


@lru_cache(maxsize=4)
def _wording(text: str) -> WordingRules:
    return compile_wording(_checked(WordingFile, text, WORDING, "wording_unreadable"), WORDING)


def load_substance_use(resources: Resources) -> SubstanceUse:
    """The list of codes in use. Raises ConfigurationError naming the file and what is wrong."""
    return _substance_use(resources.find(SUBSTANCE_USE).text())


@lru_cache(maxsize=4)
def _substance_use(text: str) -> SubstanceUse:
    given = _checked(SubstanceUseFile, text, SUBSTANCE_USE, "list_unreadable")
    return compile_list(given, SUBSTANCE_USE)


def _checked(model: type[M], text: str, name: str, code: str) -> M:
    return check_section(model, load_yaml(text, name, code), where=name)


def unknown(what: str, name: str, valid: Iterable[str]) -> ConfigurationError:
    """The error for a name that is not known, with the nearest valid one."""
    allowed = sorted(valid)
    close = difflib.get_close_matches(name, allowed, n=1)
    return ConfigurationError(
        f"unknown_{what}",
        f"there is no {what} {name!r}",
        allowed=allowed,
        suggestion=close[0] if close else None,
    )


def _declared(holder: object, name: str) -> Adapter:
    adapter = getattr(holder, "ADAPTER", holder)
    if not isinstance(adapter, Adapter):
        raise ConfigurationError(
            "adapter_not_declared", f"the adapter {name!r} declares no ADAPTER object"
        )
    return adapter

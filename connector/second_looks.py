"""What is valid in a site file and deserves a second look, as sentences. Part of ``app``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connector import alert_channels, registry, settings, ways_in
from connector.errors import ConfigurationError
from connector.ports import Adapter

_SHADOWS = {
    "ingest": "what comes in is tried and not stored as records until `ingest` leaves it",
    "evaluate": "nobody is judged: no decisions, reports or alerts of charts",
    "deliver": "documents are made and kept back, those of safety alerts too",
    "tell": "nobody is told of alerts, safety alerts among them",
}


def concerns(site: settings.Site) -> list[str]:
    """What ``connector check`` shows of sources, destinations, shadow and alerting."""
    found = []
    for given in site.sources:
        adapter = registry.find_adapter(given.adapter)
        model = ways_in.model_of(given)
        found += _concerns(adapter, model, given.options, f"source {given.name!r}")
    for target in site.destinations:
        adapter = registry.find_adapter(target.adapter)
        model = adapter.destination_settings
        found += _concerns(adapter, model, target.options, f"destination {target.name!r}")
        if target.shadow_kinds:
            kinds = ", ".join(target.shadow_kinds)
            found.append(f"destination {target.name!r} is in shadow, nothing is sent of: {kinds}")
    found += [f"shadow, {stage}: {_SHADOWS[stage]}" for stage in site.shadow]
    return found + alert_channels.concerns(site)


def _concerns(
    adapter: Adapter, model: type[BaseModel] | None, options: dict[str, Any], where: str
) -> list[str]:
    if model is None:
        return []
    try:
        checked = settings.check_section(model, options, where=where)
    except ConfigurationError:
        return []  # it is among the findings
    return [f"{where}: {sentence}" for sentence in adapter.concerns(checked)]

"""Builds who is told of alerts, and the channels to them, from the site file. Part of ``app``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from connector import registry, settings
from connector.alerting.concerns import concerns_of
from connector.alerting.plan import HEARTBEAT, Alerting, ChannelPlan
from connector.errors import ConfigurationError
from connector.ports import AdapterContext, Channel


def load_alerting(site: settings.Site) -> Alerting | None:
    """The checked ``alerting`` section; None where the site has none."""
    if not site.alerting:
        return None
    where = f"{settings.SITE_FILE}, alerting"
    return settings.check_section(Alerting, site.alerting, where=where)


def build_channels(site: settings.Site, home: Path) -> dict[str, Channel]:
    """The ways to reach people, by name such as dana/phone. Raises ConfigurationError."""
    alerting = load_alerting(site)
    given = [] if alerting is None else list(alerting.channels())
    return {name: _channel(site, home, name, one) for name, one in given}


def parts(site: settings.Site, home: Path) -> list[Callable[[], object]]:
    """What ``connector check`` tries one by one: the section, then each channel."""
    try:
        alerting = load_alerting(site)
    except ConfigurationError:
        return [partial(load_alerting, site)]
    given = [] if alerting is None else list(alerting.channels())
    return [partial(_channel, site, home, name, one) for name, one in given]


def concerns(site: settings.Site) -> list[str]:
    """What is valid and deserves a second look, as sentences."""
    try:
        alerting = load_alerting(site)
    except ConfigurationError:
        return []  # it is among the findings
    if alerting is None:
        return []
    found = concerns_of(alerting, frozen=site.as_of is not None)
    for name, given in alerting.channels():
        model = registry.find_adapter(given.adapter).channel_settings
        if model is None or name == HEARTBEAT:
            continue
        where = f"channel {name!r}"
        try:
            checked = settings.check_section(model, given.options, where=where)
        except ConfigurationError:
            continue
        found += [
            f"{where}: {text}" for text in registry.find_adapter(given.adapter).concerns(checked)
        ]
    return found


def _channel(site: settings.Site, home: Path, name: str, given: ChannelPlan) -> Channel:
    adapter = registry.find_adapter(given.adapter)
    if adapter.channel is None or adapter.channel_settings is None:
        raise ConfigurationError(
            "not_a_channel", f"channel {name!r}: {adapter.name} can't tell people of alerts"
        )
    where = f"{settings.SITE_FILE}, channel {name!r}, options"
    options = settings.check_section(adapter.channel_settings, given.options, where=where)
    return adapter.channel(options, AdapterContext(name, home, now=site.now))

"""How the records of each source in the site file come in, and how often it is asked for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel

from connector import registry, settings
from connector.announced import KeepsTouch
from connector.budget import Budget, Calls, Plan, smallest_interval
from connector.errors import ConfigurationError
from connector.ports import Adapter, AdapterContext, Listener, Source, Webhook

Way = Literal["webhook", "listener", "source"]


def way(given: settings.SourceSettings) -> Way:
    """How a source's records come in. An adapter that listens may read a ``folder`` instead."""
    adapter = registry.find_adapter(given.adapter)
    if adapter.webhook is not None and adapter.source is None:
        return "webhook"
    reads = adapter.source is not None and "folder" in given.options
    return "listener" if adapter.listener is not None and not reads else "source"


def posts(given: settings.SourceSettings) -> bool:
    """Whether its counterpart posts to ``/webhooks/<name>``, be it polled beside that or not."""
    adapter = registry.find_adapter(given.adapter)
    if way(given) == "webhook":
        return True
    if adapter.webhook is None or adapter.posts_when is None or adapter.source_settings is None:
        return False
    return adapter.posts_when(options(given, adapter.source_settings))


def options(given: settings.SourceSettings, model: type[BaseModel]) -> BaseModel:
    """The checked options of a source."""
    where = f"{settings.SITE_FILE}, source {given.name!r}, options"
    return settings.check_section(model, given.options, where=where)


def model_of(given: settings.SourceSettings) -> type[BaseModel] | None:
    """The model of a source's options."""
    adapter = registry.find_adapter(given.adapter)
    model: type[BaseModel] | None = getattr(adapter, f"{way(given)}_settings")
    return model


def source(given: settings.SourceSettings, context: AdapterContext) -> Source:
    """The source, its schedule checked. Raises ConfigurationError."""
    adapter = registry.find_adapter(given.adapter)
    if adapter.source is None or adapter.source_settings is None:
        raise ConfigurationError(
            "not_a_source", f"source {given.name!r}: {adapter.name} can't be read from"
        )
    plan(given).refuse_too_fast(settings.SITE_FILE)
    return adapter.source(options(given, adapter.source_settings), context)


def reader(name: str, given: Mapping[str, Any], context: AdapterContext) -> Source:
    """The source of the adapter ``name``, for another source that fetches the files it reads."""
    adapter = registry.find_adapter(name)
    if adapter.source is None or adapter.source_settings is None:
        raise ConfigurationError("not_a_source", f"{name} can't be read from")
    where = f"{settings.SITE_FILE}, source {context.name!r}, options"
    checked = settings.check_section(adapter.source_settings, given, where=where)
    return adapter.source(checked, context)


def listener(given: settings.SourceSettings, context: AdapterContext) -> Listener:
    """The listener of a source that connects to us."""
    adapter = registry.find_adapter(given.adapter)
    assert adapter.listener is not None  # only such sources come here
    assert adapter.listener_settings is not None, f"{adapter.name} declares no settings"
    return adapter.listener(options(given, adapter.listener_settings), context)


def webhook(given: settings.SourceSettings, context: AdapterContext) -> Webhook:
    """The webhook of a source that is posted to; one that is polled too has one set of options."""
    adapter = registry.find_adapter(given.adapter)
    assert adapter.webhook is not None  # only such sources come here
    model = adapter.webhook_settings or adapter.source_settings
    assert model is not None, f"{adapter.name} declares no settings"
    return adapter.webhook(options(given, model), context)


def notifying(
    polled: Sequence[settings.SourceSettings], webhooks: Callable[[], Mapping[str, Webhook]]
) -> dict[str, timedelta | None]:
    """The polled sources whose counterpart numbers what it posts, and how long it may be silent."""
    posting = [given.name for given in polled if posts(given)]
    try:
        hooks = webhooks() if posting else {}
    except ConfigurationError:
        return {}  # `check` tells of it; what asks this must work all the same
    found: dict[str, timedelta | None] = {}
    for name in posting:
        hook = hooks.get(name)
        if isinstance(hook, KeepsTouch):
            found[name] = hook.silent_after
    return found


def silent_after(
    polled: Sequence[settings.SourceSettings], webhooks: Callable[[], Mapping[str, Webhook]]
) -> dict[str, timedelta]:
    """After how long the silence of a polled source's counterpart is worth an alert."""
    found = notifying(polled, webhooks).items()
    return {name: longest for name, longest in found if longest is not None}


def budget(given: settings.SourceSettings) -> Budget | None:
    """What the site says of a source's budget, on top of what its counterpart allows by default."""
    known = registry.find_adapter(given.adapter).budget
    if given.budget is None:
        return known
    stated = given.budget.model_dump(exclude_unset=True)
    default = known or Budget()
    return Budget(
        stated.get("per_minute", default.per_minute), stated.get("per_day", default.per_day)
    )


def plan(given: settings.SourceSettings) -> Plan:
    """What polling a source costs, at the interval that it is polled at."""
    adapter = registry.find_adapter(given.adapter)
    allowed = budget(given) or Budget()
    calls = _calls(adapter, given)
    every = given.every_seconds
    if "every_seconds" not in given.model_fields_set:
        # Nobody chose it: as often as usual, or as often as the budget allows.
        every = max(every, _whole_minutes(smallest_interval(calls, allowed) or every))
    return Plan(given.name, every, allowed, calls)


def _calls(adapter: Adapter, given: settings.SourceSettings) -> tuple[Calls, ...]:
    if adapter.source_settings is None:
        return ()
    return tuple(adapter.calls(options(given, adapter.source_settings)))


def _whole_minutes(seconds: int) -> int:
    return -(-seconds // 60) * 60

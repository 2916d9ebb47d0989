"""Where the practice's own rules send an alert; the defaults stand where each is made."""

from __future__ import annotations

from dataclasses import replace

from connector.pipeline.signal import Signal
from connector.progress import RuleSet
from connector.rules import Route, Routes


def routed(signal: Signal, rules: RuleSet) -> Signal:
    """``signal`` with the recipients and severity that the rules state for it."""
    route = _route(signal.rule, rules.alerts)
    return replace(
        signal,
        audiences=route.to or signal.audiences,
        severity=route.severity or signal.severity,
    )


def _route(rule: str, routes: Routes) -> Route:
    route = getattr(routes, rule, routes.data)  # data alerts have the names of their faults
    assert isinstance(route, Route)
    return route

"""Whether the names in a practice's rules are those of instruments and scales that are in use."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from connector.errors import ConfigurationError
from connector.measures import Instrument
from connector.measures.scales import form_of, scales
from connector.progress import RuleSet

_WHERE = "site.yaml, rules"


def named_rightly(rules: RuleSet, instruments: Mapping[str, Instrument]) -> RuleSet:
    """The rules as they are. Raises ConfigurationError for a name that nothing has."""
    forms = sorted({form_of(name) for name in instruments})
    several = sorted(form for form in forms if scales(instruments[form]))
    for form in rules.cadence:
        _check("cadence", form, forms, "there is no instrument")
    for form, scale in rules.primary_scales.items():
        _check("primary_scales", form, several, "no form with several scores is called")
        known = [one.name for one in scales(instruments[form])]
        _check(f"primary_scales.{form}", scale, known, "it has no scale")
    if rules.own_courses:
        raise ConfigurationError(
            "invalid_value",
            "own_courses: not set here; approve one with: connector measures benchmark",
            where=_WHERE,
        )
    return rules


def _check(key: str, name: str, valid: Iterable[str], wrong: str) -> None:
    allowed = list(valid)
    if name in allowed:
        return
    close = difflib.get_close_matches(name, allowed, n=1)
    raise ConfigurationError(
        "unknown_name",
        f"{key}: {wrong} {name!r}",
        where=_WHERE,
        allowed=allowed,
        suggestion=close[0] if close else None,
    )

"""How much and how often: the quantities and timings of PAS (prof-1 to prof-3 of the guide)."""

from __future__ import annotations

from collections.abc import Iterator

from connector.documents.pas import terms
from connector.documents.pas.checking.finding import Finding, error, warning
from connector.documents.pas.checking.nodes import Node, extensions, walk

_PATTERNS = (terms.PAS + "extension-timingcalendarpattern",
             terms.PAS + "extension-timingdeliverypattern")  # fmt: skip


def quantity_findings(quantity: Node) -> Iterator[Finding]:
    """A PAS quantity: above zero, with a unit or a code of X12 (prof-2, prof-3)."""
    given = quantity.value
    if not isinstance(given, dict):
        return
    amount, code = given.get("value"), given.get("code")
    if isinstance(amount, int | float) and amount <= 0:
        yield error(f"{quantity.path}.value", "not_positive", "the quantity must be above 0")
    if code is None:
        if not given.get("unit"):
            yield warning(f"{quantity.path}.unit", "missing", "a quantity says its unit")
        return
    if not isinstance(code, str):
        return
    told = f"code must be {', '.join(sorted(terms.UNIT_CODES))} of {terms.UNITS_673}"
    ours = given.get("system") == terms.UNITS_673
    if not ours or code not in terms.UNIT_CODES:
        tell = warning if ours and code in terms.OTHER_UNITS else error
        yield tell(f"{quantity.path}.code", "wrong_code", told)


def order_findings(order: Node) -> Iterator[Finding]:
    """How much and how often an order asks for that an item names."""
    for quantity in walk(order, "quantityQuantity"):
        yield from quantity_findings(quantity)
    for path in ("occurrenceTiming", "dosageInstruction.timing"):
        for timing in walk(order, path):
            yield from _timing(timing)


def _timing(timing: Node) -> Iterator[Finding]:
    repeat = timing.value.get("repeat") if isinstance(timing.value, dict) else None
    given = repeat if isinstance(repeat, dict) else {}
    often = all(name in given for name in ("frequency", "period", "periodUnit"))
    if "count" in given or often or any(extensions(timing, url) for url in _PATTERNS):
        return
    told = "a timing says how many times (count) or how often (frequency, period, periodUnit)"
    yield warning(f"{timing.path}.repeat", "missing", told)

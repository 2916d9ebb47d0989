"""Scores and compares JSON objects, one per line: the rules of this package, open to other tools.

    {"kind": "score", "instrument": "phq9", "items": [1, 0, null, ...], "encoding": "weighted"}
    {"kind": "score", "instrument": "bdi2", "total_in": 21}
    {"kind": "change", "instrument": "core10", "baseline": 24, "current": 12}

A change may bring its own ``sd`` and ``rel``. Answers that are no JSON numbers are item faults.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connector.measures.answers import range_fault
from connector.measures.change import compare
from connector.measures.instrument import Instrument
from connector.measures.scoring import score
from connector.measures.values import Score

Result = dict[str, Any]
Instruments = Mapping[str, Instrument]

_NOT_A_NUMBER = Decimal("NaN")


def evaluate_line(data: Mapping[str, Any], instruments: Instruments) -> Result:
    """The answer to one line, JSON-ready; faults come back as ``{"status": "error", ...}``."""
    kind = data.get("kind")
    work = _KINDS.get(kind) if isinstance(kind, str) else None
    if work is None:
        return _fault("unknown_kind", f"unknown kind. Valid values: {', '.join(sorted(_KINDS))}")
    return work(data, instruments)


def _score(data: Mapping[str, Any], instruments: Instruments) -> Result:
    found = instruments.get(str(data.get("instrument")))
    if found is None:
        blank = Score(instrument="", status="error", error="unknown_instrument")
        return {**_score_fields(blank), "message": _unknown(data, instruments)}
    items = data.get("items")
    if items is not None and not isinstance(items, list | tuple):
        return _fault("items_not_list", "items must be a list of numbers and nulls")
    encoding, context = data.get("encoding"), data.get("context")
    result = score(
        found,
        items=None if items is None else [_number(item) for item in items],
        total=_number(data.get("total_in")),
        encoding=None if encoding is None else str(encoding),
        context=context if isinstance(context, Mapping) else None,
    )
    return _score_fields(result)


def _score_fields(result: Score) -> Result:
    fields = result.model_dump(exclude={"instrument"})
    return {name: _json(value) for name, value in fields.items()}


def _change(data: Mapping[str, Any], instruments: Instruments) -> Result:
    found = instruments.get(str(data.get("instrument")))
    if found is None:
        return _fault("unknown_instrument", _unknown(data, instruments))
    ends: list[Decimal] = []
    for name in ("baseline", "current"):
        end = _number(data.get(name))
        fault = "total_required" if end is None else range_fault(found, end)
        if end is None or fault is not None:
            return {**_fault(str(fault), f"{name} is not a score of {found.id}"), "field": name}
        ends.append(end)
    sd, rel = _number(data.get("sd")), _number(data.get("rel"))
    if not _usable(sd, rel):
        return _fault(
            "sd_rel_invalid", "sd must be above 0 and rel from 0 to below 1, both or none"
        )
    change = compare(found, ends[0], ends[1], sd=sd, reliability=rel)
    fields = change.model_dump()
    return {name: _json(value) for name, value in fields.items()}


def _usable(sd: Decimal | None, rel: Decimal | None) -> bool:
    if sd is None or rel is None:
        return sd is None and rel is None
    return sd.is_finite() and rel.is_finite() and sd > 0 and 0 <= rel < 1


_KINDS: dict[str, Callable[[Mapping[str, Any], Instruments], Result]] = {
    "score": _score,
    "change": _change,
}


def _number(value: Any) -> Decimal | None:
    """A JSON number as a decimal, exactly as written; NaN for anything that is no number."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _NOT_A_NUMBER
    return Decimal(repr(value))


def _json(value: Any) -> Any:
    """``value`` with decimals as JSON numbers (whole ones without a point)."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _json(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _unknown(data: Mapping[str, Any], instruments: Instruments) -> str:
    known = sorted(instruments)
    close = difflib.get_close_matches(str(data.get("instrument")), known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown instrument.{hint} Valid values: {', '.join(known)}"


def _fault(code: str, message: str) -> Result:
    return {"status": "error", "error": code, "message": message}

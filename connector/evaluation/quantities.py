"""The kinds that are one formula: expected percent, goals, attendance, adherence, two indices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

from connector.evaluation.line import Basis, Line, LineFault, Result, nearest, number, rows, whole
from connector.evaluation.scores import check_spread
from connector.measures.exact import round_half_away
from connector.measures.jacobson_truax import cutoff_c, error_of_difference
from connector.pipeline.adherence import adherence_percent
from connector.pipeline.attendance import attended_percent, counted, missed_row
from connector.pipeline.baseline import expected_percent
from connector.pipeline.goals import exact_gas_t
from connector.records import VisitStatus

_STATUSES: tuple[VisitStatus, ...] = get_args(VisitStatus)


@dataclass(frozen=True, slots=True)
class _Seen:
    status: VisitStatus


def expected_line(line: Line, basis: Basis) -> Result:
    """The expected percent improvement at a week since the baseline; null with the curve off."""
    week = line.number("week")
    if week < 0:
        raise LineFault("number_out_of_range", "week: weeks count from 0, the baseline")
    expected = expected_percent(basis.rules.curve, Fraction(week) * 7)
    return {"value": None if expected is None else round_half_away(expected, 1)}


def gas_line(line: Line, _basis: Basis) -> Result:
    """The goal attainment T-score of (weight, level) goals, not rounded; null of none."""
    levels: list[tuple[Decimal, int]] = []
    for where, (weight, level) in line.rows("goals", 2):
        heavy, reached = number(weight, f"{where}, weight"), number(level, f"{where}, level")
        if heavy < 0:
            raise LineFault("number_out_of_range", f"{where}, weight: a weight is never below 0")
        if reached not in range(-2, 3):
            raise LineFault("number_out_of_range", f"{where}, level: a whole number from -2 to 2")
        levels.append((heavy, int(reached)))
    return {"value": exact_gas_t(levels)}


def attendance_line(line: Line, _basis: Basis) -> Result:
    """Attendance over visits in the order in which they were; each by its status."""
    visits = [_Seen(_status(status, where)) for where, status in line.rows("visits")]
    return {
        "rate": attended_percent(visits),
        "counted": len(counted(visits)),
        "missed_in_a_row": len(missed_row(visits)),
    }


def adherence_line(line: Line, _basis: Basis) -> Result:
    """Done over prescribed of one week, or of a list of weeks, each cut off at 100 percent."""
    done, prescribed = _weeks(line, "done"), _weeks(line, "prescribed")
    if len(done) != len(prescribed):
        raise LineFault("wrong_type", "done and prescribed must have as many weeks")
    return {"value": adherence_percent(list(zip(done, prescribed, strict=True)))}


def se_diff_line(line: Line, _basis: Basis) -> Result:
    """The standard error of the difference of two scores."""
    sd, reliability = line.numbers("args", ("sd", "rel"))
    check_spread(sd, reliability)
    return {"value": error_of_difference(sd, reliability)}


def cut_c_line(line: Line, _basis: Basis) -> Result:
    """Cut-off c of Jacobson and Truax, between a clinical group and the norm."""
    names = ("mean_clin", "sd_clin", "mean_norm", "sd_norm")
    mean_clinical, sd_clinical, mean_norm, sd_norm = line.numbers("args", names)
    if sd_clinical <= 0 or sd_norm <= 0:
        raise LineFault("sd_rel_invalid", "args: sd_clin and sd_norm must be above 0")
    return {"value": cutoff_c(mean_clinical, sd_clinical, mean_norm, sd_norm)}


def _status(value: Any, where: str) -> VisitStatus:
    """The status meant: "No-show" and "late cancellation" are no_show and late_cancel."""
    written = re.sub(r"[\s-]+", "_", value.strip().casefold()) if isinstance(value, str) else ""
    word = re.sub(r"_cancel(l?ed|lation)$", "_cancel", written)
    for status in _STATUSES:
        if word == status:
            return status
    raise LineFault(
        "unknown_status",
        f"{where}: no status of a visit.{nearest(value, _STATUSES)} "
        f"Valid values: {', '.join(_STATUSES)}",
    )


def _weeks(line: Line, field: str) -> list[int]:
    given = line.take(field)
    if not isinstance(given, list):
        return [whole(given, field)]
    return [whole(week, f"{field}, week {n}") for n, week in enumerate(rows(given, field), 1)]

"""Is this person of one source one of those of another: exactly one, several, or not certain.

The rule: the exact number, else family name and birth date and one more field. Two people whose
birth dates are known and differ are never one. The verdict depends on who is there, not on who came
first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from connector.identity.normal import name_key, number_key
from connector.record_ids import RecordIds
from connector.records import Frozen, Patient

OneMore = Literal["given_name", "sex", "chart_number"]
_KNOWN_SEX = ("female", "male", "other")


class IdentityRules(Frozen):
    """How the patients of a source join those of another one, by its name (``joins``).

    ``exact_id``: the same chart number is the same person, unless name or birth date say otherwise;
    off where the source counts its own numbers. ``also``: besides family name and birth date, one
    of these must be the same.
    """

    joins: str
    exact_id: bool = True
    also: tuple[OneMore, ...] = Field(default=("given_name", "chart_number"), min_length=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose chart it is, and by which rule; or None and why a person must say it.

    ``reason`` is one of the words of ``WHY``, or the rule that matched.
    """

    chart_id: str | None
    reason: str


WHY = {
    "nobody": "nobody in the other source fits",
    "several": "several people in the other source fit",
    "conflict": "one fits in a part and differs in another",
    "too_little": "too little is known: a chart number, or family name and birth date",
    "birth_dates_differ": "the birth dates differ since it was joined",
}


def differ_in_birth_date(one: Patient, other: Patient) -> bool:
    """Whether both birth dates are known and not the same: then they are two people."""
    return None not in (one.birth_date, other.birth_date) and one.birth_date != other.birth_date


def keys_of(patient: Patient, ids: RecordIds) -> frozenset[str]:
    """By what a patient may be found: keyed digests of chart number, and of name and birth date."""
    keys = set()
    if number := number_key(patient.chart_number):
        keys.add(ids.make("key", "chart_number", number))
    if (family := name_key(patient.family_name)) and patient.birth_date is not None:
        keys.add(ids.make("key", "name", f"{family}|{patient.birth_date.isoformat()}"))
    return frozenset(keys)


def verdict(patient: Patient, others: Iterable[Patient], rules: IdentityRules) -> Verdict:
    """Which one of ``others`` the patient is; they may be given in any order.

    Several of one id are several numbers of one person.
    """
    judged = sorted(
        (other.id, how)
        for other in others
        if not other.deleted and (how := _compare(patient, other, rules))
    )
    said = {how for _, how in judged}
    by_number = {id: how for id, how in judged if how == "exact_id"}
    found = by_number or {id: how for id, how in judged if how.startswith("name")}
    if "number_conflict" in said:
        return Verdict(None, "conflict")
    if len(found) == 1:
        [(id, how)] = found.items()
        return Verdict(id, how)
    if found:
        return Verdict(None, "several")
    if "differs" in said:
        return Verdict(None, "conflict")
    named = name_key(patient.family_name) and patient.birth_date is not None
    usable = named or (rules.exact_id and number_key(patient.chart_number))
    return Verdict(None, "nobody" if usable else "too_little")


def not_one(chart: Patient, members: Iterable[Patient]) -> set[str]:
    """Those of a chart's members who can't be in it: by known birth dates they are other people.

    Where the chart's own is not known and its members' differ, all who have one: nobody can say
    which of them it is.
    """
    dated = [one for one in members if one.birth_date is not None]
    if chart.birth_date is not None:
        return {one.id for one in dated if one.birth_date != chart.birth_date}
    return {one.id for one in dated} if len({one.birth_date for one in dated}) > 1 else set()


def _compare(patient: Patient, other: Patient, rules: IdentityRules) -> str:
    """How two fit: exact_id, name_and_..., number_conflict, differs (in a part), or nothing."""
    same_day = patient.birth_date is not None and patient.birth_date == other.birth_date
    family, its_family = name_key(patient.family_name), name_key(other.family_name)
    number = number_key(patient.chart_number)
    same_number = bool(number) and number == number_key(other.chart_number)
    if rules.exact_id and same_number:
        other_name = bool(family and its_family) and family != its_family
        if differ_in_birth_date(patient, other) or (other_name and not same_day):
            return "number_conflict"
        return "exact_id"
    if not (same_day and family and family == its_family):
        return ""
    if _contradict(patient, other):
        return "differs"
    more = [field for field in rules.also if _same(field, patient, other, same_number)]
    return f"name_and_{more[0]}" if more else "differs"


def _contradict(patient: Patient, other: Patient) -> bool:
    """Whether given names or sexes are known and differ: a twin, or a typing error."""
    given, its_given = name_key(patient.given_name), name_key(other.given_name)
    sexes = {patient.sex, other.sex}
    return bool(given and its_given and given != its_given) or (
        len(sexes) == 2 and sexes <= set(_KNOWN_SEX)
    )


def _same(field: OneMore, patient: Patient, other: Patient, same_number: bool) -> bool:
    if field == "chart_number":
        return same_number
    if field == "sex":
        return patient.sex == other.sex and patient.sex in _KNOWN_SEX
    given = name_key(patient.given_name)
    return bool(given) and given == name_key(other.given_name)

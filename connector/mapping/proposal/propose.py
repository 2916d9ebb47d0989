"""Which kind of record a sample holds, and which column is which field, with a confidence each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from connector.columns import numbered, plain
from connector.mapping.proposal.profile import Profile, profile
from connector.mapping.proposal.vocabulary import NAMES, OWN_ID, PATIENT, VERSION, Vocabulary
from connector.mapping.targets import Target, targets_of
from connector.mapping.transforms import words
from connector.records import RECORD_TYPES

_WORTH = 40
_ALIKE = 0.8
_ITEM = re.compile(r"(.*?)0*([1-9]\d?)")
_KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "patient": ("client", "patient"), "visit": ("appointment", "visit", "session", "attendance"),
    "assessment": ("score", "measure", "assessment", "questionnaire", "outcome"),
    "authorization": ("authorization", "auth"), "diagnosis": ("diagnos",), "goal": ("goal",),
    "coverage": ("coverage", "insurance"), "clinician": ("clinician", "provider", "staff"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProposedColumn:
    """One column: what it would be (``target`` None: nothing), how sure (0 to 100), and why.

    ``options`` are keys of the field in the mapping file, ``undecided`` the words without a
    meaning.
    """

    column: str
    target: str | None
    confidence: int
    why: str
    options: Mapping[str, Any] = field(default_factory=dict)
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A table of one kind of record. ``missing``: required fields for which no column was found."""

    kind: str
    columns: tuple[ProposedColumn, ...]
    source_id: str | None
    id_from: tuple[str, ...]
    version: ProposedColumn | None
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: int
    column: str
    target: str
    why: str


def propose(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    known: Vocabulary,
    *,
    file: str = "",
    kind: str | None = None,
) -> Proposal:
    """The likeliest reading of a sample. ``kind``: the admin says which record the rows are."""
    cells = {
        name: [row[place] if place < len(row) else "" for row in rows]
        for place, name in enumerate(numbered([plain(name) for name in header]))
        if name
    }
    profiles = {name: profile(values) for name, values in cells.items()}
    kinds = [kind] if kind is not None else list(NAMES)
    made = [_of_kind(one, profiles, known) for one in kinds]
    return max(made, key=lambda one: _likelihood(one, file))


def _likelihood(one: Proposal, file: str) -> float:
    wanted = len(one.missing) + sum(c.target is not None for c in one.columns)
    there = sum(c.confidence for c in one.columns if c.target is not None)
    named = any(word in file.casefold() for word in _KIND_WORDS[one.kind])
    return there - 150 * len(one.missing) + 120 * named + wanted


def _of_kind(kind: str, profiles: Mapping[str, Profile], known: Vocabulary) -> Proposal:
    targets = targets_of(RECORD_TYPES[kind])
    candidates = list(_candidates(kind, profiles, targets, known))
    taken = _assigned(candidates)
    version = _version(profiles, taken)
    items = _items(profiles) if kind == "assessment" else None
    columns = [_column(name, taken, profiles[name], kind, targets, known) for name in profiles]
    found = {c.target for c in columns if c.target is not None}
    if items is not None:
        prefix, count = items
        names = {f"{prefix}{n}" for n in range(1, count + 1)}
        columns = [c for c in columns if c.column not in names]
        columns.append(ProposedColumn(prefix, "items", 90, f"{count} numbered columns of answers",
                                      {"columns": count}))  # fmt: skip
        found.add("items")
    own = _own_id(kind, profiles)
    aside = {version.column if version is not None else None, own}
    columns = [c for c in columns if c.target is not None or c.column not in aside]
    needed = {name for name, target in targets.items() if target.required}
    missing = sorted(needed - found)
    if kind == "assessment" and not {"items", "total"} & found:
        missing.append("total")
    id_from = () if own else tuple(n for n in _identity(kind) if n in found)
    return Proposal(kind, tuple(columns), own, id_from, version, tuple(missing))


def _identity(kind: str) -> tuple[str, ...]:
    """The fields that tell two records of a kind apart, where the export gives no id."""
    return {
        "visit": ("patient_id", "starts_at"),
        "assessment": ("patient_id", "instrument", "taken_on"),
        "authorization": ("patient_id", "payer", "number", "starts_on"),
        "diagnosis": ("patient_id", "code"),
        "coverage": ("patient_id", "payer"),
        "goal": ("patient_id", "text"),
        "patient": ("chart_number",),
        "clinician": ("name",),
    }[kind]


def _candidates(
    kind: str, profiles: Mapping[str, Profile], targets: Mapping[str, Target], known: Vocabulary
) -> Iterable[_Candidate]:
    names = dict(known.names.get(kind, {}))
    if "patient_id" in targets:
        names["patient_id"] = PATIENT
    for target, called in names.items():
        if target not in targets or not called:
            continue
        for column, shape in profiles.items():
            alike, like = max((_alike(column, name), name) for name in called)
            fits, why = _type_fit(targets[target], shape)
            score = round(100 * alike * fits)
            if score >= _WORTH:
                yield _Candidate(score, column, target, f"called like {like!r}; {why}")


@lru_cache(maxsize=4096)
def _spoken(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.casefold()).strip()


def _alike(column: str, name: str) -> float:
    one, two = _spoken(column), _spoken(name)
    if one == two:
        return 1.0
    if set(one.split()) == set(two.split()):
        return 0.95
    if set(two.split()) < set(one.split()):
        return 0.75
    if len(one) > 80:
        return 0.0
    # Whole exports are compared with all names: the lengths alone rule most of them out.
    if 2 * min(len(one), len(two)) < _ALIKE * (len(one) + len(two)):
        return 0.0
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    ratio = matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0
    return ratio * 0.9 if ratio >= _ALIKE else 0.0


def _type_fit(target: Target, shape: Profile) -> tuple[float, str]:
    if shape.blank == 1:
        return 0.6, "the sample has no value in it"
    wants = target.default_transform
    if wants in ("date", "datetime"):
        if not shape.formats:
            return 0.1, "its values are no dates"
        if shape.sound < 1:
            return 0.8 * shape.sound, f"dates, but {1 - shape.sound:.0%} of the values are none"
        if len(shape.formats) > 1:
            return 0.7, "dates whose order (day, month) the sample does not tell"
        return (1.0, "dates") if wants == "date" or shape.times else (0.6, "days without times")
    if wants in ("integer", "decimal"):
        return (1.0, "numbers") if shape.number else (0.3, "not all values are numbers")
    if target.words or wants in ("yes_no", "instrument"):
        if shape.yes_no or (shape.few and shape.again):
            return 1.0, "few words"
        return (0.9, "a small sample") if shape.few else (0.7, "many different words")
    if wants == "reference":
        if shape.names:
            return 0.6, "names, not numbers: a value file must say whose number each is"
        return 1.0, "ids"
    return (0.8, "dates") if shape.formats else (1.0, "text")


def _assigned(candidates: Iterable[_Candidate]) -> dict[str, _Candidate]:
    """Best first; each column and each field once."""
    by_column: dict[str, _Candidate] = {}
    fields: set[str] = set()
    for one in sorted(candidates, key=lambda c: (-c.score, c.column, c.target)):
        if one.column not in by_column and one.target not in fields:
            by_column[one.column] = one
            fields.add(one.target)
    return by_column


def _column(
    name: str, taken: Mapping[str, _Candidate], shape: Profile, kind: str,
    targets: Mapping[str, Target], known: Vocabulary,
) -> ProposedColumn:  # fmt: skip
    if name not in taken:
        return ProposedColumn(name, None, 0, "no field is called like it")
    one = taken[name]
    target = targets[one.target]
    options: dict[str, Any] = {}
    undecided: tuple[str, ...] = ()
    if target.default_transform in ("date", "datetime") and shape.formats:
        options["format"] = shape.formats[0]
    if target.words or target.default_transform in ("yes_no", "instrument"):
        values, undecided = _meanings(shape, known.meanings.get((kind, one.target), {}), target)
        if values:
            options["values"] = values
    if target.default_transform == "reference" and shape.names:
        options["values_file"] = "clients.csv" if one.target == "patient_id" else "clinicians.csv"
    score = one.score - min(40, 10 * len(undecided))
    return ProposedColumn(name, one.target, max(score, 5), one.why, options, undecided)


def _meanings(
    shape: Profile, known: Mapping[str, Any], target: Target
) -> tuple[dict[str, Any], tuple[str, ...]]:
    values: dict[str, Any] = {}
    undecided: list[str] = []
    if shape.yes_no and target.default_transform == "yes_no":
        return {}, ()
    for word in shape.few:
        if word in target.words:
            values[word] = word
        elif words(word) in known:
            values[word] = known[words(word)]
        elif target.default_transform != "instrument":
            undecided.append(word)
    return values, tuple(undecided)


def _items(profiles: Mapping[str, Profile]) -> tuple[str, int] | None:
    """The prefix and number of columns such as Q1, Q2, ..., Q9."""
    found: dict[str, set[int]] = {}
    for name, shape in profiles.items():
        if (match := _ITEM.fullmatch(name)) and shape.answers:
            found.setdefault(match[1], set()).add(int(match[2]))
    for prefix, numbers in sorted(found.items(), key=lambda one: -len(one[1])):
        count = max(numbers)
        if len(numbers) >= 2 and numbers == set(range(1, count + 1)):
            return (prefix, count) if all(f"{prefix}{n}" in profiles for n in numbers) else None
    return None


def _version(
    profiles: Mapping[str, Profile], taken: Mapping[str, _Candidate]
) -> ProposedColumn | None:
    for column, shape in profiles.items():
        alike = max(_alike(column, name) for name in VERSION)
        if alike >= 0.75 and shape.formats and column not in taken:
            return ProposedColumn(
                column, "version", round(100 * alike), "when the row last changed",
                {"format": shape.formats[0]},
            )  # fmt: skip
    return None


def _own_id(kind: str, profiles: Mapping[str, Profile]) -> str | None:
    for name in OWN_ID[kind]:
        for column, shape in profiles.items():
            if shape.distinct and _alike(column, name) >= 0.95:
                return column
    return None

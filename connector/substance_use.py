"""Codes that tell of treatment of substance use (42 CFR Part 2): ``config/substance_use.yaml``.

Which diagnoses, procedures, modifiers and service types these are is data that a practice may
change. ICD-10-CM F10 to F19 tell of it whatever a list says: a list can only add to them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connector.errors import ConfigurationError
from connector.records import Frozen


def _of_form(pattern: str, what: str) -> AfterValidator:
    def check(code: str) -> str:
        if not re.fullmatch(pattern, code):
            raise ValueError(f"{code!r} is no {what}")
        return code

    return AfterValidator(check)


Procedure = Annotated[
    str,
    _of_form(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}", 'CPT or HCPCS code, such as H0015 or "99408"'),
]
Modifier = Annotated[str, _of_form(r"[0-9A-Z]{2}", "modifier, such as HF")]
Diagnosis = Annotated[
    str, _of_form(r"[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?", "ICD-10-CM code, such as Z71.41")
]
ServiceType = Annotated[str, _of_form(r"[0-9A-Z]{1,2}", "type of service, such as AI")]

_ALWAYS = tuple(f"F1{digit}" for digit in range(10))
_PROCEDURE, _MODIFIER = 5, 2


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Stated(_Part):
    """Why the codes are there. ``confirm``: nobody has read it in an official source."""

    what: str = Field(min_length=3, max_length=200)
    source: str = Field(min_length=3)
    confirm: bool = False


class Procedures(_Stated):
    """CPT and HCPCS codes."""

    codes: tuple[Procedure, ...] = Field(min_length=1, max_length=500)


class Modifiers(_Stated):
    """HCPCS modifiers: with one of them, any procedure tells of it."""

    codes: tuple[Modifier, ...] = Field(min_length=1, max_length=50)


class Diagnoses(_Stated):
    """ICD-10-CM codes, with all that begin with them."""

    codes: tuple[Diagnosis, ...] = Field(min_length=1, max_length=500)


class ServiceTypes(_Stated):
    """Types of service in requests to payers (UM03 in X12)."""

    codes: tuple[ServiceType, ...] = Field(min_length=1, max_length=50)


class SubstanceUseFile(_Part):
    """A whole list. ``name`` changes with each revision; the digest is added by itself."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}$")
    procedures: tuple[Procedures, ...] = Field(min_length=1)
    modifiers: tuple[Modifiers, ...] = ()
    diagnoses: tuple[Diagnoses, ...] = ()
    service_types: tuple[ServiceTypes, ...] = ()


class SubstanceUse(Frozen):
    """A list ready to be asked. Empty, it knows F10 to F19 alone.

    No sets: what is written of a set is in another order in each process, and a configuration that
    looks changed has everybody judged again at each start.
    """

    version: str = ""
    procedures: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    service_types: tuple[str, ...] = ()

    def is_diagnosis(self, code: str) -> bool:
        """Whether an ICD-10-CM code tells of it; with or without its point, in any case."""
        bare = "".join(code.split()).replace(".", "").upper()
        return bare.startswith(self._beginnings)

    def is_procedure(self, code: str | None) -> bool:
        """Whether a procedure as a system writes it tells of it: H0015, 90837-HF, h0015 hf u1."""
        return bool(code) and _tells(self._told, str(code))

    def names_code(self, text: str) -> bool:
        """Whether a text names such a diagnosis or procedure by its code."""
        return self._pattern.search(text) is not None

    def names_procedure(self, text: str) -> bool:
        """Whether a text names such a procedure by its code."""
        return self._procedure_pattern is not None and bool(self._procedure_pattern.search(text))

    @cached_property
    def _told(self) -> frozenset[str]:
        return frozenset((*self.procedures, *self.modifiers))

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return (*_ALWAYS, *(code.replace(".", "") for code in self.diagnoses))

    @cached_property
    def _procedure_pattern(self) -> re.Pattern[str] | None:
        if not self.procedures:
            return None
        return re.compile(_any_of(self.procedures) + r"(?:[0-9A-Z]{2}){0,4}\b", re.IGNORECASE)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        diagnoses = r"\b(?:F1[0-9](?:\.?[0-9A-Z]{1,4})?"
        for code in self.diagnoses:
            head, point, tail = code.partition(".")
            rest = rf"\.?{tail}[0-9A-Z]{{0,3}}" if point else r"(?:\.?[0-9A-Z]{1,4})?"
            diagnoses += f"|{head}{rest}"
        found = diagnoses + r")\b"
        if self._procedure_pattern is not None:
            found += f"|{self._procedure_pattern.pattern}"
        return re.compile(found, re.IGNORECASE)


def compile_list(file: SubstanceUseFile, where: str) -> SubstanceUse:
    """The list ready to be asked. Raises ConfigurationError ("code_twice") naming the code."""
    for part in (file.procedures, file.modifiers, file.diagnoses, file.service_types):
        _refuse_doubled((code for one in part for code in one.codes), where)
    text = json.dumps(file.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return SubstanceUse(
        version=f"{file.name}+{digest}",
        procedures=tuple(code for one in file.procedures for code in one.codes),
        modifiers=tuple(code for one in file.modifiers for code in one.codes),
        diagnoses=tuple(code for one in file.diagnoses for code in one.codes),
        service_types=tuple(code for one in file.service_types for code in one.codes),
    )


@lru_cache(maxsize=4096)
def _tells(told: frozenset[str], procedure: str) -> bool:
    words = re.findall(r"[0-9A-Z]+", procedure.upper())
    return any(part in told for word in words for part in _parts(word))


def _refuse_doubled(codes: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise ConfigurationError(
                "code_twice", f"the code {code} stands there twice", where=where
            )
        seen.add(code)


def _parts(word: str) -> list[str]:
    """A word of a procedure as code and modifiers, where both were written together."""
    modifiers = word[_PROCEDURE:]
    if len(word) <= _PROCEDURE or len(modifiers) % _MODIFIER:
        return [word]
    return [word[:_PROCEDURE], *(modifiers[n : n + 2] for n in range(0, len(modifiers), 2))]


def _any_of(codes: Iterable[str]) -> str:
    return rf"\b(?:{'|'.join(sorted(codes))})"

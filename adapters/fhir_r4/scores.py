"""Scores and answers as data in the chart, beside the report that tells them.

Each score is filed once, under a key made of our record of it, with whichever report comes first. A
score that the source corrected is corrected there too. What the EHR had itself is not sent back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.fhir_r4.filing import Filing
from adapters.fhir_r4.page import digest
from adapters.fhir_r4.score_resources import observation, questionnaire_response, same
from adapters.fhir_r4.settings import FhirDestinationSettings
from connector.ports import Scored

_CORRECTED = {"Observation": "corrected", "QuestionnaireResponse": "amended"}


@dataclass(frozen=True, slots=True)
class _Part:
    """One resource that is wanted: of which type, under which key, of which score."""

    kind: str
    key: str
    scored: Scored


class Scores:
    """The scores of one delivery."""

    def __init__(
        self, settings: FhirDestinationSettings, filing: Filing, given: tuple[Scored, ...]
    ) -> None:
        self._settings = settings
        self._filing = filing
        self._parts = list(self._wanted(given))
        self._known: dict[str, dict[str, Any]] | None = None

    def are_there(self) -> bool:
        """Whether the server has each of them, and as it is now."""
        known = self._there()
        return all(
            part.key in known and same(known[part.key], self._made(part, "x", None))
            for part in self._parts
        )

    def file(self, patient: str, document: str) -> None:
        """Creates what is missing, corrects what has changed."""
        known = self._there()
        responses = {
            part.scored.record: f"QuestionnaireResponse/{known[part.key]['id']}"
            for part in self._parts
            if part.kind == "QuestionnaireResponse" and part.key in known
        }
        # Answers first: the score is derived from them.
        for part in sorted(self._parts, key=lambda one: one.kind != "QuestionnaireResponse"):
            answers = responses.get(part.scored.record) or self._own_form(part.scored)
            made = self._made(part, patient, [document, *([answers] if answers else ())])
            if part.key not in known:
                filed = self._filing.create(part.kind, part.key, made)
                if part.kind == "QuestionnaireResponse":
                    responses[part.scored.record] = filed
            elif not same(known[part.key], made):
                kept = known[part.key]
                made = {**made, "status": _CORRECTED[part.kind]}
                if "subject" in kept:
                    made["subject"] = kept["subject"]
                self._filing.replace(part.kind, kept, made)

    def _wanted(self, given: tuple[Scored, ...]) -> Iterator[_Part]:
        own, write = self._settings.patient_source, self._settings.write
        for one in given:
            came_from_there = one.source == own
            if one.answers and not came_from_there and "questionnaire_response" in write:
                yield _Part("QuestionnaireResponse", digest("answers", one.record), one)
            # Of answers that came from there the score is new; a score is not.
            new = not came_from_there or one.table == "QuestionnaireResponse"
            if new and "observation" in write:
                yield _Part("Observation", digest("score", one.record), one)

    def _there(self) -> dict[str, dict[str, Any]]:
        if self._known is None:
            self._known = {}
            for kind in sorted({part.kind for part in self._parts}):
                keys = [part.key for part in self._parts if part.kind == kind]
                self._known |= self._filing.all_found(kind, keys)
        return self._known

    def _own_form(self, one: Scored) -> str | None:
        """The server's own form that the score was made of."""
        own = one.source == self._settings.patient_source and one.table == "QuestionnaireResponse"
        return f"QuestionnaireResponse/{one.source_id}" if own else None

    def _made(self, part: _Part, patient: str, derived: list[str] | None) -> dict[str, Any]:
        identifier = self._filing.identifier(part.key)
        if part.kind == "Observation":
            return observation(part.scored, patient, identifier, derived or [])
        form = self._settings.questionnaires.get(part.scored.instrument)
        return questionnaire_response(part.scored, patient, identifier, form)

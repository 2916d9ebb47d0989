"""A report's data as FHIR R4: the document Bundle that lies in its PDF/A-3.

It says what the page says to the same reader and nothing else (``told``): the person as far as the
page names them, the scores with their days, the decision, diagnoses, goals, and where it all comes
from. The same document gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5
from xml.sax.saxutils import escape

from connector.documents.told import Series, Told, ToldGoal, told
from connector.measures.instrument import Instrument
from connector.progress import DocumentSpec
from connector.records import is_icd10cm

SYSTEM = "Progress Connector"
NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
_NAMESPACE = UUID("6f0c1d1e-3c5b-5f0e-9a53-2d8f6f7a5b10")
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_RECORD = "urn:progress-connector:record"
_LIFECYCLES = {"met": "completed", "stopped": "cancelled", "new": "accepted"}
_ACHIEVEMENTS = {"met": "achieved", "not_met": "not-achieved", "open": "in-progress"}
Resource = dict[str, Any]


def report_data(
    spec: DocumentSpec, view: Mapping[str, Any], title: str, instruments: Mapping[str, Instrument]
) -> bytes:
    """The Bundle as canonical JSON; empty for a kind of report that has no patient's data.

    ``view`` is what the reader of the report may see of its context.
    """
    facts = told(spec.kind, view, instruments)
    if facts is None:
        return b""
    bundle = _Bundle(spec, view, title, facts).made()
    text = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


class _Bundle:
    """The resources of one report, in the order in which they were added."""

    def __init__(self, spec: DocumentSpec, view: Mapping[str, Any], title: str, facts: Told):
        self._spec, self._view, self._title, self._facts = spec, view, title, facts
        self._entries: list[Resource] = []
        self._first = self._name("Composition")
        # Noon in UTC lies on the report's own day in every American time zone; midnight does not.
        self._at = f"{spec.as_of.isoformat()}T12:00:00Z"

    def made(self) -> Resource:
        """The document Bundle."""
        facts = self._facts
        self._patient = self._add(_patient(facts))
        self._practice = self._add(_organization(self._view.get("practice", {})))
        clinician = self._add(_practitioner(facts)) if facts.clinician else None
        scores = [self._add(one) for series in facts.series for one in self._scores(series)]
        decision = [self._add(self._decision())] if facts.decision else []
        problems = [self._add(self._condition(*pair)) for pair in facts.diagnoses]
        goals = [self._add(self._goal(goal)) for goal in facts.goals]
        origin = self._add(self._provenance())
        summary = {"title": "Summary", "text": _narrative(facts.sentences)}
        notice = {"title": "Notice", "text": _narrative([NOTICE])}
        sections = [
            summary if facts.sentences else None,
            *(
                {"title": name, "entry": entries}
                for name, entries in (
                    ("Scores", scores), ("Decision", decision), ("Diagnoses", problems),
                    ("Goals", goals), ("Origin", [origin]),
                )
                if entries
            ),
            notice if self._view.get("redisclosure_notice") else None,
        ]  # fmt: skip
        first = self._composition(clinician, [one for one in sections if one])
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "document",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self._name("Bundle")},
            "timestamp": self._at,
            "entry": [{"fullUrl": self._first, "resource": first}, *self._entries],
        }
        if self._view.get("practice", {}).get("synthetic"):
            code = {"system": _HL7 + "v3-ActReason", "code": "HTEST", "display": "test health data"}
            bundle["meta"] = {"tag": [code]}
        return bundle

    def _name(self, place: str | int) -> str:
        """A name of its own for each resource, made of the document's identity."""
        return f"urn:uuid:{uuid5(_NAMESPACE, f'{self._spec.digest}/{place}')}"

    def _add(self, resource: Resource) -> Resource:
        name = self._name(len(self._entries))
        self._entries.append({"fullUrl": name, "resource": resource})
        return {"reference": name}

    def _composition(self, clinician: Resource | None, sections: list[Resource]) -> Resource:
        seal = self._view.get("signature")
        found: Resource = {
            "resourceType": "Composition",
            "status": "final" if seal else "preliminary",
            "type": {"text": self._title},
            "title": self._title,
            "date": self._spec.as_of.isoformat(),
            "subject": self._patient,
            "author": [one for one in (clinician, self._practice) if one],
            "section": sections,
        }
        if seal and seal.get("by"):
            signed: Resource = {"mode": "professional", "party": {"display": seal["by"]}}
            found["attester"] = [{**signed, "time": seal["at"]} if seal.get("at") else signed]
        return found

    def _scores(self, series: Series) -> list[Resource]:
        coding = {"system": "http://loinc.org", "code": series.loinc}
        found = []
        for point in series.points:
            score: Resource = {
                "resourceType": "Observation",
                "status": "final",
                "category": [_concept("observation-category", "survey", "Survey")],
                "code": {**({"coding": [coding]} if series.loinc else {}), "text": series.measure},
                "subject": self._patient,
                "effectiveDateTime": point.on.isoformat(),
                "valueQuantity": {
                    "value": point.value,
                    "unit": "score",
                    "system": "http://unitsofmeasure.org",
                    "code": "{score}",
                },
            }
            if point.band:
                score["interpretation"] = [{"text": point.band}]
            if point.record:
                score["identifier"] = [{"system": _RECORD, "value": point.record}]
            found.append(score)
        return found

    def _decision(self) -> Resource:
        return {
            "resourceType": "Observation",
            "status": "final" if self._view.get("signature") else "preliminary",
            "code": {"text": "Rating of progress by rule"},
            "subject": self._patient,
            "effectiveDateTime": self._spec.as_of.isoformat(),
            "valueCodeableConcept": {"text": self._facts.decision},
            **({"method": {"text": f"rule {self._facts.rule}"}} if self._facts.rule else {}),
        }

    def _condition(self, code: str, text: str) -> Resource:
        coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}
        said = text or code
        meaning = {"coding": [coding], "text": said} if is_icd10cm(code) else {"text": said}
        return {
            "resourceType": "Condition",
            "clinicalStatus": _concept("condition-clinical", "active", "Active"),
            "category": [_concept("condition-category", "problem-list-item", "Problem List Item")],
            "code": meaning,
            "subject": self._patient,
        }

    def _goal(self, goal: ToldGoal) -> Resource:
        found: Resource = {
            "resourceType": "Goal",
            "lifecycleStatus": _LIFECYCLES.get(goal.state, "active"),
            "description": {"text": goal.text},
            "subject": self._patient,
        }
        if code := _ACHIEVEMENTS.get(goal.state):
            found["achievementStatus"] = _concept("goal-achievement", code)
        due = {"dueDate": goal.by.isoformat()} if goal.by else {}
        if goal.target or due:
            measure = {"measure": {"text": goal.text}, "detailString": goal.target}
            found["target"] = [{**(measure if goal.target else {}), **due}]
        if goal.now:
            found["note"] = [{"text": goal.now}]
        return found

    def _provenance(self) -> Resource:
        """Who put the report together, from which document; its number stands on the page."""
        rules = self._view.get("rules") or self._view.get("footer") or {}
        version = rules.get("version") or rules.get("rules")
        origin = f"document {self._spec.digest[:8].upper()}"
        return {
            "resourceType": "Provenance",
            "target": [{"reference": self._first}],
            "recorded": self._at,
            "agent": [
                {
                    "type": _concept("provenance-participant-type", "assembler", "Assembler"),
                    "who": {"display": SYSTEM},
                    "onBehalfOf": self._practice,
                }
            ],
            "entity": [
                {
                    "role": "source",
                    "what": {"display": f"{origin}; rule set {version}" if version else origin},
                }
            ],
        }


def _patient(facts: Told) -> Resource:
    found: Resource = {"resourceType": "Patient"}
    if facts.name:
        found["name"] = [{"text": facts.name}]
    if facts.born:
        found["birthDate"] = facts.born.isoformat()
    if facts.identifiers:
        found["identifier"] = [
            {"type": {"coding": [{"system": _HL7 + "v2-0203", "code": kind}]}, "value": value}
            for kind, value in facts.identifiers
        ]
    return found


def _organization(practice: Mapping[str, Any]) -> Resource:
    found: Resource = {"resourceType": "Organization", "name": practice.get("name") or "Practice"}
    if practice.get("phone"):
        found["telecom"] = [{"system": "phone", "value": practice["phone"]}]
    return found


def _practitioner(facts: Told) -> Resource:
    found: Resource = {"resourceType": "Practitioner", "name": [{"text": facts.clinician}]}
    if facts.npi:
        found["identifier"] = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": facts.npi}]
    return found


def _concept(system: str, code: str, display: str = "") -> Resource:
    coding = {"system": _HL7 + system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


def _narrative(sentences: Sequence[str]) -> Resource:
    paragraphs = "".join(f"<p>{escape(one)}</p>" for one in sentences)
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>',
    }

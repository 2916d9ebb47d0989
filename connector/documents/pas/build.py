"""From a packet to the bundles that are sent. The same packet always gives the same bytes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.documents.pas import terms
from connector.documents.pas.history import History
from connector.documents.pas.lines import Line, certification, item, lines_of, period_of
from connector.documents.pas.packet import Packet, Version
from connector.documents.pas.parts import Parts, Resource, concept, extension, guid, stated
from connector.documents.pas.people import People
from connector.documents.pas.supporting import supporting
from connector.errors import InvalidRecord
from connector.x12.content.case import PatientEvent, RequestCase
from connector.x12.content.parties import CareProvider

_LONGEST = 50


def request_bundle(packet: Packet) -> Resource:
    """The bundle for ``$submit``: a claim, or the update or cancellation of one.

    Raises InvalidRecord where the packet lacks what PAS requires; it names the field.
    """
    parts = Parts(_owner(packet))
    items, infos = History(), History()
    versions = [*packet.earlier, packet]
    prior: Resource | None = None
    claim: Resource = {}
    for number, version in enumerate(versions):
        claim = _Claim(version, packet, parts, number, prior).made(items, infos)
        parts.put(claim)
        prior = claim
    entries = parts.entries(claim["id"])
    if len(versions) > 2:
        entries = _without_grandparents(entries, claim)
    return _bundle(terms.REQUEST_BUNDLE, entries, packet)


def claim_of(bundle: Resource) -> Resource:
    """The claim that a bundle made here is about."""
    found: Resource = bundle["entry"][0]["resource"]
    return found


def inquiry_bundle(packet: Packet, authorization_number: str | None = None,
                   administrative_reference: str | None = None) -> Resource:  # fmt: skip
    """The bundle for ``$inquire`` about the packet's request: patient, requester and payer.

    The numbers are the payer's, where it gave any. An inquiry is by example: what it states
    narrows what is found, so it states no more than whom it is about and when.
    """
    parts = Parts(_owner(packet))
    case = packet.case.completed()
    people = People(case, packet, parts)
    numbers = (
        (terms.AUTHORIZATION_NUMBER, authorization_number),
        (terms.ADMINISTRATIVE_NUMBER, administrative_reference),
    )
    content = stated(
        {
            "extension": [
                _transmission(case),
                *(extension(url, valueString=number) for url, number in numbers if number),
            ],
            "identifier": [_identifier(case, "Q")],
            **_head(case, people, packet.zone),
            "billablePeriod": period_of(case.event.period) if case.event.period else {},
        }
    )
    own = guid("inquiry", case.originator, content)
    claim = {"resourceType": "Claim", "id": own, **_profile(terms.CLAIM_INQUIRY), **content}
    parts.put(claim)
    return _bundle(terms.INQUIRY_BUNDLE, parts.entries(own), packet)


def _owner(packet: Packet) -> str:
    """Whose resources they are: this practice's, of this request in all its versions."""
    first = (*packet.earlier, packet)[0].case
    return f"{first.originator}/{first.completed().event.trace}"


def _bundle(profile: str, entries: list[Resource], packet: Packet) -> Resource:
    own = guid(profile, entries)
    return {
        "resourceType": "Bundle",
        "id": own,
        **_profile(profile),
        "identifier": {"system": terms.URI_SYSTEM, "value": f"urn:uuid:{own}"},
        "type": "collection",
        "timestamp": _moment(packet.case.created, packet.zone),
        "entry": entries,
    }


def _profile(url: str) -> Resource:
    return {"meta": {"profile": [url]}}


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.replace(tzinfo=zone).isoformat()


def _without_grandparents(entries: list[Resource], claim: Resource) -> list[Resource]:
    """The entries that the claim and the one before it need: spec-66 keeps older ones away."""
    related = claim["related"][0]["claim"]["reference"]
    kept = Parts("")
    for entry in entries:
        resource = entry["resource"]
        if resource["resourceType"] == "Claim" and entry["fullUrl"] not in (
            related, f"urn:uuid:{claim['id']}",
        ):  # fmt: skip
            continue
        kept.put(resource)
    return kept.entries(claim["id"])


class _Claim:
    """One version's Claim. ``number`` counts versions from 0, ``prior`` is the one before."""

    def __init__(self, version: Version, packet: Packet, parts: Parts, number: int,
                 prior: Resource | None) -> None:  # fmt: skip
        self._version, self._packet, self._parts = version, packet, parts
        self._number, self._prior = number, prior
        self._case = version.case.completed()
        self._event = self._case.event
        self._people = People(self._case, packet, parts)
        self._cancels = self._event.certification == "3"

    def made(self, items: History, infos: History) -> Resource:
        """The Claim; ``items`` and ``infos`` are those of the versions before, and are added to."""
        at = _moment(self._case.created, self._packet.zone)
        patient = self._people.patient
        version = self._version.model_copy(update={"case": self._case})
        found = list(supporting(version, self._parts, patient, at))
        infos.add([(key, entry) for key, _, entry in found], cancel=self._cancels)
        teams = self._teams()
        lines = [] if self._cancels else lines_of(self._case)
        of_line = {line.number: [key for key, one, _ in found if one == line.number]
                   for line in lines}  # fmt: skip
        items.add(
            [(line.number, item(self._case, line, self._links(line, teams, infos, of_line),
                                self._parts, patient)) for line in lines],
            cancel=self._cancels,
        )  # fmt: skip
        return self._resource(items, infos, teams)

    def _resource(self, items: History, infos: History, teams: list[_Member]) -> Resource:
        update = self._prior is not None
        content = stated(
            {
                "extension": self._extensions(),
                "identifier": [_identifier(self._case, f"U{self._number}" if update else "")],
                **_head(self._case, self._people, self._packet.zone),
                "related": self._related(),
                "careTeam": [member[2] for member in teams],
                "supportingInfo": infos.resources(items=False),
                "diagnosis": self._diagnoses(),
                "accident": self._accident(),
                "item": items.resources(items=True),
            }
        )
        digests = [hashlib.sha256(one.content).hexdigest() for one in self._version.documents]
        own = guid("claim", self._case.originator, content, digests, self._number)
        profile = terms.CLAIM_UPDATE if update else terms.CLAIM
        return {"resourceType": "Claim", "id": own, **_profile(profile), **content}

    def _extensions(self) -> list[Resource]:
        found = [_transmission(self._case)]
        if self._event.urgent:
            level = concept(terms.LEVEL_1338, "U")
            found.append(extension(terms.LEVEL_OF_SERVICE, valueCodeableConcept=level))
        if self._cancels:
            found.append(certification("3"))
            for url, number in (
                (terms.AUTHORIZATION_NUMBER, self._event.previous_authorization),
                (terms.ADMINISTRATIVE_NUMBER, self._event.previous_reference),
            ):
                if number:
                    found.append(extension(url, valueString=number))
        return found

    def _related(self) -> list[Resource]:
        if self._prior is None:
            return []
        claim = {"reference": f"urn:uuid:{self._prior['id']}"}
        return [{"claim": claim, "relationship": concept(terms.RELATED, "prior")}]

    def _teams(self) -> list[_Member]:
        found: list[_Member] = []
        given: list[tuple[str | None, CareProvider]] = [(None, p) for p in self._event.providers]
        given += [(str(s.trace), p) for s in self._event.services for p in s.providers]
        for number, (line, provider) in enumerate(given, 1):
            scope = extension(terms.CARE_TEAM_SCOPE, valueBoolean=line is None)
            taxonomy = provider.taxonomy
            entry = stated(
                {
                    "extension": [scope],
                    "sequence": number,
                    "provider": self._people.provider(provider),
                    "role": concept(terms.ENTITY_98, provider.role),
                    "qualification": concept(terms.TAXONOMY, taxonomy) if taxonomy else {},
                }
            )
            found.append((number, line, entry))
        return found

    def _links(self, line: Line, teams: list[_Member], infos: History,
               of_line: dict[str, list[str]]) -> Resource:  # fmt: skip
        return {
            "careTeamSequence": [n for n, of, _ in teams if of in (None, line.number)],
            "diagnosisSequence": list(range(1, len(self._event.diagnoses) + 1)),
            "informationSequence": [infos.sequence(key) for key in of_line[line.number]],
        }

    def _diagnoses(self) -> list[Resource]:
        return [
            stated(
                {
                    "sequence": number,
                    "diagnosisCodeableConcept": concept(terms.ICD10CM, one.code),
                    "type": [concept(terms.TEMP_CODES, "principal")] if number == 1 else [],
                }
            )
            for number, one in enumerate(self._event.diagnoses, 1)
        ]

    def _accident(self) -> Resource:
        return _accident(self._event)


_Member = tuple[int, str | None, Resource]
"""A member of the care team: sequence, the line it belongs to (None: all), the entry."""


def _accident(event: PatientEvent) -> Resource:
    if not event.related_causes:
        return {}
    if event.accident_on is None:
        raise InvalidRecord(
            "pas_incomplete",
            "a PAS request needs the date of the accident; the case does not state "
            "event.accident_on",
            field="event.accident_on",
        )
    state = event.accident_state
    return stated(
        {
            "date": event.accident_on.isoformat(),
            "type": concept(terms.CAUSE_1362, event.related_causes[0]),
            "locationAddress": {"state": state, "country": "US"} if state else {},
        }
    )


def _head(case: RequestCase, people: People, zone: ZoneInfo) -> Resource:
    """What every claim says: whom it is about, from whom and to whom."""
    return {
        "status": "active",
        "type": concept(terms.CLAIM_TYPE, "professional"),
        "use": "preauthorization",
        "patient": people.patient,
        "created": _moment(case.created, zone),
        "insurer": people.insurer,
        "provider": people.requester,
        "priority": concept(terms.PRIORITY, "stat" if case.event.urgent else "normal"),
        "insurance": [{"sequence": 1, "focal": True, "coverage": people.coverage}],
    }


def _identifier(case: RequestCase, mark: str) -> Resource:
    """Our trace number of this version (TRN02), of us who trace (TRN03)."""
    trace = str(case.event.trace)
    value = f"{trace[: _LONGEST - len(mark) - 1]}-{mark}" if mark else trace
    return {"system": f"urn:trnorg:{case.originator}", "value": value}


def _transmission(case: RequestCase) -> Resource:
    sender, receiver = case.envelope.sender, case.envelope.receiver
    values = (
        ("applicationSenderCode", sender.group_code),
        ("applicationReceiverCode", receiver.group_code),
        ("interchangeSenderID", sender.id),
        ("interchangeReceiverID", receiver.id),
    )
    parts = [extension(name, valueString=value) for name, value in values]
    return {"url": terms.TRANSMISSION, "extension": parts}

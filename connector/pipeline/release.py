"""After a person acted: the signed packet or the released report, as documents of their own.

The draft stays as it is. What is signed are the completed report and manifest with their version;
the signature stands beside that and covers it, so anybody can compute it again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.documents import completion, letter_page
from connector.documents.disclosure import Wall
from connector.errors import ConfigurationError
from connector.pipeline.packet.complete import Before
from connector.pipeline.packet.parts import completed_parts
from connector.pipeline.report_kinds import specification
from connector.progress import DocumentSpec
from connector.records import Frozen
from connector.substance_use import SubstanceUse

STATEMENT = "I have reviewed this report and answer for its content."
# An assistant may supply measurements, not the judgement (Medicare Benefit Policy Manual ch. 15
# s. 220.3).
_ASSISTANTS = frozenset({"PTA", "OTA", "COTA"})
_NPI = re.compile(r"[0-9]{10}")
_LONGEST = 80


class Signer(Frozen):
    """Who signs. ``license`` and ``npi`` are shown where they are given."""

    name: str
    credential: str
    license: str | None = None
    npi: str | None = None

    @property
    def full(self) -> str:
        """Name and credential, as under a letter."""
        return f"{self.name}, {self.credential}"


class Former(Frozen):
    """The version that a new one amends."""

    number: int
    signed_on: str
    by: str
    digest: str


@dataclass(frozen=True, slots=True)
class Act:
    """When somebody acted, as which version, in place of which former one.

    ``number`` counts all signatures of the report, withdrawn ones too: no two documents are the
    same, even in the same moment. ``before`` is what the payer has of the request.
    ``substance_use``: the codes that bring the notice of 42 CFR Part 2.
    """

    at: datetime
    zone: ZoneInfo
    version: int
    number: int
    amends: Former | None
    before: Before | None = None
    substance_use: SubstanceUse = field(default_factory=SubstanceUse)


def signer(by: str, license: str | None = None, npi: str | None = None) -> Signer:
    """The signer from "Name, credential". Raises ConfigurationError saying what is missing."""
    name, _, credential = person(by).partition(",")
    name, credential = name.strip(), credential.strip()
    if not name or not credential:
        raise ConfigurationError(
            "credential_missing", "give name and credential, such as --by 'Dana Example, LCSW'"
        )
    if _ASSISTANTS & set(re.split(r"[^A-Z]+", credential.upper())):
        raise ConfigurationError(
            "assistant_signs",
            "an assistant may supply measurements, not the judgement; the clinician must sign",
        )
    if npi is not None and not _NPI.fullmatch(npi):
        raise ConfigurationError("npi_malformed", "an NPI has ten digits")
    return Signer(
        name=name, credential=credential, npi=npi, license=person(license) if license else None
    )


def person(by: str) -> str:
    """A name that may stand on a page and in the audit log. Raises ConfigurationError."""
    by = " ".join(by.split())
    if not by or len(by) > _LONGEST or not by.isprintable():
        raise ConfigurationError(
            "name_malformed", f"give a name in plain characters, at most {_LONGEST} of them"
        )
    return by


def packet_digest(documents: Sequence[DocumentSpec]) -> str:
    """SHA-256 of what was signed: each document without its signature, by kind.

    The same for a signed packet and for what was signed then.
    """
    parts = {one.kind: _unsigned(one).digest for one in documents}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def completed_packet(
    evidence: DocumentSpec,
    manifest: DocumentSpec,
    values: Mapping[str, str],
    act: Act,
    parts: Sequence[DocumentSpec] = (),
) -> tuple[DocumentSpec, ...]:
    """Report, manifest and ``parts`` with what was written into them: what a signature covers."""
    version = _version(act)
    wall = Wall(bool(manifest.context["sud_consent"]), act.substance_use)
    filled = completion.completed(evidence.context, values, wall)
    report = _made(evidence, {**filled, "version": version})
    others = completed_parts(parts, report, values, act.number, act.before)
    listing = {
        **manifest.context,
        "holds": [
            {**manifest.context["holds"][0], "digest": report.digest},
            *({"kind": p.kind, "document_id": p.draft_id, "digest": p.digest} for p in others),
        ],
        "to_complete": filled["to_complete"],
        "ready": not filled["to_complete"],
        "version": version,
    }
    return (report, _made(manifest, listing), *others)


def completed_letter(
    letter: DocumentSpec, values: Mapping[str, str], act: Act
) -> tuple[DocumentSpec]:
    """The letter with what was written into it, still on one page: what a signature covers."""
    wall = Wall(bool(letter.context["sud_consent"]), act.substance_use)
    filled = completion.completed(letter.context, values, wall)
    return (_made(letter, {**letter_page.fit(filled), "version": _version(act)}),)


def signed_letter(
    letter: DocumentSpec, values: Mapping[str, str], who: Signer, act: Act
) -> tuple[DocumentSpec]:
    """The letter as signed; every field that it must have is in ``values``."""
    (done,) = completed_letter(letter, values, act)
    seal = _signature(who, act, packet_digest([done]))
    return (_made(letter, {**done.context, "signature": seal}),)


def signed_packet(
    evidence: DocumentSpec,
    manifest: DocumentSpec,
    values: Mapping[str, str],
    who: Signer,
    act: Act,
    parts: Sequence[DocumentSpec] = (),
) -> tuple[DocumentSpec, ...]:
    """Report, manifest and ``parts`` as signed; every field of the report must be in ``values``."""
    made = completed_packet(evidence, manifest, values, act, parts)
    report, listing, *others = made
    seal = _signature(who, act, packet_digest(made))
    signed = _made(evidence, {**report.context, "signature": seal})
    of_parts = {**seal, "evidence": signed.document_id}
    done = [_sealed(one, {**one.context, "signature": of_parts}) for one in others]
    holds = [
        {"kind": one.kind, "document_id": one.document_id, "digest": one.digest}
        for one in (signed, *done)
    ]
    manifest_done = _made(manifest, {**listing.context, "signature": {**seal, "holds": holds}})
    return (signed, manifest_done, *done)


def signed_alone(
    document: DocumentSpec, context: dict[str, Any], who: Signer, act: Act, evidence: str | None
) -> DocumentSpec:
    """A document that follows from the signed ``document``, signed by itself: a cancellation, or
    papers that a payer wants. ``evidence`` is the signed report that goes inside."""
    plain = {name: value for name, value in context.items() if name != "signature"}
    made = specification(
        document.kind, document.patient_id, act.at.astimezone(act.zone).date(), document.formats,
        plain, document.document_id,
    )  # fmt: skip
    seal = {**_signature(who, act, packet_digest([made])), "evidence": evidence}
    return _sealed(made, {**plain, "signature": seal})


def released(draft: DocumentSpec, by: str, act: Act) -> tuple[DocumentSpec, str]:
    """The report as released, and the digest of what was. The page itself stays the same."""
    context = {**draft.context, "version": _version(act)}
    digest = packet_digest([_made(draft, context)])
    seal = {"by": by, "at": _instant(act.at), "number": act.number, "digest": digest}
    return _made(draft, {**context, "signature": seal}), digest


def us_moment(at: datetime, zone: ZoneInfo) -> str:
    """11/20/2026 5:00 PM EST."""
    local = at.astimezone(zone)
    hour = local.strftime("%I").lstrip("0")
    return f"{local:%m/%d/%Y} {hour}:{local:%M %p %Z}"


def _made(draft: DocumentSpec, context: dict[str, Any]) -> DocumentSpec:
    return specification(
        draft.kind, draft.patient_id, draft.as_of, draft.formats, context, draft.document_id
    )


def _sealed(completed: DocumentSpec, context: dict[str, Any]) -> DocumentSpec:
    """A completed part with another context; it stays the same draft's."""
    return specification(
        completed.kind, completed.patient_id, completed.as_of, completed.formats, context,
        completed.draft_id,
    )  # fmt: skip


def _unsigned(document: DocumentSpec) -> DocumentSpec:
    context = {name: value for name, value in document.context.items() if name != "signature"}
    return _made(document, context)


def _version(act: Act) -> dict[str, Any]:
    former = act.amends.model_dump() if act.amends else None
    return {"number": act.version, "amends": former}


def _signature(who: Signer, act: Act, digest: str) -> dict[str, Any]:
    return {
        **who.model_dump(),
        "by": who.full,
        "statement": STATEMENT,
        "at": _instant(act.at),
        "signed_at": us_moment(act.at, act.zone),
        "number": act.number,
        "digest": digest,
        # In groups, so that it breaks into lines and can be read out.
        "digest_words": " ".join(digest[n : n + 8] for n in range(0, len(digest), 8)),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).isoformat()

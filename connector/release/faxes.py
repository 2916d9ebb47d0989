"""The fax of a signed payer report: refused for drafts and for what was withdrawn."""

from __future__ import annotations

from connector.documents.fax import Cover, checked, fax_page
from connector.documents.wording import us_day
from connector.errors import ConfigurationError, Rejected
from connector.pipeline.release import person
from connector.progress import DocumentSpec, PracticeProfile
from connector.release.desk import EVIDENCE, Desk, find, kept
from connector.store.audit import AuditEntry
from connector.store.store import Tx

_SECTIONS = {
    "record": "On record, with dates",
    "clinical": "Diagnosis, risk and medication",
    "scores": "Scores since the start of care",
    "goals": "Goals and function",
    "attendance": "Attendance, plan and discharge",
    "sources": "Sources, rules and signature",
}


def fax(
    desk: Desk, practice: PracticeProfile, given: str, *, to: str, number: str, attention: str,
    sections: tuple[str, ...], by: str,
) -> tuple[DocumentSpec, str]:  # fmt: skip
    """The signed report and the fax's page as HTML; leaves an audit entry.

    ``given`` is the document's id or its beginning, ``sections`` are those that the report's
    template shows. Raises Rejected for what is not signed, ConfigurationError for a receiver that
    can't be.
    """
    to, number, attention = checked(to, number, attention)
    by, now = person(by), desk.now()

    def read(tx: Tx) -> DocumentSpec:
        row = find(tx, given)
        if row.kind != EVIDENCE:
            raise ConfigurationError(
                "not_faxed", f"a {row.kind} document is not faxed", allowed=(EVIDENCE,)
            )
        if row.document_id not in tx.signatures.live({row.document_id}):
            signed = tx.signatures.of_drafts([row.document_id]).get(row.document_id)
            fax_this = f"; fax the signed one: {signed.document_id}" if signed else ""
            raise Rejected(
                "not_signed",
                f"only the signed report is faxed; this is a draft, or was withdrawn{fax_this}",
            )
        tx.audit.append([AuditEntry("fax_made", row.document_id, actor=by)], now)
        return kept(tx, row.document_id)

    spec = desk.store.write(read)
    cover = Cover(
        to=to,
        fax=number,
        attention=attention,
        practice=practice.name,
        phone=practice.phone or "",
        reference=str(spec.context["request"]["reference"]),
        day=us_day(now.astimezone(desk.zone).date()) or "",
        sections=tuple(_index(sections)),
    )
    return spec, fax_page(desk.page(spec), cover)


def _index(sections: tuple[str, ...]) -> list[str]:
    """The report's sections under its own numbers; one that is left out keeps its number."""
    numbered = enumerate(_SECTIONS.items(), 2)
    found = [f"{number} {name}" for number, (key, name) in numbered if key in sections]
    return ["1 Request and summary", *found]

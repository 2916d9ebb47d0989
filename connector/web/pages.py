"""The results page, its search, and the stored documents.

What is looked for is posted, because an address must not name a patient. Everything is read apart
from the entry in the audit log: whatever is written waits while somebody else's write is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.progress import PracticeProfile
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx
from connector.web.foreign import refuse_foreign
from connector.web.results import LABELS, Results, counts, found, page_of, practice_documents

_MEDIA = {"pdf": "application/pdf", "html": "text/html", "json": "application/json"}
_LONGEST = 80


def pages(store: Store, practice: PracticeProfile) -> Blueprint:
    """The pages, bound to a store."""
    blueprint = Blueprint("pages", __name__)

    def shown(read: Callable[[Tx, ZoneInfo], Results], text: str = "") -> str:
        zone = ZoneInfo(practice.timezone)
        results, numbers, reports = store.read(
            lambda tx: (read(tx, zone), counts(tx), practice_documents(tx, zone))
        )
        searched = {"searched": True} if results.searched else {}
        _leave_trace(store, "results", {"patients": len(results.lines), **searched})
        return render_template(
            "results.html", practice=practice, results=results, counts=numbers, labels=LABELS,
            text=text, reports=reports,
        )  # fmt: skip

    @blueprint.get("/")
    def results() -> str:
        given = request.args.get("page", "")
        page = int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 1
        return shown(lambda tx, zone: page_of(tx, zone, page))

    @blueprint.post("/search")
    def search() -> ResponseReturnValue:
        refuse_foreign()
        text = " ".join(request.form.get("text", "")[:_LONGEST].split())
        if not text:
            return redirect(url_for("pages.results"), 303)
        return shown(lambda tx, zone: found(tx, zone, text), text)

    @blueprint.get("/search")
    def search_again() -> ResponseReturnValue:
        """Where the address of a search is opened once more, without what was searched for."""
        return redirect(url_for("pages.results"))

    @blueprint.get("/documents/<document_id>.<fmt>")
    def document(document_id: str, fmt: str) -> Response:
        if fmt not in _MEDIA:
            abort(404)
        content = store.read(lambda tx: tx.documents.content(document_id, fmt))
        if content is None:
            abort(404)
        _leave_trace(store, document_id, {"format": fmt})
        return Response(content, mimetype=_MEDIA[fmt])

    return blueprint


def _leave_trace(store: Store, subject: str, detail: Mapping[str, Any]) -> None:
    """Who is shown something has left a trace before: where that fails, nothing is shown."""
    entry = AuditEntry(action="viewed", subject=subject, detail=dict(detail))
    store.write(lambda tx: tx.audit.append([entry], datetime.now(UTC)))

"""``/copy-sheets``: requests to be filed in payers' portals, their fields in the portal's order.

Beside each value is a button that copies it, with the one small script of these pages; without
scripts a click selects the value. When it is filed, the person who did it says so, with the number
that the portal showed. No name and no number of a patient is in an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import ConfigurationError
from connector.progress import PracticeProfile
from connector.release.portal import COPY_SHEET
from connector.store.audit import AuditEntry
from connector.store.store import Store, Tx
from connector.web.foreign import refuse_foreign

SCRIPTED = ("copy_sheets.sheet", "copy_sheets.done")
"""The one page that may run a script: ours, from a file of ours."""
_LONGEST = 200

FileSheet = Callable[[str, str, str], object]
"""Closes the delivery of a key: who filed it, and the number that the portal showed."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One request to file: its delivery's key, the payer, the sheet's fields."""

    key: str
    payer: str
    context: Mapping[str, Any]


def copy_sheets(store: Store, practice: PracticeProfile, file_sheet: FileSheet) -> Blueprint:
    """The pages, bound to a store and to what closes a sheet that a person has filed."""
    blueprint = Blueprint("copy_sheets", __name__, url_prefix="/copy-sheets")

    def page(found: Sheet, problem: str = "", status: int = 200) -> ResponseReturnValue:
        typed = {name: request.form.get(name, "")[:_LONGEST] for name in ("by", "reference")}
        text = render_template(
            "copy_sheet.html", practice=practice, sheet=found, c=found.context, problem=problem,
            typed=typed,
        )  # fmt: skip
        return text, status

    @blueprint.get("/")
    def waiting() -> ResponseReturnValue:
        found = store.write(_waiting)
        filed = "filed" in request.args
        return render_template("copy_sheets.html", practice=practice, sheets=found, filed=filed)

    @blueprint.get("/<key>")
    def sheet(key: str) -> ResponseReturnValue:
        return page(_found(store, key))

    @blueprint.post("/<key>")
    def done(key: str) -> ResponseReturnValue:
        refuse_foreign()
        found = _found(store, key)
        given = {name: request.form.get(name, "")[:_LONGEST] for name in ("by", "reference")}
        try:
            file_sheet(found.key, given["by"], given["reference"])
        except ConfigurationError as fault:
            return page(found, fault.message, 422)
        return redirect(url_for("copy_sheets.waiting", filed=1), 303)

    return blueprint


def _found(store: Store, key: str) -> Sheet:
    found = store.write(lambda tx: _sheet(tx, key, shown=True))
    if found is None:
        abort(404)
    return found


def _waiting(tx: Tx) -> list[Sheet]:
    keys = [row.key for row in tx.deliveries.list("waiting", 10_000) if row.kind == COPY_SHEET]
    found = [one for key in keys if (one := _sheet(tx, key, shown=False)) is not None]
    entry = AuditEntry("viewed", "copy sheets", detail={"documents": len(found)})
    tx.audit.append([entry], datetime.now(UTC))
    return found


def _sheet(tx: Tx, key: str, *, shown: bool) -> Sheet | None:
    """The sheet of a whole key, while it waits and lies here; looking at it leaves a trace."""
    row = tx.deliveries.get_all([key]).get(key)
    if row is None or row.state != "waiting" or row.kind != COPY_SHEET:
        return None
    spec = tx.documents.spec(row.document_id)
    if spec is None:
        return None
    if shown:
        entry = AuditEntry("viewed", row.document_id, detail={"format": "html"})
        tx.audit.append([entry], datetime.now(UTC))
    return Sheet(key, str(spec.context["payer"]), spec.context)

"""What ``status`` tells of dead letters that nobody takes care of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connector.app import App

if TYPE_CHECKING:
    from connector.store.store import Tx


def dead_troubles(tx: Tx, app: App) -> list[dict[str, Any]]:
    """Dead letters that can't be sent any more, and those whose documents are kept only for them.

    Why each gave up is told with the deliveries.
    """
    days = app.site.store.keep_documents_days
    gone, old = tx.deliveries.dead_letters(app.site.now() - timedelta(days=days))
    found = []
    if gone:
        found.append(
            _trouble(
                "document_gone", f"{gone} can't be sent again",
                "retention removed their documents: "
                "connector dead-letters drop --removed --by NAME",
            )
        )  # fmt: skip
    if old:
        found.append(
            _trouble(
                "dead_letters_old", f"{old} stand longer than {days} days",
                "their documents are kept only for them: replay or drop them (dead-letters list)",
            )
        )  # fmt: skip
    return found


def _trouble(code: str, what: str, message: str) -> dict[str, Any]:
    return {"part": "dead letters", "what": what, "code": code, "message": message}

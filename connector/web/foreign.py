"""Refuses what another site's page posts here, even where a browser would send our cookie."""

from __future__ import annotations

from flask import abort, request


def refuse_foreign() -> None:
    """Answers 403 where the browser says that another site's page posts; some browsers say nothing.

    Then the cookie stands alone: it is ``SameSite=Strict``.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)

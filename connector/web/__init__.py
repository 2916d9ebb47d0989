"""The web part: a plain page with the results, the stored documents, and health.

``create_app`` is a Flask factory; it gets the store and the practice's profile and knows nothing of
the engine. Everything is read-only here and every look at patient data leaves an audit entry.
"""

from __future__ import annotations

from connector.web.factory import create_app

__all__ = ["create_app"]

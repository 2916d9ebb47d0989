"""The public halves of our signing keys, where servers fetch them: ``/.well-known/jwks.json``.

SMART App Launch 2.2, "Client Authentication: Asymmetric": a server that was given this address
fetches the set again when it meets a key that it does not know, so a key is changed without a word
to anybody, as long as both stand in the set for a while.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

_FRESH_SECONDS = 300
"""For so long others may keep the set: a new key must be published before it signs."""


def keys(published: Mapping[str, Any]) -> Blueprint:
    """The address of the set. It is public: anybody may read it."""
    blueprint = Blueprint("keys", __name__)
    text = json.dumps(published)

    @blueprint.get("/.well-known/jwks.json")
    def key_set() -> Response:
        answer = Response(text, mimetype="application/json")
        answer.headers["Cache-Control"] = f"public, max-age={_FRESH_SECONDS}"
        return answer

    return blueprint

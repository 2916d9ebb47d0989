"""What the receiver calls what it took: the proof that is kept with the delivery."""

from __future__ import annotations

import json
import re

from connector.http import Answer

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}")


def reference_of(answer: Answer) -> str:
    """The ``webhook-id`` header or JSON ``id`` of a 2xx answer; else only that it accepted."""
    for given in (answer.headers.get("webhook-id"), _id_in(answer)):
        if given is not None and _REFERENCE.fullmatch(given):
            return given
    return f"accepted {answer.status}"


def media_type(answer: Answer) -> str:
    """The media type of an answer without its parameters; empty where none is told."""
    return answer.headers.get("content-type", "").split(";")[0].strip().lower()


def _id_in(answer: Answer) -> str | None:
    if media_type(answer) != "application/json":
        return None
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None  # it said 2xx; what else it says is its own affair
    given = found.get("id") if isinstance(found, dict) else None
    return str(given) if isinstance(given, str | int) and not isinstance(given, bool) else None

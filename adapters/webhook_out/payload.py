"""What is posted: a document as JSON with a ``type``, and of an alert no more than is needed."""

from __future__ import annotations

import json
from typing import Any

from connector.errors import Rejected
from connector.ports import Outgoing

KINDS = ("summary", "decision", "alert", "packet_manifest", "request")
_OF_ALERT = ("practice", "patient_id", "rule", "severity", "audience", "summary", "raised_on")


def body_of(outgoing: Outgoing, *, alert_text: bool) -> bytes:
    """The bytes to post; the same document gives the same bytes.

    An alert's text names scores and answers; without ``alert_text`` it stays inside, and with it
    the digest, from which a text of few words could be guessed. Raises Rejected for a kind of
    document that is made for people.
    """
    kind = outgoing.labels.get("kind", "")
    if kind not in KINDS:
        raise Rejected(
            "kind_not_posted",
            f"documents of kind {kind!r} are made for people and not posted; correct `receives`. "
            f"Valid values: {', '.join(KINDS)}",
        )
    if kind in ("summary", "request"):
        return outgoing.content
    document: dict[str, Any] = {**json.loads(outgoing.content), "type": kind}
    if kind == "alert" and not alert_text:
        context = document["context"]
        document["context"] = {name: context[name] for name in _OF_ALERT if name in context}
        document.pop("digest", None)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()

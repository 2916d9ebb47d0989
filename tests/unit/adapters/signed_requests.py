"""Requests as a form tool signs them, for tests of ``webhook_json``; its people are made up."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.webhook_json import ADAPTER
from connector.ports import AdapterContext, Posted, Webhook
from connector.settings import check_section

AT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
STAMP = str(int(AT.timestamp()))
KEY, OLD_KEY = b"k" * 32, b"o" * 32
EVENT = {
    "event_id": "evt-1",
    "patient_id": "F-770031",
    "instrument": "PHQ-9",
    "assessed_at": "2026-11-20",
    "items": [1, 0, 2, 1, 0, 0, 1, 0, None],
}
BODY = json.dumps(EVENT).encode()


def whsec(key: bytes) -> str:
    """A secret of Standard Webhooks."""
    return "whsec_" + base64.b64encode(key).decode()


SECRETS = {"NEW": whsec(KEY), "OLD": whsec(OLD_KEY), "PLAIN": "p" * 32}


def put_secrets(home: Path) -> None:
    """Writes the secrets as files that nobody else can read."""
    for name, secret in SECRETS.items():
        path = home / name.lower()
        path.write_text(secret)
        path.chmod(0o600)


STANDARD: dict[str, Any] = {"signature": {"secret": [{"file": "new"}, {"file": "old"}]}}
GITHUB: dict[str, Any] = {
    "signature": {
        "scheme": "hmac_sha256",
        "secret": {"file": "plain"},
        "header": "X-Hub-Signature-256",
        "prefix": "sha256=",
    }
}
STAMPED: dict[str, Any] = {
    "signature": {
        "scheme": "timestamped_hmac",
        "secret": {"file": "plain"},
        "header": "X-Tool-Signature",
    }
}
UNSIGNED: dict[str, Any] = {"accept_unsigned": True}


def webhook(home: Path, options: Mapping[str, Any] = STANDARD, name: str = "forms") -> Webhook:
    """The adapter's webhook of a source with these options."""
    put_secrets(home)
    assert ADAPTER.webhook is not None and ADAPTER.webhook_settings is not None
    settings = check_section(ADAPTER.webhook_settings, dict(options), where="site.yaml, options")
    return ADAPTER.webhook(settings, AdapterContext(name, home))


def digest64(key: bytes, signed: bytes) -> str:
    """A signature in base64."""
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def standard(
    body: bytes = BODY, *, key: bytes = KEY, id: str = "msg-1", stamp: str = STAMP
) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    signature = digest64(key, f"{id}.{stamp}.".encode() + body)
    return {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}


def github(body: bytes = BODY) -> dict[str, str]:
    """The header of a plain HMAC with a prefix."""
    digest = hmac.digest(b"p" * 32, body, "sha256").hex()
    return {"x-hub-signature-256": f"sha256={digest}"}


def stamped(body: bytes = BODY, *, stamp: str = STAMP) -> dict[str, str]:
    """The header of an HMAC with a time."""
    digest = hmac.digest(b"p" * 32, stamp.encode() + b"." + body, "sha256").hex()
    return {"x-tool-signature": f"t={stamp},v1={digest}"}


def posted(
    body: bytes = BODY, headers: Mapping[str, str] | None = None, *, later: float = 0
) -> Posted:
    """A request that arrives ``later`` seconds after it was signed; signed as standard."""
    given = standard(body) if headers is None else headers
    return Posted(dict(given), body, AT + timedelta(seconds=later))

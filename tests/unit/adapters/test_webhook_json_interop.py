"""Standard Webhooks as its own library signs and verifies it: the same requests are taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from connector.errors import NotAuthentic
from connector.ports import Posted
from tests.unit.adapters.signed_requests import BODY, KEY, OLD_KEY, webhook, whsec


def signed_by_the_library(body: str, key: bytes = KEY) -> Posted:
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(whsec(key)).sign("msg-1", now, body),
    }
    return Posted(headers, body.encode(), now)


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
@pytest.mark.parametrize("body", [BODY.decode(), '{"event_id": "zw\u00f6lf \U0001f600"}'])
def test_what_the_library_signs_is_taken(tmp_path: Path, body: str, key: bytes) -> None:
    assert webhook(tmp_path).receive(signed_by_the_library(body, key)).batches


def test_what_the_library_refuses_is_refused(tmp_path: Path) -> None:
    good, library = signed_by_the_library(BODY.decode()), Webhook(whsec(KEY))
    library.verify(good.body, good.headers)
    for name in good.headers:
        for value in ("", "x", good.headers[name][:-1]):
            forged = {**good.headers, name: value}
            with pytest.raises(Exception):  # noqa: B017 - it raises several kinds
                library.verify(good.body, forged)
            with pytest.raises(NotAuthentic):
                webhook(tmp_path).receive(Posted(forged, good.body, good.at))

"""What vendors post arrives with the parts of a request that their proofs are about."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from adapters.healthie.fake import SECRET, signed
from connector.polling.notice import SecretAddress, ThinWebhook, Told
from connector.signatures.http_message import HttpMessage
from connector.web.webhooks import webhooks

URL = "https://connector.example/webhooks/ehr"


def posting(proof):
    """A client of an application with one webhook, and what it stored."""
    stored = []
    hook = ThinWebhook("ehr", proof, lambda event: Told("visits", str(event["id"]), event))
    application = Flask("test")
    application.register_blueprint(
        webhooks({"ehr": hook}, lambda source, page: stored.append((source, page)) or 1)
    )
    return application.test_client(), stored


def test_the_end_of_an_address_is_a_secret():
    client, stored = posting(SecretAddress((b"aSecretEndOfTheAddress01",)))
    body = b'{"id": 7}'
    for path in ("/webhooks/ehr", "/webhooks/ehr/aSecretEndOfTheAddress02", "/webhooks/ehr/%20"):
        assert client.post(path, data=body).status_code == 401
    for path in ("/webhooks/ehr/a/b", "/webhooks/other/aSecretEndOfTheAddress01"):
        assert client.post(path, data=body).status_code == 404
    assert stored == []
    assert client.post("/webhooks/ehr/aSecretEndOfTheAddress01", data=body).status_code == 202
    [(source, page)] = stored
    assert source == "ehr"
    assert page.notices[0].startswith("visits/7/")
    assert "Secret" not in str(page)


def test_a_signature_may_cover_the_content_type():
    client, stored = posting(HttpMessage([SECRET.encode()], 300, URL))
    body = b'{"id": 7}'
    headers = signed(body, URL, datetime.now(UTC))
    assert client.post("/webhooks/ehr", data=body, headers=headers).status_code == 202
    changed = {**headers, "content-type": "text/plain"}
    assert client.post("/webhooks/ehr", data=body, headers=changed).status_code == 401
    assert len(stored) == 1

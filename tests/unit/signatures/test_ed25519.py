"""Ed25519 signatures of a body, as Elation sends them."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.webhook_json import ADAPTER
from connector.errors import ConfigurationError, NotAuthentic
from connector.ports import AdapterContext, Posted
from connector.signatures.ed25519 import Ed25519, public_key_of

HEADER = "El8-Ed25519-Signature"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
BODY = b'{"event_id": 7, "data": {}, "action": "saved", "resource": "patients"}'
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def post(body=BODY, key=KEY):
    return Posted({HEADER.lower(): base64.b64encode(key.sign(body)).decode()}, body, AT)


@pytest.mark.parametrize("written", [RAW, PEM])
def test_the_right_one_is_taken_and_a_changed_body_is_not(written):
    proof = Ed25519(HEADER, [public_key_of(written)])
    proof.check(post())
    for forged in (
        replace(post(), body=BODY + b" "),
        replace(post(), headers={}),
        post(key=Ed25519PrivateKey.from_private_bytes(bytes(32))),
    ):
        with pytest.raises(NotAuthentic):
            proof.check(forged)


@given(value=st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_header_is_refused_and_nothing_else_happens(value):
    with pytest.raises(NotAuthentic):
        Ed25519(HEADER, [public_key_of(RAW)]).check(Posted({HEADER.lower(): value}, BODY, AT))


def test_a_key_that_is_none_is_a_mistake_of_the_settings():
    for text in ("", "nonsense", RAW[:-8], "-----BEGIN PUBLIC KEY-----\nAAAA\n"):
        with pytest.raises(ConfigurationError) as caught:
            public_key_of(text)
        assert text[:10] not in str(caught.value) or not text


def test_an_event_of_elation_comes_in_by_the_json_webhook(tmp_path):
    (tmp_path / "key").write_text(PEM)
    (tmp_path / "key").chmod(0o600)
    given = {
        "signature": {"scheme": "ed25519", "header": HEADER, "secret": {"file": "key"}},
        "table": "event",
    }  # fmt: skip
    hook = ADAPTER.webhook(
        ADAPTER.webhook_settings.model_validate(given), AdapterContext("elation", tmp_path)
    )
    [batch] = hook.receive(post()).batches
    assert batch.rows[0].data["event_id"] == 7
    with pytest.raises(NotAuthentic):
        hook.receive(replace(post(), body=BODY.replace(b"7", b"8")))

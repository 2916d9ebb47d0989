"""SMART Backend Services: discovery, the signed assertion, the token, scopes old and new, keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapters.fhir_r4 import ADAPTER
from connector.errors import ConfigurationError, RetryLater
from connector.http import Http, SmartBackend
from connector.http.signing_key import SigningKey, key_set, new_key
from connector.http.smart import scope_version
from connector.ports import AdapterContext

Make = Callable[..., Any]
KEY = new_key()


def _pem(key: Any) -> str:
    made = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return str(made.decode())


@pytest.fixture(scope="session")
def rsa_key() -> str:
    return _pem(rsa.generate_private_key(65_537, 2048))


def _token(answer: Make, value: str = "T1") -> bytes:
    given = {"access_token": value, "token_type": "bearer", "expires_in": 300}
    made: bytes = answer(200, json.dumps(given).encode())
    return made


def _discovery(answer: Make, server: Any = None, **more: Any) -> bytes:
    url = f"{server.url}/auth/token" if server else "http://127.0.0.1:1/token"
    made: bytes = answer(200, json.dumps({"token_endpoint": url, **more}).encode())
    return made


def _smart(server: Any, clock: Any, key: str = KEY, **options: Any) -> SmartBackend:
    return SmartBackend(
        f"{server.url}/fhir", "our-id", key, private_network=True, now=clock.now,
        sleep=clock.sleep, timer=clock.timer, **options,
    )  # fmt: skip


def _claims(pem: str, form: dict[str, list[str]], audience: str) -> dict[str, Any]:
    public = jwt.PyJWK(SigningKey(pem).public)
    [assertion] = form["client_assertion"]
    header = jwt.get_unverified_header(assertion)
    assert header["kid"] == SigningKey(pem).public["kid"] and header["typ"] == "JWT"
    made: dict[str, Any] = jwt.decode(
        assertion, public, algorithms=[header["alg"]], audience=audience,
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    return made


@pytest.mark.parametrize("kind", ["ES384", "RS384"])
def test_discovery_then_an_assertion_that_the_public_key_proves(
    counterpart: Make, answer: Make, clock: Any, rsa_key: str, kind: str
) -> None:
    server = counterpart()
    server.answers = [_discovery(answer, server), _token(answer)]
    pem = KEY if kind == "ES384" else rsa_key
    assert _smart(server, clock, pem).header(renew=False) == "Bearer T1"
    found, asked = server.seen
    assert (found.method, found.target) == ("GET", "/fhir/.well-known/smart-configuration")
    assert (asked.method, asked.target) == ("POST", "/auth/token")
    assert "authorization" not in found.headers and "authorization" not in asked.headers
    form = parse_qs(asked.body.decode())
    assert form["client_assertion_type"] == [
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ]
    claims = _claims(pem, form, f"{server.url}/auth/token")
    assert claims["iss"] == claims["sub"] == "our-id"
    assert 0 < claims["exp"] - clock.now().timestamp() <= 300
    assert claims["jti"]


def test_each_assertion_is_used_once(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(_token(answer))
    who = _smart(server, clock, token_url=f"{server.url}/t", scope="system/*.rs")
    who.header(renew=False)
    clock.sleep(200)
    assert who.header(renew=False) == "Bearer T1" and len(server.seen) == 1
    clock.sleep(50)  # within the last fifth of its life
    who.header(renew=False)
    ids = {_claims(KEY, parse_qs(one.body.decode()), f"{server.url}/t")["jti"]
           for one in server.seen}  # fmt: skip
    assert len(ids) == len(server.seen) == 2


def test_an_assertion_is_not_shown_again_to_a_server_that_failed(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server = counterpart()
    server.answers = [_discovery(answer, server), answer(503), answer(503)]
    with pytest.raises(RetryLater):
        _smart(server, clock).header(renew=False)
    assert [one.target for one in server.seen].count("/auth/token") == 1


def test_the_token_goes_to_the_fhir_server_alone(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    server, other = counterpart(), counterpart(answer(200, b"{}"))
    server.answers = [_discovery(answer, server), _token(answer), answer(200, b"{}")]
    with Http(f"{server.url}/fhir", private_network=True, authorization=_smart(server, clock),
              now=clock.now, sleep=clock.sleep, timer=clock.timer) as http:  # fmt: skip
        http.request("GET", "Patient")
        with pytest.raises(ConfigurationError, match="not sent there"):
            http.request("GET", f"{other.url}/fhir/Patient")
    assert server.seen[-1].headers["authorization"] == "Bearer T1"
    assert other.seen == []


def test_a_401_renews_the_token(counterpart: Make, answer: Make, clock: Any) -> None:
    server = counterpart(_token(answer), answer(401), _token(answer, "T2"), answer(200, b"{}"))
    who = _smart(server, clock, token_url=f"{server.url}/t", scope="system/*.rs")
    with Http(f"{server.url}/fhir", private_network=True, authorization=who, now=clock.now,
              sleep=clock.sleep, timer=clock.timer) as http:  # fmt: skip
        http.request("GET", "Patient")
    assert server.seen[-1].headers["authorization"] == "Bearer T2"


@pytest.mark.parametrize(
    ("capabilities", "scope"),
    [(["permission-v2"], "system/*.rs"), (["permission-v1", "permission-v2"], "system/*.rs"),
     (["permission-v1"], "system/*.read"), ([], "system/*.read"), ("odd", "system/*.read")],
)  # fmt: skip
def test_the_scope_is_written_as_the_server_knows_it(
    counterpart: Make, answer: Make, clock: Any, capabilities: Any, scope: str
) -> None:
    server = counterpart()
    server.answers = [_discovery(answer, server, capabilities=capabilities), _token(answer)]
    _smart(server, clock).header(renew=False)
    assert parse_qs(server.seen[1].body.decode())["scope"] == [scope]


@pytest.mark.parametrize(
    ("capability", "scope"),
    [("permission-v2", "system/Patient.read"), ("permission-v1", "system/Patient.rs")],
)
def test_a_scope_in_the_other_syntax_is_refused_here(
    counterpart: Make, answer: Make, clock: Any, capability: str, scope: str
) -> None:
    server = counterpart()
    server.answers = [_discovery(answer, server, capabilities=[capability]), _token(answer)]
    with pytest.raises(ConfigurationError) as caught:
        _smart(server, clock, scope=scope).header(renew=False)
    assert caught.value.code == "scope_refused" and len(server.seen) == 1


def test_scopes_of_both_versions_are_told_apart() -> None:
    assert [scope_version(one) for one in (
        "system/*.read", "system/Claim.*", "system/*.rs", "system/Claim.cruds?x=1", "openid",
        "system/Claim.sure",
    )] == [1, 1, 2, 2, 0, 0]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [(lambda a: a(404), "smart_not_offered"), (lambda a: a(200, b"[]"), "smart_not_offered"),
     (lambda a: a(200, b"{}"), "smart_not_offered"),
     (lambda a: a(200, json.dumps({"token_endpoint": "https://169.254.169.254/x"}).encode()),
      "address_refused"),
     (lambda a: a(200, json.dumps({"token_endpoint": "http://u:p@x.example/"}).encode()),
      "url_refused"),
     (lambda a: a(200, json.dumps({"token_endpoint_auth_signing_alg_values_supported": ["RS384"],
                                   "token_endpoint": "https://x.example/t"}).encode()),
      "key_unusable")],
)  # fmt: skip
def test_a_configuration_that_can_not_be_used(
    counterpart: Make, answer: Make, clock: Any, given: Make, code: str
) -> None:
    server = counterpart(given(answer))
    with pytest.raises(ConfigurationError) as caught:
        _smart(server, clock).header(renew=False)
    assert caught.value.code == code
    assert "u:p" not in str(caught.value)


def test_a_refusal_names_the_reason_and_nothing_else(
    counterpart: Make, answer: Make, clock: Any
) -> None:
    body = json.dumps({"error": "invalid_client", "error_description": "CANARY"}).encode()
    server = counterpart(answer(400, body))
    who = _smart(server, clock, token_url=f"{server.url}/t", scope="system/*.rs")
    with pytest.raises(ConfigurationError, match="invalid_client") as caught:
        who.header(renew=False)
    assert caught.value.code == "token_refused" and "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [lambda: "nothing", lambda: _pem(rsa.generate_private_key(65_537, 1024)),
     lambda: _pem(ec.generate_private_key(ec.SECP256R1()))],
)  # fmt: skip
def test_keys_that_are_too_weak_or_none(make: Callable[[], str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SigningKey(make())
    assert caught.value.code == "key_unusable"


def test_published_keys_hold_no_private_part(rsa_key: str) -> None:
    found = key_set([KEY, rsa_key])["keys"]
    assert [one["alg"] for one in found] == ["ES384", "RS384"]
    assert len({one["kid"] for one in found}) == 2
    for one in found:
        assert not set(one) & {"d", "p", "q", "dp", "dq", "qi", "k"}
        jwt.PyJWK(one)


def test_the_fhir_adapter_signs_in_so(
    counterpart: Make, answer: Make, clock: Any, tmp_path: Any
) -> None:
    key = tmp_path / "smart.pem"
    key.write_text(KEY)
    key.chmod(0o600)
    server = counterpart()
    server.answers = [_discovery(answer, server), _token(answer), answer(200, b"{}")]
    assert ADAPTER.destination_settings is not None and ADAPTER.destination is not None
    settings = ADAPTER.destination_settings.model_validate(
        {"base_url": f"{server.url}/fhir", "private_network": True, "patient_source": "ehr",
         "authorization": {"smart": {"client_id": "our-id", "key": {"file": "smart.pem"}}}}
    )  # fmt: skip
    chart: Any = ADAPTER.destination(settings, AdapterContext("chart", tmp_path, now=clock.now))
    with chart._server.open() as http:
        http.request("GET", "metadata")
    assert parse_qs(server.seen[1].body.decode())["scope"] == ["system/*.read system/*.write"]
    assert server.seen[2].headers["authorization"] == "Bearer T1"

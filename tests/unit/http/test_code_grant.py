"""A sign-in in the browser: the RFC's own example, and whatever comes back to our address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import ConfigurationError
from connector.http.code_grant import CodeGrant

BACK = "http://127.0.0.1:8765/signed-in"


def grant(**more: str) -> CodeGrant:
    return CodeGrant("https://login.example/auth", "our-id", BACK, "a:read b:read", **more)  # type: ignore[arg-type]


def test_the_challenge_is_that_of_the_rfcs_example() -> None:
    """RFC 7636, appendix B."""
    waiting = grant(verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    asked = parse_qs(urlsplit(waiting.address).query)
    assert asked["code_challenge"] == ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]
    assert asked["scope"] == ["a:read b:read"] and asked["redirect_uri"] == [BACK]


def test_two_sign_ins_share_nothing_and_show_no_secret() -> None:
    one, other = grant(), grant()
    assert one.state != other.state and one.verifier != other.verifier
    assert 43 <= len(one.verifier) <= 128  # RFC 7636, 4.1
    assert one.verifier not in repr(one) + one.address and one.state not in repr(one)


def test_the_code_goes_to_the_token_server_with_the_verifier() -> None:
    waiting = grant()
    form = waiting.form(f"{BACK}?{urlencode({'code': 'c+/1', 'state': waiting.state})}\n")
    assert form == {
        "grant_type": "authorization_code", "code": "c+/1", "redirect_uri": BACK,
        "client_id": "our-id", "code_verifier": waiting.verifier,
    }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.booleans(), st.text(max_size=12), st.text(max_size=12))
def test_whatever_comes_back_is_the_code_or_a_refusal(
    start: str, ours: bool, code: str, error: str
) -> None:
    waiting = grant(state="s" * 40)
    state = waiting.state if ours else error
    query = urlencode({"state": state, "code": code, "error": error}, errors="replace")
    try:
        form = waiting.form(f"{start.replace('?', '').replace('#', '')}?{query}")
    except ConfigurationError as fault:
        assert fault.code in ("other_sign_in", "sign_in_refused")
        return
    assert ours and form["code"] == code.encode(errors="replace").decode()


@pytest.mark.parametrize("returned", ["", "?", "http://[", "\x00", "http://x/?state=%ff&code=1"])
def test_what_is_no_answer_is_refused(returned: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        grant().form(returned)
    assert refused.value.code == "other_sign_in"

"""HTTP Message Signatures: the example of RFC 9421, what is refused, and that nothing breaks it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.healthie.fake import SECRET, signed
from connector.errors import NotAuthentic
from connector.ports import Posted
from connector.signatures.http_message import HttpMessage

URL = "https://connector.example/webhooks/healthie"
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BODY = b'{"resource_id": "1"}'
RFC_KEY = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)


def post(body=BODY, at=AT, url=URL, secret=SECRET, **headers):
    return Posted({**signed(body, url, at, secret), **headers}, body, at)


def proof(*secrets, url=URL):
    return HttpMessage([s.encode() for s in secrets or (SECRET,)], 300, url)


def code_of(request, how=None):
    with pytest.raises(NotAuthentic) as caught:
        (how or proof()).check(request)
    return caught.value.code


def test_the_example_of_the_rfc_has_the_signature_that_the_rfc_says(monkeypatch):
    """RFC 9421, B.2.5. It covers no digest of the body, which is asked for here besides."""
    from connector.signatures import http_message

    monkeypatch.setattr(http_message, "_check_digest", lambda posted: None)
    stated = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
    headers = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT", "content-type": "application/json",
        "signature-input": f"sig-b25={stated}",
        "signature": "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    }  # fmt: skip
    request = Posted(headers, b"", datetime.fromtimestamp(1618884480, UTC))
    [given] = http_message._signatures(headers["signature"]).values()
    [known] = http_message._inputs(headers["signature-input"]).values()
    how = HttpMessage([RFC_KEY], 300, "https://example.com/foo?param=Value&Pet=dog")
    covering = replace(known, components=(*known.components, "content-digest"))
    assert not how._matches(
        covering, given, replace(request, headers={**headers, "content-digest": "x"})
    )
    assert code_of(request, how) == "signature_covers_too_little"
    monkeypatch.setattr(http_message, "_MUST_COVER", "date")
    how.check(request)


def test_a_fresh_and_right_one_is_taken():
    proof().check(post())
    proof("another-secret-of-16", SECRET).check(post())


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_time_that_is_not_near_is_refused(seconds):
    request = replace(post(), at=AT + timedelta(seconds=seconds))
    assert code_of(request) in ("signature_expired", "signature_of_the_future")


def test_what_was_changed_on_the_way_is_refused():
    assert code_of(replace(post(), body=BODY.replace(b"1", b"2"))) == "digest_wrong"
    other = b'{"resource_id": "2"}'
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(other).digest()).decode()}:"
    assert code_of(replace(post(**{"content-digest": digest}), body=other)) == "signature_wrong"
    assert code_of(post(**{"content-type": "text/plain"})) == "signature_wrong"
    assert code_of(post(url="https://connector.example/webhooks/other")) == "signature_wrong"
    assert code_of(post(secret="somebody-elses-secret")) == "signature_wrong"
    moved = post().headers["signature-input"].replace("created=1", "created=2")
    assert code_of(post(**{"signature-input": moved})) == "signature_wrong"


@pytest.mark.parametrize(
    "missing", ["signature", "signature-input", "content-digest", "content-type"]
)
def test_without_a_part_it_is_not_signed(missing):
    headers = {k: v for k, v in post().headers.items() if k != missing}
    assert code_of(replace(post(), headers=headers)) == "signature_missing"


@pytest.mark.parametrize(
    "stated",
    [
        'sig1=("@method");created=1',
        'sig1=("content-digest" "content-digest");created=1',
        'sig1=("content-digest");alg="rsa-pss-sha512";created=1',
        'sig1=("content-digest" "@nonsense");created=1',
        'sig1=("content-digest")',
        "sig1=()",
        "sig1",
        'sig1=("content-digest"',
        'sig1=("content-digest");created=1,',
        'sig1=("content-digest");created=1,sig1=("content-digest");created=1',
        ", ".join(f'sig{n}=("content-digest");created=1' for n in range(9)),
    ],
)
def test_what_covers_too_little_or_can_not_be_read_is_refused(stated):
    code_of(post(**{"signature-input": stated}))


def test_an_address_that_is_covered_must_be_known():
    assert code_of(post(), proof(url=None)) == "signature_unreadable"


@given(
    name=st.sampled_from(["signature", "signature-input", "content-digest", "content-type"]),
    value=st.text(max_size=80) | st.text('sig1=("content-dgt);:,.abAB09+/ @', max_size=80),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_header_is_taken_or_refused_and_nothing_else_happens(name, value):
    request = post(**{name: value})
    if value != post().headers[name]:
        code_of(request)

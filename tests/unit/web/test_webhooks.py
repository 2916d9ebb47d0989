"""What a sender is told: exact status and sentence for each thing it can do, and never a 5xx."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, run_wsgi_app

from connector.errors import ConfigurationError, RetryLater
from connector.web.factory import create_app
from connector.web.webhooks import KEPT_AN_HOUR
from tests.unit.adapters import signed_requests as signed

URL = "/webhooks/forms"
NOTHING_HERE = {
    "status": "refused", "code": "unknown_source", "message": "nothing is received at this address"
}  # fmt: skip


class Inbox:
    """Stands in for the engine's store: keeps pages, or fails as it is told."""

    def __init__(self):
        self.pages = []
        self.failure = None

    def store(self, source, page):
        if self.failure is not None:
            raise self.failure
        self.pages.append((source, page))
        return 1

    @property
    def rows(self):
        return [r.data for _, page in self.pages for b in page.batches for r in b.rows]

    @property
    def faults(self):
        return [fault for _, page in self.pages for fault in page.faults]


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def application(inbox, tmp_path):
    hooks = {
        "forms": signed.webhook(tmp_path, {**signed.STANDARD, "max_bytes": 5000}),
        "open": signed.webhook(tmp_path, signed.UNSIGNED, "open"),
        "stamped": signed.webhook(tmp_path, signed.STAMPED, "stamped"),
    }
    return create_app(None, None, "the-token", webhooks=hooks, store_page=inbox.store)


@pytest.fixture
def client(application):
    return application.test_client()


def now(off=0):
    return str(int(datetime.now(UTC).timestamp()) + off)


def send(client, body=signed.BODY, headers=None, url=URL):
    headers = signed.standard(body, stamp=now()) if headers is None else headers
    length = {"CONTENT_LENGTH": str(len(body))}
    return client.post(url, data=body, headers=headers, environ_overrides=length)


def refusal(answer):
    said = json.loads(answer.data)
    assert said.pop("status") == "refused"
    assert answer.mimetype == "application/json"
    return answer.status_code, said["code"], said["message"]


def test_an_event_is_stored_and_then_accepted(client, inbox):
    answer = send(client)
    assert (answer.status_code, answer.get_json()) == (202, {"status": "accepted"})
    assert inbox.rows == [signed.EVENT]
    [(source, page)] = inbox.pages
    assert source == "forms"
    assert datetime.now(UTC) - page.batches[0].as_of < timedelta(minutes=5)


def test_a_duplicate_is_accepted_again_under_the_same_key(client, inbox):
    assert [send(client).status_code for _ in range(3)] == [202, 202, 202]
    assert len({page.batches[0].key for _, page in inbox.pages}) == 1


def test_a_replay_is_the_same_event_within_the_tolerance_and_refused_after_it(client, inbox):
    recorded = signed.standard(stamp=now(-250))
    assert send(client, headers=recorded).status_code == 202
    assert send(client, headers=recorded).status_code == 202
    assert len({page.batches[0].key for _, page in inbox.pages}) == 1
    old = signed.standard(stamp=now(-400))
    assert refusal(send(client, headers=old)) == (
        401, "signature_expired",
        "the request was signed more than 300 seconds ago: it is an old one sent again, or a clock "
        "is wrong",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "signature_missing"),
        (signed.standard(key=b"x" * 32), "signature_wrong"),
        (signed.standard(stamp="1"), "signature_expired"),
        (signed.standard(stamp="9" * 11), "signature_of_the_future"),
        (signed.standard(id="\u00e9"), "signature_unreadable"),
        ({**signed.standard(), "webhook-signature": "no comma"}, "signature_wrong"),
        ({**signed.standard(), "webhook-timestamp": "soon"}, "signature_unreadable"),
    ],
)
def test_who_proves_nothing_gets_401_and_leaves_nothing(client, inbox, headers, code):
    answer = send(client, headers=headers)
    status, said, sentence = refusal(answer)
    assert (status, said) == (401, code)
    assert sentence
    assert inbox.pages == []


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_comes_twice_is_refused(client, inbox, name):
    headers = signed.standard(stamp=now())
    twice = [*headers.items(), (name, headers[name])]
    assert refusal(send(client, headers=twice))[0] == 401
    assert inbox.pages == []


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (b'{"name": "Zo\xeb"}', "not_utf8", "the body can't be read: not UTF-8 text"),
        (b"", "empty_body", "the body can't be read: empty; a JSON object was expected"),
        (b"{", "bad_json", "the body can't be read: not valid JSON at line 1, column 2"),
        (b"[]", "not_an_object",
         "the body can't be read: a JSON object was expected, not a list"),
        (b'{"event_id": {}}', "wrong_event_id", "event_id: an event id must be text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", [URL, "/webhooks/open"])
def test_what_can_not_be_read_gets_400_with_the_reason(client, inbox, url, body, code, sentence):
    answer = send(client, body, url=url)
    assert refusal(answer) == (400, code, sentence)
    assert b"Zo" not in answer.data
    assert inbox.rows == []
    kept = [(fault.error.code, fault.excerpt, fault.origin) for fault in inbox.faults]
    assert kept == ([(code, body, URL)] if url == URL else []), "only of a proven sender"


def test_unreadable_requests_are_kept_once_and_only_so_many(client, inbox):
    for _ in range(3):
        assert send(client, b"[]").status_code == 400
    assert len({fault.key for fault in inbox.faults}) == 1
    assert len({fault.key for fault in inbox.faults} | {signed.BODY}) == 2
    for number in range(KEPT_AN_HOUR):
        assert send(client, b"[%d]" % number).status_code == 400
    assert len(inbox.faults) == KEPT_AN_HOUR
    assert send(client).status_code == 202, "what can be read is taken all the same"
    assert send(client, b"[" * 4000).status_code == 400


def test_an_excerpt_is_only_an_excerpt(client, inbox):
    send(client, b"[" + b" " * 4000)
    assert [len(fault.excerpt) for fault in inbox.faults] == [2000]


@pytest.mark.parametrize(
    "name", ["nobody", "form", "forms%00", "%F0%9F%98%80", "a" * 1000, "..", "", "forms/"]
)
def test_an_unknown_source_says_the_same_for_every_name(client, inbox, name):
    answer = send(client, url=f"/webhooks/{name}")
    assert (answer.status_code, answer.get_json()) == (404, NOTHING_HERE)
    assert inbox.pages == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_post_is_answered(client, method):
    answer = client.open(URL, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert method == "HEAD" or refusal(answer)[1] == "method_not_allowed"


class TestSize:
    sentence = "the body is larger than the 5000 bytes allowed"

    def test_too_large_by_its_own_word(self, client, inbox):
        assert refusal(send(client, b"x" * 5001)) == (413, "too_large", self.sentence)
        assert inbox.pages == []

    @pytest.mark.parametrize("size", [5001, 5002, 20_000])
    def test_too_large_without_saying_so(self, client, size):
        body = b"x" * size
        answer = client.post(
            URL, input_stream=io.BytesIO(body), headers=signed.standard(body, stamp=now()),
            environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
        )  # fmt: skip
        assert refusal(answer) == (413, "too_large", self.sentence)

    def test_chunked_and_small_enough(self, client, inbox):
        answer = client.post(
            URL, input_stream=io.BytesIO(signed.BODY), headers=signed.standard(stamp=now()),
            environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
        )  # fmt: skip
        assert answer.status_code == 202
        assert inbox.rows == [signed.EVENT]

    def test_each_source_has_its_own_limit(self, client, inbox):
        large = json.dumps({"event_id": "e", "text": "x" * 900_000}).encode()
        assert send(client, large, url="/webhooks/open").status_code == 202
        assert send(client, b"x" * 1_000_001, url="/webhooks/open").status_code == 413

    def test_no_length_at_all(self, application):
        environ = EnvironBuilder(path=URL, method="POST", data=signed.BODY).get_environ()
        del environ["CONTENT_LENGTH"]
        said, status, _ = run_wsgi_app(application, environ)
        assert status == "411 LENGTH REQUIRED"
        assert b"the request must say its Content-Length" in b"".join(said)

    @pytest.mark.parametrize("terminated", [True, False])
    def test_a_body_that_ends_before_its_length(self, client, inbox, terminated):
        answer = client.post(
            "/webhooks/open", input_stream=io.BytesIO(signed.BODY),
            environ_overrides={
                "CONTENT_LENGTH": str(len(signed.BODY) + 5), "wsgi.input_terminated": terminated
            },
        )  # fmt: skip
        assert refusal(answer)[:2] == (400, "body_cut_off")
        assert inbox.pages == []

    def test_a_body_that_the_server_can_not_read(self, client):
        class Broken(io.BytesIO):
            def read(self, *_):
                raise RuntimeError("chunk size 0x5")

            readinto = readline = read

        answer = client.post(
            URL, input_stream=Broken(b""),
            environ_overrides={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
        )  # fmt: skip
        assert refusal(answer)[:2] == (400, "body_cut_off")


class TestStorage:
    def test_a_full_disk_asks_to_come_again(self, client, inbox):
        inbox.failure = RetryLater("disk_full", "the disk is full")
        answer = send(client)
        assert refusal(answer) == (
            503,
            "try_again_later",
            "it could not be stored now; send it again later",
        )
        assert answer.headers["Retry-After"] == "30"
        inbox.failure = None
        assert send(client).status_code == 202

    @pytest.mark.parametrize(("seconds", "said"), [(900, 900), (-5, 1), (1e6, 3600)])
    def test_it_says_when_where_that_is_known(self, client, inbox, seconds, said):
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        inbox.failure = RetryLater("busy", "busy", until=until)
        assert said - 60 <= int(send(client).headers["Retry-After"]) <= said

    def test_a_fault_of_ours_is_no_refusal(self, client, inbox):
        inbox.failure = ConfigurationError("keys_missing", "no keys")
        assert send(client).status_code == 503

    def test_an_unreadable_one_that_can_not_be_kept_comes_again(self, client, inbox):
        inbox.failure = RetryLater("disk_full", "the disk is full")
        assert send(client, b"[]").status_code == 503
        assert send(client, b"[]", url="/webhooks/open").status_code == 400


def test_every_answer_keeps_the_strict_headers_and_sets_no_cookie(client):
    answers = [send(client), send(client, headers={}), send(client, url="/webhooks/x")]
    for answer in answers:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_no_sign_in_is_asked_and_none_is_given(client, application):
    assert send(client).status_code == 202
    assert client.get("/").status_code == 401
    client.set_cookie("connector_session", "guess")
    assert send(client).status_code == 202


def test_the_log_knows_source_code_and_count_and_nothing_else(client, caplog):
    caplog.set_level(logging.DEBUG)
    for _ in range(5):
        send(client, headers=signed.standard(key=b"x" * 32, id="msg-Zoe"))
    send(client, b'["Zoe"]')
    send(client, url="/webhooks/Zoe")
    assert [record.getMessage() for record in caplog.records] == [
        "webhook source forms: 1 refused (signature_wrong)",
        "webhook source forms: 1 refused (not_an_object)",
    ]


def test_the_log_counts_what_it_did_not_tell(client, caplog, monkeypatch):
    clock = {"now": 100.0}
    still = SimpleNamespace(monotonic=lambda: clock["now"])
    monkeypatch.setattr("connector.web.webhooks.time", still)
    for _ in range(4):
        send(client, headers={})
    clock["now"] += 61
    send(client, headers={})
    assert [record.getMessage() for record in caplog.records] == [
        "webhook source forms: 1 refused (signature_missing)",
        "webhook source forms: 4 refused (signature_missing)",
    ]


@pytest.mark.parametrize(
    "parts", [{}, {"webhooks": {}}, {"store_page": lambda source, page: 1}]
)  # fmt: skip
def test_a_site_without_webhooks_answers_nothing_there(parts):
    client = create_app(None, None, "the-token", **parts).test_client()
    assert client.post(URL, data=b"{}").status_code == 401


_NAMES = st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-type"])
_VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    headers=st.dictionaries(_NAMES, _VALUES, max_size=4),
    body=st.binary(max_size=50) | st.just(signed.BODY),
    url=st.sampled_from([URL, "/webhooks/open", "/webhooks/stamped", "/webhooks/other"]),
)
def test_nothing_that_is_sent_causes_a_5xx(fuzzed, headers, body, url):
    answer = fuzzed.post(url, data=body, headers=headers)
    assert answer.status_code in (202, 400, 401, 404, 411, 413)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    home = tmp_path_factory.mktemp("fuzzed")
    hooks = {
        "forms": signed.webhook(home),
        "open": signed.webhook(home, signed.UNSIGNED),
        "stamped": signed.webhook(home, signed.STAMPED),
    }
    return create_app(
        None, None, "the-token", webhooks=hooks, store_page=lambda source, page: 1
    ).test_client()

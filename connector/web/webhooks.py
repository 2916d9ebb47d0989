"""``POST /webhooks/<source>``: what counterparts send is stored, then acknowledged.

No sign-in and no cookies here: the adapter's proof of the sender stands in their place. Whatever
is sent, the answer is 202 or one of 400, 401, 404, 405, 411, 413. Only 503 with Retry-After is
ours: nothing can be stored now.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from connector.errors import ConnectorError, InvalidRecord, NotAuthentic, RetryLater
from connector.ports import Posted, RawFault, RawPage, Webhook

PREFIX = "/webhooks/"
KEPT_AN_HOUR = 100
"""Unreadable requests of one proven sender that go to quarantine; the rest are only refused."""

_log = logging.getLogger("connector.webhooks")
_ACCEPTED = b'{"status": "accepted"}\n'
_JSON = "application/json"
_RETRY_SECONDS = 30
_LONGEST_RETRY_SECONDS = 3600
_EXCERPT_BYTES = 2000
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")

Store = Callable[[str, RawPage], int]


class _Refused(Exception):
    """The answer for a request that is not taken, before its adapter has seen it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.answer = _refusal(status, code, message)
        self.code = code


def webhooks(hooks: Mapping[str, Webhook], store: Store) -> Blueprint:
    """The addresses of the sources that are posted to.

    ``store`` returns after the commit and raises ConnectorError; until then nothing is
    acknowledged. What a proven sender posts and can't be read goes to quarantine too: the practice
    must learn of a form that did not arrive.
    """
    blueprint = Blueprint("webhooks", __name__)
    intake = _Intake(hooks, store)

    @blueprint.post(PREFIX + "<source>", provide_automatic_options=False)
    @blueprint.post(PREFIX + "<source>/<secret>", provide_automatic_options=False)
    def receive(source: str, secret: str = "") -> Response:
        return intake.receive(source, secret)

    @blueprint.app_errorhandler(404)
    @blueprint.app_errorhandler(405)
    def refuse(fault: HTTPException) -> ResponseReturnValue:
        if not request.path.startswith(PREFIX):
            return fault
        if fault.code == 405:
            answer = _refusal(405, "method_not_allowed", "only POST is answered here")
            answer.headers["Allow"] = "POST"
            return answer
        return _unknown_source()

    return blueprint


class _Intake:
    def __init__(self, hooks: Mapping[str, Webhook], store: Store) -> None:
        self._hooks = hooks
        self._store = store
        self._refusals = _Tally(60, logging.WARNING, "refused")
        # On a full disk, a line for each request would only keep it full.
        self._not_stored = _Tally(60, logging.ERROR, "could not be stored")
        self._kept = _Quota(KEPT_AN_HOUR, seconds=3600)

    def receive(self, source: str, secret: str = "") -> Response:
        """The answer to one request; ``secret`` is what followed the source in its address."""
        hook = self._hooks.get(source)
        if hook is None:
            return _unknown_source()
        try:
            posted = Posted(_headers(), _body(hook.max_bytes), datetime.now(UTC), secret)
        except _Refused as fault:
            self._refusals.add(source, fault.code)
            return fault.answer
        try:
            page = hook.receive(posted)
        except NotAuthentic as fault:
            self._refusals.add(source, fault.code)
            return _refusal(401, fault.code, fault.message)
        except InvalidRecord as fault:
            self._refusals.add(source, fault.code)
            keep = hook.signed and self._kept.take(source)
            refused = _refusal(400, fault.code, _with_choices(fault))
            return (
                self._stored(source, _faulty(source, posted, fault), refused) if keep else refused
            )
        return self._stored(source, page, _accepted())

    def _stored(self, source: str, page: RawPage, answer: Response) -> Response:
        """``answer``, once the page is on disk; else the one that says to come again."""
        try:
            self._store(source, page)
        except ConnectorError as fault:
            self._not_stored.add(source, fault.code)
            return _come_again(fault)
        return answer


def _headers() -> dict[str, str]:
    """The request's headers; read from the WSGI environment, which is cheapest."""
    found = {
        name[5:].replace("_", "-").lower(): value
        for name, value in request.environ.items()
        if name.startswith("HTTP_")
    }
    for name in _WITHOUT_PREFIX:
        if value := request.environ.get(name):
            found[name.replace("_", "-").lower()] = value
    return found


def _body(most: int) -> bytes:
    # One more, because a body without a length is silently cut at the limit.
    request.max_content_length = most + 1
    length = request.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" not in request.environ:
        raise _Refused(411, "length_required", "the request must say its Content-Length")
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(most) from None
    except Exception:  # noqa: BLE001 - each server has errors of its own for a broken body
        raise _cut_off() from None
    if len(body) > most:
        raise _too_large(most)
    if length is not None and len(body) < length:
        raise _cut_off()
    return body


def _too_large(most: int) -> _Refused:
    return _Refused(413, "too_large", f"the body is larger than the {most} bytes allowed")


def _cut_off() -> _Refused:
    return _Refused(400, "body_cut_off", "the body ended before it was complete, or was malformed")


def _faulty(source: str, posted: Posted, fault: InvalidRecord) -> RawPage:
    """The page that puts an unreadable request into quarantine, once however often it comes."""
    key = hashlib.sha256(b"%s\x1f%s" % (source.encode(), posted.body)).hexdigest()
    excerpt = posted.body[:_EXCERPT_BYTES]
    return RawPage(faults=(RawFault(key, PREFIX + source, fault, excerpt),))


def _with_choices(fault: InvalidRecord) -> str:
    """The sentence without the source value: an answer never repeats what was sent."""
    allowed = f". Valid values: {', '.join(fault.allowed)}" if fault.allowed else ""
    return fault.message + allowed


def _accepted() -> Response:
    return Response(_ACCEPTED, 202, mimetype=_JSON)


def _unknown_source() -> Response:
    return _refusal(404, "unknown_source", "nothing is received at this address")


def _refusal(status: int, code: str, message: str) -> Response:
    body = json.dumps({"status": "refused", "code": code, "message": message}) + "\n"
    return Response(body, status, mimetype=_JSON)


def _come_again(fault: ConnectorError) -> Response:
    seconds = _RETRY_SECONDS
    if isinstance(fault, RetryLater) and fault.until is not None:
        seconds = math.ceil((fault.until - datetime.now(UTC)).total_seconds())
    answer = _refusal(503, "try_again_later", "it could not be stored now; send it again later")
    answer.headers["Retry-After"] = str(min(max(seconds, 1), _LONGEST_RETRY_SECONDS))
    return answer


class _Tally:
    """Counts what became of requests; tells each source and code once in so many seconds."""

    def __init__(self, seconds: float, level: int, what: str) -> None:
        self._seconds = seconds
        self._level = level
        self._what = what
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], int] = {}
        self._told: dict[tuple[str, str], float] = {}

    def add(self, source: str, code: str) -> None:
        """One more."""
        now, what = time.monotonic(), (source, code)
        with self._lock:
            count = self._counts.get(what, 0) + 1
            told = self._told.get(what)
            due = told is None or now - told >= self._seconds
            self._counts[what] = 0 if due else count
            if due:
                self._told[what] = now
        if due:
            _log.log(self._level, "webhook source %s: %d %s (%s)", source, count, self._what, code)


class _Quota:
    """So many of each source in so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._taken: dict[str, tuple[float, int]] = {}

    def take(self, source: str) -> bool:
        """Whether one more may be had now."""
        now = time.monotonic()
        with self._lock:
            since, taken = self._taken.get(source, (now, 0))
            if now - since >= self._seconds:
                since, taken = now, 0
            self._taken[source] = (since, taken + 1)
            return taken < self._most

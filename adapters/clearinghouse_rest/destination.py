"""Sends reviews and attachments once, and asks by our reference where nobody knows if one arrived.

The service honours no idempotency key: a review is looked up by our reference before it is created.
Attachments can't be looked up; what perhaps arrived, a person must ask about.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from adapters.clearinghouse_rest.attachment import attachment_request
from adapters.clearinghouse_rest.decisions import answer_page
from adapters.clearinghouse_rest.line import REVIEWS, Clearinghouse, id_of
from adapters.clearinghouse_rest.review import request_of, service_review
from adapters.clearinghouse_rest.settings import ClearinghouseSettings
from connector.errors import AwaitsPerson, ConnectorError, Rejected, RetryLater
from connector.http import NotFound
from connector.polling.found import listed
from connector.ports import AdapterContext, Answered, Outgoing, Receipt

_CANCEL, _INITIAL = "3", "I"
_TURNS = tuple(threading.Lock() for _ in range(32))
_REFUSED = ("AV_REJECTED", "PY_REJECTED", "REJECTED")


class ClearinghouseDestination:
    """A clearinghouse as a destination. May be used by several threads at once."""

    def __init__(
        self,
        settings: ClearinghouseSettings,
        context: AdapterContext,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._now = settings, context.now
        self.asked_every = timedelta(minutes=settings.ask_minutes)
        self._service = Clearinghouse(settings, context, sleep)

    @property
    def settle_seconds(self) -> int:
        """So long the receiver may be at work on what it was sent."""
        return self._settings.settle_seconds

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Submits it. Raises RetryLater ("answer_lost" where it may have arrived), Rejected,
        ConfigurationError.
        """
        try:
            if _is_attachment(outgoing):
                return self._attach(outgoing)
            return self._review(outgoing)
        except RetryLater as fault:
            if fault.code == "answer_lost":
                settled = self._now() + timedelta(seconds=self._settings.settle_seconds)
                fault.until = max(settled, fault.until or settled)
            raise

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt, if the service has a review of our reference.

        Raises AwaitsPerson for an attachment that may have arrived.
        """
        if not outgoing.unsure:
            return None
        if _is_attachment(outgoing):
            raise AwaitsPerson(
                "arrival_unknown",
                f"{self._service.host} may have taken the attachment, and no program can ask about "
                "it; look it up there by the request's reference, and say what you find",
            )
        case = request_of(outgoing.content)
        found = self._looked_up(case, unsure=True)
        return None if found is None else self._receipt(outgoing, case, found)

    def inquire(self, outgoing: Outgoing) -> Answered | None:
        """What the service says of a review that it has; None where it says nothing yet.

        Raises AwaitsPerson where it knows nothing of what it took.
        """
        if _is_attachment(outgoing):
            return None
        case = request_of(outgoing.content)
        found = self._looked_up(case)
        if found is None:
            raise AwaitsPerson(
                "review_gone",
                f"{self._service.host} took a request and has no review of its reference any "
                "more; ask there, or call the payer",
            )
        return self._receipt(outgoing, case, found).answer

    def close(self) -> None:
        """Closes all connections."""
        self._service.close()

    def _review(self, outgoing: Outgoing) -> Receipt:
        case = request_of(outgoing.content)
        kind = _certification(case)
        if kind == _CANCEL:
            raise Rejected(
                "cancel_by_hand",
                "a cancellation is not sent this way: the authorization's number would have to "
                "stand in an address. Cancel it in the portal, or call the payer",
            )
        with _turn(case):
            found = self._looked_up(case, unsure=outgoing.unsure)
            if found is not None:
                return self._receipt(outgoing, case, found)
            method = "POST" if kind == _INITIAL else "PUT"
            id = self._service.submit(method, REVIEWS, service_review(case))
        return self._receipt(outgoing, case, {**self._became(f"{REVIEWS}/{id}"), "id": id})

    def _looked_up(
        self, case: Mapping[str, Any], *, unsure: bool = False
    ) -> Mapping[str, Any] | None:
        """Our review by our reference; no name, number or birth date goes into an address.

        A look-up that is answered 404 finds nothing; ``unsure``: that is not certain enough to
        send again what may have arrived.
        """
        reference = case.get("reference")
        payer = (case.get("payer") or {}).get("id", "")
        query = {"payer.id": str(payer), "referenceNumber": str(reference)}
        try:
            found = self._found(query)
        except NotFound:
            if not unsure:
                return None
            raise AwaitsPerson(
                "arrival_unknown",
                f"{self._service.host} may have taken the request, and our inquiry about it is not "
                "found there (404); look it up there by its reference, and say what you find",
            ) from None
        mine = [one for one in found if one.get("referenceNumber") == reference]
        if len(mine) > 1:
            raise AwaitsPerson(
                "arrival_unknown",
                f"{self._service.host} has {len(mine)} reviews of one reference of ours; look "
                "which one counts, and have the others voided",
            )
        return mine[0] if mine else None

    def _found(self, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        answer = self._service.get(REVIEWS, query)
        if answer is None:
            raise RetryLater(
                "inquiry_pending", f"{self._service.host} has not answered the inquiry yet"
            )
        answer = answer if isinstance(answer, dict) else {}
        if "serviceReviews" not in answer and "id" in answer:
            return [answer]
        empty: list[Any] | None = [] if answer.get("totalCount") == 0 else None
        # Anything else says nothing of what is there: taken for "none", it would be sent twice.
        return [
            one
            for one in listed(answer.get("serviceReviews", empty), self._service.host, "reviews")
            if isinstance(one, dict)
        ]

    def _receipt(
        self, outgoing: Outgoing, case: Mapping[str, Any], review: Mapping[str, Any]
    ) -> Receipt:
        answer = None
        if self._settings.answers_to is not None:
            page = answer_page(review, str(case.get("reference")), self._now())
            answer = Answered(self._settings.answers_to, page) if page is not None else None
        return Receipt(outgoing.key, id_of(review), answer)

    def _attach(self, outgoing: Outgoing) -> Receipt:
        path = self._settings.attachments_path
        id = self._service.submit("POST", path, attachment_request(outgoing.content))
        state = self._became(f"{path}/{id}").get("status")
        if state in _REFUSED:
            who = "the payer" if state == "PY_REJECTED" else self._service.host
            raise Rejected("attachment_refused", f"{who} refuses the attachment ({state})")
        return Receipt(outgoing.key, id)

    def _became(self, path: str) -> Mapping[str, Any]:
        """What is said of something that was just taken; nothing where that can't be had now.

        It is there. Whatever goes wrong with asking, a fault here would have it sent again.
        """
        try:
            found = self._service.get(path)
        except ConnectorError:
            return {}
        return found if isinstance(found, dict) else {}


def _turn(case: Mapping[str, Any]) -> threading.Lock:
    """One at a time looks whether a reference is there, and creates it."""
    return _TURNS[hash(case.get("reference")) % len(_TURNS)]


def _is_attachment(outgoing: Outgoing) -> bool:
    return outgoing.labels.get("kind") == "attachment"


def _certification(case: Mapping[str, Any]) -> str:
    return str((case.get("event") or {}).get("certification", _INITIAL))

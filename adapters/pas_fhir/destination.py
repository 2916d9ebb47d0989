"""Sends a request once: ``$submit``, and ``$inquire`` where nobody knows whether it arrived.

A request is never sent blindly a second time. What the payer certainly refused (4xx) goes to a
person; what certainly did not reach it may go again; in between, the payer is asked first, and
where it can't be asked a person must.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from adapters.pas_fhir.answers import answer_page
from adapters.pas_fhir.attachments import Attachments, tracking_of
from adapters.pas_fhir.payer import HEADERS, PayerServer, written
from adapters.pas_fhir.settings import PasDestinationSettings
from connector.documents.pas.build import claim_of, inquiry_bundle, request_bundle
from connector.documents.pas.checking.check import bundles_of, check
from connector.documents.pas.checking.nodes import objects
from connector.documents.pas.decisions import claim_responses, is_about
from connector.documents.pas.packet import Packet
from connector.documents.pas.read_packet import read_packet
from connector.errors import AwaitsPerson, InvalidRecord, Rejected, RetryLater
from connector.http import Answer, in_doubt
from connector.http.outcome import reasons
from connector.json_text import read_object
from connector.ports import AdapterContext, Answered, Outgoing, Receipt

_NO_INQUIRY = (404, 405, 501)
_SHOWN = 3


class PasPayer:
    """One payer that takes requests by PAS. May be used by several threads at once.

    PAS asks not to inquire repeatedly (2.2.1, "Prior Authorization Inquiries").
    """

    asked_every = timedelta(days=1)

    def __init__(self, settings: PasDestinationSettings, context: AdapterContext) -> None:
        self._settings, self._context = settings, context
        self._server = PayerServer(settings, context)
        url = settings.attachments_url or settings.base_url
        self._attachments = Attachments(self._server, url)

    @property
    def settle_seconds(self) -> int:
        """So long the receiver may be at work on what it was sent."""
        return self._settings.settle_seconds

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Submits the request; its bundle's identifier is the same at every attempt.

        Raises Rejected where the payer refuses it or it may not be sent as it is, RetryLater
        ("answer_lost") where it may have arrived: ``find`` must be asked before the next attempt.
        """
        if _is_attachment(outgoing):
            return self._attach(outgoing)
        packet = _packet(outgoing)
        bundle = _bundle(packet)
        claim = claim_of(bundle)
        try:
            with self._server.open() as http:
                answer = http.request(
                    "POST", "Claim/$submit", body=written(bundle), headers=HEADERS
                )
            response = self._read(answer)
            if not _about(response, claim):
                raise _lost(answer.host, "answered something else than the request's answer")
        except RetryLater as fault:
            raise self._settled(fault) from None
        return self._receipt(outgoing, packet, claim, response, "$submit")

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt, if the payer knows this very version of the request.

        Raises AwaitsPerson where an earlier attempt may have arrived and the payer can't tell.
        """
        if _is_attachment(outgoing):
            if outgoing.unsure:
                raise _ask_by_hand("can't be asked about documents", "the documents are there")
            return None
        packet = _packet(outgoing)
        claim = claim_of(_bundle(packet))
        response = self._inquired(packet, unsure=outgoing.unsure)
        found = _about(response, claim)
        if found == "unclear":
            raise _ask_by_hand("knows our request and does not say in which version")
        if found is None:
            return None
        mine = {"resourceType": "Parameters", "parameter": _mine(response, claim)}
        return self._receipt(outgoing, packet, claim, mine, "$inquire")

    def _attach(self, outgoing: Outgoing) -> Receipt:
        """Documents that the payer asked for; they can't be looked up there."""
        tracking = tracking_of(read_object(outgoing.content))
        if not tracking:
            raise Rejected("not_documents", "this content is not what $submit-attachment takes")
        try:
            answer = self._attachments.post(outgoing.content)
        except RetryLater as fault:
            raise self._settled(fault) from None
        # It was taken; an answer that can't be read, or none, must not have it sent again.
        with suppress(InvalidRecord):
            _refuse(read_object(answer.body), answer, "the documents")
        return Receipt(outgoing.key, tracking)

    def inquire(self, outgoing: Outgoing) -> Answered | None:
        """What the payer says of a request that it has: the fallback where no notice comes.

        None where it knows nothing of it, or cannot be asked.
        """
        if _is_attachment(outgoing):
            return None
        receipt = self.find(outgoing)
        return None if receipt is None else receipt.answer

    def _inquired(self, packet: Packet, *, unsure: bool) -> Any:
        body = written(inquiry_bundle(packet))
        try:
            with self._server.open() as http:
                answer = http.request(
                    "POST", "Claim/$inquire", body=body, headers=HEADERS, expect=_NO_INQUIRY,
                    repeatable=True,
                )  # fmt: skip
        except Rejected as fault:
            if unsure:
                raise _ask_by_hand(f"does not take our inquiry ({fault.code})") from None
            raise
        if answer.status in _NO_INQUIRY:
            if unsure:
                raise _ask_by_hand("offers no inquiry")
            return None
        return answer.json()

    def _read(self, answer: Answer) -> Any:
        """The answer of ``$submit``: a bundle, or an OperationOutcome that refuses."""
        response = answer.json()
        if isinstance(response, dict):
            _refuse(response, answer, "the request")
        return response

    def _settled(self, fault: RetryLater) -> RetryLater:
        """An attempt that may have arrived is left alone for a while: the payer may still work."""
        fault = in_doubt(fault)
        if fault.code != "answer_lost":
            return fault
        until = self._context.now() + timedelta(seconds=self._settings.settle_seconds)
        later = max(until, fault.until) if fault.until else until
        return RetryLater(fault.code, fault.message, until=later, detail=fault.detail)

    def _receipt(
        self,
        outgoing: Outgoing,
        packet: Packet,
        claim: Mapping[str, Any],
        response: Any,
        origin: str,
    ) -> Receipt:
        answer = None
        if self._settings.answers_to is not None:
            page = answer_page(response, self._context.now(), origin, packet)
            answer = Answered(self._settings.answers_to, page)
        return Receipt(outgoing.key, f"Claim/{claim['id']}", answer)


def _refuse(response: Mapping[str, Any], answer: Answer, what: str) -> None:
    """Raises Rejected for an OperationOutcome with an error, whatever the answer's status is."""
    if response.get("resourceType") != "OperationOutcome":
        return
    if any(one.get("severity") in ("error", "fatal") for one in objects(response.get("issue"))):
        told = reasons(answer.body)
        raise Rejected("refused", f"{answer.host} does not process {what}: {told}")


def _packet(outgoing: Outgoing) -> Packet:
    try:
        return read_packet(outgoing.content)
    except InvalidRecord as fault:
        raise Rejected(fault.code, fault.message) from None


def _bundle(packet: Packet) -> dict[str, Any]:
    """The bundle, if nothing is wrong with it."""
    try:
        bundle = request_bundle(packet)
    except InvalidRecord as fault:
        raise Rejected(fault.code, fault.message) from None
    errors = [one for one in check(bundle) if one.is_error]
    if errors:
        told = "; ".join(f"{one.path}: {one.message}" for one in errors[:_SHOWN])
        raise Rejected("bundle_refused", f"a payer would refuse this request: {told}")
    return bundle


def _about(response: Any, claim: dict[str, Any]) -> str | None:
    """``yes`` or ``unclear`` if one of the answers is about the claim; None if none is."""
    found = {
        is_about(one, claim) for bundle in bundles_of(response) for one in claim_responses(bundle)
    }
    return "yes" if "yes" in found else "unclear" if "unclear" in found else None


def _mine(response: Any, claim: dict[str, Any]) -> list[dict[str, Any]]:
    """The bundles about our claim, as an inquiry's answer holds them."""
    return [
        {"name": "return", "resource": bundle}
        for bundle in bundles_of(response)
        if any(is_about(one, claim) == "yes" for one in claim_responses(bundle))
    ]


def _lost(host: str, what: str) -> RetryLater:
    return RetryLater(
        "answer_lost", f"{host} {what}; whether the request had its effect is not known"
    )


def _is_attachment(outgoing: Outgoing) -> bool:
    return outgoing.labels.get("kind") == "attachment"


def _ask_by_hand(what: str, whether: str = "the request is there") -> AwaitsPerson:
    return AwaitsPerson(
        "submission_unclear",
        f"an earlier attempt may have arrived, and the payer {what}; call the payer, and say "
        f"whether {whether}",
    )

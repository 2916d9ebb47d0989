"""A FHIR server as a destination: documents and alerts in the patient's chart, each once.

Every resource carries the delivery key as an identifier. It is looked for first, then created on
condition that the server has none of this identifier, then looked for again: a server that ignores
the condition is found out, and so is one that holds the document twice.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

from adapters.fhir_r4 import resources
from adapters.fhir_r4.page import Page, read_page
from adapters.fhir_r4.patients import patient_id
from adapters.fhir_r4.questionnaires import request_task
from adapters.fhir_r4.server import ACCEPT, Server
from adapters.fhir_r4.settings import FhirDestinationSettings
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.http import Answer, Http, NotFound
from connector.ports import AdapterContext, Outgoing, Receipt

_CREATED = re.compile(r"/([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")
_MOST_PAGES = 20
_log = logging.getLogger("connector.fhir_r4")


class FhirChart:
    """Files into the charts of one FHIR server."""

    def __init__(self, settings: FhirDestinationSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._context = context
        self._server = Server(settings, context)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Creates it unless it is there. Raises Rejected ("found_twice") where it is twice."""
        kind = self._kind(outgoing)
        with self._server.open() as http:
            found = self._found(http, kind, outgoing)
            if found is None:
                found = self._create(http, kind, outgoing)
        return Receipt(outgoing.key, found)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the server has a resource with this key."""
        with self._server.open() as http:
            found = self._found(http, self._kind(outgoing), outgoing)
        return None if found is None else Receipt(outgoing.key, found)

    def _kind(self, outgoing: Outgoing) -> str:
        if outgoing.labels.get("kind") == "request":
            return "Task"
        if outgoing.labels.get("kind") != "alert":
            return "DocumentReference"
        if self._settings.alerts == "none":
            raise ConfigurationError(
                "alerts_off",
                f"destination {self._context.name!r} has alerts: none; take `alert` out of its "
                "receives, or set alerts to task or flag",
            )
        return "Task" if self._settings.alerts == "task" else "Flag"

    def _create(self, http: Http, kind: str, outgoing: Outgoing) -> str:
        """``Type/id`` of what was created, or found to be there meanwhile."""
        patient = patient_id(http, outgoing.patient, self._settings, self._context)
        make: Callable[..., dict[str, Any]] = {
            "DocumentReference": resources.document_reference,
            "Task": resources.alert_task,
            "Flag": resources.alert_flag,
        }[kind]
        identifier = {"system": self._settings.identifier_system, "value": outgoing.key}
        if outgoing.labels.get("kind") == "request":
            make = partial(request_task, questionnaires=self._settings.questionnaires)
        resource = make(outgoing, patient, identifier, self._context.now())
        condition = quote(self._token(outgoing), safe=":/|")
        headers = {
            **ACCEPT,
            "Content-Type": "application/fhir+json",
            "If-None-Exist": f"identifier={condition}",
        }
        # FHIR R4, http, "Conditional create": 412 says that several match the condition.
        answer = http.request("POST", kind, json=resource, headers=headers, expect=(412,))
        found = self._found(http, kind, outgoing)
        if found is None and answer.status == 412:
            raise Rejected(
                "condition_misread",
                f"the server says that several {kind} match our key, and has none with it: it does "
                "not understand the condition, so that nothing can be filed there exactly once",
            )
        return found or self._read_back(http, kind, outgoing, answer)

    def _found(self, http: Http, kind: str, outgoing: Outgoing) -> str | None:
        """``Type/id`` of the one resource with this key."""
        query: dict[str, str | int] = {"identifier": self._token(outgoing), "_count": 10}
        if kind == "DocumentReference":
            query["_elements"] = "identifier"  # the content need not come back
        page = self._page(http, kind, kind, query)
        found, pages = self._with_key(page, outgoing), 1
        while page.next is not None:
            if pages == _MOST_PAGES:
                raise ConfigurationError(
                    "no_identifier_search",
                    f"the server does not search {kind} by identifier, so that nothing can be "
                    "filed there exactly once",
                )
            page, pages = self._page(http, kind, page.next), pages + 1
            found |= self._with_key(page, outgoing)
        if len(found) > 1:
            raise _twice(kind, sorted(found))
        return f"{kind}/{found.pop()}" if found else None

    def _page(
        self, http: Http, kind: str, target: str, query: dict[str, str | int] | None = None
    ) -> Page:
        try:
            answer = http.request("GET", target, query=query, headers=ACCEPT)
        except NotFound as fault:
            # No fault of the document: a gateway whose server is away, or a wrong address.
            raise ConfigurationError(
                "type_not_offered",
                f"the server has no {kind}, or base_url is not the address of its FHIR API, or "
                "what stands behind it is switched off",
                detail=fault.detail,
            ) from None
        return read_page(answer, kind, self._context.now)

    def _with_key(self, page: Page, outgoing: Outgoing) -> set[str]:
        """Ids of those that have the key: a server that can't search by it gives them all."""
        return {
            item.id
            for item in page.items
            if item.fault is None and self._has_key(item.resource, outgoing)
        }

    def _has_key(self, resource: Any, outgoing: Outgoing) -> bool:
        listed = resource.get("identifier") if isinstance(resource, dict) else None
        return any(
            isinstance(one, dict)
            and one.get("system") == self._settings.identifier_system
            and one.get("value") == outgoing.key
            for one in (listed if isinstance(listed, list) else ())
        )

    def _read_back(self, http: Http, kind: str, outgoing: Outgoing, answer: Answer) -> str:
        """The created resource by its id, where the search does not find it (yet)."""
        place = _CREATED.search(answer.headers.get("location", ""))
        own_id = place[2] if place is not None and place[1] == kind else _own_id(answer)
        if own_id is not None:
            read = http.request("GET", f"{kind}/{own_id}", headers=ACCEPT, expect=(404, 410))
            if read.status == 200 and self._has_key(read.json(), outgoing):
                _log.warning("a new %s is there and the search does not find it yet", kind)
                return f"{kind}/{own_id}"
        raise RetryLater(
            "not_found_back",
            f"the server accepted a {kind} and does not find it by its identifier; it is looked "
            "for again before it is sent again",
        )

    def _token(self, outgoing: Outgoing) -> str:
        return f"{self._settings.identifier_system}|{outgoing.key}"


def _own_id(answer: Answer) -> str | None:
    if not answer.body:
        return None
    made = answer.json()
    own_id = made.get("id") if isinstance(made, dict) else None
    return own_id if isinstance(own_id, str) and re.fullmatch(r"[\w\-.]{1,64}", own_id) else None


def _twice(kind: str, ids: list[str]) -> Rejected:
    named = ", ".join(f"{kind}/{own_id}" for own_id in ids)
    return Rejected(
        "found_twice",
        f"the server holds this {kind} more than once: {named}; take the identifier from all but "
        "one and mark them as entered in error there, then replay",
    )

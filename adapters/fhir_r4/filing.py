"""Files one resource under one key, once: looked for, created on condition, looked for again."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from urllib.parse import quote

from adapters.fhir_r4.own import has_key, identifiers
from adapters.fhir_r4.page import Page, read_page
from adapters.fhir_r4.server import ACCEPT
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.http import Answer, Http, NotFound

_CREATED = re.compile(r"/([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")
_MOST_PAGES = 20
_AT_ONCE = 20
_JSON = {**ACCEPT, "Content-Type": "application/fhir+json"}
_log = logging.getLogger("connector.fhir_r4")


class Filing:
    """Resources that carry our keys, at one server, over an open session."""

    def __init__(self, http: Http, system: str, now: Callable[[], datetime]) -> None:
        self._http = http
        self._system = system
        self._now = now

    def identifier(self, key: str) -> dict[str, str]:
        """How a resource carries a key."""
        return {"system": self._system, "value": key}

    def found(self, kind: str, key: str) -> str | None:
        """``Type/id`` of the resource with this key. Raises Rejected where it is there twice."""
        # Of a document the content need not come back.
        elements = "identifier" if kind == "DocumentReference" else None
        found = self._with_keys(kind, [key], elements)
        return f"{kind}/{found[key]['id']}" if found else None

    def all_found(self, kind: str, keys: Collection[str]) -> dict[str, dict[str, Any]]:
        """The resources that have one of these keys, by key. Raises like ``found``."""
        listed, found = sorted(keys), dict[str, dict[str, Any]]()
        for start in range(0, len(listed), _AT_ONCE):
            found |= self._with_keys(kind, listed[start : start + _AT_ONCE], None)
        return found

    def create(self, kind: str, key: str, resource: dict[str, Any]) -> str:
        """``Type/id`` of what was created, or found to be there meanwhile."""
        condition = quote(self._token(key), safe=":/|")
        headers = {**_JSON, "If-None-Exist": f"identifier={condition}"}
        # FHIR R4, http, "Conditional create": 412 says that several match the condition.
        answer = self._http.request("POST", kind, json=resource, headers=headers, expect=(412,))
        found = self.found(kind, key)
        if found is None and answer.status == 412:
            raise Rejected(
                "condition_misread",
                f"the server says that several {kind} match our key, and has none with it: it does "
                "not understand the condition, so that nothing can be filed there exactly once",
            )
        return found or self._read_back(kind, key, answer)

    def replace(self, kind: str, known: dict[str, Any], resource: dict[str, Any]) -> None:
        """Corrects what we filed, unless somebody else has changed it meanwhile."""
        headers, own_id = dict(_JSON), known["id"]
        meta = known.get("meta")
        version = meta.get("versionId") if isinstance(meta, dict) else None
        if isinstance(version, str) and re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", version):
            headers["If-Match"] = f'W/"{version}"'
        self._http.request(
            "PUT", f"{kind}/{own_id}", json={**resource, "id": own_id}, headers=headers
        )

    def _with_keys(
        self, kind: str, keys: Collection[str], elements: str | None
    ) -> dict[str, dict[str, Any]]:
        """A server that can't search by identifier gives everything: each one is looked at."""
        query: dict[str, str | int] = {"identifier": ",".join(map(self._token, keys))}
        query["_count"] = 10 if len(keys) == 1 else 50
        if elements is not None:
            query["_elements"] = elements
        found: dict[str, dict[str, dict[str, Any]]] = {}
        page, pages = self._page(kind, kind, query), 1
        while True:
            for item in page.items:
                if item.fault is None:
                    for key in self._keys_of(item.resource) & set(keys):
                        found.setdefault(key, {})[item.id] = dict(item.resource)
            if page.next is None:
                break
            if pages == _MOST_PAGES:
                raise ConfigurationError(
                    "no_identifier_search",
                    f"the server does not search {kind} by identifier, so that nothing can be "
                    "filed there exactly once",
                )
            page, pages = self._page(kind, page.next), pages + 1
        for ids in found.values():
            if len(ids) > 1:
                raise _twice(kind, sorted(ids))
        return {key: next(iter(ids.values())) for key, ids in found.items()}

    def _keys_of(self, resource: Any) -> set[str]:
        return {
            str(one.get("value"))
            for one in identifiers(resource)
            if one.get("system") == self._system
        }

    def _page(self, kind: str, target: str, query: dict[str, str | int] | None = None) -> Page:
        try:
            answer = self._http.request("GET", target, query=query, headers=ACCEPT)
        except NotFound as fault:
            # No fault of the document: a gateway whose server is away, or a wrong address.
            raise ConfigurationError(
                "type_not_offered",
                f"the server has no {kind}, or base_url is not the address of its FHIR API, or "
                "what stands behind it is switched off",
                detail=fault.detail,
            ) from None
        return read_page(answer, kind, self._now)

    def _read_back(self, kind: str, key: str, answer: Answer) -> str:
        """The created resource by its id, where the search does not find it (yet)."""
        place = _CREATED.search(answer.headers.get("location", ""))
        own_id = place[2] if place is not None and place[1] == kind else _own_id(answer)
        if own_id is not None:
            target = f"{kind}/{own_id}"
            read = self._http.request("GET", target, headers=ACCEPT, expect=(404, 410))
            if read.status == 200 and has_key(read.json(), self._system, key):
                _log.warning("a new %s is there and the search does not find it yet", kind)
                return target
        raise RetryLater(
            "not_found_back",
            f"the server accepted a {kind} and does not find it by its identifier; it is looked "
            "for again before it is sent again",
        )

    def _token(self, key: str) -> str:
        return f"{self._system}|{key}"


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

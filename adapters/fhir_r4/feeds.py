"""What is asked of a FHIR server: changes by search, deletions by history, all ids of a type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.fhir_r4.page import Page, read_page
from adapters.fhir_r4.server import ACCEPT
from adapters.fhir_r4.sweep import whole_second
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.http import Http, NotFound

_MOST_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Asker:
    """A session with one server, and how to ask for one resource type."""

    http: Http
    kind: str
    parameters: Mapping[str, str]
    page_size: int
    now: Callable[[], datetime]

    def get(self, target: str, query: Mapping[str, str | int] | None = None) -> Page:
        """One page of a search or history."""
        answer = self.http.request("GET", target, query=query, headers=ACCEPT)
        return read_page(answer, self.kind, self.now)


class Changes:
    """Searches a type by time of change, sorted by it.

    A server that refuses to sort, or to select by time, is asked without, and what it gives is
    sorted out here.
    """

    def __init__(self, ask: Asker) -> None:
        self._ask = ask

    def since(self, moment: datetime | None) -> Page:
        """The first page of what changed from a moment on. Raises ConfigurationError if refused."""
        refused: Rejected | None = None
        for query in self._queries(moment):
            try:
                return self._ask.get(self._ask.kind, query)
            except NotFound as fault:
                raise _not_offered(self._ask.kind, fault) from None
            except Rejected as fault:
                if fault.code != "refused":
                    raise _search_refused(self._ask.kind, fault) from None
                refused = refused or fault
        assert refused is not None  # there is at least one query
        raise _search_refused(self._ask.kind, refused)

    def follow(self, link: str) -> Page:
        """The page behind a link."""
        return self._ask.get(link)

    def _queries(self, moment: datetime | None) -> Iterator[dict[str, str | int]]:
        plain: dict[str, str | int] = {**self._ask.parameters, "_count": self._ask.page_size}
        selected = plain if moment is None else {**plain, "_lastUpdated": f"ge{_written(moment)}"}
        yield {**selected, "_sort": "_lastUpdated"}
        yield selected
        if moment is not None:
            yield plain


class Deletions:
    """The history of a type, of which only the deletions matter here."""

    def __init__(self, ask: Asker) -> None:
        self._ask = ask

    def since(self, moment: datetime | None) -> Page:
        """The first page of deletions from a moment on. Raises ConfigurationError if refused."""
        query: dict[str, str | int] = {"_count": self._ask.page_size}
        if moment is not None:
            query["_since"] = _written(moment)
        try:
            return _deleted(self._ask.get(f"{self._ask.kind}/_history", query))
        except Rejected as fault:
            raise ConfigurationError(
                "no_history",
                f"the server gives no history of {self._ask.kind} ({fault.message}); set "
                "deletions: compare",
            ) from None

    def follow(self, link: str) -> Page:
        """The deletions on the page behind a link."""
        return _deleted(self._ask.get(link))


def all_ids(ask: Asker) -> tuple[set[str], datetime]:
    """The ids of everything that the server has of a type, and its time when the list ended.

    Raises RetryLater where the list may not be whole: nothing may be concluded from it then.
    """
    query: dict[str, str | int] = {
        **ask.parameters, "_elements": "id", "_count": ask.page_size,
    }  # fmt: skip
    try:
        page = ask.get(ask.kind, query)
        found, links = _ids(page), set[str]()
        total = page.total
        while page.next is not None:
            if page.next in links or len(links) > _MOST_PAGES:
                raise _not_whole(ask.kind, "its pages lead in a circle")
            links.add(page.next)
            page = ask.get(page.next)
            found |= _ids(page)
    except Rejected as fault:
        raise _search_refused(ask.kind, fault) from None
    if total is not None and len(found) < total:
        raise _not_whole(ask.kind, f"{len(found)} of {total} came")
    return found, page.at


def is_gone(ask: Asker, own_id: str) -> bool:
    """Whether reading a resource says that there is none (any more)."""
    answer = ask.http.request("GET", f"{ask.kind}/{own_id}", headers=ACCEPT, expect=(404, 410))
    return answer.status in (404, 410)


def offered_types(http: Http) -> frozenset[str] | None:
    """The resource types that the server says that it has; None where it does not say."""
    try:
        answer = http.request("GET", "metadata", headers=ACCEPT, expect=(401, 403, 404))
        statement: Any = answer.json() if answer.status == 200 else None
    except Rejected:
        return None
    if not isinstance(statement, dict):
        return None
    found = {
        resource.get("type")
        for rest in _objects(statement.get("rest"))
        for resource in _objects(rest.get("resource"))
    }
    return frozenset(kind for kind in found if isinstance(kind, str)) or None


def _objects(listed: Any) -> list[dict[str, Any]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _ids(page: Page) -> set[str]:
    return {item.id for item in page.items if item.fault is None}


def _deleted(page: Page) -> Page:
    kept = tuple(item for item in page.items if item.deleted or item.fault is not None)
    return Page(kept, page.at, page.next)


def _written(moment: datetime) -> str:
    # "Z", because "+00:00" in an address is read as a space where it is not escaped.
    text = whole_second(moment.astimezone(UTC)).isoformat()
    return text.removesuffix("+00:00") + "Z"


def _not_offered(kind: str, fault: Rejected) -> ConfigurationError:
    return ConfigurationError(
        "type_not_offered",
        f"the server has no {kind}, or base_url is not the address of its FHIR API; name the "
        "types that it has in `types`",
        detail=fault.detail,
    )


def _search_refused(kind: str, fault: Rejected) -> ConfigurationError:
    return ConfigurationError(
        "search_refused",
        f"the server refuses to be searched for {kind} ({fault.message}); it may want another "
        "parameter (see `parameters`), or not offer it at all (see `types`)",
        detail=fault.detail,
    )


def _not_whole(kind: str, why: str) -> RetryLater:
    return RetryLater(
        "listing_not_whole",
        f"the server's list of {kind} is not whole ({why}), so that nothing is compared with it",
    )

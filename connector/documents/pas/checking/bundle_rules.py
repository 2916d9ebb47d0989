"""What the guide says of every PAS bundle: entries, addresses, references (spec-11 to spec-22)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from connector.documents.pas.checking.amounts import order_findings
from connector.documents.pas.checking.elements import npi_findings
from connector.documents.pas.checking.finding import Finding, error, warning
from connector.documents.pas.checking.nodes import (
    Node,
    extensions,
    kind_of,
    objects,
    profiles_of,
    references,
    value_of,
    walk,
)
from connector.documents.pas.checking.profiles import REQUESTED, RESOURCES
from connector.documents.pas.terms import NPI, PAS, REQUESTED_SERVICE

_PLACE = re.compile(r"https?://\S+/([A-Z][A-Za-z]{2,63})/([A-Za-z0-9.-]{1,64})")
_RELATIVE = re.compile(r"[A-Z][A-Za-z]{2,63}/[A-Za-z0-9.-]{1,64}")
_URN = "urn:uuid:"
_FORMS = "the address of the resource (https://SERVER/TYPE/ID) or urn:uuid: and a GUID"
_ABOUT = frozenset(
    {
        "Endpoint", "Location", "OperationOutcome", "Organization", "Patient", "Practitioner",
        "PractitionerRole", "Provenance", "RelatedPerson",
    }
)  # fmt: skip
"""Types that say who and where. Everything else in a request supports it, and the claim points to
what supports it (spec-20)."""


@dataclass(frozen=True)
class Contents:
    """The entries of a bundle: ``resources`` with their paths, and where each address leads."""

    root: Node
    resources: list[Node]
    addresses: list[str]
    places: dict[str, int] = field(default_factory=dict)

    def target(self, reference: Any, base: int) -> Node | None:
        """The resource that a reference of entry ``base`` leads to, if it is in the bundle."""
        place = self.place(reference, base)
        return None if place is None else self.resources[place]

    def place(self, reference: Any, base: int) -> int | None:
        """The number of the entry that a reference of entry ``base`` leads to."""
        text = reference.get("reference") if isinstance(reference, dict) else reference
        if not isinstance(text, str):
            return None
        text = text.split("/_history/")[0].split("|")[0]
        if text in self.places:
            return self.places[text]
        found = _PLACE.fullmatch(self.addresses[base]) if base < len(self.addresses) else None
        if found is None or not _RELATIVE.fullmatch(text):
            return None
        root = self.addresses[base].removesuffix(f"/{found[1]}/{found[2]}")
        return self.places.get(f"{root}/{text}")


def contents(bundle: Node) -> Contents:
    """The entries of ``bundle`` that hold a resource."""
    entries = [e for e in walk(bundle, "entry") if isinstance(e.value, dict)]
    found = Contents(bundle, [], [])
    for entry in entries:
        resource, url = entry.value.get("resource"), entry.value.get("fullUrl")
        found.resources.append(Node(f"{entry.path}.resource", resource))
        found.addresses.append(url if isinstance(url, str) else "")
    for place, address in enumerate(found.addresses):
        found.places.setdefault(address, place)
    found.places.pop("", None)
    return found


def bundle_findings(found: Contents, first: str) -> Iterator[Finding]:
    """Everything about entries and references. ``first`` is the type of the first entry."""
    if not found.resources:
        return
    if kind_of(found.resources[0]) != first:
        yield error(found.resources[0].path, "first_entry", f"the first entry must be a {first}")
    yield from _addresses(found)
    yield from _twice(found)
    yield from _resolved(found)
    yield from _reached(found)
    requested = _requested(found)
    for place, node in enumerate(found.resources):
        if not isinstance(node.value, dict):
            continue
        stated = any(one.startswith(PAS) for one in profiles_of(node.value))
        rows = RESOURCES.get(kind_of(node), ())
        if stated or place in requested:
            rows = REQUESTED.get(kind_of(node), rows)
            yield from order_findings(node)
        for element in rows:
            yield from element.check(node)
        yield from npi_findings(node, NPI)


def _requested(found: Contents) -> set[int]:
    """The entries that an item names as the service it asks for: they follow profiles of PAS."""
    places = {
        found.place(value_of(one), place)
        for place, node in enumerate(found.resources)
        for item in [*walk(node, "item"), *walk(node, "addItem")]
        for one in extensions(item, REQUESTED_SERVICE)
    }
    return {place for place in places if place is not None}


def _addresses(found: Contents) -> Iterator[Finding]:
    for node, address in zip(found.resources, found.addresses, strict=True):
        path = node.path.replace(".resource", ".fullUrl")
        if not address or not isinstance(node.value, dict):
            continue
        own = node.value.get("id")
        place = _PLACE.fullmatch(address)
        if address.startswith(_URN):
            if not _is_guid(address.removeprefix(_URN)):
                told = f"what follows urn:uuid: is no GUID; a fullUrl is {_FORMS}"
                yield error(path, "full_url", told)
            elif isinstance(own, str) and own != address.removeprefix(_URN) and _is_guid(own):
                yield warning(path, "full_url", "fullUrl and the resource's id are two GUIDs")
        elif place is None:
            yield error(path, "full_url", f"a fullUrl is {_FORMS}, without a version")
        elif place[1] != kind_of(node) or (own is not None and place[2] != own):
            yield error(path, "full_url", "it names another type or id than the resource has")


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _twice(found: Contents) -> Iterator[Finding]:
    seen: set[str] = set()
    for node, address in zip(found.resources, found.addresses, strict=True):
        if address and address in seen:
            path = node.path.replace(".resource", ".fullUrl")
            yield error(path, "full_url_twice", "an entry before this one has the same fullUrl")
        seen.add(address)
    names = Counter(_name(node) for node in found.resources if _name(node))
    told: set[str] = set()
    for node in found.resources:
        name = _name(node)
        if names[name] > 1 and name in told:
            yield error(node.path, "resource_twice", "a resource of this type and id came before")
        told.add(name)


def _name(node: Node) -> str:
    own = node.value.get("id") if isinstance(node.value, dict) else None
    return f"{kind_of(node)}/{own}" if isinstance(own, str) else ""


def _resolved(found: Contents) -> Iterator[Finding]:
    prior = _prior_claims(found)
    answered = kind_of(found.resources[0]) == "ClaimResponse"
    for place, node in enumerate(found.resources):
        answers = kind_of(node) == "ClaimResponse"
        for one in references(node):
            if one.value == "#" or (one.value.startswith("#") and _contained(node, one.value[1:])):
                continue
            if found.place(one.value, place) is not None:
                continue
            # The claim may stay away from an answer, and what only it needs; of an older claim, so
            # does the one before it.
            if answers and one.path == f"{node.path}.request":
                continue
            if place in prior and (answered or one.path.startswith(f"{node.path}.related")):
                continue
            yield error(one.path, "unresolved", _unresolved(one.value, found.addresses[place]))


def _unresolved(reference: str, address: str) -> str:
    told = "no entry of the bundle has this address as its fullUrl"
    if _RELATIVE.fullmatch(reference) and address.startswith(_URN):
        told += "; Type/id leads nowhere from an entry whose fullUrl is urn:uuid"
    return told


def _contained(node: Node, own_id: str) -> bool:
    inner = node.value.get("contained") if isinstance(node.value, dict) else None
    return any(one.get("id") == own_id for one in objects(inner))


def _prior_claims(found: Contents) -> set[int]:
    """The entries that are claims and not the first: what is updated, or what was answered."""
    return {n for n, node in enumerate(found.resources) if n and kind_of(node) == "Claim"}


def _reached(found: Contents) -> Iterator[Finding]:
    reached, waiting = {0}, [0]
    while waiting:
        place = waiting.pop()
        for one in references(found.resources[place]):
            target = found.place(one.value, place)
            if target is not None and target not in reached:
                reached.add(target)
                waiting.append(target)
    answer = kind_of(found.resources[0]) == "ClaimResponse"
    for place, node in enumerate(found.resources):
        if place in reached:
            continue
        # A Task speaks of the answer, which does not speak of it.
        if answer and kind_of(node) in ("Task", "Claim", "ClaimResponse"):
            continue
        told = "nothing that the first entry refers to needs it"
        if answer or kind_of(node) in _ABOUT:
            yield warning(node.path, "unreferenced", told)
        else:
            told += "; what supports a request is named in Claim.supportingInfo.valueReference"
            yield error(node.path, "unreferenced", told)

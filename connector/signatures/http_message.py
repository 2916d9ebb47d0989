"""HTTP Message Signatures (RFC 9421) with HMAC-SHA256, over a body's digest (RFC 9530).

Healthie signs its webhooks this way (docs.gethealthie.com, as recorded in the list of vendors).
What a signature covers is stated in the request itself, so it is never believed alone: the body's
digest must be covered and right, and the time of signing must be near.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from connector.errors import NotAuthentic
from connector.ports import Posted
from connector.signatures.hmac_headers import header_of, near

_ALGORITHM = "hmac-sha256"
_MUST_COVER = "content-digest"
_MOST_LABELS = 5
_MOST_COMPONENTS = 20
# RFC 8941 as far as signatures use it: inner lists of strings, with parameters.
_COMPONENT = r'"[a-z0-9@!#$%&\'*+.^_`|~-]{1,64}"'
_PARAMETER = r';[a-z][a-z0-9_.*-]{0,20}=(?:-?[0-9]{1,15}|"[\x20\x21\x23-\x5b\x5d-\x7e]{0,256}")'
_INPUT = re.compile(
    rf"([a-z*][a-z0-9_.*-]{{0,63}})=(\(((?:{_COMPONENT}(?: (?=\"))?)*)\)((?:{_PARAMETER})*))"
)
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/=]{0,512}):")
_DIGEST = re.compile(r"(sha-256|sha-512)=:([A-Za-z0-9+/=]{1,128}):")
_ONE_PARAMETER = re.compile(r';([a-z][a-z0-9_.*-]*)=(?:"([^"]*)"|(-?[0-9]+))')
_HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    "sha-256": lambda body: hashlib.sha256(body).digest(),
    "sha-512": lambda body: hashlib.sha512(body).digest(),
}


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a signature says that it covers. ``text`` is its own line of the signature base."""

    text: str
    components: tuple[str, ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """``Signature-Input`` and ``Signature``, with ``Content-Digest`` covered.

    ``public_url`` is the address that the sender posts to: a proxy before us may have changed what
    we see of it. Without it, signatures that cover a part of the address are refused.
    """

    keys: Sequence[bytes]
    tolerance: int
    public_url: str | None = None

    def check(self, posted: Posted) -> None:
        """Raises NotAuthentic unless one of the signatures is right and its time is near."""
        stated = _inputs(header_of(posted, "signature-input"))
        given = _signatures(header_of(posted, "signature"))
        _check_digest(posted)
        right = None
        for label in stated.keys() & given.keys():
            if self._matches(stated[label], given[label], posted):
                right = stated[label]
        if right is None:
            raise NotAuthentic(
                "signature_wrong",
                "the signature is not one of this request by a secret of this source: the secrets "
                "differ, or the request was changed on its way",
            )
        near(_time(right), posted, self.tolerance)

    def _matches(self, stated: _Stated, given: bytes, posted: Posted) -> bool:
        if _MUST_COVER not in stated.components:
            raise NotAuthentic(
                "signature_covers_too_little", f"the signature must cover the header {_MUST_COVER}"
            )
        if stated.parameters.get("alg", _ALGORITHM) != _ALGORITHM:
            raise NotAuthentic("signature_unreadable", "only signatures by hmac-sha256 are taken")
        lines = [f'"{name}": {self._value(name, posted)}' for name in stated.components]
        base = "\n".join([*lines, f'"@signature-params": {stated.text}'])
        signed = base.encode("utf-8", "surrogatepass")
        found = False
        for key in self.keys:
            found |= hmac.compare_digest(hmac.digest(key, signed, "sha256"), given)
        return found

    def _value(self, name: str, posted: Posted) -> str:
        """The value of a component (RFC 9421, 2.1 and 2.2)."""
        if not name.startswith("@"):
            return header_of(posted, name).strip()
        if name == "@method":
            return "POST"
        if self.public_url is None:
            raise NotAuthentic(
                "signature_unreadable",
                "the signature covers the address it was sent to; it must be stated here "
                "(public_url)",
            )
        parts = urlsplit(self.public_url)
        values = {
            "@authority": parts.netloc.lower(),
            "@path": parts.path or "/",
            "@query": f"?{parts.query}",
            "@scheme": parts.scheme.lower(),
            "@target-uri": self.public_url,
            "@request-target": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        }
        if name not in values:
            raise NotAuthentic("signature_unreadable", "the signature covers an unknown component")
        return values[name]


def _inputs(text: str) -> dict[str, _Stated]:
    found = {}
    for label, covered, names, parameters in _members(_INPUT, text, "signature-input"):
        components = tuple(name.strip('"') for name in names.split())
        if len(set(components)) != len(components) or len(components) > _MOST_COMPONENTS:
            raise NotAuthentic("signature_unreadable", "the signature covers something twice")
        listed = {
            name: quoted or number for name, quoted, number in _ONE_PARAMETER.findall(parameters)
        }
        found[label] = _Stated(covered, components, listed)
    return found


def _signatures(text: str) -> dict[str, bytes]:
    return {
        label: _base64(value, "signature")
        for label, value in _members(_SIGNATURE, text, "signature")
    }


def _members(pattern: re.Pattern[str], text: str, header: str) -> list[tuple[str, ...]]:
    """The members of a dictionary (RFC 8941, 3.2), each as the groups of ``pattern``."""
    members: list[tuple[str, ...]] = []
    place = 0
    text = text.strip()
    while place < len(text):
        found = pattern.match(text, place)
        if found is None or len(members) == _MOST_LABELS:
            raise _unreadable(header)
        members.append(found.groups())
        gap = re.compile(r"[ \t]*(,[ \t]*(?=[a-z*])|$)").match(text, found.end())
        if gap is None:
            raise _unreadable(header)
        place = gap.end()
    if len({member[0] for member in members}) != len(members):
        raise _unreadable(header)
    return members


def _check_digest(posted: Posted) -> None:
    """RFC 9530: all digests stated that we know must be right, and one must be there."""
    known = _DIGEST.findall(header_of(posted, "content-digest"))
    if not known:
        raise _unreadable("content-digest")
    for name, value in known:
        if not hmac.compare_digest(_HASHES[name](posted.body), _base64(value, "content-digest")):
            raise NotAuthentic(
                "digest_wrong", "the body is not the one whose digest the request states"
            )


def _time(stated: _Stated) -> str:
    created = stated.parameters.get("created", "")
    if not re.fullmatch(r"[0-9]{1,12}", created):
        raise NotAuthentic("signature_unreadable", "the signature must say when it was created")
    return created


def _base64(text: str, header: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _unreadable(header) from None


def _unreadable(header: str) -> NotAuthentic:
    return NotAuthentic("signature_unreadable", f"the header {header} can't be read")

"""Addresses that people write into settings, and links that a counterpart gives.

One strict reading of a URL, so that what is checked and what is connected to can't differ: host
names and plain addresses only, no other way of writing them (decimal, octal, hexadecimal, percent
signs, user names before the host).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

from connector.errors import ConfigurationError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>[^/?#]*)(?P<path>/[^?#]*)?"
    r"(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?",
    re.DOTALL,
)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_LONGEST = 8_000
_KEPT = "/?:@!$&'()*+,;=-._~%|[]{}\"^`<>"
"""What ``quote`` leaves as it is in a link; requests encodes the odd ones among them."""

Query = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. ``host`` is lower case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @classmethod
    def parse(cls, url: str, *, with_query: bool = False) -> Address:
        """Raises ConfigurationError ("url_refused") saying what is wrong; never quotes the URL."""
        if len(url) > _LONGEST or _UNSAFE.search(url):
            raise _refused("it is too long, or holds spaces, backslashes or control characters")
        found = _URL.fullmatch(url)
        if found is None or found["scheme"].lower() not in _DEFAULT_PORTS:
            raise _refused("it must begin with https:// (or http:// inside the practice's network)")
        if found["fragment"] is not None or (found["query"] is not None and not with_query):
            raise _refused(f"it must not have a part after {'#' if with_query else '? or #'}")
        scheme = found["scheme"].lower()
        host, port = _host_and_port(found["place"], _DEFAULT_PORTS[scheme])
        path = found["path"] or ""
        _refuse_climbing(path, "url_refused", "the address must not hold ./ or ../")
        return cls(scheme, host, port, path, found["query"] or "")

    @property
    def name(self) -> str:
        """Host, with the port where it is not the usual one: what messages say."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _DEFAULT_PORTS[self.scheme] else f"{shown}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"{self.scheme}://{self.name}"

    @property
    def request_target(self) -> str:
        """What stands in the first line of a request to exactly this address."""
        path = quote(self.path or "/", safe=_KEPT)
        return f"{path}?{quote(self.query, safe=_KEPT)}" if self.query else path

    def link(self, target: str, query: Query | None = None) -> str:
        """The URL of ``target``, which is a path below this address or an absolute link.

        Raises ConfigurationError: "link_to_other_host" for a link with another scheme, host or
        port, "link_refused" for one that can't be used. Neither quotes the link.
        """
        if len(target) > _LONGEST or _UNSAFE.search(target):
            raise _link_refused("is too long, or holds spaces, backslashes or control characters")
        if _ABSOLUTE.match(target):
            url = self.origin + self._same_place(target)
        else:
            url = self.origin + self._below(target)
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        return url

    def _below(self, target: str) -> str:
        path, mark, query = target.partition("#")[0].partition("?")
        _refuse_climbing(path, "link_refused", "a link must not hold ./ or ../")
        base = self.path.rstrip("/")
        joined = f"{base}/{path.lstrip('/')}" if path.strip("/") else (self.path or "/")
        return quote(joined + mark + query, safe=_KEPT)

    def _same_place(self, target: str) -> str:
        try:
            other = Address.parse(target.partition("#")[0], with_query=True)
        except ConfigurationError:
            raise _link_refused(f"from {self.name} is not a plain address") from None
        if (other.scheme, other.host, other.port) != (self.scheme, self.host, self.port):
            raise ConfigurationError(
                "link_to_other_host",
                f"{self.name} sent a link to {other.origin}, which is not {self.origin}; requests "
                "and credentials are not sent there. Ask its administrator to correct its public "
                "address",
            )
        return other.request_target


def _host_and_port(place: str, default: int) -> tuple[str, int]:
    if "@" in place:
        raise _refused("it must not hold a user name or password; secrets have their own settings")
    found = _PLACE.fullmatch(place)
    if found is None:
        raise _refused("the host must be a plain name (an international one as xn--...) or address")
    port = int(found["port"]) if found["port"] else default
    if not 1 <= port <= 65_535:
        raise _refused("the port must be a number from 1 to 65535")
    return _host(found["host"].lower()), port


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise _refused("the IPv6 address in it is not valid") from None
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise _refused(
                "an IPv4 address is written as four decimal numbers, such as 192.168.1.20"
            ) from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused("the host name in it is not valid")
    return host


def _refuse_climbing(path: str, code: str, message: str) -> None:
    if any(unquote(part).strip() in (".", "..") for part in path.split("/")):
        raise ConfigurationError(code, message)


def _refused(why: str) -> ConfigurationError:
    return ConfigurationError("url_refused", f"the address can't be used: {why}")


def _link_refused(why: str) -> ConfigurationError:
    return ConfigurationError("link_refused", f"a link {why}")

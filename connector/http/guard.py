"""Which addresses may be connected to, whatever a name leads to at the moment of connecting.

The name is resolved once per connection, every address it leads to is judged, and the connection
goes to a judged address, so a name that changes its mind in between (DNS rebinding) gains nothing.
The name stays what TLS certificates and the Host header are about.

=======================================================  ==========================================
public (global) addresses                                https only
loopback, RFC 1918, shared (RFC 6598), ULA (RFC 4193)    only with ``private_network``
link-local, cloud metadata, multicast, reserved, others  never
=======================================================  ==========================================
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Literal

from connector.errors import ConfigurationError
from connector.http.address import Address
from connector.http.faults import NotSent

Judgement = Literal["public", "private", "refused"]
Resolve = Callable[[str, int], Sequence[str]]
_AnyAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "fe80::/10",
        "fec0::/10",  # site-local, given up by RFC 3879
        "fd00:ec2::254/128",  # metadata over IPv6 (AWS)
        "100.100.100.200/32",  # metadata (Alibaba)
        "168.63.129.16/32",  # the virtual host of Azure
        "192.88.99.0/24",  # relays of 6to4, given up by RFC 7526
        "::/96",  # IPv4 written as IPv6, given up by RFC 4291; ::1 is judged before
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "64:ff9b:1::/48",  # local-use NAT64
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOOPBACK_6 = ipaddress.IPv6Address("::1")


def judge(text: str) -> Judgement:
    """What kind of address ``text`` (an IPv4 or IPv6 address) is, for connecting to it."""
    try:
        address = _plain(ipaddress.ip_address(text))
    except ValueError:
        return "refused"  # such as an IPv6 address with a zone
    if address == _LOOPBACK_6:
        return "private"
    if any(address in network for network in _NEVER):
        return "refused"
    if any(address in network for network in _PRIVATE):
        return "private"
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return "public" if address.is_global and not odd else "refused"


def _plain(address: _AnyAddress) -> _AnyAddress:
    """The IPv4 address that an IPv6 one stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the machine's name service gives. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Connects to one counterpart, at judged addresses only.

    Raises ConfigurationError when the address as written can't be allowed ("not_encrypted",
    "address_refused").
    """

    def __init__(
        self, address: Address, *, private_network: bool, resolve: Resolve = resolve
    ) -> None:
        self.name = address.name
        self._address = address
        self._private_network = private_network
        self._resolve = resolve
        if address.scheme == "http" and not private_network:
            raise ConfigurationError(
                "not_encrypted",
                f"the address of {self.name} begins with http://, so what is sent could be read on "
                "the way. Use https://; only a counterpart in the practice's own network may do "
                "without it (private_network: true)",
            )
        try:
            ipaddress.ip_address(address.host)
        except ValueError:
            return
        self._allow(address.host)

    def connect(self, seconds: float) -> socket.socket:
        """A connection to the first address that answers within ``seconds``.

        Raises NotSent ("unreachable", "timed_out"), ConfigurationError ("address_refused",
        "not_encrypted").
        """
        addresses = self._addresses()
        for address in addresses:
            self._allow(address)
        fault = None
        for address in addresses:
            try:
                return _open(address, self._address.port, seconds)
            except OSError as error:
                fault = error
        raise connect_fault(fault, self.name, seconds) from None

    def _addresses(self) -> Sequence[str]:
        try:
            addresses = self._resolve(self._address.host, self._address.port)
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            raise NotSent(
                "unreachable",
                f"the name {self._address.host} leads to no address; check its spelling, and this "
                "machine's name service (DNS) and network",
            )
        return addresses

    def _allow(self, address: str) -> None:
        judgement = judge(address)
        if judgement == "private" and not self._private_network:
            raise ConfigurationError(
                "address_refused",
                f"{self.name} is an address inside a private network or of this machine. If the "
                "counterpart is in the practice's own network, say so with private_network: true",
            )
        if judgement == "refused":
            raise ConfigurationError(
                "address_refused",
                f"{self.name} is an address that no counterpart can have (link-local, cloud "
                "metadata, multicast or reserved)",
            )
        if judgement == "public" and self._address.scheme == "http":
            raise ConfigurationError(
                "not_encrypted",
                f"{self.name} is outside the practice's network and its address begins with "
                "http://, so what is sent could be read on the way. Use https://",
            )


def _open(address: str, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    try:
        line.settimeout(seconds)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.connect((address, port))
    except BaseException:
        line.close()
        raise
    return line


_CERTIFICATE = {
    10: "it has expired",
    9: "it is not valid yet; check the clock of this machine",
    18: "nobody known vouches for it (self-signed)",
    19: "nobody known vouches for it (self-signed)",
    20: "nobody known vouches for it",
    21: "nobody known vouches for it",
    62: "it is made out to another name",
    64: "it is made out to another address",
}
"""OpenSSL's X509_V_ERR numbers."""


def connect_fault(
    error: BaseException | None, name: str, seconds: float
) -> NotSent | ConfigurationError:
    """What a failure while connecting, or while TLS is agreed on, means. Nothing was sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _CERTIFICATE.get(error.verify_code, "it can't be verified")
        return ConfigurationError(
            "certificate_refused",
            f"the certificate of {name} is not accepted: {why}. Have it corrected there; for a "
            "practice's own authority, name its certificate as ca_file",
        )
    if isinstance(error, TimeoutError):
        return NotSent(
            "timed_out",
            f"{name} can't be reached within {seconds:g} s; is it running, and does a firewall let "
            "the connection through?",
        )
    passing = ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError
    if isinstance(error, ssl.SSLError) and not isinstance(error, passing):
        return ConfigurationError(
            "tls_failed",
            f"{name} does not speak TLS as it should; check the address: https or http, and the "
            "port",
        )
    if isinstance(error, ConnectionRefusedError):
        return NotSent(
            "unreachable", f"{name} refuses connections; is it running, and is the port right?"
        )
    return NotSent(
        "unreachable",
        f"{name} can't be reached ({type(error).__name__}); check the network, and whether it is "
        "running",
    )

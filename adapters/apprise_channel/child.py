"""The process of one attempt: reads a task from its input, sends, writes one line, ends.

apprise says only whether it worked, and follows its own rules for connecting. So this process has
ours put under it: each address is judged at the moment of connecting, redirects are not followed,
and the status of answers is noted. Nothing of the URL or the text is written anywhere.
"""

from __future__ import annotations

import json
import logging
import re
import smtplib
import socket
import sys
from dataclasses import dataclass
from typing import Any

from connector.http.guard import judge

LOCAL = frozenset(
    {"dbus", "glib", "gnome", "growl", "kde", "macosx", "qt", "rsyslog", "syslog", "windows",
     "blink1"}
)  # fmt: skip
"""Services of this machine's own screen or log; a message there reaches nobody who is away."""
_PORTS = {True: 443, False: 80}
_HOST = re.compile(r"localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")


@dataclass
class Seen:
    """What came to light on the way."""

    private_network: bool
    plain: bool
    status: int | None = None
    refused: str | None = None
    connected: bool = False


def guard(seen: Seen) -> None:
    """From now on each connection of this process goes only where it may."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def allow(line: socket.socket, address: Any) -> None:
        if line.family not in (socket.AF_INET, socket.AF_INET6):
            seen.refused = "url_local"
        else:
            seen.refused = _judged(str(address[0]), seen) or seen.refused
        if seen.refused:
            raise ConnectionRefusedError("not an address for a channel")

    def guarded(self: socket.socket, address: Any) -> None:
        allow(self, address)
        connect(self, address)
        seen.connected = True

    def guarded_ex(self: socket.socket, address: Any) -> int:
        allow(self, address)
        return connect_ex(self, address)

    def closed(*_: Any, **__: Any) -> int:
        seen.refused = "url_local"  # a datagram without a connection: nobody would know of its loss
        raise ConnectionRefusedError("no connection")

    for name, replacement in (
        ("connect", guarded), ("connect_ex", guarded_ex), ("sendto", closed),
    ):  # fmt: skip
        setattr(socket.socket, name, replacement)


def _judged(address: str, seen: Seen) -> str | None:
    judgement = judge(address)
    if judgement == "refused" or (judgement == "private" and not seen.private_network):
        return "address_refused"
    return "not_encrypted" if judgement == "public" and seen.plain else None


def listen(seen: Seen) -> None:
    """Notes the status of each HTTP answer, forbids redirects, notes a refused mail password."""
    import requests

    send, login = requests.Session.send, smtplib.SMTP.login

    def noting(self: requests.Session, request: Any, **given: Any) -> requests.Response:
        given["allow_redirects"] = False
        answer = send(self, request, **given)
        if not 200 <= answer.status_code < 300 or seen.status is None:
            seen.status = answer.status_code
        return answer

    def signing_in(self: smtplib.SMTP, *given: Any, **more: Any) -> Any:
        try:
            return login(self, *given, **more)
        except smtplib.SMTPAuthenticationError:
            seen.status = 401
            raise

    requests.Session.send = noting  # type: ignore[method-assign]
    smtplib.SMTP.login = signing_in  # type: ignore[method-assign]


def service(url: str, seconds: float) -> tuple[Any, str | None]:
    """The library's object for a URL, or why there is none."""
    from apprise import Apprise, AppriseAsset

    schema = url.partition("://")[0].strip().lower()
    if schema in LOCAL:
        return None, "url_local"
    made = Apprise.instantiate(
        url, asset=AppriseAsset(http_redirects=False, secure_logging=True), suppress_exceptions=True
    )
    if made is None or "://" not in url:
        return None, "url_not_known"
    if not made.verify_certificate:
        return None, "url_unverified"
    made.socket_connect_timeout = made.socket_read_timeout = seconds
    return made, None


def is_plain(made: Any, url: str) -> bool:
    """Whether a service that has an encrypted form is named in its plain one."""
    encrypted, schema = _names(made.secure_protocol), url.partition("://")[0].strip().lower()
    mode = getattr(made, "secure_mode", None)
    if mode is not None and schema in ("mailto", "mailtos"):
        return str(getattr(mode, "value", mode)) == "insecure"
    return schema not in encrypted


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def probe(made: Any, seconds: float) -> str:
    """How far one comes without sending: to the server, where the URL names one. Raises OSError."""
    tokens = getattr(made, "template_tokens", {})
    host = getattr(made, "smtp_host", None) or ("host" in tokens and made.host)
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        return "read"  # a token stands where others have their host
    port = made.port or _PORTS[bool(made.secure)]
    with socket.create_connection((host, int(port)), timeout=seconds):
        return "reached"


def outcome(seen: Seen, *, went_well: bool) -> dict[str, Any]:
    """What is told to the parent."""
    if went_well:
        return {"reached": "sent"}
    if seen.refused:
        return {"code": seen.refused}
    return {"code": _code(seen), "status": seen.status}


def _code(seen: Seen) -> str:
    status = seen.status
    if status is None:
        return "not_taken" if seen.connected else "unreachable"
    known = {401: "not_signed_in", 403: "not_allowed", 404: "not_found", 410: "not_found",
             408: "unavailable", 425: "unavailable", 429: "busy"}  # fmt: skip
    if status in known:
        return known[status]
    if 300 <= status < 400:
        return "redirected"
    if 400 <= status < 500:
        return "refused"
    return "unavailable" if status >= 500 else "not_taken"


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Does the task's steps until one fails; what came of the last, without anything that was sent.

    A step is ["probe" or "send", URL].
    """
    logging.disable(logging.CRITICAL)
    found = [(mode, url, *service(url, task["seconds"])) for mode, url in task["steps"]]
    seen = Seen(task["private_network"], plain=False)
    listen(seen)
    guard(seen)
    answer: dict[str, Any] = {}
    for mode, url, made, why in found:
        if why is not None:
            return {"code": why}
        seen.plain, seen.status, seen.connected = is_plain(made, url), None, False
        answer = _step(seen, mode, made, task)
        if "code" in answer:
            break
    return answer


def _step(seen: Seen, mode: str, made: Any, task: dict[str, Any]) -> dict[str, Any]:
    try:
        if mode == "probe":
            return {"reached": probe(made, task["seconds"])}
        went_well = _send(made, task)
    except Exception:  # noqa: BLE001 - of a hundred services' code; what they say may quote the text
        went_well = False
    return outcome(seen, went_well=went_well)


def _send(made: Any, task: dict[str, Any]) -> bool:
    from apprise import NotifyFormat, NotifyType

    return bool(
        made.notify(
            body=task["body"],
            title=task["title"],
            notify_type=NotifyType.FAILURE if task["severity"] == "page" else NotifyType.WARNING,
            body_format=NotifyFormat.TEXT,
        )
    )


def main() -> None:
    """One task from the input, one line to the output."""
    answer = run(json.load(sys.stdin))
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()

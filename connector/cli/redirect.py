"""Takes in the one request with which a browser comes back from a sign-in to this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

from connector.errors import ConfigurationError, ConnectorError

_SHORT_SECONDS = 1.0
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Progress Connector</title>'
    "<p>{words}</p></html>"
)
_DONE = "You are signed in, and can close this window."
_NOT_DONE = "The sign-in did not work; the terminal says why. You can close this window."


def wait_for_redirect(redirect_uri: str, finish: Callable[[str], str], seconds: float) -> str:
    """What ``finish`` says of the address that the browser came with; the person is told too.

    A request that is not the answer (``other_sign_in``) is passed over: any page could send the
    browser here. Raises what ``finish`` raises, and ConfigurationError where the port is taken
    ("port_taken") or nobody came ("nobody_came").
    """
    parts = urlsplit(redirect_uri)
    came: list[str | ConnectorError] = []

    class Handler(_Handler):
        path_wanted = parts.path

        def taken(self, path: str) -> bool:
            try:
                came.append(finish(f"{parts.scheme}://{parts.netloc}{path}"))
            except ConfigurationError as fault:
                if fault.code != "other_sign_in":
                    came.append(fault)
                return False
            except ConnectorError as fault:
                came.append(fault)
                return False
            return True

    try:
        server = HTTPServer(("127.0.0.1", parts.port or 80), Handler)
    except OSError as fault:
        raise ConfigurationError(
            "port_taken",
            f"port {parts.port} of this machine is taken ({type(fault).__name__}); close what uses "
            "it, or sign in with --paste",
        ) from None
    with server:
        server.timeout = _SHORT_SECONDS
        until = time.monotonic() + seconds
        while not came and time.monotonic() < until:
            server.handle_request()
    if not came:
        raise ConfigurationError(
            "nobody_came", "nobody came back from the sign-in in time; nothing was changed"
        )
    if isinstance(came[0], ConnectorError):
        raise came[0]
    return came[0]


class _Handler(BaseHTTPRequestHandler):
    path_wanted = "/"
    timeout = 5  # a browser that opens a connection ahead must not hold up the one that comes

    def taken(self, path: str) -> bool:
        """Whether the sign-in is done with this request."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """The answer to the sign-in; anything else is not found."""
        if urlsplit(self.path).path != self.path_wanted:
            self.send_error(404)
            return
        words = _DONE if self.taken(self.path) else _NOT_DONE
        content = _PAGE.format(words=words).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the address holds a code."""

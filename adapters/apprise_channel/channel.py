"""A channel: one short-lived process for each attempt, and what its answer means.

The library is large, speaks to a hundred services in its own ways and says only yes or no. In a
process of its own it can be stopped when it hangs, its memory goes when it ends, and every
connection it opens passes our guard (``child``). The URL goes in by a pipe, never as an argument
that other users of the machine could read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.apprise_channel.settings import AppriseSettings
from connector.credentials import SecretReference
from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.ports import AdapterContext, Notice

# By its path, so that it imports no more than it needs; -P keeps this folder out of its imports.
_CHILD = ("-P", str(Path(__file__).with_name("child.py")))
_START_SECONDS = 10.0
# Of our environment only these: no proxies, no passwords of other services.
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_REACHED = {
    "sent": "sent to the test address",
    "reached": "its server answers; nothing was sent",
    "read": "its address is understood; nothing was sent",
}
_FAULTS = {
    "url_not_known": "no service that apprise knows has such a URL; see the list of apprise",
    "url_local": "the URL tells this machine's own screen or log, where nobody looks",
    "url_unverified": "the URL switches the check of certificates off (verify=no)",
    "not_encrypted": "the URL's service is outside the practice's network and not encrypted; write "
    "its encrypted form, such as jsons:// or mailtos://",
    "address_refused": "the service is at an address of this machine or of a private network; if "
    "it is the practice's own, say private_network: true",
    "redirected": "the service answered with another address; put that into the URL",
    "not_signed_in": "the service does not accept the token or password",
    "not_allowed": "the service does not allow this",
    "not_found": "the service does not know the address; the topic, room or webhook may be gone",
}
_LATER = {
    "unreachable": "the service can't be reached",
    "busy": "the service asks for fewer messages",
    "unavailable": "the service is not available",
    "not_taken": "the service did not take the message",
}


class AppriseChannel:
    """One person's way. Holds no connection; may be used by several threads at once.

    Raises ConfigurationError where the secret or ``ca_file`` can't be read.
    """

    def __init__(self, settings: AppriseSettings, context: AdapterContext) -> None:
        self._where = f"channel {context.name!r}"
        self._seconds = settings.timeout_seconds
        self._private = settings.private_network
        self._url = self._secret(settings.url, "url", context.home)
        self._test_url = None
        if settings.test_url is not None:
            self._test_url = self._secret(settings.test_url, "test_url", context.home)
        self._ca_file = context.home / settings.ca_file if settings.ca_file else None
        if self._ca_file is not None and not self._ca_file.is_file():
            raise ConfigurationError(
                "ca_file_unreadable", f"there is no file {settings.ca_file}", where=self._where
            )

    def tell(self, notice: Notice) -> None:
        """Sends it to the person. A second attempt after a lost answer may be seen twice."""
        self._run([("send", self._url)], notice)

    def test(self, notice: Notice) -> str:
        """Sends to ``test_url``; without one, goes as far as the person's service.

        Both addresses are tried: a test address that works says nothing of a token that does not.
        """
        steps = [("probe", self._url)]
        if self._test_url is not None:
            steps.append(("send", self._test_url))
        return _REACHED[self._run(steps, notice)]

    def _secret(self, given: SecretReference, key: str, home: Path) -> str:
        try:
            return given.read(home)
        except ConfigurationError as fault:
            where = f"{self._where}, {key}"
            raise ConfigurationError(fault.code, fault.message, where=where) from None

    def _run(self, steps: Sequence[tuple[str, str]], notice: Notice) -> str:
        """How far the child came. Raises as ``Channel.tell`` does."""
        task = {
            "steps": steps, "title": notice.title, "body": notice.body,
            "severity": notice.severity, "private_network": self._private,
            "seconds": self._seconds,
        }  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                [sys.executable, *_CHILD],
                input=json.dumps(task), capture_output=True, text=True, check=False,
                timeout=len(steps) * self._seconds + _START_SECONDS,
                env=self._environment(),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise RetryLater(
                "timed_out", f"{self._where}: no end within {self._seconds:g} s"
            ) from None
        except OSError as fault:
            raise RetryLater(
                "not_started", f"{self._where}: no process to send with ({type(fault).__name__})"
            ) from None
        answer = _answer(done.stdout)
        if answer.get("reached") in _REACHED:
            return str(answer["reached"])
        raise self._fault(str(answer.get("code", "")), answer.get("status"))

    def _fault(self, code: str, status: Any) -> ConnectorError:
        detail = f"HTTP {status}" if isinstance(status, int) else ""
        if code in _FAULTS:
            return ConfigurationError(code, _FAULTS[code], where=self._where, detail=detail)
        if code == "refused":
            said = f"{self._where}: the service refuses the message"
            return Rejected("refused", said, detail=detail)
        said = _LATER.get(code, "sending ended without an answer")
        return RetryLater(
            code if code in _LATER else "no_answer", f"{self._where}: {said}", detail=detail
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        # Passwords of a .netrc are for people; what a channel may use stands in its URL.
        kept |= {"NETRC": os.devnull, "PYTHONPATH": str(_place())}
        if self._ca_file is not None:
            path = str(self._ca_file)
            kept |= {"REQUESTS_CA_BUNDLE": path, "SSL_CERT_FILE": path}
        return kept


def _place() -> Path:
    """The folder of the ``connector`` package, from where the child imports our guard."""
    return Path(__file__).resolve().parents[2]


def _answer(text: str) -> dict[str, Any]:
    """The child's last line; nothing where it died before it could say one."""
    try:
        found = json.loads(text.strip().rpartition("\n")[2])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

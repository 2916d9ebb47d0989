"""The channel: what reaches the service, what its answers mean, where it may connect.

Each attempt is a process of its own, as in the practice; the service is in this process.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters.apprise_channel import ADAPTER, child
from adapters.apprise_channel.channel import AppriseChannel
from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.ports import AdapterContext, Notice

with warnings.catch_warnings():
    # The library imports imghdr for its own older versions of Python; the child shows no warnings.
    warnings.simplefilter("ignore", DeprecationWarning)
    importlib.import_module("apprise.plugins.email")

NOTICE = Notice("k1", "PAGE: a safety item needs review", "Alert 3f9c.\nNot a monitoring.", "page")


class Service(ThreadingHTTPServer):
    """Answers with ``status`` and keeps what came."""

    status = 200
    got: list[dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        service: Service = self.server  # type: ignore[assignment]
        service.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(service.status)
        self.send_header("Location", f"http://127.0.0.1:{service.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), _Handler)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AppriseChannel]:
    """Makes channels to a URL."""

    def make(url: str, **options: Any) -> AppriseChannel:
        monkeypatch.setenv("CHANNEL_URL", url)
        given = {"url": {"env": "CHANNEL_URL"}, "private_network": True, **options}
        assert ADAPTER.channel_settings is not None
        settings = ADAPTER.channel_settings.model_validate(given)
        made = ADAPTER.channel(settings, AdapterContext("dana/phone", tmp_path))
        assert isinstance(made, AppriseChannel)
        return made

    return make


def fault_of(channel: AppriseChannel) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        channel.tell(NOTICE)
    return caught.value


def test_the_message_arrives_and_no_proxy_is_used(
    service: Service, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    channel(f"json://127.0.0.1:{service.server_port}/dana").tell(NOTICE)
    [got] = service.got
    assert (got["title"], got["message"], got["type"]) == (NOTICE.title, NOTICE.body, "failure")


def test_a_redirect_is_not_followed(service: Service, channel: Any) -> None:
    service.status = 307
    url = f"json://127.0.0.1:{service.server_port}/secret-token?redirect=yes"
    fault = fault_of(channel(url))
    assert (type(fault), fault.code, len(service.got)) == (ConfigurationError, "redirected", 1)
    assert "secret-token" not in f"{fault} {fault.detail}"


def test_an_address_inside_needs_to_be_said(service: Service, channel: Any) -> None:
    fault = fault_of(channel(f"json://127.0.0.1:{service.server_port}/", private_network=False))
    assert (fault.code, service.got) == ("address_refused", [])
    assert str(fault).startswith("channel 'dana/phone': the service is at an address of this")


def test_cloud_metadata_is_never_called(channel: Any) -> None:
    assert fault_of(channel("json://169.254.169.254/latest")).code == "address_refused"


def test_nobody_there(channel: Any) -> None:
    fault = fault_of(channel("json://127.0.0.1:1/x"))
    assert (type(fault), fault.code) == (RetryLater, "unreachable")


def test_the_test_tries_the_persons_service_too(
    service: Service, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test address that works says nothing of a server that is gone."""
    monkeypatch.setenv("QUIET_URL", f"json://127.0.0.1:{service.server_port}/quiet")
    made = channel("json://127.0.0.1:1/x", test_url={"env": "QUIET_URL"})
    with pytest.raises(RetryLater):
        made.test(NOTICE)
    made = channel(f"json://127.0.0.1:{service.server_port}/x", test_url={"env": "QUIET_URL"})
    assert made.test(NOTICE) == "sent to the test address"
    assert len(service.got) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "not_signed_in"), (403, "not_allowed"), (404, "not_found"), (410, "not_found"),
        (302, "redirected"), (400, "refused"), (422, "refused"), (408, "unavailable"),
        (429, "busy"), (500, "unavailable"), (503, "unavailable"), (200, "not_taken"),
    ],
)  # fmt: skip
def test_what_an_answer_means(status: int, code: str) -> None:
    seen = child.Seen(private_network=True, plain=False, status=status, connected=True)
    assert child.outcome(seen, went_well=False) == {"code": code, "status": status}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("not_signed_in", ConfigurationError), ("url_local", ConfigurationError),
        ("refused", Rejected), ("busy", RetryLater), ("unreachable", RetryLater), ("", RetryLater),
        ("something new", RetryLater),
    ],
)  # fmt: skip
def test_what_a_code_means(channel: Any, code: str, kind: type[ConnectorError]) -> None:
    fault = channel("json://127.0.0.1/x")._fault(code, 400)
    assert isinstance(fault, kind)
    assert str(fault).startswith("channel 'dana/phone': ")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("syslog://", "url_local"), ("rsyslog://127.0.0.1", "url_local"),
        ("Windows://", "url_local"), ("nothing", "url_not_known"), ("", "url_not_known"),
        ("nosuch://x", "url_not_known"), ("jsons://x.example/?verify=no", "url_unverified"),
        ("jsons://x.example/", None), ("mailtos://user:secret@mail.example", None),
    ],
)  # fmt: skip
def test_which_urls_are_taken(url: str, code: str | None) -> None:
    assert child.service(url, 3.0)[1] == code


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("json://x.example/", True), ("jsons://x.example/", False),
        ("mailto://user:secret@mail.example", True), ("mailtos://user:secret@mail.example", False),
        ("mailto://user:secret@mail.example?mode=starttls", False),
        ("ntfys://topic", False), ("ntfy://ntfy.example/topic", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", False),
    ],
)  # fmt: skip
def test_which_urls_are_encrypted(url: str, plain: bool) -> None:
    made, _ = child.service(url, 3.0)
    assert child.is_plain(made, url) == plain


@pytest.mark.parametrize(
    ("address", "plain", "private", "code"),
    [
        ("8.8.8.8", False, False, None), ("8.8.8.8", True, False, "not_encrypted"),
        ("8.8.8.8", True, True, "not_encrypted"), ("10.1.2.3", False, False, "address_refused"),
        ("10.1.2.3", True, True, None), ("::ffff:127.0.0.1", False, False, "address_refused"),
        ("169.254.169.254", False, True, "address_refused"),
        ("fe80::1%1", False, True, "address_refused"),
    ],
)  # fmt: skip
def test_where_it_may_connect(address: str, plain: bool, private: bool, code: str | None) -> None:
    assert child._judged(address, child.Seen(private, plain)) == code


def test_a_probe_stops_where_no_server_is_named() -> None:
    made, _ = child.service("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", 3.0)
    assert child.probe(made, 3.0) == "read"


def test_what_is_missing_is_named(channel: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no file ca\.pem"):
        channel("jsons://x.example/", ca_file="ca.pem")
    with pytest.raises(ConfigurationError, match="channel 'dana/phone', test_url: the environment"):
        channel("jsons://x.example/", test_url={"env": "NOT_SET_ANYWHERE"})


def test_the_library_is_not_loaded_by_the_service() -> None:
    """Only the process that sends has it; that one is gone afterwards."""
    code = (
        "import sys, adapters.apprise_channel as a;print(a.ADAPTER.name, 'apprise' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["apprise_channel", "False"]

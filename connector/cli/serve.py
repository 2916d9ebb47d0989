"""``serve``: web page, clock and engine in one process."""

from __future__ import annotations

import errno
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.sock import create_sockets
from gunicorn.util import close_graceful
from gunicorn.workers import gthread

from connector.app import App, open_app
from connector.cli import EXIT_NEEDS_PERSON
from connector.cli.incoming import Incoming, TimedReader
from connector.cli.run import BESIDE_WEB
from connector.errors import ConfigurationError
from connector.footprint import few_pools, settle, stay_on_one_core
from connector.logs import PlainFormatter

_SILENT_SECONDS = 0.1
_TELL_SECONDS = 60
_NEXT_REQUEST_MILLISECONDS = 20
_FREE_THREADS = 2


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve_command(home: Path, port: int, host: str) -> None:
    """Run the service: poll at each source's interval, work, deliver, and show the results page.

    The page opens with the address that is printed at the start: it holds a key that is made anew
    at each start. Stop with Ctrl-C or SIGTERM; work in hand is finished first.
    """
    serve(open_app(home), port, host)


def serve(app: App, port: int, host: str = "127.0.0.1") -> None:
    """Serve until stopped. Raises ConfigurationError when the port or the database is taken."""
    few_pools()
    _check_port(host, port)
    host = f"[{host}]" if ":" in host else host
    # Mistakes in the site file end the start here, with one sentence.
    _ = (app.webhooks, app.listeners, app.keys)
    if not app.site.service.web_process:
        _ = (app.instruments, app.mappings, app.sources, app.destinations, app.rules)
    token = secrets.token_urlsafe(16)
    click.echo(f"Results page: http://{host}:{port}/sign-in/{token}")
    for name in app.webhooks:
        click.echo(f"Webhook:      http://{host}:{port}/webhooks/{name}")
    for given in app.site.sources:
        if given.name in app.listeners:
            where = f"{given.options.get('host', '127.0.0.1')}:{given.options.get('port', '')}"
            click.echo(f"Listening:    {where} ({given.name})")
    for plan in app.plans.values():
        if plan.calls:
            click.echo(f"Requests:     {plan.sentence()}")
    click.echo("Stop with Ctrl-C.")
    with _worker(app) as worker:
        if app.site.service.one_core:
            stay_on_one_core(app.home, 0 if worker is None else 1)
        server = Server(app, token, f"{host}:{port}", worker)
        server.run()
    if server.failed:
        click.echo("connector: a part of the service failed and it was stopped", err=True)
        sys.exit(EXIT_NEEDS_PERSON)


@contextmanager
def _worker(app: App) -> Iterator[subprocess.Popen[bytes] | None]:
    """The working process beside the web process, if the site wants two; ended with it."""
    if not app.site.service.web_process:
        yield None
        return
    call = "from connector.cli import main; main()"
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", call, "--home", str(app.home), "run"],
        env={**os.environ, BESIDE_WEB: str(os.getpid())},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        code = process.wait()
    if code > 0:
        sys.exit(code)


def _check_port(host: str, port: int) -> None:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except UnicodeError:  # no name of a host can be so long, or have an empty part
        raise ConfigurationError("host_unknown", f"{host!r} is no address; see --host") from None
    except OSError as fault:
        code, text = "port_refused", f"can't listen on port {port} of {host}: {fault.strerror}"
        if isinstance(fault, socket.gaierror) or fault.errno == errno.EADDRNOTAVAIL:
            code, text = "host_unknown", f"{host!r} is no address of this machine; see --host"
        if fault.errno == errno.EADDRINUSE:
            code = "port_taken"
            text = f"port {port} on {host} is in use; choose another with --port"
        raise ConfigurationError(code, text) from None


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's worker with threads, run in this process without an arbiter above it.

    An arbiter restarts workers; here a failed part must end the whole service, so that whatever
    watches it sees that. It would cost as much memory again.
    """

    def __init__(
        self, app: App, token: str, bind: str, worker: subprocess.Popen[bytes] | None
    ) -> None:
        self._app = app
        self._token = token
        self._bind = bind
        self._worker = worker
        self._close: Callable[[], None] = lambda: None
        self._stopping = False
        self.failed = False
        super().__init__()

    def load_config(self) -> None:
        """What gunicorn asks for at the start."""
        settings: dict[str, Any] = {
            "bind": self._bind,
            "worker_class": "gthread",
            "threads": self._app.site.service.threads,
            "graceful_timeout": 60,
            "keepalive": 30,
            "loglevel": "warning",
            "logger_class": _PlainLog,
            "limit_request_line": 2048,
            "limit_request_fields": 50,
            # Nobody may say in a header where a request goes or whence it comes.
            "forwarder_headers": "",
            "forwarded_allow_ips": "",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The started web application, and with it the service."""
        from connector import service

        if self._worker is None:
            flask_app, self._close = service.start(self._app, self._token, self._fail)
        else:
            flask_app, self._close = service.start_web(
                self._app, self._token, self._worker_is_alive, self._fail
            )
            threading.Thread(target=self._watch_worker, daemon=True).start()
        settle()
        return flask_app

    def run(self) -> None:
        """Answer requests until a signal comes; then finish what is in hand."""
        log = self.cfg.logger_class(self.cfg)
        sockets = create_sockets(self.cfg, log)
        # By default a connection on which nothing comes holds a thread for 5 s, and one that its
        # other end does not close holds everybody up for 2 s.
        gthread.DEFAULT_WORKER_DATA_TIMEOUT = _SILENT_SECONDS
        gthread.util.close_graceful = partial(close_graceful, timeout=_SILENT_SECONDS)
        thread = _Threads(1, os.getppid(), sockets, self, 60, self.cfg, log)
        thread.pid = os.getpid()
        try:
            thread.init_process()
        finally:
            self._stopping = True
            thread.tmp.close()
            self._close()

    def _worker_is_alive(self) -> bool:
        return self._worker is not None and self._worker.poll() is None

    def _watch_worker(self) -> None:
        if self._worker is not None:
            self._worker.wait()
            self._fail()

    def _fail(self) -> None:
        if not self._stopping:
            self.failed = True
            os.kill(os.getpid(), signal.SIGTERM)


class _Threads(gthread.ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's worker; there is no arbiter whose end it must look for."""

    _lingering = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._incoming = Incoming(self.cfg.threads // 2)
        self._counting = threading.Lock()

    def is_parent_alive(self) -> bool:
        """Always: whoever started the service may go."""
        return True

    def notify(self) -> None:
        """Nobody looks whether this process still notes that it lives."""

    def handle(self, conn: Any) -> Any:
        """One request, and those that follow it on the connection without a pause.

        Giving the connection back to the thread that watches all of them, and getting it again,
        costs as much as reading the request. Some threads always stay free for other connections.
        """
        while True:
            self._begin(conn)
            result = super().handle(conn)
            if result is not True or conn.is_http2 or not self._follows(conn.sock):
                return result

    def _begin(self, conn: Any) -> None:
        """The next request of a connection has its time from now on."""
        if conn.initialized:
            conn.parser.unreader.begin()
        elif conn.data_ready or conn.wait_for_data(gthread.DEFAULT_WORKER_DATA_TIMEOUT):
            conn.init()
            conn.parser.unreader = TimedReader(conn.sock, self._incoming)

    def _follows(self, connection: socket.socket) -> bool:
        """Whether the next request begins within a moment."""
        with self._counting:
            if not self.alive or self._lingering >= self.cfg.threads - _FREE_THREADS:
                return False
            self._lingering += 1
        try:
            waiting = select.poll()
            waiting.register(connection, select.POLLIN)
            return bool(waiting.poll(_NEXT_REQUEST_MILLISECONDS))
        finally:
            with self._counting:
                self._lingering -= 1

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """A transfer coding that nobody has is the sender's fault (400), not ours (501)."""
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader("TRANSFER-ENCODING")
        super().handle_error(req, client, addr, exc)

    def handle_quit(self, sig: int, frame: object) -> None:
        """Ctrl-C stops in order, like SIGTERM."""
        self.handle_exit(sig, frame)


class _PlainLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log without the texts of failures, nor of what was sent."""

    _told: float | None = None
    _untold = 0

    def setup(self, cfg: Any) -> None:
        self._counting = threading.Lock()
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(PlainFormatter())

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """What is no valid request is quoted in gunicorn's sentence: here it is only counted."""
        if msg.startswith("Invalid request"):
            self._count()
        else:
            super().warning(msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Who stops in the middle of a request is counted too."""
        if msg.startswith("Socket error"):
            self._count()
        else:
            super().exception(msg, *args, **kwargs)

    def _count(self) -> None:
        now, count = time.monotonic(), 0
        with self._counting:
            self._untold += 1
            if self._told is None or now - self._told >= _TELL_SECONDS:
                count, self._told, self._untold = self._untold, now, 0
        if count:
            super().warning("%d refused that were no whole and valid HTTP requests", count)

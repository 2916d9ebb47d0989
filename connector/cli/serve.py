"""``serve``: web page, clock and engine in one process."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from connector.app import App, open_app
from connector.cli import EXIT_NEEDS_PERSON, exit_code
from connector.errors import ConfigurationError, ConnectorError
from connector.logs import PlainFormatter

_THREADS = 8


@click.command("serve")
@click.option("--port", default=8080, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.pass_obj
def serve_command(home: Path, port: int, host: str) -> None:
    """Run the service: poll at each source's interval, work, deliver, and show the results page.

    The page opens with the address that is printed at the start (it holds a one-time key). Stop
    with Ctrl-C or SIGTERM; work in hand is finished first.
    """
    serve(open_app(home), port, host)


def serve(app: App, port: int, host: str = "127.0.0.1") -> None:
    """Serve until stopped. Raises ConfigurationError when the port or the database is taken."""
    _check_port(host, port)
    # Mistakes in the site file end the start here, with one sentence, not inside a worker.
    _ = (app.instruments, app.mappings, app.sources, app.destinations, app.rules, app.keys)
    token = secrets.token_urlsafe(16)
    click.echo(f"Results page: http://{host}:{port}/sign-in/{token}")
    click.echo("Stop with Ctrl-C.")
    server = _Server(app, token, f"{host}:{port}")
    try:
        server.run()
    finally:
        if server.failed.is_set():
            click.echo("connector: a part of the service failed and it was stopped", err=True)
            sys.exit(EXIT_NEEDS_PERSON)


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise ConfigurationError(
                "port_taken", f"port {port} on {host} is in use; choose another with --port"
            ) from None


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with one worker: the engine lives in it, threads answer requests."""

    def __init__(self, app: App, token: str, bind: str) -> None:
        self._app = app
        self._token = token
        self._bind = bind
        self._close: Callable[[], None] = lambda: None
        self._main = os.getpid()
        self.failed = multiprocessing.get_context("fork").Event()
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": "gthread",
            "threads": _THREADS,
            "graceful_timeout": 60,
            "timeout": 120,
            "loglevel": "warning",
            "logger_class": _PlainLog,
            "limit_request_line": 2048,
            "limit_request_fields": 50,
            "worker_exit": lambda server, worker: self._close(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        from connector.service import start

        try:
            flask_app, self._close = start(self._app, self._token, self._fail)
        except ConnectorError as fault:
            # gunicorn ends the whole service with the code that its worker ends with at the start.
            click.echo(f"connector: {fault}", err=True)
            sys.exit(exit_code(fault))
        return flask_app

    def _fail(self) -> None:
        self.failed.set()
        os.kill(self._main if os.getppid() == self._main else os.getpid(), signal.SIGTERM)


class _PlainLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log without the texts of failures."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(PlainFormatter())

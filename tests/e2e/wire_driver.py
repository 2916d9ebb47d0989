"""Starts services in forked children on request, everything imported once, to be killed by a test.

Started with ``python -c "from tests.e2e.wire_driver import main; main()"``, so that the children of
the services do not import this module again. Each line of its input is a JSON object: ``home``,
``port``, ``log`` (a file), ``break_when`` (a file: once it is there, the evaluation of patients
fails as by a defect; the service ends by itself once a file of that name and ".seen" is there too),
``prepare`` (a module, imported before the fork; its ``prepare(app)`` is called in the child),
``command`` (arguments: the child is a command of that site instead of a service). It answers with
the child's ``pid``, and later with ``ended`` and ``code``. It ends, and ends its children, when its
input is closed.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

# The heavy imports of a service, made before the fork.
import adapters.fhir_r4.destination
import adapters.fhir_r4.source
import adapters.webhook_json
import adapters.webhook_out.destination  # noqa: F401
import connector.cli.run
import connector.cli.serve
import connector.documents.compose
import connector.documents.render
import connector.engine.clock
import connector.engine.durable
import connector.engine.intake
import connector.engine.runner
import connector.engine.wake
import connector.engine.workflows
import connector.http.transport
import connector.service
import connector.store.store
import connector.web
from connector import logs
from connector.app import open_app
from connector.cli import exit_code
from connector.cli.serve import serve
from connector.errors import ConnectorError

_parsed: dict[str, dict[str, Any]] = {}


def main() -> None:
    """Fork a service for each line; tell how each one ended."""
    open_children: set[int] = set()
    while True:
        ready, _, _ = select.select([0], [], [], 0.02)
        if ready:
            line = _line()
            if not line:
                break
            wanted = json.loads(line)
            _parse(wanted["home"])
            if "prepare" in wanted:
                importlib.import_module(wanted["prepare"])
            child = _fork(wanted)
            open_children.add(child)
            _say({"pid": child})
        while open_children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            open_children.discard(pid)
            _say({"ended": pid, "code": os.waitstatus_to_exitcode(status)})
    for pid in open_children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _parse(home: str) -> None:
    """Read instruments and mappings of a site once: most of the time of a start."""
    if home not in _parsed:
        app = open_app(Path(home))
        _parsed[home] = {"instruments": app.instruments, "mappings": app.mappings}


def _line() -> bytes:
    """One line of the input, read byte by byte, so that nothing is left in a buffer."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


def _say(told: dict[str, Any]) -> None:
    os.write(1, json.dumps(told).encode() + b"\n")


def _fork(wanted: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = _command(wanted) if "command" in wanted else _serve(wanted)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve(wanted: dict[str, Any]) -> int:
    """One life of a service, as ``connector serve`` leads it; its exit code."""
    logs.set_up()
    if wanted.get("break_when"):
        _break(Path(wanted["break_when"]))
    app = open_app(Path(wanted["home"]))
    app.__dict__.update(_parsed[wanted["home"]])
    if "prepare" in wanted:
        importlib.import_module(wanted["prepare"]).prepare(app)
    try:
        serve(app, wanted["port"])
    except ConnectorError as fault:
        sys.stderr.write(f"connector: {fault}\n")
        return exit_code(fault)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _command(wanted: dict[str, Any]) -> int:
    """One command, as a person at the console gives it; its exit code."""
    sys.argv = ["connector", "--home", wanted["home"], *wanted["command"]]
    try:
        connector.cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _break(when: Path) -> None:
    """Evaluation fails by a defect from the moment that a file is there.

    Who watches the parts notices it when somebody else has: until then requests are answered.
    """
    from connector import service
    from connector.engine import evaluate

    whole, watch = evaluate.evaluate_due, service._watch
    seen = when.with_name(f"{when.name}.seen")

    def broken(work: Any) -> int:
        if when.exists():
            raise RuntimeError("a defect made for a test")
        return whole(work)

    evaluate.evaluate_due = broken

    def waiting(works: Any, *more: Any) -> None:
        watch(lambda: works() or not seen.exists(), *more)

    service._watch = waiting

"""The running service under load: it stops in order, refuses a second, and says how it is."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import wire_site
from tests.e2e.raw_requests import exchange, request
from tests.e2e.wire_counterparts import KillSwitch, Sender, receiving, signed
from tests.e2e.wire_fhir import WatchedCounterpart
from tests.e2e.wire_kills import Run
from tests.e2e.wire_site import Nursery, listens, wait_for
from tests.free_ports import free_port

Wire = Callable[..., Run]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with wire_site.nursery() as made:
        yield made


@pytest.fixture
def wire(tmp_path: Path, nursery: Nursery, fhir_counterpart: Any) -> Iterator[Wire]:
    """Makes a site with two patients at its EHR."""
    with ExitStack() as stack:

        def make(**given: Any) -> Run:
            switch = KillSwitch()
            receiver = stack.enter_context(receiving(switch))
            ehr = WatchedCounterpart(fhir_counterpart, switch)
            home = wire_site.make_site(tmp_path / "site", ehr, receiver, **given)
            run = Run(home, ehr, receiver, switch, nursery, 1, bool(given.get("service")))
            run.add_patients(2)
            return run

        yield make


def get(port: int, path: str) -> list[int]:
    """The status of a page."""
    return exchange(port, request(b"", "Connection: close", method="GET", path=path), finish=False)


def post(port: int, number: int) -> tuple[int, http.client.HTTPMessage, dict[str, Any]]:
    """The answer to the ``number``-th event: status, headers, content."""
    event = wire_site.make_event(2, number)
    body = json.dumps(event).encode()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as line:
        line.request("POST", "/webhooks/forms", body, signed(event["event_id"], body))
        answer = line.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())


@pytest.mark.parametrize("service", [{}, {"web_process": True}], ids=["one", "two processes"])
def test_sigterm_under_load_finishes_what_is_in_hand(wire: Wire, service: dict[str, Any]) -> None:
    run = wire(service=service)
    run.sender.start()
    for turn in range(1, 3):
        pid = run.start()
        known = len(run.sender.acknowledged)
        wait_for(lambda known=known: len(run.sender.acknowledged) > known + 25, 60)
        event = wire_site.make_event(2, 900_000 + turn)
        body = json.dumps(event).encode()
        headers = [f"{name}: {value}" for name, value in signed(event["event_id"], body).items()]
        sent = request(body, *headers, "Expect: 100-continue")
        with socket.create_connection(("127.0.0.1", run.port), timeout=120) as line:
            line.sendall(sent[:-20])
            assert line.recv(100).startswith(b"HTTP/1.1 100 "), "a thread has it in hand"
            processes = wire_site.family(pid)
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.5)
            line.sendall(sent[-20:])
            assert line.recv(100).startswith(b"HTTP/1.1 202 "), "answered, though it stops"
        run.sender.acknowledged.append(event["event_id"])
        assert run.nursery.code(pid, 60) == 0, run.said()
        # Python's own helper of child processes sees the end of its pipe a moment later.
        wait_for(lambda known=processes: not any(one.alive for one in known), 20, "for the end")
        assert not listens(run.port)
    found = run.finish()
    assert (found["lost"], found["twice"]) == (0, 0)
    assert (found["repeats_keyed"], found["repeats_asked"]) == (0, 0), "no attempt was cut off"


@pytest.mark.parametrize("service", [{}, {"web_process": True}], ids=["one", "two processes"])
def test_a_second_service_on_the_site_is_refused(wire: Wire, service: dict[str, Any]) -> None:
    run = wire(service=service)
    pid = run.start()
    wait_for(lambda: wire_site.looked(run.home)["patients"] == 2, 30)  # the first holds the engine
    second = run.nursery.start(run.home, free_port())
    assert run.nursery.code(second, 60) == 3
    said = run.said()
    assert (
        "connector: another connector process is using engine.db. Stop it first; to run several "
        "processes, set store.url and store.engine_url to PostgreSQL [already_running]"
    ) in said
    third = run.nursery.start(run.home, run.port)
    assert run.nursery.code(third, 60) == 3
    assert (
        f"connector: port {run.port} on 127.0.0.1 is in use; choose another with --port "
        "[port_taken]"
    ) in run.said()
    assert post(run.port, 1)[0] == 202
    wait_for(lambda: run.receiver.summaries("keyed")["evt-1"], 30)
    run.stop(pid)


def test_it_is_ready_when_it_answers_and_takes_events_at_once(wire: Wire) -> None:
    run = wire()
    pid = run.nursery.start(run.home, run.port)
    statuses = []
    while not statuses:
        with suppress(OSError):
            statuses = get(run.port, "/readyz")
    assert statuses == [200], "no answer before it is ready"
    assert post(run.port, 1)[0] == 202
    assert get(run.port, "/healthz") == [200]
    run.stop(pid)


def test_a_part_that_fails_ends_the_service_which_says_so_until_then(
    wire: Wire, tmp_path: Path
) -> None:
    run = wire()
    flag = tmp_path / "break"
    pid = run.nursery.start(run.home, run.port, break_when=str(flag))
    wait_for(lambda: listens(run.port), 60)
    assert get(run.port, "/healthz") == get(run.port, "/readyz") == [200]
    flag.touch()
    assert post(run.port, 1)[0] == 202
    told: list[int] = []

    def says_so() -> bool:
        told.extend(get(run.port, "/healthz"))
        return told[-1] == 503

    wait_for(says_so, 60, "for the engine to stop")
    assert set(told) <= {200, 503}
    assert get(run.port, "/readyz") == [503]
    assert run.nursery.code(pid, 0) is None, "it is looked at now and then"
    flag.with_name("break.seen").touch()
    assert run.nursery.code(pid, 60) == 1
    said = run.said()
    assert "connector: a part of the service failed and it was stopped" in said
    assert "a defect made for a test" not in said, "texts of failures may quote a record"
    (run.home / "service.log").write_text("")
    run.sender.acknowledged.append("evt-1")
    run.sender.start(0)
    assert run.finish()["lost"] == 0


def test_a_full_disk_is_told_the_senders_and_recovers_alone(wire: Wire, small_disk: Any) -> None:
    run = wire()
    data = run.home / "data"
    keys = (data / "keys.json").read_bytes()
    small_disk(data, 12_000)
    (data / "keys.json").write_bytes(keys)
    (data / "keys.json").chmod(0o600)
    pid = run.start()
    wait_for(lambda: len(run.ehr.documents()) == 2, 60)
    assert post(run.port, 1)[0] == 202
    filler = data / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    acknowledged, number = ["evt-1"], 1
    while number < 3000:
        number += 1
        status, headers, said = post(run.port, number)
        if status != 202:
            break
        acknowledged.append(f"evt-{number}")
    assert status == 503
    assert 1 <= int(headers["Retry-After"]) <= 3600
    assert said["code"] == "try_again_later"
    assert said["message"] == "it could not be stored now; send it again later"
    log = run.home / "service.log"
    wait_for(lambda: "disk_full" in log.read_text(), 60, "for a loop to meet it")
    time.sleep(2.5)  # all loops meet it, and go on
    assert post(run.port, number)[0] == 503
    assert run.nursery.code(pid, 0) is None
    assert get(run.port, "/healthz") == [200]

    filler.unlink()
    wait_for(lambda: post(run.port, number)[0] == 202, 30)
    run.sender = Sender(
        [run.port], lambda n: wire_site.make_event(2, number + n), run.switch, seed=1
    )
    run.sender.acknowledged += [*acknowledged, f"evt-{number}"]
    run.sender.start(20)
    run.sender.wait()
    wire_site.wait_until_idle(run.home, run.patients, 60)
    run.stop(pid)
    found = run.checked()
    assert (found["lost"], found["twice"]) == (0, 0)

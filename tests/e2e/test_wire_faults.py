"""Every fault of a counterpart, through real adapters and sockets: state, time, and what is read.

Time passes only where a test says so, or where the connector waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from connector.app import App
from connector.cli import main_group
from connector.engine import deliver, ingest, workflows
from connector.engine.retries import RETRY_AFTER
from connector.engine.runner import Runner
from connector.engine.sender import LIGHT_AT_ONCE
from connector.errors import ConfigurationError, ConnectorError, RetryLater
from connector.http import Http
from connector.settings import Site
from tests.e2e.fault_bench import HASTY, PATIENT, SECRET, FaultBench, Make, SetClock, site_options
from tests.e2e.fault_server import Fault, counterparts
from tests.e2e.wire_site import wait_for

FIRST = 5.0
"""Seconds before the second attempt, 10 percent more or less."""


@pytest.fixture
def bench(
    small_site: Callable[..., Any], rows: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    """Makes the bench; each of ``patients`` has a decision that waits for both destinations."""
    made: list[FaultBench] = []
    monkeypatch.setattr(
        workflows, "call", lambda kind, flow, keys: deliver.send(made[0].work, keys, by="test")
    )
    with ExitStack() as stack:

        def make(patients: int = 1) -> FaultBench:
            chart, hook = stack.enter_context(counterparts())
            site = small_site(extra=site_options(chart, hook, PATIENT), as_of=None)
            (site.home / "secret").write_text(SECRET)
            (site.home / "secret").chmod(0o600)
            clock = SetClock(site.open().site.now())
            monkeypatch.setattr(Site, "now", lambda _: clock())
            monkeypatch.setattr("connector.app.utc_now", clock)  # what budgets count by
            defaults = Http.__init__.__kwdefaults__
            for name, value in {"sleep": clock.on, "timer": clock.timer}.items():
                monkeypatch.setitem(defaults, name, value)
            monkeypatch.setitem(defaults, "connect_seconds", PATIENT)
            site.drop_rows("clients.csv", [rows.client(f"C-{n}") for n in range(patients)])

            def opened(patience: float) -> App:
                monkeypatch.setitem(defaults, "read_seconds", patience)
                site.extra = site_options(chart, hook, patience)
                app: App = site.write().open()
                stack.callback(app.destinations["hook"].close)
                return app

            app = opened(PATIENT)
            store = stack.enter_context(app.open_store())
            work = replace(app.work(store, renderer=None), now=clock)
            threads = stack.enter_context(ThreadPoolExecutor(2))
            made.append(FaultBench(app, site, store, work, clock, chart, hook, threads, opened))
            made[0].prepare()
            assert made[0].states("chart") == made[0].states("hook") == {"pending": patients}
            return made[0]

        yield make


class Told(NamedTuple):
    """What must come of a fault; ``wait``: seconds to the next attempt, None for a dead letter."""

    code: str
    message: str
    wait: float | None = FIRST
    person: bool = False
    gate_open: bool = False

    @property
    def what(self) -> str:
        """What ``connector status`` says of it."""
        if self.wait is None:
            return "1 given up (dead-letters list)"
        settings = "the settings to be put right" if self.person else "another attempt"
        return f"1 wait for {settings}"


def dead(code: str, message: str) -> Told:
    return Told(code, message, wait=None, gate_open=True)


CREDENTIALS = Told(
    "not_signed_in",
    "{host} does not accept our credentials (401); check that the token or secret is the one for "
    "this server and has not expired or been revoked",
    person=True,
)
ALLOWED = Told(
    "not_allowed",
    "{host} knows our credentials and does not allow this (403); ask its administrator for the "
    "permission or scope",
    person=True,
)
NO_ADDRESS = Told(
    "unavailable",
    "{host} does not know the address (404); what stands behind it may be switched off, or `url` "
    "is wrong",
)
ELSEWHERE = Told(
    "redirected",
    "{host} redirects to elsewhere.example (302); neither requests nor credentials are sent "
    "there. If that is the right server, put its address into the settings",
    person=True,
)
MISREAD = dead(
    "condition_misread",
    "the server says that several DocumentReference match our key, and has none with it: it does "
    "not understand the condition, so that nothing can be filed there exactly once",
)
NEWER = dead(
    "changed_meanwhile",
    "{host} holds a newer version, or more than one that matches (412): the content is not valid",
)
NOT_THERE = dead(
    "not_found", "{host} does not have what was asked for (404): the content is not valid"
)
GONE = Told(
    "gone", "{host} wants nothing more at this address (410): the content is not valid", wait=None
)
CONFLICT = dead(
    "conflict", "{host} holds something that contradicts this (409): the content is not valid"
)
FAULTY = dead("refused", "{host} finds the request faulty (400): the content is not valid")
CONTENT = dead(
    "content_refused",
    "{host} can read this and does not accept its content (422): the content is not valid",
)
BUSY = Told("busy", "{host} asks for fewer requests (429)")
BUSY_LATER = Told(
    "busy", "{host} asks for fewer requests (429) and says to try again in 7200 s", 7200
)
AWAY = Told("unavailable", "{host} is not available (503)")
AWAY_LATER = Told(
    "unavailable", "{host} is not available (503) and says to try again in 600 s", 600
)
BAD_GATEWAY = Told("unavailable", "{host} is not available (502)")
FAILED = Told("server_error", "{host} failed with an error of its own (500)")
GARBAGE = Told(
    "garbage_answer",
    "{host} answered with something that can't be read; is the address that of its API?",
)
CUT_OFF = Told("answer_cut_off", "the answer of {host} ended before its end", gate_open=True)
CLOSED = Told("connection_lost", "{host} closed the connection without an answer")
SILENT_CHART = Told("timed_out", "{host} gave no answer within 0.3 s")
SILENT_HOOK = Told("timed_out", "{host} gave no answer within 1 s")
REFUSES = Told("unreachable", "{host} refuses connections; is it running, and is the port right?")

ANSWERS: dict[str, tuple[Fault | None, Told, Told]] = {
    "400": (Fault(400), FAULTY, FAULTY),
    "401": (Fault(401), CREDENTIALS, CREDENTIALS),
    "403": (Fault(403), ALLOWED, ALLOWED),
    "404": (Fault(404), NOT_THERE, NO_ADDRESS),
    "409": (Fault(409), CONFLICT, CONFLICT),
    "410": (Fault(410), GONE, GONE),
    "412": (Fault(412), MISREAD, NEWER),
    "422": (Fault(422), CONTENT, CONTENT),
    "429": (Fault(429), BUSY, BUSY),
    "429, Retry-After": (Fault(429, {"Retry-After": "7200"}), BUSY_LATER, BUSY_LATER),
    "500": (Fault(500), FAILED, FAILED),
    "502": (Fault(502), BAD_GATEWAY, BAD_GATEWAY),
    "503": (Fault(503), AWAY, AWAY),
    "503, Retry-After": (Fault(503, {"Retry-After": "600"}), AWAY_LATER, AWAY_LATER),
    "redirect": (Fault(302, {"Location": "https://elsewhere.example/x"}), ELSEWHERE, ELSEWHERE),
    "no HTTP": (Fault(how="garbage"), GARBAGE, GARBAGE),
    "cut off": (Fault(how="truncated"), CUT_OFF, CUT_OFF),
    "closed": (Fault(how="close"), CLOSED, CLOSED),
    "silent": (Fault(how="silent"), SILENT_CHART, SILENT_HOOK),
    "down": (None, REFUSES, REFUSES),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_fault_of_a_destination(bench: Make, name: str) -> None:
    made = bench()
    fault, chart, hook = ANSWERS[name]
    if name == "silent":
        made.wait(HASTY)
    for destination, server, told in (
        ("chart", made.chart.server, chart), ("hook", made.hook.server, hook),
    ):  # fmt: skip
        server.fault, server.methods = fault, ("POST",)
        if fault is None:
            server.down()
        made.send(destination)
        (row,) = made.rows(destination)
        message = told.message.format(host=server.host)
        assert (row.code, row.message, row.needs_person) == (told.code, message, told.person)
        assert row.state == ("dead" if told.wait is None else "pending")
        assert row.attempts == 1
        if told.wait is not None:
            wait = (row.due_at - made.clock()).total_seconds()
            assert wait == told.wait if told.wait > FIRST else 4.5 <= wait <= 5.5
        assert made.work.gates[destination].is_open(made.clock()) == told.gate_open
        assert (destination, told.what, f"{message} [{told.code}]") in made.told()
    put_right(made)


def put_right(made: FaultBench) -> None:
    """The counterparts work again, a person does what is hers: everything arrives, once."""
    for server in (made.chart.server, made.hook.server):
        server.fault = None
        server.down()
        server.up()
    made.wait(PATIENT)
    made.clock.on(7300)
    for destination in ("chart", "hook"):
        made.store.write(lambda tx, name=destination: tx.destinations.enable(name))
        given_up = [row.key for row in made.rows(destination) if row.state == "dead"]
        made.store.write(lambda tx, keys=given_up: tx.deliveries.replay(keys, made.clock()))
        made.send_all(destination)
        assert made.states(destination).keys() == {"delivered"}
    assert set(made.hook.posts.values()) == {1}
    assert made.told() == []
    filed = Counter(one["identifier"][0]["value"] for one in made.chart.fhir.documents())
    assert filed == Counter(row.key for row in made.rows("chart"))


def test_a_maintenance_page_in_place_of_the_server(bench: Make) -> None:
    made = bench(40)
    page = Fault(200, {"Content-Type": "text/html"}, b"<h1>Maintenance</h1>")
    made.chart.server.fault = page
    made.send("chart")
    assert {row.code for row in made.rows("chart")} == {"garbage_answer", None}
    assert made.chart.server.attempts <= 4, "one of each line says it for all"
    assert made.told()[0][2] == (
        f"{made.chart.server.host} answered a search of DocumentReference with something else than "
        "a Bundle; it may be under maintenance, or base_url is not the address of its FHIR API "
        "[garbage_answer]"
    )
    put_right(made)


def test_a_gateway_that_knows_no_such_address_makes_no_dead_letters(bench: Make) -> None:
    made = bench(40)
    made.chart.server.fault = Fault(404)
    made.send("chart")
    assert made.states("chart") == {"pending": 40}
    assert made.chart.server.attempts <= 4
    assert made.told()[0][1].endswith("wait for the settings to be put right")
    assert made.told()[0][2] == (
        "the server has no DocumentReference, or base_url is not the address of its FHIR API, or "
        "what stands behind it is switched off [type_not_offered]"
    )
    put_right(made)


REFUSED = (
    "the server refuses to be searched for Patient ({}); it may want another parameter (see "
    "`parameters`), or not offer it at all (see `types`)"
)
READ: dict[str, tuple[Fault | None, type[ConnectorError], str, str]] = {
    "401": (Fault(401), ConfigurationError, CREDENTIALS.code, CREDENTIALS.message),
    "403": (Fault(403), ConfigurationError, ALLOWED.code, ALLOWED.message),
    "404": (
        Fault(404), ConfigurationError, "type_not_offered",
        "the server has no Patient, or base_url is not the address of its FHIR API; name the "
        "types that it has in `types`",
    ),
    "409": (
        Fault(409), ConfigurationError, "search_refused", REFUSED.format(CONFLICT.message),
    ),
    "412": (Fault(412), ConfigurationError, "search_refused", REFUSED.format(NEWER.message)),
    "429": (Fault(429), RetryLater, BUSY.code, BUSY.message),
    "429, Retry-After": (
        Fault(429, {"Retry-After": "7200"}), RetryLater, "busy", BUSY_LATER.message,
    ),
    "500": (Fault(500), RetryLater, FAILED.code, FAILED.message),
    "503": (Fault(503), RetryLater, AWAY.code, AWAY.message),
    "redirect": (
        Fault(302, {"Location": "https://elsewhere.example/x"}), ConfigurationError,
        ELSEWHERE.code, ELSEWHERE.message,
    ),
    "web page": (
        Fault(200, {"Content-Type": "text/html"}, b"<h1>Maintenance</h1>"), RetryLater,
        "garbage_answer",
        "{host} answered a search of Patient with something else than a Bundle; it may be under "
        "maintenance, or base_url is not the address of its FHIR API",
    ),
    "no HTTP": (Fault(how="garbage"), RetryLater, GARBAGE.code, GARBAGE.message),
    "cut off": (Fault(how="truncated"), RetryLater, CUT_OFF.code, CUT_OFF.message),
    "closed": (Fault(how="close"), RetryLater, CLOSED.code, CLOSED.message),
    "silent": (Fault(how="silent"), RetryLater, SILENT_CHART.code, SILENT_CHART.message),
    "down": (None, RetryLater, REFUSES.code, REFUSES.message),
}  # fmt: skip


def put_people(made: FaultBench, count: int, start: int = 0) -> None:
    """Patients at the EHR."""
    for number in range(start, start + count):
        made.chart.fhir.put(
            "Patient", f"p-{number}", active=True, gender="female", birthDate="1988-04-12",
            name=[{"use": "official", "family": "Samplewood", "given": ["Avery"]}],
            identifier=[{"type": {"coding": [{"code": "MR"}]}, "system": "urn:example:chart",
                         "value": f"CH-{number}"}],
        )  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_fault_of_a_source(bench: Make, name: str) -> None:
    made = bench()
    server = made.chart.server
    put_people(made, 1)
    assert ingest.poll(made.work, "ehr") == 1
    put_people(made, 1, start=1)
    before = made.store.read(lambda tx: tx.cursors.get("ehr"))
    fault, kind, code, message = READ[name]
    server.fault = fault
    if fault is None:
        server.down()
    if name == "silent":
        made.wait(HASTY)
    with pytest.raises(kind) as caught:
        ingest.poll(made.work, "ehr")
    message = message.format(host=server.host)
    assert (caught.value.code, caught.value.message) == (code, message)
    assert made.store.read(lambda tx: tx.cursors.get("ehr")) == before
    assert made.store.read(lambda tx: tx.quarantine.counts()) == {}
    at = made.clock().isoformat(timespec="seconds")
    assert made.told() == [("ehr", f"last poll failed at {at}", f"{message} [{code}]")]
    server.fault = None
    server.down()
    server.up()
    made.wait(PATIENT)
    made.clock.on(7201)  # the longest silence that was asked for
    assert ingest.poll(made.work, "ehr") >= 1
    assert made.told() == []
    while ingest.map_new(made.work):
        pass
    assert made.store.read(lambda tx: tx.records.counts())["patient"] == 3
    assert made.store.read(lambda tx: tx.quarantine.counts()) == {}


def test_a_page_that_fails_in_the_middle_of_a_poll_is_read_again_from_there(bench: Make) -> None:
    made = bench()
    put_people(made, 250)
    made.chart.server.script = [None, None, Fault(500)]
    with pytest.raises(RetryLater):
        ingest.poll(made.work, "ehr")
    asked = made.chart.server.attempts
    ingest.poll(made.work, "ehr")
    while ingest.map_new(made.work):
        pass
    assert made.store.read(lambda tx: tx.records.counts())["patient"] == 251
    assert made.chart.server.attempts - asked <= 6


def test_an_ehr_that_is_down_for_an_hour_and_another_receiver_beside_it(bench: Make) -> None:
    made = bench(200)
    made.chart.server.down()
    began = made.clock()
    everyone = made.senders()
    probes: list[float] = []
    turns = 0
    while (passed := (made.clock() - began).total_seconds()) < 3600:
        for sender in everyone:
            tried = sender.turn()
            if sender.destination == "chart":
                probes += [passed] * (tried > 0)
            elif tried:
                turns += 1
        made.clock.on(0.25 if passed < 60 else 3)
    assert made.states("hook") == {"delivered": 200}
    assert turns == -(-200 // LIGHT_AT_ONCE), "whole batches: the other receiver noticed nothing"
    assert made.states("chart") == {"pending": 200}
    attempts = sum(row.attempts for row in made.rows("chart"))
    assert len(probes) <= attempts <= len(probes) + 4
    assert 100 <= len(probes) <= 180
    late = [moment for moment in probes if moment > 600]
    assert min(b - a for a, b in pairwise(late)) >= 30, "one in half a minute"
    assert made.told() == [
        (
            "chart", f"{sum(row.code is not None for row in made.rows('chart'))} wait for another "
            "attempt", f"{made.chart.server.host} refuses connections; is it running, and is the "
            "port right? [unreachable]",
        )
    ]  # fmt: skip

    made.chart.server.up()
    back = made.clock()
    while made.states("chart") != {"delivered": 200}:
        assert (made.clock() - back).total_seconds() < 60, made.told()
        for sender in everyone:
            sender.turn()
        made.clock.on(0.25)
    filed = Counter(one["identifier"][0]["value"] for one in made.chart.fhir.documents())
    assert filed == Counter(row.key for row in made.rows("chart"))
    assert set(made.hook.posts.values()) == {1}


def test_a_receiver_that_flaps(bench: Make) -> None:
    made = bench(24)
    made.hook.server.script = [fault for _ in range(15) for fault in (None, Fault(503))]
    began = made.clock()
    everyone = made.senders()
    while made.states("hook") != {"delivered": 24}:
        for sender in everyone:
            sender.turn()
        made.clock.on(0.5)
        assert made.clock() - began < timedelta(minutes=10), made.states("hook")
    assert set(made.hook.posts.values()) == {1}
    assert made.hook.server.attempts <= 24 + 2 * 15, "one each, one for each fault, and to ask"


def test_an_answer_that_comes_too_late_is_asked_for_and_not_repeated(bench: Make) -> None:
    made = bench()
    made.wait(HASTY)
    for server, destination in ((made.chart.server, "chart"), (made.hook.server, "hook")):
        server.fault, server.methods = Fault(how="silent", effect=True), ("POST",)
        made.send(destination)
        (row,) = made.rows(destination)
        assert (row.state, row.code) == ("pending", "timed_out")
    wait_for(lambda: made.hook.posts and made.chart.fhir.documents(), 60, "for the late effects")
    put_right(made)


def test_the_whole_schedule_against_a_dead_endpoint_then_replay_in_order(
    bench: Make, rows: Any
) -> None:
    made = bench()
    # Another decision about the same patient, which must not overtake the first.
    made.site.drop_rows("assessment_items.csv", [rows.form("F-1", "C-0", [1] * 9)])
    made.prepare()
    keys = [row.key for row in made.rows("hook")]
    assert len(keys) == 2
    made.hook.server.fault = Fault(500)
    began = made.clock()
    attempts: dict[str, list[float]] = {key: [] for key in keys}
    while made.states("hook") != {"dead": 2}:
        before = {row.key: row.attempts for row in made.rows("hook")}
        made.send_all("hook")
        for row in made.rows("hook"):
            if row.attempts > before[row.key]:
                attempts[row.key].append((made.clock() - began).total_seconds())
        ahead = [row.due_at for row in made.rows("hook") if row.due_at > made.clock()]
        made.clock.moment = min(ahead, default=made.clock() + timedelta(seconds=1))
    first_attempts, later = attempts.values()
    assert later[0] > first_attempts[-1]
    assert len(first_attempts) == len(RETRY_AFTER) + 1
    waits = [b - a for a, b in pairwise(first_attempts)]
    for wait, planned in zip(waits, RETRY_AFTER, strict=True):
        assert 0.9 * planned.total_seconds() <= wait <= 1.1 * planned.total_seconds() + 31
    assert first_attempts[-1] >= 0.9 * 75.6 * 3600
    assert not made.hook.posts

    made.hook.server.fault = None
    home = str(made.app.home)
    shown = CliRunner(env={"COLUMNS": "300"}).invoke(
        main_group, ["--home", home, "dead-letters", "list"]
    )
    assert "Dead letters: 2" in shown.output
    words = " ".join(shown.output.split())  # whatever the width of the table
    assert f"{made.hook.server.host} failed with an error of its own (500) [server_error]" in words
    put_back = CliRunner().invoke(main_group, ["--home", home, "dead-letters", "replay", "--all"])
    assert put_back.output.startswith("2 deliveries put back")
    made.clock.on(60)  # the gate of the last failure
    made.send_all("hook")
    assert made.hook.order == keys
    assert set(made.hook.posts.values()) == {1}


def test_a_time_that_the_receiver_names_holds_for_everything_that_goes_there(bench: Make) -> None:
    made = bench(30)
    made.hook.server.fault = Fault(429, {"Retry-After": "7200"})
    began = made.clock()
    everyone = made.senders()
    while made.clock() - began < timedelta(seconds=7190):
        for sender in everyone:
            sender.turn()
        made.clock.on(10)
    assert made.hook.server.attempts <= 4, "those that were on their way, and nothing since"
    assert made.states("chart") == {"delivered": 30}, "another destination does not wait"
    made.hook.server.fault = None
    made.clock.on(20)
    made.send_all("hook")
    assert made.states("hook") == {"delivered": 30}


def test_a_receiver_that_is_gone_is_off_until_it_is_switched_on(bench: Make) -> None:
    made = bench(30)
    made.hook.server.fault = Fault(410)
    everyone = made.senders()
    for _ in range(100):
        for sender in everyone:
            sender.turn()
        made.clock.on(600)
    asked = made.hook.server.attempts
    assert asked <= 4
    assert made.states("hook") == {"dead": asked, "pending": 30 - asked}
    assert made.told()[0][:2][0] == "hook" and made.told()[0][1].startswith("switched off at")
    made.hook.server.fault = None
    home = str(made.app.home)
    done = CliRunner().invoke(main_group, ["--home", home, "destinations", "enable", "hook"])
    assert done.output.startswith("hook is switched on")
    made.send_all("hook")
    assert made.states("hook") == {"dead": asked, "delivered": 30 - asked}


def test_corrected_settings_are_tried_at_the_next_start(bench: Make) -> None:
    """The token was renewed after a long time: nothing waits for hours until its turn comes."""
    made = bench(6)
    made.hook.server.fault = Fault(401)
    everyone = made.senders()
    began = made.clock()
    ahead = timedelta()
    while made.clock() - began < timedelta(hours=30) or ahead < timedelta(minutes=30):
        for sender in everyone:
            sender.turn()
        made.clock.on(300)
        waiting = made.store.read(lambda tx: tx.deliveries.list("pending", destination="hook"))
        ahead = min(row.due_at for row in waiting) - made.clock()
    assert made.states("hook") == {"pending": 6}
    made.hook.server.fault = None
    made.restart()
    made.store.write(Runner(made.work, 1)._try_corrected_settings)
    made.send_all("hook")
    assert made.states("hook") == {"delivered": 6}

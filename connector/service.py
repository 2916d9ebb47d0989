"""The running service: engine, clock, web part and listeners, started and stopped in order.

By default all of them live in one process. With ``service.web_process`` the web part has a process
of its own (``start_web``) beside the working one (``start_work``): requests are acknowledged sooner
under load, for more memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from flask import Flask

from connector import by_hand
from connector.app import App
from connector.chart_desk import ChartDesk
from connector.published_keys import published_keys
from connector.web import create_app

if TYPE_CHECKING:
    from connector.engine.intake import Intake
    from connector.engine.runner import Runner
    from connector.score_entry import ScoreDesk
    from connector.store.store import Store

_WATCH_SECONDS = 0.25
Stop = Callable[[], None]


def start(app: App, token: str, on_failure: Callable[[], None]) -> tuple[Flask, Stop]:
    """The web application of a started service, and the function that stops it.

    Stopping ends the clock first (nothing new), then the loops (work in hand), then engine, store.
    ``on_failure`` is called when a part of the service has ended by a defect: then the process
    must be stopped, so that it is restarted and seen.
    """
    from connector.engine.intake import Intake

    with ExitStack() as stack:
        runner = _start_runner(app, stack)
        intake = Intake(runner.work.store, app.site.now, runner.arrived)
        listening = _start_listeners(app, intake, stack)
        flask_app = create_app(
            runner.work.store,
            app.practice,
            token,
            lambda: not runner.ended.is_set() and listening(),
            app.webhooks,
            intake.store,
            _score_desk(app, runner.work.store, intake),
            _file_sheet(app, runner.work.store),
            _chart_desk(app),
        )
        _publish_keys(app, flask_app)
        _watch(lambda: not runner.ended.is_set() and listening(), on_failure, stack)
        return flask_app, stack.pop_all().close


def start_web(
    app: App, token: str, is_working: Callable[[], bool], on_failure: Callable[[], None]
) -> tuple[Flask, Stop]:
    """The web application, listeners, and the sending of light documents.

    What they store is worked on by the process of ``start_work``. ``on_failure`` as in ``start``.
    """
    from connector.engine.edge import Edge
    from connector.engine.intake import Intake
    from connector.engine.wake import WakeReceiver, WakeSender, wake_address

    with ExitStack() as stack:
        store = stack.enter_context(app.open_store())
        wake = WakeSender(wake_address(app.home))
        stack.callback(wake.close)
        edge = Edge(app.work(store, None))
        edge.start()
        stack.callback(edge.stop)
        receiver = WakeReceiver(wake_address(app.home, "out"), edge.queued)
        receiver.start()
        stack.callback(receiver.stop)
        intake = Intake(store, app.site.now, wake)
        listening = _start_listeners(app, intake, stack)
        flask_app = create_app(
            store,
            app.practice,
            token,
            lambda: is_working() and listening(),
            app.webhooks,
            intake.store,
            _score_desk(app, store, intake),
            _file_sheet(app, store),
            _chart_desk(app),
        )
        _publish_keys(app, flask_app)
        _watch(lambda: not edge.loops.ended.is_set() and listening(), on_failure, stack)
        return flask_app, stack.pop_all().close


def start_work(app: App, *, listens: bool = False) -> tuple[threading.Event, Stop]:
    """Engine and clock without web part: what is set when a part has failed, and how to stop.

    ``listens``: there is no web process beside it, so that sources which connect to us come here.
    """
    from connector.engine.intake import Intake
    from connector.engine.wake import WakeReceiver, WakeSender, wake_address

    with ExitStack() as stack:
        edge = WakeSender(wake_address(app.home, "out"))
        stack.callback(edge.close)
        runner = _start_runner(app, stack, edge)
        receiver = WakeReceiver(wake_address(app.home), runner.arrived)
        receiver.start()
        stack.callback(receiver.stop)
        if listens:
            intake = Intake(runner.work.store, app.site.now, runner.arrived)
            _watch(_start_listeners(app, intake, stack), runner.ended.set, stack)
        return runner.ended, stack.pop_all().close


def _start_runner(app: App, stack: ExitStack, edge: Callable[[int], None] | None = None) -> Runner:
    from connector.engine.clock import Clock

    runner = stack.enter_context(app.open_engine())
    every = {name: plan.every_seconds for name, plan in app.plans.items()}
    clock = Clock(runner.work, every, runner.wake)
    runner.start(edge)
    clock.start()
    stack.callback(clock.stop)
    return runner


def _file_sheet(app: App, store: Store) -> Callable[[str, str, str], object]:
    """What the web page calls when a person has filed a copy sheet in a portal."""
    from connector import filing

    def file_sheet(key: str, by: str, reference: str) -> object:
        return filing.done(
            store, app.destinations, key, by=by, reference=reference, now=app.site.now()
        )

    return file_sheet


def _publish_keys(app: App, flask_app: Flask) -> None:
    """Puts the public halves of our signing keys where servers look for them."""
    published = published_keys(app.site, app.home)
    if published is None:
        return
    from connector.web.keys import keys

    flask_app.register_blueprint(keys(published))


def _chart_desk(app: App) -> Callable[[], ChartDesk]:
    """What checks charts and shows records; instruments and rules are read when somebody asks."""
    return lambda: ChartDesk(app.practice, app.instruments, app.rules, app.site.now)


def _score_desk(app: App, store: Store, intake: Intake) -> ScoreDesk | None:
    """The way in for scores typed by staff, where the site has one."""
    if not by_hand.takes_scores(app.site):
        return None
    return by_hand.score_desk(app, store, intake.store)


def _start_listeners(app: App, intake: Intake, stack: ExitStack) -> Callable[[], bool]:
    """Lets in the sources that connect to us; tells whether all still listen."""
    listeners = app.listeners
    for name, listener in listeners.items():
        listener.start(intake.keeper(name))
        stack.callback(listener.stop)
    return lambda: all(listener.is_listening() for listener in listeners.values())


def _watch(works: Callable[[], bool], on_failure: Callable[[], None], stack: ExitStack) -> None:
    """Calls ``on_failure`` once when a part no longer works, unless it was stopped."""
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(_WATCH_SECONDS):
            if not works():
                if not stopped.is_set():
                    on_failure()
                return

    threading.Thread(target=watch, daemon=True).start()
    stack.callback(stopped.set)

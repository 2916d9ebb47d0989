"""The units of work as durable workflows. Arguments are references, never records.

Each unit of work writes our tables in transactions of its own, as upserts on deterministic keys, so
a step (or a workflow without steps) that runs again after a crash changes nothing. Workflow ids
carry the process's boot mark and a counter, because a fixed id would replay a recorded error for
ever; what must happen once is fixed by keys in our tables. Only a poll's id is fixed (source and
slot): one run per slot.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from connector.engine import deliver, evaluate, ingest
from connector.engine.durable import QUEUE
from connector.engine.sender import Parcel
from connector.engine.work import Work
from connector.errors import ConnectorError, Rejected
from connector.logs import outline
from connector.store.faults import translated

_log = logging.getLogger("connector.engine")
_numbers = itertools.count(1)
_bound: list[Work] = []
_boot = [""]


def bind(work: Work, boot: str) -> None:
    """Give the workflows the parts they work with; called once, before the engine starts."""
    _bound[:] = [work]
    _boot[0] = boot


def _work() -> Work:
    return _bound[0]


@DBOS.step(name="pick_up")
def pick_up_step(source: str, compare: bool) -> int:
    return ingest.poll(_work(), source, compare)


@DBOS.step(name="pick_up_noticed")
def pick_up_noticed_step(source: str) -> int:
    return ingest.fetch_noticed(_work(), source)


@DBOS.step(name="render")
def render_step(document_id: str, formats: list[str], keys: list[str]) -> bool:
    try:
        deliver.render(_work(), document_id, formats)
    except ConnectorError as fault:
        deliver.fail_document(_work(), keys, fault)
        return False
    except Exception as fault:  # noqa: BLE001 - the one place where an unknown failure of a document becomes a dead letter
        _log.error("rendering failed: %s", outline(fault))
        unknown = Rejected("unexpected", f"rendering failed unexpectedly ({type(fault).__name__})")
        deliver.fail_document(_work(), keys, unknown)
        return False
    return True


@DBOS.step(name="send")
def send_step(keys: list[str]) -> int:
    return deliver.send(_work(), keys, by=str(DBOS.workflow_id))


@DBOS.workflow(name="poll")
def poll(source: str, compare: bool = False) -> int:
    """Pick up everything new that a source offers; how many rows.

    ``compare`` looks for deleted records now, whether it is time for that or not.
    """
    return pick_up_step(source, compare)


@DBOS.workflow(name="noticed")
def fetch_noticed(source: str) -> int:
    """Fetch what a source's counterpart told us of; how many rows."""
    return pick_up_noticed_step(source)


@DBOS.workflow(name="ingest")
def ingest_new(newest: int) -> int:
    """Map the next batches up to number ``newest`` (0: none); behind the last, evaluate patients.

    How many of both. One workflow without steps, because a workflow and each step cost the same
    however little they do.
    """
    work = _work()
    done = ingest.map_new(work, newest) if newest else 0
    if not newest or not work.store.read(lambda tx: tx.inbox.waits(newest)):
        done += evaluate.evaluate_due(work)
    return done


@DBOS.workflow(name="file_document")
def file_document(document_id: str, formats: list[str], keys: list[str]) -> int:
    """Render one document and deliver it to one destination; how many deliveries succeeded."""
    return send_step(keys) if render_step(document_id, formats, keys) else 0


@DBOS.workflow(name="send_light")
def send_light(keys: list[str]) -> int:
    """Deliver a batch of light documents (alerts, summaries) to one destination."""
    return deliver.send(_work(), keys, by=str(DBOS.workflow_id))


def carry(parcel: Parcel) -> int:
    """Send a parcel now, by the workflow that is made for its kind."""
    if parcel.document_id is None:
        return call("send", send_light, list(parcel.keys))
    return call("file", file_document, parcel.document_id, list(parcel.formats), list(parcel.keys))


def call(kind: str, workflow: Callable[..., int], *arguments: object) -> int:
    """Run a workflow now, under an id of this process; its result.

    Raises RetryLater when the engine's own database is full or away, as for the store.
    """
    with translated(), SetWorkflowID(f"{kind}:{_boot[0]}:{next(_numbers)}"):
        return workflow(*arguments)


def call_alone(what: str, workflow: Callable[..., int], *arguments: object) -> int:
    """As ``call``, but of all replicas one does it at a time; 0 where another is at it."""
    try:
        with (
            translated(),
            SetWorkflowID(f"{what}:{_boot[0]}:{next(_numbers)}"),
            SetEnqueueOptions(deduplication_id=what),
        ):
            handle = DBOS.enqueue_workflow(QUEUE, workflow, *arguments)
            return int(handle.get_result())
    except dbos_error.DBOSQueueDeduplicatedError:
        return 0

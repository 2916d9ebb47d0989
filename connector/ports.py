"""The adapter API: what a source gives, what a destination takes, how an adapter declares itself.

An adapter imports this module, ``records``, ``errors``, ``http`` and the format builders it sends.
Polling, file pickup, webhooks and listeners all end in the same thing: a ``RawPage`` that the
engine stores before it is acknowledged.

*   ``Source.fetch`` yields pages; the engine commits each page (rows, faults and cursor in one
    transaction) and only then calls ``Source.acknowledge``, which may move or delete a file,
    answer a message, or do nothing. A crash in between means the page is fetched again; its keys
    are the same, so nothing is stored twice.
*   ``Listener`` pushes: it hands pages to the ``Keeper`` it was given and acknowledges when they
    are stored.
*   ``Webhook.receive`` proves who sent a request and turns it into a page; the web part answers
    202 only after the engine has stored the page.
*   ``Destination.deliver`` sends one document once per key. It raises ``RetryLater``, ``Rejected``,
    ``Disabled`` or ``ConfigurationError``; anything else is a defect. ``find`` answers "did this
    key arrive?" after a crash, where the counterpart can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from connector.announced import Heard as Heard
from connector.budget import Budget, Calls, Quota
from connector.fakes import Fake
from connector.filed import FilesScores as FilesScores
from connector.filed import PatientReference as PatientReference
from connector.filed import Scored as Scored
from connector.raw import ExpectedTable as ExpectedTable
from connector.raw import RawBatch as RawBatch
from connector.raw import RawFault as RawFault
from connector.raw import RawPage as RawPage
from connector.raw import RawRow as RawRow


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a table file as text, for who makes a mapping of it.

    ``form`` says how the file was read, such as its delimiter and encoding, or its sheet.
    """

    rows: tuple[tuple[str, ...], ...]
    form: str


class Source(Protocol):
    """Fetches raw records. Holds no state: what it must remember is the cursor."""

    def fetch(self, cursor: str | None) -> Iterator[RawPage]:
        """Pages that are new since ``cursor``. Raises RetryLater or ConfigurationError."""

    def acknowledge(self, page: RawPage) -> None:
        """Called after ``page`` is durably stored. Safe to call twice."""


@runtime_checkable
class FindsDeletions(Protocol):
    """A source that can tell what it no longer has, where the counterpart does not announce it."""

    def deletions(self, known: Callable[[str], Collection[str]]) -> Iterator[RawPage]:
        """Pages of rows marked ``deleted``; ``known(table)`` are the source ids stored of a table.

        Raises like ``fetch``. A table that can't be listed whole must not be compared at all.
        """


@runtime_checkable
class FetchesNotices(Protocol):
    """A source whose counterpart tells what changed, so that just that is fetched."""

    def noticed(self, notices: Sequence[str]) -> Iterator[RawPage]:
        """Pages that answer the notices, oldest first. Raises RetryLater or ConfigurationError.

        What the counterpart refuses for good is answered by a page with a fault.
        """


@runtime_checkable
class BeginsAnywhere(Protocol):
    """A source that can be read again from a date on."""

    def begin(self, since: date | None) -> str:
        """The cursor with which ``fetch`` gives what changed from then on; None: all there is."""


@runtime_checkable
class Exports(Protocol):
    """A source that gives all it has at once, for the first load, if its ``exports`` is true."""

    exports: bool

    def export(self, state: str | None) -> Iterator[RawPage]:
        """Pages whose ``cursor`` is the state to go on from; the last one's ``token`` is the
        cursor with which ``fetch`` goes on without a hole. Raises like ``fetch``."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A request to ``/webhooks/<source>`` as it came. ``headers`` have lower-case names.

    ``at`` is when it arrived, by the real clock: what signatures' times are compared with.
    ``secret`` is what followed the source's name in the address.
    """

    headers: Mapping[str, str]
    body: bytes
    at: datetime
    secret: str = ""


class Webhook(Protocol):
    """Receives what a counterpart posts. Holds no state and stores nothing itself.

    ``signed``: senders prove who they are. What an unproven sender posts and can't be read is
    refused and not kept, or anybody could fill the quarantine.
    """

    max_bytes: int
    signed: bool

    def receive(self, posted: Posted) -> RawPage:
        """The page to store. Raises NotAuthentic, or InvalidRecord where it can't be read.

        Anything in the request may be forged: no other exception may leave here.
        """


class Keeper(Protocol):
    """Where a listener puts what it receives, before it acknowledges. May be used by any thread."""

    def store(self, pages: Sequence[RawPage]) -> Sequence[int]:
        """Stores pages in one transaction; how many rows of each were new, once it is on disk.

        Raises ConnectorError when it can't be stored now; then nothing was.
        """

    def kept(self, keys: Collection[str]) -> Mapping[str, Sequence[RawRow]]:
        """The rows of those batches that are here already, by key; none once retention took them.

        Raises ConnectorError when it can't be read now.
        """


class Listener(Protocol):
    """Receives raw records that the counterpart pushes."""

    def start(self, keeper: Keeper) -> None:
        """Begin listening; acknowledge what ``keeper`` has stored, and nothing before.

        Raises ConfigurationError when it can't listen, such as on a port that is taken.
        """

    def stop(self) -> None:
        """Stop accepting, finish what is in flight. Safe to call twice."""

    def is_listening(self) -> bool:
        """Whether it still does its work; a listener that has failed says no."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One document on its way to one destination. ``key`` is the idempotency key.

    ``path`` is where a filing system should put it (relative, holds no patient identifier);
    ``labels`` are PHI-free facts about it (kind, recipient, patient_id, status). ``patient`` is
    there for destinations whose adapter ``needs_patient``, ``note`` (the document in a few lines of
    plain text, to be copied into a progress note) for those whose adapter ``needs_note``.
    ``unsure``: an earlier attempt may have had its effect. Where the receiver can't be asked,
    ``find`` then raises AwaitsPerson, and nothing is sent before a person says it did not arrive.
    ``scores`` are the patient's, beside a ``therapist`` report, for what ``FilesScores``.
    """

    key: str
    path: str
    media_type: str
    content: bytes
    labels: Mapping[str, str] = field(default_factory=dict)
    patient: PatientReference | None = None
    note: str = ""
    unsure: bool = False
    scores: tuple[Scored, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver answered at once, to be kept as if the source of that name had brought it."""

    source: str
    page: RawPage


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of delivery: the receiver's own reference for the document.

    ``answer`` is stored in the same transaction as the receipt, once however often it comes.
    """

    key: str
    reference: str
    answer: Answered | None = field(default=None, compare=False)


@runtime_checkable
class Inquires(Protocol):
    """A destination that can be asked what became of a document that it took.

    ``asked_every``: no more often than that about one document.
    """

    asked_every: timedelta

    def inquire(self, outgoing: Outgoing) -> Answered | None:
        """The receiver's answer as it stands now; None where it tells nothing."""


@runtime_checkable
class Settles(Protocol):
    """A destination whose receiver may work on when nobody waits for its answer any more."""

    @property
    def settle_seconds(self) -> int:
        """After an attempt without an answer it is asked, or sent to, no sooner than this."""


class Destination(Protocol):
    """Sends documents to one counterpart."""

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Send it; the same key again has no second effect."""

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the counterpart already holds this key, else None."""


@runtime_checkable
class ByHand(Protocol):
    """A destination where a person files what was laid out; ``deliver`` raises AwaitsPerson."""

    def place(self, path: str) -> Path:
        """Where a document of this path lies until it is filed."""

    def filed(self, path: str) -> None:
        """A person has filed it: what was laid out is taken away. Safe to call twice."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A short message to a person, free of PHI. ``key`` is the same at every attempt."""

    key: str
    title: str
    body: str
    severity: str


@runtime_checkable
class Channel(Protocol):
    """A way to reach one person who must act, such as push, SMS, e-mail."""

    def tell(self, notice: Notice) -> None:
        """Send it. Raises RetryLater, Rejected or ConfigurationError; anything else is a defect."""

    def test(self, notice: Notice) -> str:
        """Try as much of the way as disturbs nobody; what was tried, in words. Raises as ``tell``.

        Where the channel has an address for tests, ``notice`` is sent there.
        """


class SignIn(Protocol):
    """A sign-in that waits for a person: they open ``address``, come back at ``redirect_uri``."""

    @property
    def address(self) -> str: ...
    @property
    def redirect_uri(self) -> str: ...

    def finish(self, returned: str) -> str:
        """Takes the whole address that they were sent to; a sentence on what is kept now.

        Raises ConfigurationError where it was refused, or is not the answer to this sign-in.
        """


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


Reader = Callable[[str, Mapping[str, Any], "AdapterContext"], Source]


def _no_quota(_: str) -> Quota | None:
    return None


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """What an adapter may know of the site besides its own settings section.

    ``now`` is the product's clock; waiting times that a counterpart asks for are counted from it.
    ``tables`` are all that the source's mapping takes: rows of any other make no record.
    ``quota_of`` gives what the sessions of a source ask before each request; a destination at the
    same counterpart shares it, by the source's name. ``reader`` opens another adapter's source, for
    one that only fetches the files which that one reads. ``zone``: days there are the practice's.
    """

    name: str
    home: Path
    expected: Sequence[ExpectedTable] = ()
    now: Callable[[], datetime] = utc_now
    tables: Collection[str] = ()
    quota_of: Callable[[str], Quota | None] = _no_quota
    reader: Reader | None = None
    zone: tzinfo = UTC


def _no_concerns(_: Any) -> Sequence[str]:
    return ()


def _no_calls(_: Any) -> Sequence[Calls]:
    return ()


ALL_FORMATS = ("pdf", "html", "json")
FILE_FORMATS = ("x12", "pas", "cdex")
"""What counterparts' programs take: an adapter states that it takes them."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """How an adapter declares itself: one ``ADAPTER`` object in ``adapters/<name>/__init__.py``.

    ``formats`` are those that its destination can take, ``kinds`` the document kinds (None: all);
    ``one_format``: of a document that comes in several formats, only the first is sent.
    ``keeps_for_review``: what it files lies inside the practice and may wait there for a release;
    other destinations get nothing that must be released first. ``needs_patient``: its destination
    must know whose chart it is; ``needs_note``: it also wants the document as a few lines of text.
    ``payer_answers``: what it brings answers requests of ours to payers; no mapping reads it.
    ``sample`` reads the beginning of a file that its source would take; it raises InvalidRecord.
    ``concerns`` are sentences that ``connector check`` shows about settings that are valid and
    deserve a second look. ``budget`` is what the counterpart allows, ``calls`` what a source with
    these settings needs. ``posts_when`` says of a polled source's settings whether its counterpart
    also posts to ``/webhooks/<source>``. ``fake`` makes a stand-in of the counterpart. ``sign_in``
    begins the sign-in of a person, where the counterpart wants one, with the settings of either.
    """

    name: str
    summary: str
    source_settings: type[BaseModel] | None = None
    source: Callable[[Any, AdapterContext], Source] | None = None
    destination_settings: type[BaseModel] | None = None
    destination: Callable[[Any, AdapterContext], Destination] | None = None
    formats: tuple[str, ...] = ALL_FORMATS
    kinds: tuple[str, ...] | None = None
    one_format: bool = False
    keeps_for_review: bool = False
    needs_patient: bool = False
    needs_note: bool = False
    payer_answers: bool = False
    sample: Callable[[Path, int], Sample] | None = None
    webhook_settings: type[BaseModel] | None = None
    webhook: Callable[[Any, AdapterContext], Webhook] | None = None
    concerns: Callable[[Any], Sequence[str]] = _no_concerns
    listener_settings: type[BaseModel] | None = None
    listener: Callable[[Any, AdapterContext], Listener] | None = None
    channel_settings: type[BaseModel] | None = None
    channel: Callable[[Any, AdapterContext], Channel] | None = None
    budget: Budget | None = None
    calls: Callable[[Any], Sequence[Calls]] = _no_calls
    posts_when: Callable[[Any], bool] | None = None
    fake: Callable[[], Fake] | None = None
    sign_in: Callable[[Any, AdapterContext], SignIn] | None = None

"""The tables, as SQLAlchemy metadata; ``migrations`` builds the same (a test compares them).

Every table starts with ``practice_id`` and every statement asks for it. Columns that hold anything
about a patient are sealed (``crypto``) and listed in ``SEALED``; all other columns are free of PHI:
ids are keyed digests, messages are plain sentences without source values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from connector.store.times import UtcTime

REVISION = "0007"
VERSION_TABLE = "connector_schema"

# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
_Sequence = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, UtcTime, nullable=null)


def _sealed(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _whole(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


meta = Table(
    "meta", metadata,
    _text("practice_id", key=True), _text("name", key=True), _sealed("value"),
)  # fmt: skip

inbox = Table(
    "inbox", metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    _text("practice_id"), _text("source"), _text("key"), _text("table_name"), _text("origin"),
    _time("as_of"), _whole("row_count"), _sealed("body", null=True),
    _text("state"), _time("received_at"), _time("done_at", null=True),
    UniqueConstraint("practice_id", "source", "key", name="inbox_key"),
    Index("inbox_state", "practice_id", "state", "seq"),
    sqlite_autoincrement=True,
)  # fmt: skip

records = Table(
    "records", metadata,
    _text("practice_id", key=True), _text("id", key=True),
    _text("kind"), _text("patient_id", null=True), _time("version"),
    Column("deleted", Boolean, nullable=False), _text("digest"), _sealed("body"),
    _time("updated_at"),
    Index("records_patient", "practice_id", "patient_id"),
    Index("records_kind", "practice_id", "kind", "deleted", "id"),
)  # fmt: skip

due = Table(
    "due", metadata,
    _text("practice_id", key=True), _text("patient_id", key=True),
    _whole("generation"), _whole("evaluated"), Column("waiting", Boolean, nullable=False),
    _time("added_at"),
    Index("due_waiting", "practice_id", "waiting", "added_at", "patient_id"),
)  # fmt: skip

progress = Table(
    "progress", metadata,
    _text("practice_id", key=True), _text("patient_id", key=True),
    _text("decision"), _time("as_of"), _text("digest"), _text("decision_digest"),
    _text("facts"), _text("milestones"), _sealed("body"), _time("updated_at"),
    Index("progress_decision", "practice_id", "decision"),
)  # fmt: skip

decisions = Table(
    "decisions", metadata,
    _text("practice_id", key=True), _text("patient_id", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("decision"), _time("as_of"), _sealed("body"), _time("recorded_at"),
)  # fmt: skip

alerts = Table(
    "alerts", metadata,
    _text("practice_id", key=True), _text("key", key=True),
    _text("patient_id"), _text("severity"), _text("audience"), _text("state"),
    _sealed("body"), _sealed("note", null=True), _text("acknowledged_by", null=True),
    _time("raised_at"), _time("updated_at"),
    # ``told`` is the last level that was told; the next is told at ``tell_at``, none where null.
    Column("told", BigInteger, nullable=False, server_default="0"), _time("tell_at", null=True),
    _time("acknowledged_at", null=True), _text("resolved_by", null=True),
    Index("alerts_state", "practice_id", "state", "patient_id"),
    Index(
        "alerts_to_tell", "practice_id", "tell_at",
        sqlite_where=text("tell_at IS NOT NULL"), postgresql_where=text("tell_at IS NOT NULL"),
    ),
)  # fmt: skip

# What people are told of an alert: one row for each level, person and channel. ``raised_at`` tells
# an alert apart from the same one raised again after it was withdrawn.
notices = Table(
    "notices", metadata,
    _text("practice_id", key=True), _text("key", key=True),
    _text("alert_key"), _time("raised_at"), _whole("level"), _text("person"), _text("channel"),
    _text("severity"), _text("state"), _whole("attempts"), _time("due_at"), _text("by", null=True),
    _text("code", null=True), _text("message", null=True), _time("created_at"),
    _time("updated_at"),
    Index("notices_alert", "practice_id", "alert_key"),
    Index("notices_state", "practice_id", "state", "due_at"),
)  # fmt: skip

# How each channel did at its last use.
channels = Table(
    "channels", metadata,
    _text("practice_id", key=True), _text("name", key=True),
    _text("code"), _text("message"), Column("tested", Boolean, nullable=False),
    _time("tried_at"), _time("worked_at", null=True),
)  # fmt: skip

documents = Table(
    "documents", metadata,
    _text("practice_id", key=True), _text("document_id", key=True),
    _text("kind"), _text("patient_id"), Column("as_of", Date, nullable=False), _text("digest"),
    _text("release"), _sealed("spec", null=True), _time("updated_at"),
    Index("documents_patient", "practice_id", "patient_id"),
    Index("documents_updated", "practice_id", "updated_at"),
)  # fmt: skip

contents = Table(
    "contents", metadata,
    _text("practice_id", key=True), _text("document_id", key=True), _text("format", key=True),
    _text("sha256"), _whole("size"), _sealed("body"), _time("rendered_at"),
    ForeignKeyConstraint(
        ["practice_id", "document_id"], ["documents.practice_id", "documents.document_id"],
        name="contents_document",
    ),
)  # fmt: skip

# Documents that a person must sign or release. The newest of a patient and kind (by ``seq``) is the
# one to act on; ``packet_id`` is the report that a manifest belongs to, else the document itself.
drafts = Table(
    "drafts", metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    _text("practice_id"), _text("document_id"), _text("packet_id"), _text("kind"),
    _text("patient_id"), _time("made_at"),
    _time("withdrawn_at", null=True), _sealed("note", null=True),
    UniqueConstraint("practice_id", "document_id", name="drafts_document"),
    Index("drafts_patient", "practice_id", "patient_id", "kind", "seq"),
    sqlite_autoincrement=True,
)  # fmt: skip

draft_fields = Table(
    "draft_fields", metadata,
    _text("practice_id", key=True), _text("document_id", key=True), _text("field", key=True),
    _sealed("value"), _text("filled_by"), _time("filled_at"),
)  # fmt: skip

# ``document_id`` is what was made by signing or releasing ``draft_id``; ``body`` says by whom.
signatures = Table(
    "signatures", metadata,
    _text("practice_id", key=True), _text("document_id", key=True),
    _text("draft_id"), _text("kind"), _text("patient_id"), _text("reference"),
    _whole("version"), _text("digest"), _sealed("body"), _time("signed_at"),
    _time("withdrawn_at", null=True),
    Index(
        "signatures_draft", "practice_id", "draft_id", unique=True,
        sqlite_where=text("withdrawn_at IS NULL"), postgresql_where=text("withdrawn_at IS NULL"),
    ),
    Index("signatures_line", "practice_id", "patient_id", "kind", "reference"),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    _text("practice_id"), _text("key"), _text("destination"), _text("document_id"),
    _text("format"), _text("kind"), _text("path"), _text("media_type"), _text("labels"),
    _text("state"), _whole("attempts"), _time("due_at"),
    _text("code", null=True), _text("message", null=True),
    _time("created_at"), _time("updated_at"), _text("patient_id", null=True),
    Column("needs_person", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("practice_id", "key", name="deliveries_key"),
    Index(
        "deliveries_waiting", "practice_id", "destination", "patient_id", "seq",
        sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'"),
    ),
    Index("deliveries_state", "practice_id", "state", "destination", "seq"),
    Index("deliveries_document", "practice_id", "document_id"),
    sqlite_autoincrement=True,
)  # fmt: skip

receipts = Table(
    "receipts", metadata,
    _text("practice_id", key=True), _text("key", key=True),
    _sealed("reference"), _time("received_at"),
    ForeignKeyConstraint(
        ["practice_id", "key"], ["deliveries.practice_id", "deliveries.key"],
        name="receipts_delivery",
    ),
)  # fmt: skip

destinations = Table(
    "destinations", metadata,
    _text("practice_id", key=True), _text("name", key=True),
    _text("code"), _text("message"), _time("disabled_at"),
)  # fmt: skip

cursors = Table(
    "cursors", metadata,
    _text("practice_id", key=True), _text("source", key=True),
    _sealed("value"), _time("updated_at"),
)  # fmt: skip

quarantine = Table(
    "quarantine", metadata,
    _text("practice_id", key=True), _text("id", key=True),
    _text("source"), _text("scope"), _text("table_name"), _text("origin"),
    _whole("row_number", null=True), _text("code"), _text("message"), _text("field"),
    _sealed("body", null=True), _time("as_of"), _text("state"),
    _time("created_at"), _time("updated_at"),
    Index("quarantine_state", "practice_id", "state", "created_at"),
)  # fmt: skip

# Approved courses are aggregates of many people's episodes; one of each instrument is in force.
benchmarks = Table(
    "benchmarks", metadata,
    _text("practice_id", key=True), _text("instrument", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("course"), _text("method"), _text("approved_by"), _time("approved_at"),
    _text("ended_by", null=True), _time("ended_at", null=True),
    Index(
        "benchmarks_in_force", "practice_id", "instrument", unique=True,
        sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
    ),
)  # fmt: skip

# Versions of the configuration: ``files`` are names and digests of the site's own files, ``parts``
# the versions of what they make. The one in force is the one that came into force last.
config_versions = Table(
    "config_versions", metadata,
    _text("practice_id", key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("digest"), _text("files"), _text("parts"), _time("seen_at"),
    _text("proposed_by", null=True), _time("proposed_at", null=True),
    _text("approved_by", null=True), _time("approved_at", null=True),
    _time("in_force_at", null=True),
    UniqueConstraint("practice_id", "digest", name="config_versions_digest"),
)  # fmt: skip

config_files = Table(
    "config_files", metadata,
    _text("practice_id", key=True), _text("digest", key=True), _sealed("body"),
)  # fmt: skip

# Patients that are part of another's chart, or that wait for a person to say whose they are.
# ``before`` is the row that a merge took the place of, as JSON.
identities = Table(
    "identities", metadata,
    _text("practice_id", key=True), _text("patient_id", key=True),
    _text("chart_id", null=True), _text("state"), _text("reason"), _text("by"),
    _time("decided_at"), _text("before", null=True),
    Index("identities_chart", "practice_id", "chart_id"),
    Index("identities_state", "practice_id", "state"),
)  # fmt: skip

# By what patients may be found to be one person: keyed digests, from which nothing can be read.
identity_keys = Table(
    "identity_keys", metadata,
    _text("practice_id", key=True), _text("patient_id", key=True), _text("key", key=True),
    _text("source"),
    Index("identity_keys_key", "practice_id", "key"),
)  # fmt: skip

# What happened to requests for authorization; ``case_id`` is the request's reference.
authorization_events = Table(
    "authorization_events", metadata,
    Column("seq", _Sequence, primary_key=True, autoincrement=True),
    _text("practice_id"), _text("event_id"), _text("case_id"), _text("patient_id"), _text("kind"),
    _sealed("body"), _time("at"), _time("recorded_at"),
    UniqueConstraint("practice_id", "event_id", name="authorization_events_id"),
    Index("authorization_events_case", "practice_id", "case_id", "seq"),
    Index("authorization_events_patient", "practice_id", "patient_id"),
    sqlite_autoincrement=True,
)  # fmt: skip

# By what an answer finds its request: our references, traces and control numbers.
authorization_ties = Table(
    "authorization_ties", metadata,
    _text("practice_id", key=True), _text("name", key=True), _text("case_id"),
)  # fmt: skip

eligibility = Table(
    "eligibility", metadata,
    _text("practice_id", key=True), _text("trace", key=True),
    _text("patient_id"), _text("payer_id"), _sealed("body", null=True),
    Column("changed", Boolean, nullable=False),
    _time("asked_at"), _time("answered_at", null=True), _time("changed_at", null=True),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    _text("practice_id", key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    # Times are ISO text here: exactly what the hash covers.
    _text("at"), _text("action"), _text("subject"), _text("actor"), _text("outcome"),
    _text("detail"), _text("prev_hash"), _text("hash"),
)  # fmt: skip

audit_head = Table(
    "audit_head", metadata,
    _text("practice_id", key=True), _whole("seq"), _text("hash"), _text("at"), _text("signature"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed column and the columns that make up its row key, in order."""

    column: Column[Any]
    row: tuple[Column[Any], ...]

    @property
    def place(self) -> str:
        """The table part of the additional data, such as ``records.body``."""
        return f"{self.column.table.name}.{self.column.name}"


SEALED: dict[str, Sealed] = {
    sealed.place: sealed
    for sealed in (
        Sealed(meta.c.value, (meta.c.name,)),
        Sealed(inbox.c.body, (inbox.c.source, inbox.c.key)),
        Sealed(records.c.body, (records.c.id,)),
        Sealed(progress.c.body, (progress.c.patient_id,)),
        Sealed(decisions.c.body, (decisions.c.patient_id, decisions.c.number)),
        Sealed(alerts.c.body, (alerts.c.key,)),
        Sealed(alerts.c.note, (alerts.c.key,)),
        Sealed(documents.c.spec, (documents.c.document_id,)),
        Sealed(contents.c.body, (contents.c.document_id, contents.c.format)),
        Sealed(drafts.c.note, (drafts.c.document_id,)),
        Sealed(draft_fields.c.value, (draft_fields.c.document_id, draft_fields.c.field)),
        Sealed(signatures.c.body, (signatures.c.document_id,)),
        Sealed(receipts.c.reference, (receipts.c.key,)),
        Sealed(cursors.c.value, (cursors.c.source,)),
        Sealed(quarantine.c.body, (quarantine.c.id,)),
        Sealed(config_files.c.body, (config_files.c.digest,)),
        Sealed(authorization_events.c.body, (authorization_events.c.event_id,)),
        Sealed(eligibility.c.body, (eligibility.c.trace,)),
    )
}

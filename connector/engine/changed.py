"""What a changed configuration asks for when it comes into force.

A changed mapping reads the raw input that is still kept again, so that what it says holds for what
came before too; changed rules judge everybody again. That makes the preview true, and going back to
an earlier version restores what it made: the same records, decisions and documents.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connector import __version__
from connector.configuration import ledger
from connector.configuration.files import SiteFiles
from connector.engine import identities
from connector.engine.differences import differences, kept_batches, mapped
from connector.engine.work import Work
from connector.errors import ConfigurationError
from connector.mapping.load import load_mapping
from connector.mapping.spec import MappingSpec
from connector.records import Patient, PatientRecord, Record
from connector.resources import Resources
from connector.settings import load_site
from connector.store.audit import AuditEntry
from connector.store.configurations import ConfigVersion
from connector.store.quarantine import quarantine_id
from connector.store.store import Tx

_PAGE = 500
_JUDGES = ("rules", "instruments", "practice", "payers", "shadow")
_log = logging.getLogger("connector.configuration")


def put_in_force(work: Work, home: Path, files: Path | None, approval: bool) -> None:
    """Keeps the configuration that the service starts with, and does what a change of it asks.

    A crash in between leaves the version before in force, and all of it is done at the next start.
    """
    version = ledger.starting(work.store, home, files, approval)
    before = work.store.read(lambda tx: tx.configurations.in_force())
    parts = parts_of(work)
    if before is not None and before.number == version.number and dict(before.parts) == parts:
        return
    if before is not None:
        _carry_out(work, before, parts)
    elif work.identity:
        identities.rebuild(work)
    work.store.write(lambda tx: ledger.now_in_force(tx, version, parts))


def parts_of(work: Work) -> dict[str, str]:
    """The versions of everything that a configuration makes, by part."""
    mappings = {f"mapping {name}": f"{m.name} {m.version}" for name, m in work.mappings.items()}
    texts = {
        name: hashlib.sha256(file.path.read_bytes()).hexdigest()
        for name, file in work.resources.files("report_templates").items()
    }
    return {
        **mappings,
        "rules": work.rules.version,
        "instruments": _digest([one.model_dump_json() for one in work.instruments.values()]),
        "wording": work.wording.version,
        "templates": _digest(texts),
        "routes": _digest([route.model_dump_json() for route in work.routes]),
        "practice": _digest(work.practice.model_dump_json()),
        "payers": _digest([file.model_dump_json() for file in work.payers.files.values()]),
        "alerting": _digest("" if work.alerting is None else work.alerting.model_dump_json()),
        "identity": _digest({k: v.model_dump_json() for k, v in work.identity.items()}),
        "shadow": ", ".join(sorted(work.shadow)),
        "program": __version__,
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def changed_parts(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names of the parts that differ, in order."""
    return [n for n in sorted({*before, *after}) if before.get(n) != after.get(n)]


def _carry_out(work: Work, before: ConfigVersion, parts: Mapping[str, str]) -> None:
    changed = changed_parts(before.parts, parts)
    _log.info("the configuration has changed: %s", ", ".join(changed))
    old = _former_mappings(work, before)
    for source in work.mappings:
        if f"mapping {source}" in changed and f"mapping {source}" in before.parts:
            _read_again(work, source, old.get(source))
    if "identity" in changed:
        identities.rebuild(work)
    if "ingest" not in work.shadow:
        work.store.write(lambda tx: tx.inbox.take_up())
    if any(name in _JUDGES for name in changed):
        _judge_everybody(work)


def _former_mappings(work: Work, before: ConfigVersion) -> dict[str, MappingSpec]:
    """The mappings as they were, as far as they can still be put together."""
    contents = work.store.read(lambda tx: tx.configurations.contents(before))
    found: dict[str, MappingSpec] = {}
    with TemporaryDirectory() as folder:
        SiteFiles(contents).write(Path(folder))
        try:
            sources = load_site(Path(folder)).sources
        except ConfigurationError:
            return {}  # by the rules of an older program; what it made is only overwritten
        for given in sources:
            try:
                found[given.name] = load_mapping(given.mapping, Resources(Path(folder)))
            except ConfigurationError:
                continue
    return found


def _read_again(work: Work, source: str, old: MappingSpec | None) -> None:
    """Puts the raw input that is kept of a source back to be mapped, page by page.

    What only the old mapping made of it is forgotten, where the stored record is of that reading:
    then the new one makes what it would have made at first.
    """
    spec, context = work.mappings[source], work.contexts[source]
    total = 0
    for page in kept_batches(work.store, source):
        gone: dict[str, Record] = {}
        if old is not None:
            for item in page:
                found = differences(mapped(old, item, context), mapped(spec, item, context))
                gone |= {record.id: record for record in found.gone}

        def put_back(tx: Tx, gone: dict[str, Record] = gone, page: Any = page) -> None:
            stored = tx.records.of_ids(gone)
            ours = [r for id, r in stored.items() if r.version == gone[id].version]
            tx.records.forget(record.id for record in ours)
            tx.due.add({_patient_of(record) for record in ours} - {""}, work.now())
            tx.quarantine.forget_open(
                quarantine_id(source, item.batch.key, row.number)
                for item in page
                for row in item.batch.rows
            )
            tx.inbox.again([item.seq for item in page])

        work.store.write(put_back)
        total += len(page)
    detail: dict[str, str | int] = {"batches": total, "mapping": spec.version}
    entry = AuditEntry("read_again", source, detail=detail)
    work.store.write(lambda tx: tx.audit.append([entry], work.now()))


def _patient_of(record: Record) -> str:
    if isinstance(record, Patient):
        return record.id
    return record.patient_id if isinstance(record, PatientRecord) else ""


def _judge_everybody(work: Work) -> None:
    after = ""
    while True:
        start = after
        page = work.store.read(lambda tx, at=start: tx.records.patients(_PAGE, at))  # type: ignore[misc]
        if not page:
            return
        after = page[-1].id
        ids = [patient.id for patient in page]
        work.store.write(lambda tx, ids=ids: tx.due.add(ids, work.now()))  # type: ignore[misc]

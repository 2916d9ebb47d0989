"""Which configuration is in force, which waits for approval, and how to go back to an earlier one.

A version is kept whenever other files are seen: at a start, by ``connector check``, before a
rollback. So no edit is lost, and whatever was in force can be put back exactly. Times are those of
the real clock, also where the site's own is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.configuration.files import (
    SiteFiles,
    approved_folder,
    backup_folder,
    read_files,
    replace_files,
    set_approved,
)
from connector.errors import ConfigurationError, Rejected
from connector.ports import utc_now
from connector.store.audit import AuditEntry
from connector.store.configurations import ConfigVersion
from connector.store.store import Store, Tx

SECOND_PERSON = "second_person"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a site stands: the version in force, and the edited one if it waits for approval."""

    in_force: ConfigVersion | None
    edited: ConfigVersion | None
    by_approval: bool

    @property
    def waits(self) -> bool:
        """Whether the files in the site's folder are not what the service works with."""
        return self.edited is not None and self.edited != self.in_force


def keep(store: Store, files: SiteFiles) -> ConfigVersion:
    """The version that these files are; kept if it was not seen before."""
    contents = {name: (files.digests[name], body) for name, body in files.contents.items()}

    def write(tx: Tx) -> ConfigVersion:
        now = utc_now()
        version, new = tx.configurations.keep(files.digest, contents, now)
        if new:
            entry = AuditEntry("config_seen", f"version {version.number}")
            tx.audit.append([entry], now)
        return version

    known = store.read(lambda tx: tx.configurations.of_digest(files.digest))
    return known or store.write(write)


def standing(tx: Tx, home: Path) -> Standing:
    """How it stands now, by what is kept and the files in the site's folder."""
    edited = tx.configurations.of_digest(read_files(home).digest)
    return Standing(tx.configurations.in_force(), edited, approved_folder(home) is not None)


def starting(store: Store, home: Path, files: Path | None, approval: bool) -> ConfigVersion:
    """The version that a service starts with; what was edited and not approved is kept beside it.

    Raises ConfigurationError where the approved files are no version that ever was in force.
    """
    seen = read_files(home)
    edited = keep(store, seen)
    if files is None:
        if approval:
            # From now on changes wait: what asked for that holds as it is.
            set_approved(home, seen)
        return edited
    digest = read_files(files).digest
    version = store.read(lambda tx: tx.configurations.of_digest(digest))
    if version is None or (version.approved_at is None and version.in_force_at is None):
        raise ConfigurationError(
            "approved_files_changed",
            f"{files} was changed by hand, and nobody approved that; put a version back with: "
            "connector config rollback VERSION --by NAME",
        )
    if not approval:
        # The version that was approved asks for no approval any more: the next start takes the
        # files in the site's folder.
        set_approved(home, None)
    return version


def now_in_force(tx: Tx, version: ConfigVersion, parts: Mapping[str, str]) -> None:
    """Keeps that the service works with this version from now on."""
    now = utc_now()
    tx.configurations.put_in_force(version.number, parts, now)
    entry = AuditEntry("config_in_force", f"version {version.number}")
    tx.audit.append([entry], now)


def propose(store: Store, home: Path, by: str) -> ConfigVersion:
    """Keeps who made the configuration in the site's folder, so that another may approve it.

    Raises Rejected when the service works with it already.
    """
    version = keep(store, read_files(home))
    _act(store, "config_proposed", version, by)
    return store.read(lambda tx: tx.configurations.get(version.number))


def approve(store: Store, home: Path, number: int, by: str) -> ConfigVersion:
    """Puts a proposed version in force; the files in the site's folder stay as they are.

    Raises Rejected when nobody proposed it, or the same person did.
    """
    version = store.read(lambda tx: tx.configurations.get(number))
    if version.proposed_by is None:
        raise Rejected(
            "not_proposed",
            f"nobody has said who made version {number}: connector config propose --by NAME",
        )
    if _same_person(version.proposed_by, by):
        raise Rejected("same_person", f"version {number} must be approved by another person")
    contents = store.read(lambda tx: tx.configurations.contents(version))
    _act(store, "config_approved", version, by)
    set_approved(home, SiteFiles(contents))
    return store.read(lambda tx: tx.configurations.get(number))


def rollback(store: Store, home: Path, number: int, by: str) -> tuple[list[str], Path]:
    """Writes a version's files back exactly; which files changed, and where the others are kept.

    Where the site works by approval, only to a version that was approved or in force before.
    """
    version = store.read(lambda tx: tx.configurations.get(number))
    held = version.approved_at is not None or version.in_force_at is not None
    if approved_folder(home) is not None and not held:
        raise Rejected(
            "not_approved", f"version {number} was never approved or in force; propose it instead"
        )
    keep(store, read_files(home))  # so that what is replaced can be brought back as well
    wanted = SiteFiles(store.read(lambda tx: tx.configurations.contents(version)))
    place = backup_folder(home, f"{number}-{utc_now():%Y%m%d-%H%M%S}")
    changed = replace_files(home, wanted, place)
    if approved_folder(home) is not None:
        set_approved(home, wanted)
    _act(store, "config_rolled_back", version, by)
    return changed, place


def _act(store: Store, action: str, version: ConfigVersion, by: str) -> None:
    def write(tx: Tx) -> None:
        now = utc_now()
        if action == "config_proposed":
            tx.configurations.propose(version.number, by, now)
        if action == "config_approved":
            tx.configurations.approve(version.number, by, now)
        tx.audit.append([AuditEntry(action, f"version {version.number}", actor=by)], now)

    store.write(write)


def _same_person(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()

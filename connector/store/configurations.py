"""Versions of the configuration: the contents of the site's own files, each kept once, for good.

A version is what stood in all files together, so the same contents are the same version however
often they come back. The one in force is the one that came into force last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func

from connector.errors import ConfigurationError
from connector.store.packing import expand, squeeze
from connector.store.schema import config_files, config_versions, meta
from connector.store.scope import Scope, chunks

_BODY = "config_files.body"


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """One version. ``files`` are digests by name, ``parts`` the versions of what they make."""

    number: int
    digest: str
    files: Mapping[str, str]
    parts: Mapping[str, str]
    seen_at: datetime
    proposed_by: str | None
    proposed_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    in_force_at: datetime | None


class Configurations:
    """Versions by number; a number is never used twice."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def keep(
        self, digest: str, contents: Mapping[str, tuple[str, bytes]], at: datetime
    ) -> tuple[ConfigVersion, bool]:
        """The version of these contents (name: digest and bytes), and whether it is new."""
        # One after the other, also where replicas start at once; this row is always there.
        first = self._scope.select(meta, meta.c.name).order_by(meta.c.name).limit(1)
        self._scope.run(self._scope.locked(first))
        if (known := self.of_digest(digest)) is not None:
            return known, False
        for name in sorted(contents):
            file_digest, content = contents[name]
            sealed = self._scope.seal(_BODY, (file_digest,), squeeze(content))
            row = self._scope.own(digest=file_digest, body=sealed)
            self._scope.add_once(config_files, row, ("digest",))
        last = self._scope.select(config_versions, func.max(config_versions.c.number))
        number = (self._scope.run(last).scalar() or 0) + 1
        files = json.dumps({name: pair[0] for name, pair in contents.items()}, sort_keys=True)
        row = self._scope.own(
            number=number, digest=digest, files=files, parts="{}", seen_at=at, proposed_by=None,
            proposed_at=None, approved_by=None, approved_at=None, in_force_at=None,
        )  # fmt: skip
        self._scope.run(self._scope.insert(config_versions).values(row))
        return self.get(number), True

    def get(self, number: int) -> ConfigVersion:
        """The version of a number. Raises ConfigurationError naming the known ones."""
        found = self._one(config_versions.c.number == number)
        if found is None:
            known = [one.number for one in self.list()]
            said = f"1 to {max(known)}" if known else "none is kept yet"
            raise ConfigurationError(
                "no_such_version", f"there is no version {number} of the configuration ({said})"
            )
        return found

    def of_digest(self, digest: str) -> ConfigVersion | None:
        """The version of these contents, if they were seen before."""
        return self._one(config_versions.c.digest == digest)

    def in_force(self) -> ConfigVersion | None:
        """The version that the service works with; None before the first start."""
        query = self._scope.select(config_versions).where(
            config_versions.c.in_force_at.is_not(None)
        )
        order = (config_versions.c.in_force_at.desc(), config_versions.c.number.desc())
        row = self._scope.run(query.order_by(*order).limit(1)).one_or_none()
        return None if row is None else _version(row)

    def list(self) -> list[ConfigVersion]:
        """All versions, oldest first."""
        query = self._scope.select(config_versions).order_by(config_versions.c.number)
        return [_version(row) for row in self._scope.run(query)]

    def contents(self, version: ConfigVersion) -> dict[str, bytes]:
        """The files of a version as they were, by name."""
        bodies: dict[str, bytes] = {}
        for chunk in chunks(sorted(set(version.files.values()))):
            query = self._scope.select(config_files, config_files.c.digest, config_files.c.body)
            for digest, body in self._scope.run(
                query.where(self._scope.among(config_files.c.digest, chunk))
            ):
                bodies[digest] = expand(self._scope.open(_BODY, (digest,), body))
        return {name: bodies[digest] for name, digest in sorted(version.files.items())}

    def propose(self, number: int, by: str, at: datetime) -> None:
        """Keeps who made a version."""
        self._set(number, proposed_by=by, proposed_at=at, approved_by=None, approved_at=None)

    def approve(self, number: int, by: str, at: datetime) -> None:
        """Keeps who approved a version."""
        self._set(number, approved_by=by, approved_at=at)

    def put_in_force(self, number: int, parts: Mapping[str, str], at: datetime) -> None:
        """From now on the service works with this version."""
        self._set(number, in_force_at=at, parts=json.dumps(dict(parts), sort_keys=True))

    def _set(self, number: int, **values: Any) -> None:
        self._scope.run(
            self._scope.update(config_versions)
            .where(config_versions.c.number == number)
            .values(**values)
        )

    def _one(self, *conditions: Any) -> ConfigVersion | None:
        query = self._scope.select(config_versions).where(*conditions)
        row = self._scope.run(self._scope.locked(query)).one_or_none()
        return None if row is None else _version(row)


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[str]:
    """Names of the files that two versions do not share, in name order."""
    names = sorted({*before, *after})
    return [name for name in names if before.get(name) != after.get(name)]


def _version(row: Row[*tuple[Any, ...]]) -> ConfigVersion:
    return ConfigVersion(
        number=row.number, digest=row.digest, files=json.loads(row.files),
        parts=json.loads(row.parts), seen_at=row.seen_at, proposed_by=row.proposed_by,
        proposed_at=row.proposed_at, approved_by=row.approved_by, approved_at=row.approved_at,
        in_force_at=row.in_force_at,
    )  # fmt: skip

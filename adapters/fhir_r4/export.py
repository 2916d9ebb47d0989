"""The first load by Bulk Data ``$export``: kick-off, waiting, files line by line, no hole behind.

Every page carries how far the export is, so that a crash costs what was read since the last one.
While the server prepares the files, RetryLater says when to ask again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from adapters.fhir_r4.export_lines import rows_of
from adapters.fhir_r4.manifest import ExportFile, Manifest, Progress, read_manifest, read_progress
from adapters.fhir_r4.page import digest
from adapters.fhir_r4.push_settings import ExportSettings
from adapters.fhir_r4.server import Server
from adapters.fhir_r4.settings import FhirSourceSettings
from connector.errors import ConfigurationError, ConnectorError, Rejected, RetryLater
from connector.http import Answer, Http
from connector.http.address import Address
from connector.http.waiting import seconds_asked
from connector.ports import RawBatch, RawFault, RawPage, RawRow

_KICK_OFF = {"Accept": "application/fhir+json", "Prefer": "respond-async"}
_STATUS = {"Accept": "application/json"}
_FILE = {"Accept": "application/fhir+ndjson"}
_ASK_AGAIN_SECONDS = 10.0
_LONGEST_SECONDS = 600.0
_MOST_STARTS = 3
_MOST_RENEWED = 20
# What a patient's compartment does not hold whole: only those who are referred to are exported.
_BEYOND_PATIENTS = ("Practitioner", "PractitionerRole", "Organization", "Location")
_EXPIRED = ("not_found", "gone", "refused", "not_allowed", "not_signed_in")
_log = logging.getLogger("connector.fhir_r4")
WentOn = Callable[[datetime, Collection[str]], str]


class Export:
    """An export of one server, over an open session."""

    def __init__(
        self,
        settings: FhirSourceSettings,
        server: Server,
        http: Http,
        kinds: Collection[str],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._given = settings.export or ExportSettings()
        self._server = server
        self._http = http
        wanted = self._given.types
        self._kinds = tuple(kind for kind in kinds if wanted is None or kind in wanted)
        self._now = now

    def pages(self, state: str | None, went_on: WentOn) -> Iterator[RawPage]:
        """Pages from ``state`` on; the last one's token is the polls' cursor (``went_on``)."""
        progress = read_progress(state)
        if progress is None:
            progress = self._begin(1)
            yield RawPage(cursor=progress.text())
        while True:
            if progress.manifest is None:
                progress = self._asked(progress)
                yield RawPage(cursor=progress.text(), left=_left(progress))
                continue
            try:
                for page, moved in self._read(progress):
                    progress = moved
                    yield page
                break
            except ConnectorError as fault:
                progress = self._renewed(progress, fault)
                yield RawPage(cursor=progress.text())
        assert progress.manifest is not None  # it was read
        self._dismiss(progress)
        yield RawPage(token=went_on(progress.manifest.at, self._whole(progress.manifest)))

    def _begin(self, starts: int) -> Progress:
        """Asks for the export. Raises ConfigurationError where the server has none."""
        level = {"patient": "Patient/", "group": f"Group/{self._given.group}/", "system": ""}
        target = f"{level[self._given.level]}$export"
        query = {"_type": ",".join(self._kinds), "_outputFormat": "application/fhir+ndjson"}
        answer = None
        # Filters are optional for servers; without them more is given, and mapped as well.
        for filters in dict.fromkeys((tuple(self._filters()), ())):
            asked = [*query.items(), *(("_typeFilter", one) for one in filters)]
            try:
                answer = self._http.request("GET", target, query=asked, headers=_KICK_OFF)
                break
            except Rejected as fault:
                if filters:
                    continue
                raise ConfigurationError(
                    "no_export",
                    f"the server refuses the export ({fault.message}); try another export.level, "
                    "or leave the first load to the polls",
                    detail=fault.detail,
                ) from None
        place = answer.headers.get("content-location", "") if answer is not None else ""
        if not place:
            raise ConfigurationError(
                "no_export", "the server took the export and does not say where to ask for it"
            )
        return Progress(place, starts=starts)

    def _filters(self) -> Iterator[str]:
        for kind, parameters in sorted(self._settings.parameters.items()):
            if kind in self._kinds and parameters:
                yield f"{kind}?{urlencode(parameters)}"

    def _asked(self, progress: Progress) -> Progress:
        """The progress with the manifest. Raises RetryLater until it is there."""
        try:
            answer = self._http.request("GET", progress.status_url, headers=_STATUS)
        except Rejected as fault:
            if fault.code not in ("not_found", "gone"):
                raise _failed(fault) from None
            return self._again(progress)
        if answer.status == 202:
            raise self._wait(answer)
        return replace(progress, manifest=read_manifest(answer), file=0, lines=0)

    def _wait(self, answer: Answer) -> RetryLater:
        asked = seconds_asked(answer.headers, self._now())
        seconds = min(max(_ASK_AGAIN_SECONDS if asked is None else asked, 1.0), _LONGEST_SECONDS)
        until = self._now() + timedelta(seconds=seconds)
        return RetryLater("export_running", "the server is still preparing its export", until=until)

    def _again(self, progress: Progress) -> Progress:
        """A new export in place of one that the server has thrown away."""
        if progress.starts >= _MOST_STARTS:
            raise ConfigurationError(
                "export_expires",
                f"the server threw its export away {progress.starts} times before it was read; "
                "ask its administrator to keep exports longer",
            )
        _log.warning("the server threw the export away; it is asked for again")
        return self._begin(progress.starts + 1)

    def _renewed(self, progress: Progress, fault: ConnectorError) -> Progress:
        """Where the links of the files have expired: the same export with new ones."""
        if fault.code not in _EXPIRED or progress.renewed >= _MOST_RENEWED:
            raise fault
        fresh = self._asked(replace(progress, manifest=None))
        if fresh.manifest is None:
            return fresh
        known = progress.manifest
        assert known is not None  # a file of it was being read
        same = [(one.what, one.kind) for one in fresh.manifest.files] == [
            (one.what, one.kind) for one in known.files
        ]
        if fresh.manifest == known:
            raise fault
        place = (progress.file, progress.lines) if same else (0, 0)
        return replace(fresh, renewed=progress.renewed + 1).at_line(*place)

    def _read(self, progress: Progress) -> Iterator[tuple[RawPage, Progress]]:
        manifest = progress.manifest
        assert manifest is not None  # the caller has it
        for number in range(progress.file, len(manifest.files)):
            file = manifest.files[number]
            start = progress.lines if number == progress.file else 0
            with self._session(manifest, file) as http:
                lines = http.lines(file.url, longest=self._given.longest_line, headers=_FILE)
                for rows, read in rows_of(lines, file, start, self._settings.identifier_system):
                    moved = progress.at_line(number, read)
                    yield self._page(manifest, file, rows, moved), moved
            progress = progress.at_line(number + 1, 0)
            yield RawPage(cursor=progress.text(), left=_left(progress)), progress

    def _session(self, manifest: Manifest, file: ExportFile) -> Http:
        """A session with a file's host; a token goes to the server's own address alone."""
        address = Address.parse(file.url, with_query=True)
        own = Address.parse(self._settings.base_url)
        if address.origin == own.origin:
            return self._server.open(signed=manifest.needs_token)
        if manifest.needs_token:
            raise ConfigurationError(
                "export_wants_token_elsewhere",
                f"a file of the export lies at {address.name} and asks for our token, which is for "
                f"{own.name} alone; ask its administrator for links that need none",
            )
        if address.name not in self._given.file_hosts:
            raise ConfigurationError(
                "export_at_other_host",
                f"a file of the export lies at {address.name}; if that host is the server's own, "
                "name it in export.file_hosts",
            )
        return self._server.open_other(address.origin)

    def _page(
        self, manifest: Manifest, file: ExportFile, rows: list[RawRow], progress: Progress
    ) -> RawPage:
        left = _left(progress)
        stamp = digest("export", manifest.at, file.what, file.kind, progress.file, progress.lines)
        if file.what == "error":
            faults = tuple(
                RawFault(f"{stamp}-{row.number}", f"{file.kind} of the export", row.fault)
                for row in rows
                if row.fault is not None
            )
            return RawPage(faults=faults, cursor=progress.text(), left=left)
        tables = dict.fromkeys(str(row.data.get("resourceType") or file.kind) for row in rows)
        batches = tuple(
            RawBatch(
                digest(stamp, table), table, f"{table} of the export {stamp[:8]}", manifest.at,
                tuple(r for r in rows if str(r.data.get("resourceType") or file.kind) == table),
            )
            for table in tables
        )  # fmt: skip
        return RawPage(batches=batches, cursor=progress.text(), left=left)

    def _whole(self, manifest: Manifest) -> list[str]:
        """The types whose polls may go on from the export: what it held all of.

        Others are polled from their beginning; what is known already changes nothing.
        """
        if self._given.level == "group":
            return []
        given = {file.kind for file in manifest.files if file.what == "output"}
        patients = self._given.level == "patient"
        failed = any(file.what == "error" for file in manifest.files)
        return [
            kind
            for kind in self._kinds
            if kind in given and not failed and not (patients and kind in _BEYOND_PATIENTS)
        ]

    def _dismiss(self, progress: Progress) -> None:
        """The server may delete its files now; that it does not is no fault of the load."""
        try:
            self._http.request("DELETE", progress.status_url, headers=_STATUS)
        except ConnectorError as fault:
            _log.info("the export could not be dismissed: %s", fault.code)


def _left(progress: Progress) -> int | None:
    """Lines that are known to come, where the server counted them all."""
    if progress.manifest is None:
        return None
    files = progress.manifest.files[progress.file :]
    counts = [file.count for file in files if file.what != "error"]
    if any(count is None for count in counts):
        return None
    return max(sum(count or 0 for count in counts) - progress.lines, 0)


def _failed(fault: Rejected) -> ConnectorError:
    return ConfigurationError(
        "export_failed", f"the server could not make its export ({fault.message})",
        detail=fault.detail,
    )  # fmt: skip

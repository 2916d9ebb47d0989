"""What a fuzzed parser is: its modules, its first inputs, and what is done with an input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connector.errors import ConnectorError, RetryLater
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.mapping.spec import MappingSpec
from connector.ports import Adapter, AdapterContext, RawPage, Source
from connector.record_ids import RecordIds
from connector.registry import load_instruments
from connector.resources import Resources

Run = Callable[[bytes], None]
ARRIVED = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """``modules`` are watched for new paths; ``make`` is called once, with a folder of its own."""

    modules: tuple[str, ...]
    seeds: Callable[[], Mapping[str, bytes]]
    make: Callable[[Path], Run]
    longest: int = 4_000


class Mapped:
    """A shipped mapping, applied to what a source gives."""

    def __init__(self, mapping: str) -> None:
        resources = Resources()
        self.spec: MappingSpec = load_mapping(mapping, resources)
        instruments = load_instruments(resources)
        ids = RecordIds(b"fuzz", "fuzz")
        self._context = MappingContext("fuzz", ids, "America/New_York", instruments)

    def page(self, page: RawPage) -> None:
        """Maps the rows; the faults of a page must be plain ones."""
        for fault in page.faults:
            plain(fault.error)
        for batch in page.batches:
            result = apply(self.spec, batch, self._context)
            for error in result.errors:
                plain(error.error)


def plain(error: ConnectorError) -> None:
    """A refusal has a code and a sentence, and can be written to a log."""
    assert error.code and str(error), "a refusal without words"
    assert not isinstance(error, RetryLater), "no input asks for a later try"
    str(error).encode()


@contextmanager
def refused_plainly() -> Iterator[None]:
    """Lets plain refusals pass; everything else is a finding."""
    try:
        yield
    except ConnectorError as error:
        plain(error)


class Folder:
    """A file adapter over a folder in memory, one file at a time."""

    def __init__(self, adapter: Adapter, home: Path, mapped: Mapped) -> None:
        assert adapter.source and adapter.source_settings
        self._inbox, self._mapped = home / "inbox", mapped
        self._inbox.mkdir()
        settings = adapter.source_settings.model_validate({"folder": "inbox", "settle_seconds": 0})
        tables = tuple(table.raw_name for table in mapped.spec.tables.values())
        context = AdapterContext(
            "fuzz", home, mapped.spec.expected_tables(), now=lambda: ARRIVED, tables=tables
        )
        self._source: Source = adapter.source(settings, context)

    def read(self, name: str, content: bytes) -> None:
        """All pages of a file, mapped."""
        processing = self._inbox / ".processing"
        processing.mkdir(exist_ok=True)
        path = processing / name
        path.write_bytes(content)
        try:
            with refused_plainly():
                for page in self._source.fetch(None):
                    self._mapped.page(page)
        finally:
            path.unlink(missing_ok=True)

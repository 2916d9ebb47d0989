"""Fuzzes the way of a message in: framing, header, splitting, rows, mapping, answer. Needs atheris.

    python -m scripts.fuzz_hl7 -max_total_time=300

Anything but an answer is a finding: another exception, or more than a second for one input. What is
given is bytes as they come over the wire; the corpus of the tests is where it starts.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

_SLOWEST_SECONDS = 1.0


def main() -> None:
    """Run until stopped or until something is found."""
    import atheris

    with atheris.instrument_imports(include=["adapters.hl7_v2", "connector.mapping"]):
        from adapters.hl7_v2 import acknowledgment, framing, page, refusals, settings
        from connector.mapping.apply import MappingContext, apply
        from connector.mapping.load import load_mapping
    from connector.ports import AdapterContext
    from connector.records import RecordIds
    from connector.registry import load_instruments
    from connector.resources import Resources
    from tests.unit.adapters import hl7_messages

    resources, at = Resources(), datetime(2026, 11, 21, tzinfo=UTC)
    spec = load_mapping("hl7_v2_encounters", resources)
    context = MappingContext(
        "ehr", RecordIds(b"fuzz", "fuzz"), "America/New_York", load_instruments(resources)
    )
    taker = page.Taker(
        settings.ReadingSettings(), AdapterContext("ehr", Path(), now=lambda: at), "mllp:ehr"
    )

    def one(data: bytes) -> None:
        began = time.process_time()
        framer = framing.Framer(1_000_000)
        middle = len(data) // 2
        for content in [*framer.feed(data[:middle]), *framer.feed(data[middle:]), data]:
            if not isinstance(content, bytes):
                continue
            read = taker.take(content)
            answer = acknowledgment.ACCEPTED
            if isinstance(read, page.Refused):
                assert read.fault.code != "unexpected", str(read.fault)
                answer = refusals.answer_to(read.fault)
            acknowledgment.acknowledgments(read.header, answer, at)
            for batch in read.page.batches:
                apply(spec, batch, context)
        assert time.process_time() - began < _SLOWEST_SECONDS, "too slow"

    with tempfile.TemporaryDirectory() as corpus:
        for name, content in hl7_messages.ALL.items():
            if len(content) < 5000:
                Path(corpus, name).write_bytes(b"\x0b" + content + b"\x1c\r")
        atheris.Setup([*sys.argv, "-max_len=5000", corpus], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

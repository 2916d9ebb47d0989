"""Whatever comes as a file: a plain message, an exit code, bounded memory, never a traceback."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from click.testing import CliRunner

from connector.cli import main_group
from connector.x12 import envelope
from connector.x12.codes import INCOMPLETE
from connector.x12.content.parse import MOST_FINDINGS, parse
from connector.x12.finding import Finding
from connector.x12.reader import read
from connector.x12.validate import validate
from tests.unit.x12.faults import MH, text

GOOD = text(MH)
ISA = GOOD[:107]
HEAD = GOOD[: GOOD.index("HL*1")]
KEYS = ["severity", "loop", "segment", "position", "element", "code", "message"]

HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_file"),
    "blanks": (b" \r\n\t\n", "empty_file"),
    "cut in the ISA": (GOOD[:50].encode(), "isa_malformed"),
    "UTF-16": (GOOD.encode("utf-16"), "no_interchange"),
    "UTF-16 without mark": (GOOD.encode("utf-16-be"), "no_interchange"),
    "UTF-8 with mark": (GOOD.replace("ALEX", "ÁLEX").encode("utf-8-sig"), "byte_order_mark"),
    "zeros": (bytes(10_000), "no_interchange"),
    "a PDF": (b"%PDF-1.7\n" + bytes(range(256)) * 100, "no_interchange"),
    "JSON": (b'{"resourceType": "Bundle"}', "no_interchange"),
    "equal delimiters": (GOOD.replace("*0*T*:~", "*0*T**~").encode(), "delimiters_clash"),
    "no IEA": (GOOD[: GOOD.index("IEA")].encode(), "trailer_missing"),
    "ISA in the group": (GOOD.replace("GE*", ISA + "GE*").encode(), "trailer_missing"),
    "a zero in a name": (GOOD.replace("ALEX", "AL\0EX").encode(), "character_not_allowed"),
    "zeros in the ISA": (GOOD.replace("SYNTHPAYER     ", "SYNTHPAYER\0\0\0\0\0", 1).encode(),
                         "character_not_allowed"),
    "one length off": (f"{HEAD}BIN*4*ABC~SE*3*0001~".encode(), "binary_length_wrong"),
    "an endless length": (f"{HEAD}BIN*{'9' * 15}*ABC".encode(), "binary_too_long"),
    "a length of a hundred digits": (f"{HEAD}BIN*{'9' * 100}*ABC~".encode(),
                                     "binary_length_invalid"),
    "hundreds of ISAs": (ISA.rstrip("\n").encode() * 300, "trailer_missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_told_in_words(name: str) -> None:
    content, code = HOSTILE[name]
    told = CliRunner().invoke(main_group, ["x12", "validate", "-", "--json"], input=content)
    assert told.exit_code == 1
    findings = json.loads(told.stdout)
    assert code in {finding["code"] for finding in findings}
    assert all(list(finding) == KEYS for finding in findings)
    shown = CliRunner().invoke(main_group, ["x12", "validate", "-"], input=content)
    assert (shown.exit_code, code in shown.stdout) == (1, True)
    parsed = CliRunner().invoke(main_group, ["x12", "parse", "-"], input=content)
    found = json.loads(parsed.stdout)
    assert parsed.exit_code == (0 if found["transactions"] else 1)
    for done in (told, shown, parsed):
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["validate", "parse"])
def test_a_directory_and_a_missing_file_are_told(command: str, tmp_path: Path) -> None:
    for path, words in ((tmp_path, "directory"), (tmp_path / "none.x12", "No such file")):
        done = CliRunner().invoke(main_group, ["x12", command, str(path)])
        assert done.exit_code == 2
        assert words in done.output


def test_a_pipe_with_a_name_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(GOOD.encode(),), daemon=True)
    writer.start()
    done = CliRunner().invoke(main_group, ["x12", "validate", str(pipe)])
    writer.join(timeout=120)
    assert (done.exit_code, done.stdout) == (0, "Nothing is wrong with this file.\n")


class _Endless(io.RawIOBase):
    """A head, then the same piece again and again up to a size; nothing of it is kept."""

    def __init__(self, head: bytes, piece: bytes, size: int) -> None:
        self._head, self._piece, self._left = head, piece * (65536 // len(piece) + 1), size

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        part = self._piece[: min(len(self._piece), self._left)]
        self._left -= len(part)
        return part


@pytest.mark.parametrize(
    ("piece", "most"), [("HL*1**20*1~", 200), ("BIN*70000*", 2), ("BDS*B64*9*A~", 200)]
)
def test_an_endless_set_is_not_kept(piece: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MOST_SEGMENTS", 200)
    monkeypatch.setattr(envelope, "MOST_BYTES", 100_000)
    stream = cast(BinaryIO, _Endless(HEAD.encode(), piece.encode(), 400_000))
    findings: list[Finding] = []
    [found] = envelope.transaction_sets(read(stream, findings.append), findings.append)
    assert found.cut
    assert 2 <= len(found.segments) <= most + 2
    assert [f.code for f in findings].count("transaction_set_too_long") == 1


def test_a_set_that_is_too_long_is_said_and_its_count_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(envelope, "MOST_SEGMENTS", 20)
    findings = validate(GOOD.encode())
    assert "transaction_set_too_long" in {finding.code for finding in findings}
    assert "count_wrong" not in {finding.code for finding in findings}
    assert parse(GOOD.encode()).damage is not None
    monkeypatch.setattr(envelope, "MOST_SEGMENTS", 250_000)
    monkeypatch.setattr(envelope, "MOST_BYTES", 300)
    assert "transaction_set_too_long" in {finding.code for finding in validate(GOOD.encode())}


def test_damage_behind_many_findings_is_not_lost() -> None:
    noisy = GOOD.replace("MSG*", "~" * (MOST_FINDINGS + 50) + "MSG*")
    parsed = parse(noisy[: noisy.index("IEA")].encode())
    assert len(parsed.findings) == MOST_FINDINGS
    assert parsed.damage is not None
    assert parsed.damage.code in INCOMPLETE


def test_a_file_without_end_of_faults_is_given_up() -> None:
    parsed = parse(GOOD.encode() + b"~" * 30_000)
    assert parsed.findings[-1].code == "too_many_findings"
    assert parsed.damage is not None

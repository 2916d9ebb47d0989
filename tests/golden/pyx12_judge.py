"""pyx12 as a judge of whole files, with our own maps of 005010X217 beside its own.

pyx12 (BSD) has maps of the 999, the 277CA and the envelope, but of the 278 only version 4010. The
maps of 005010X217 are in ``pyx12_maps`` in a short notation, written for this judge and not taken
from the product's tables, and are turned into pyx12's XML here.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

import pyx12
from pyx12 import params, x12n_document

HERE = Path(__file__).parent / "pyx12_maps"
VERSION = "005010X217"
_ELEMENT = re.compile(r"(\w+?)([RSN])(?:=([\w|]+))?\Z")
_COMPOSITE = re.compile(r"(C\d+)([RSN])\((.*)\)\Z")
_ENVELOPE = "278.4010.X094.A1.xml"
"""The map of pyx12 whose ISA, GS and SE ours borrows."""


def _blocks(text: str, blocks: dict[str, list[str]]) -> list[str]:
    """The lines of a table; its named parts go to ``blocks``."""
    main: list[str] = []
    current = main
    for line in text.splitlines():
        if line.startswith(":"):
            current = blocks.setdefault(line[1:], [])
        elif line.strip() and not line.startswith("#"):
            current.append(line)
    return main


def _expanded(lines: list[str], blocks: dict[str, list[str]], indent: int = 0) -> Iterator[str]:
    for line in lines:
        own = len(line) - len(line.lstrip())
        if line.strip().startswith("@"):
            yield from _expanded(blocks[line.strip()[1:]], blocks, indent + own)
        else:
            yield " " * indent + line


def _codes(codes: str | None) -> str:
    if not codes:
        return ""
    listed = "".join(f"<code>{code}</code>" for code in codes.split("|"))
    return f"<valid_codes>{listed}</valid_codes>"


def _element(text: str, name: str, place: int) -> str:
    composite = _COMPOSITE.match(text)
    if composite:
        number, usage, inner = composite.groups()
        parts = "".join(
            _element(part, f"{name}-{at:02d}", at) for at, part in enumerate(inner.split(","), 1)
        )
        return (
            f'<composite xid="{name}"><data_ele>{number}</data_ele><name>{name}</name>'
            f"<usage>{usage}</usage><seq>{place:02d}</seq>{parts}</composite>"
        )
    found = _ELEMENT.match(text)
    assert found, text
    number, usage, codes = found.groups()
    return (
        f'<element xid="{name}"><data_ele>{number}</data_ele><name>{name}</name>'
        f"<usage>{usage}</usage><seq>{place:02d}</seq>{_codes(codes)}</element>"
    )


def _segment(line: str, place: int) -> str:
    tag, usage, most, *rest = line.split()
    notes = "".join(f"<syntax>{one[1:]}</syntax>" for one in rest if one.startswith("!"))
    texts = [one for one in rest if not one.startswith("!")]
    elements = "".join(_element(one, f"{tag}{at:02d}", at) for at, one in enumerate(texts, 1))
    return (
        f'<segment xid="{tag}"><name>{tag}</name><usage>{usage}</usage><pos>{place:03d}</pos>'
        f"<max_use>{most}</max_use>{notes}{elements}</segment>"
    )


def _tree(lines: list[str], depth: int = 0) -> str:
    """Lines of one depth as XML; neighbours with the same segment share a position."""
    made, place, before = "", 0, ""
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        tag = line.split()[0]
        if tag != before:
            place += 10
        before = tag
        if not line.startswith("["):
            made += _segment(line, place)
            at += 1
            continue
        end = at + 1
        while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > depth:
            end += 1
        name, usage, repeat = line.strip("[]").split()
        made += (
            f'<loop xid="{name}"><name>{name}</name><usage>{usage}</usage><pos>{place:03d}</pos>'
            f"<repeat>{escape(repeat)}</repeat>{_tree(lines[at + 1 : end], depth + 2)}</loop>"
        )
        at = end
    return made


def _map(direction: str, envelope: str) -> str:
    """The XML of one direction, in the envelope of a map of pyx12's own."""
    blocks: dict[str, list[str]] = {}
    _blocks((HERE / "parts.txt").read_text(encoding="utf-8"), blocks)
    main = _blocks((HERE / f"{direction}.txt").read_text(encoding="utf-8"), blocks)
    lines = list(_expanded(main, blocks))
    header = (
        '<loop xid="HEADER" type="wrapper"><name>Header</name><usage>R</usage><pos>015</pos>'
        f"<repeat>1</repeat>{_segment(lines[0], 20)}</loop>"
    )
    detail = (
        '<loop xid="DETAIL" type="wrapper"><name>Detail</name><usage>R</usage><pos>020</pos>'
        f"<repeat>1</repeat>{_tree(lines[1:])}</loop>"
    )
    start = envelope.index('<loop xid="HEADER"')
    end = envelope.index('<loop xid="FOOTER"')
    third = (
        '<element xid="ST03"><data_ele>1705</data_ele><name>ST03</name><usage>R</usage>'
        f"<seq>03</seq>{_codes(VERSION)}</element></segment>"
    )
    head = envelope[:start].replace("004010X094A1", VERSION).replace("<code>U</code>", "")
    before, _, after = head.rpartition("</segment>")
    return before + third + after + header + detail + envelope[end:]


@cache
def _home(direction: str) -> TemporaryDirectory[str]:
    """A folder with pyx12's maps and one of ours; it goes when the process ends.

    pyx12 looks at BHT02 to choose a map in version 4010 only: so each direction has a folder.
    """
    kept = TemporaryDirectory(prefix="pyx12-maps-")
    folder = Path(kept.name)
    theirs = Path(pyx12.__file__).parent / "map"
    for path in theirs.iterdir():
        if path.suffix in (".xml", ".dtd", ".xsd"):
            (folder / path.name).symlink_to(path)
    envelope = (theirs / _ENVELOPE).read_text(encoding="utf-8")
    (folder / "x217.xml").write_text(_map(direction, envelope), encoding="utf-8")
    entry = f'<map vriic="{VERSION}" fic="HI" abbr="278">x217.xml</map>'
    _replace(folder / "maps.xml", "</version>\n</maps>", f"{entry}</version>\n</maps>")
    known = "<code>005010X214</code>"
    _replace(folder / "x12.control.00501.xml", known, f"{known}<code>{VERSION}</code>")
    return kept


def _replace(path: Path, old: str, new: str) -> None:
    text = re.sub(r"\s+</version>\s*</maps>", "</version>\n</maps>", path.read_text("utf-8"))
    assert text.count(old) >= 1, (path.name, old)
    path.unlink()
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def judge(content: bytes) -> tuple[bool, list[dict[str, Any]], str]:
    """Whether pyx12 takes the file; the errors it tells; the 999 that it would answer."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL)
    errors, receipt = io.StringIO(), io.StringIO()
    direction = "response" if b"BHT*0007*11*" in content else "request"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        good = x12n_document.x12n_document(
            params.params(), io.StringIO(content.decode("latin-1")), receipt, None, None, errors,
            map_path=_home(direction).name,
        )  # fmt: skip
    told = errors.getvalue()
    return bool(good), json.loads(told) if told else [], receipt.getvalue()

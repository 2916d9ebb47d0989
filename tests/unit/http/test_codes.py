"""Codes are promised in three places, which must agree: the package, the guide, the source."""

from __future__ import annotations

import re
from pathlib import Path

import connector.http

ROOT = Path(__file__).parents[3]


def _in_source() -> set[str]:
    files = [*(ROOT / "connector/http").glob("*.py"), ROOT / "connector/posting.py"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    raised = re.findall(r"(?:Error|Later|NotSent|NotFound|Disabled|_lost)\(\s*\"([a-z_]+)\"", text)
    tables = re.findall(r"\d{3}: \(\"([a-z_]+)\"", text)
    return {*raised, *tables, "refused", "server_error", "garbage_answer"}


def test_the_package_lists_every_code() -> None:
    told = connector.http.__doc__ or ""
    assert [code for code in sorted(_in_source()) if not re.search(rf"\b{code}\b", told)] == []


def test_the_guide_explains_every_code_and_no_other() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = guide.split("\n## HTTP\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| [^|]*\((`[a-z_`, ]+`)\) \|", section, re.MULTILINE)
    codes = {code for cell in cells for code in re.findall(r"`([a-z_]+)`", cell)}
    secret = set(
        re.findall(r"\"(secret_[a-z_]+)\"", (ROOT / "connector/credentials.py").read_text())
    )
    waiting = (ROOT / "connector/cli/redirect.py").read_text(encoding="utf-8")
    sign_in = set(re.findall(r"Error\(\s*\"([a-z_]+)\"", waiting))
    assert codes == _in_source() | secret | sign_in

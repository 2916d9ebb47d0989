"""The rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import os
import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path
    for top in ("connector", "adapters", "scripts", "benchmarks")
    for path in (ROOT / top).rglob("*.py")
    if "migrations/versions" not in path.as_posix()
)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "base_service"}
TRACKED_TEXT = (".py", ".md", ".yaml", ".toml", ".sh", ".txt", ".html", ".j2", ".css", ".example")


def _files() -> Iterator[Path]:
    """Everything but what is made here; other tests add and remove folders there meanwhile."""
    made = {".venv", ".cache", ".hypothesis", ".git", "demo-site", "__pycache__"}
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(set(names) - made)
        yield from (Path(folder, name) for name in sorted(files))


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _line_count(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_module_is_over_400_lines_and_the_median_is_small() -> None:
    sizes = {_relative(path): _line_count(path) for path in CODE}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert statistics.median(size for size in sizes.values() if size) < 150


def test_no_function_is_over_60_lines() -> None:
    long = {
        f"{_relative(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: size for name, size in long.items() if size > 60} == {}


def test_no_module_is_a_drawer_for_everything() -> None:
    assert [_relative(path) for path in CODE if path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_every_module_and_public_definition_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not tree.body:
        return
    missing = [] if ast.get_docstring(tree) else ["(module)"]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and not _explains_itself(node):
            missing.append(node.name)
    assert missing == []


def _explains_itself(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Workflow steps and canonical record classes: their names are words of the glossary."""
    is_record = isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id in {"Record", "PatientRecord"} for base in node.bases
    )
    return is_record or (isinstance(node, ast.FunctionDef) and node.name.endswith("_step"))


def test_every_dependency_has_its_reason_in_the_docs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [
        name for extra in project["optional-dependencies"].values() for name in extra
    ]
    documented = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    names = [re.split(r"[\[<>=~! ]", requirement)[0].lower() for requirement in wanted]
    assert [name for name in names if f"`{name}`" not in documented] == []


def test_every_command_is_in_the_operations_guide() -> None:
    from connector.cli import _COMMANDS

    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in _COMMANDS if f"connector {name}" not in guide] == []


def test_every_site_setting_is_in_the_operations_guide() -> None:
    from connector import settings

    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    models = (
        settings.PracticeSettings,
        settings.SourceSettings,
        settings.DestinationSettings,
        settings.StoreSettings,
        settings.RenderSettings,
        settings.Site,
    )
    keys = {key for model in models for key in model.model_fields}
    assert [key for key in sorted(keys) if f"`{key}`" not in guide] == []


def test_nothing_names_this_machine_or_a_package_host() -> None:
    machine = re.compile(r"/wor[k]/|/roo[t]/|pythonhos[t]ed|\bpyp[i]\.org|npm[j]s\.|deb\.deb[i]an")
    found = [
        f"{_relative(path)}:{number}"
        for path in _files()
        if path.suffix in TRACKED_TEXT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if machine.search(line)
    ]
    assert found == []


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text, lock.name
        assert "://" not in text, lock.name

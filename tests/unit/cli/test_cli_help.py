"""Help that one can learn from, instant, and wrong use told plainly."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from connector.cli import _COMMANDS, main_group


def _walk(command, path):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _walk(inner, (*path, name))


EVERY = list(_walk(main_group, ()))


@pytest.mark.parametrize("path", [path for path, _ in EVERY], ids=lambda path: " ".join(path))
def test_every_command_explains_itself(connector, path):
    done = connector(*path, "--help")
    assert done.code == 0
    command = dict(EVERY)[path]
    assert done.out.startswith("Usage: connector")
    assert command.help and command.help.split("\n")[0] in done.words
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in done.out


def test_the_list_of_commands_says_what_each_does(connector):
    done = connector("--help")
    for name, (_, text) in _COMMANDS.items():
        assert name in done.out
        assert text in done.words
    assert "Exit codes: 0 done, 1 something needs a person, 2 wrong use" in done.words


def test_all_of_the_issues_commands_are_there():
    paths = {" ".join(path) for path, _ in EVERY}
    assert paths >= {
        "demo", "init", "check", "serve", "ingest", "run", "map apply", "records schema",
        "dead-letters list", "dead-letters show", "dead-letters replay", "quarantine list",
        "quarantine show", "quarantine fix", "quarantine replay", "quarantine dismiss",
        "audit verify", "audit export", "status", "measures list", "measures show",
        "measures eval",
    }  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_none_of_the_heavy_libraries(arguments):
    code = (
        "import sys\nsys.argv = ['connector', *sys.argv[1:]]\n"
        "from connector.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'dbos', 'weasyprint', 'flask', 'sqlalchemy', 'pydantic', 'rich', 'fhirpathpy'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_mistyped_command_gets_the_right_one(connector):
    done = connector("quarentine")
    assert done.code == 2
    assert "No such command 'quarentine'. Did you mean 'quarantine'?" in done.words


def test_a_missing_argument_is_wrong_use(connector):
    assert connector("map", "apply").code == 2
    assert connector("ingest", "nowhere.csv").code == 2


def test_a_folder_is_no_file_to_map(connector, tmp_path):
    done = connector("map", "apply", "--mapping", "csv_export", tmp_path)
    assert done.code == 2
    assert "is a directory" in done.err

"""``connector x12 make`` and ``parse`` as a person calls them, and what they say of mistakes."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from connector.cli.x12 import x12_command
from connector.errors import ConfigurationError, InvalidRecord

ROOT = Path(__file__).parents[4]
EXAMPLES = ROOT / "docs/examples/x12"
KINDS = {"278": "psychotherapy", "275": "documents", "270": "eligibility"}


def call(*arguments: str, typed: str | None = None) -> Any:
    """The result of a command."""
    return CliRunner().invoke(x12_command, list(arguments), input=typed)


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_make_clean_files_and_fit_the_schema(kind: str, tmp_path: Path) -> None:
    example = EXAMPLES / f"{KINDS[kind]}.json"
    made = tmp_path / "out.x12"
    assert call("make", kind, str(example), "-o", str(made)).exit_code == 0
    assert call("validate", str(made)).output == "Nothing is wrong with this file.\n"
    again = call("make", kind, str(example))
    assert again.stdout_bytes == made.read_bytes()
    schema = json.loads(call("make", kind, "--schema").output)
    jsonschema.validate(json.loads(example.read_text()), schema)
    shown = json.loads(call("parse", str(made)).output)
    assert (shown["type"], shown["findings"]) == (kind, [])
    assert shown["envelope"]["sender"]["id"] == "HARBORTHERAPY"


def test_the_time_may_be_given_and_changes_the_numbers() -> None:
    example = str(EXAMPLES / "psychotherapy.json")
    made = call("make", "278", example, "--at", "2027-01-02T03:04:05").output
    assert "*20270102*030405" in made
    assert made != call("make", "278", example).output


def _case(**change: Any) -> str:
    case = json.loads((EXAMPLES / "psychotherapy.json").read_text())
    for path, value in change.items():
        *way, last = path.split("__")
        place = case
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = value
    return json.dumps(case)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"requester__npi": "1234567890"}, ("requester.npi", "NPI")),
        ({"event__certification": "X"}, ("event.certification", "'I'")),
        ({"event__previous_authorization": None}, ("event", "previous_authorization")),
        ({"event__services__0__code": "9083"}, ("event.services[0].code",)),
        ({"event__diagnoses__0__code": "Depression"}, ("event.diagnoses[0].code", "ICD-10")),
        ({"subscriber__birth_date": "1985-15-03"}, ("subscriber.birth_date",)),
        ({"subscriber__family_name": "D*E"}, ("subscriber.family_name", "separate")),
        ({"subscriber__family_name": "Dé"}, ("subscriber.family_name", "accents")),
        ({"event__attachments__0__type": "OZ"}, ("event.attachments[0].type", "M1")),
        ({"event__attachments__0__control_number": None}, ("control_number is missing",)),
        ({"originator": "9"}, ("originator",)),
        ({"event__servces": []}, ("Did you mean 'services'",)),
        ({"requester__address__state": "QQ"}, ("N402",)),
    ],
)
def test_a_mistake_is_told_by_its_field_and_no_value_is_repeated(
    change: dict[str, Any], words: tuple[str, ...]
) -> None:
    result = call("make", "278", "-", typed=_case(**change))
    assert isinstance(result.exception, InvalidRecord)
    for word in words:
        assert word in str(result.exception)
    for private in ("DOE", "JANE", "W123456789", "1985-15-03", "Depression", "D*E", "Dé"):
        assert private not in str(result.exception)
    assert result.stdout_bytes == b""


def test_all_mistakes_are_told_at_once() -> None:
    result = call("make", "278", "-", typed="{}")
    assert "envelope is missing" in str(result.exception)
    assert "event is missing" in str(result.exception)


def test_a_document_that_is_not_there_is_told(tmp_path: Path) -> None:
    case = tmp_path / "case.json"
    case.write_text((EXAMPLES / "documents.json").read_text())
    result = call("make", "275", str(case))
    assert isinstance(result.exception, ConfigurationError)
    assert result.exception.code == "document_unreadable"


def test_a_case_is_asked_for() -> None:
    assert call("make", "278").exit_code == 2
    assert call("make", "999", "x").exit_code == 2


def test_parse_of_nonsense_tells_findings(tmp_path: Path) -> None:
    path = tmp_path / "nonsense"
    path.write_bytes(b"\x00\xffnothing")
    shown = json.loads(call("parse", str(path)).output)
    assert shown["transactions"] == []
    assert shown["findings"][0]["code"] == "no_interchange"


def test_a_response_is_summed_up(tmp_path: Path) -> None:
    files = ROOT / "tests/unit/x12/files"
    shown = json.loads(call("parse", str(files / "response_partial_dependent.x12")).output)
    summary = shown["transactions"][0]["summary"]
    assert (shown["direction"], summary["status"]) == ("response", "partly")
    assert [one["code"] for one in summary["actions"]] == ["A2", "A6", "A3"]
    assert summary["authorization_number"] == "SYNAUTH9002"
    rejected = json.loads(call("parse", str(files / "response_rejected.x12")).output)
    [reason] = rejected["transactions"][0]["summary"]["rejection_reasons"]
    assert reason["group"] == "fix_record"
    assert reason["reason"] == "the member number is missing or wrong"


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    """Those of "Make a file" and "Read a file" in docs/x12.md, in order."""
    page = (ROOT / "docs/x12.md").read_text(encoding="utf-8")
    part = page.split("## Make a file")[1].split("## How sure")[0]
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```$", part, flags=re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) >= 6
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    with contextlib.chdir(tmp_path):
        for line in lines:
            command = line.split(" > ")[0]
            done = call(*shlex.split(command)[2:])
            assert done.exit_code == 0, (line, done.output, done.exception)

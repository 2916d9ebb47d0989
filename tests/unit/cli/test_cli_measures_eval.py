"""``connector measures eval``: a stream of lines, exit codes, and the rules of the site."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from connector.evaluation import KINDS, LONGEST

LATE = '{"kind":"baseline","episode_start":"2026-03-02","series":[["2026-04-15",19]]}'


def test_the_help_shows_every_kind_and_its_examples_work(connector, tmp_path):
    done = connector("measures", "eval", "--help")
    assert done.code == 0
    shown = re.sub(r',\n +"series"', ',"series"', done.out.split("Kinds:")[1])
    lines = [line.strip() for line in shown.splitlines() if line.strip().startswith('{"kind"')]
    asked = [json.JSONDecoder().raw_decode(line)[0] for line in lines]
    assert [line["kind"] for line in asked] == list(KINDS)
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, asked)))
    done = connector("measures", "eval", file)
    assert done.code == 0, done.out
    assert len(done.out.splitlines()) == len(KINDS)


def test_a_bad_line_holds_no_other_up(connector, tmp_path):
    file = tmp_path / "asked.jsonl"
    file.write_bytes(
        b'\xef\xbb\xbf{"kind":"expected","week":4}\r\n'
        b"\n   \n"
        b'{"kind":"expected","week":"\xff"}\n'
        b"no json\n"
        b'{"kind":"expected","week":' + b"9" * (2 * LONGEST) + b"}\n"
        b'{"kind":"expected","week":' + b"[" * 50_000 + b"\n"
        b'{"kind":"expected","week":8}'
    )
    done = connector("measures", "eval", file)
    assert done.code == 1
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer.get("error", answer.get("value")) for answer in answers] == [
        20, "not_utf8", "not_json", "line_too_long", "too_deep", 35,
    ]  # fmt: skip
    assert done.err == ""


def test_no_lines_are_no_fault_and_no_file_is_one(connector, tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    done = connector("measures", "eval", empty)
    assert (done.code, done.out) == (0, "")
    assert connector("measures", "eval", tmp_path / "none.jsonl").code == 2
    assert connector("measures", "eval", tmp_path).code == 2


def test_inside_a_site_its_rules_count(connector, small_site, tmp_path):
    file = tmp_path / "asked.jsonl"
    file.write_text(f'{LATE}\n{{"kind":"expected","week":4}}\n')
    site = small_site()
    assert '"late": true' in connector("--home", site.home, "measures", "eval", file).out
    path = site.home / "site.yaml"
    path.write_text(
        path.read_text() + "\nrules: {baseline_days_after: 60, curve: [[0, 0], [8, 60]]}\n"
    )
    done = connector("--home", site.home, "measures", "eval", file)
    assert done.code == 0, done.err
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {"baseline": {"date": "2026-04-15", "score": 19, "late": False}},
        {"value": 30},
    ]
    path.write_text(path.read_text().replace("baseline_days_after", "baseline_day_after"))
    done = connector("--home", site.home, "measures", "eval", file)
    assert done.code == 3
    assert "Did you mean 'baseline_days_after'?" in done.err


def test_each_answer_comes_before_the_next_question():
    """A checker may hold the command open and ask one line at a time."""
    command = [sys.executable, "-c", "from connector.cli import main; main()", "measures", "eval"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for week, percent in ((4, 20), (8, 35)):
            process.stdin.write(f'{{"kind":"expected","week":{week}}}\n')
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == {"value": percent}
        process.stdin.close()
        assert process.wait() == 0

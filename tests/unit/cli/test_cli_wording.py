"""``connector wording``: the list in use, and trying it on samples. All samples are invented."""

from __future__ import annotations

from connector.registry import WORDING
from connector.resources import Resources


def test_the_list_shows_rules_levels_and_why(connector, tmp_path):
    done = connector("--home", tmp_path, "wording", "list")
    assert done.code == 0
    assert "list crisis-1+" in done.out
    assert "(shipped)" in done.out
    for words in ("suicidal_ideation", "page", "giving_up", "urgent", "PHQ-9 item 9"):
        assert words in done.words


def test_the_shipped_samples_are_reported(connector):
    done = connector("wording", "test", "--wrong")
    assert done.code == 1, "one known false alarm"
    assert "urgent I can't do this anymore (the job search) (expected none)" in done.words
    for words in ("Sensitivity", "False alarms", "100.0", "1 of 143", "negation", "idiom"):
        assert words in done.words
    assert done.out.count("(expected") == 1


def test_lines_of_text_show_rule_and_reading(connector, tmp_path):
    file = tmp_path / "samples.txt"
    file.write_text("I want to die\n\nI am not suicidal\nlovely day\n", encoding="utf-8")
    done = connector("wording", "test", file)
    assert done.code == 0
    assert done.out.splitlines() == [
        "page   I want to die",
        "         wish_to_be_dead, as said, page: want to die",
        "notice I am not suicidal",
        "         suicidal_ideation, negated, notice: suicidal",
        "none   lovely day",
    ]


def test_expectations_are_compared(connector, tmp_path):
    file = tmp_path / "samples.csv"
    file.write_text('expect,text\npage,I want to die\nnone,"so, I want to die"\n')
    done = connector("wording", "test", file)
    assert done.code == 1
    assert "(expected none)" in done.out
    assert "1 of 1" in done.words
    file.write_text("expect,text\npage,I want to die\n")
    assert connector("wording", "test", file).code == 0


def test_what_is_wrong_with_the_samples_is_said(connector, tmp_path):
    file = tmp_path / "samples.csv"
    for content, told in {
        b"expect,text\nloud,hello\n": "line 2: expect: 'loud' is no level. Valid values: page",
        b"expect,text\npage,a,b\n": "more cells than columns",
        b'expect,text\npage,"abc\n': "missing quotation mark",
        b"\xff\xfe": "not UTF-8 text",
        b"x" * 5_000_001: "at most 5 MB",
    }.items():
        file.write_bytes(content)
        done = connector("wording", "test", file)
        assert done.code == 3
        assert told in done.words
        assert "samples.csv" in done.err


def test_the_sites_own_list_is_tried_and_checked(connector, tmp_path):
    connector("init", tmp_path / "site")
    place = tmp_path / "site" / WORDING
    place.parent.mkdir(exist_ok=True)
    text = Resources().find(WORDING).text()
    place.write_text(text.replace("- suicidal\n", "- purple weather\n", 1))
    file = tmp_path / "samples.txt"
    file.write_text("purple weather\n")
    done = connector("--home", tmp_path / "site", "wording", "test", file)
    assert "suicidal_ideation, as said, page" in done.out
    place.write_text(text.replace("as_said: page", "as_said: pager", 1))
    done = connector("--home", tmp_path / "site", "check")
    assert done.code == 3
    assert "config/crisis_wording.yaml" in done.words

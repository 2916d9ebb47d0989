"""The shipped list on the shipped samples: each of its rules, and every way of reading."""

from __future__ import annotations

from collections import Counter

import pytest

from connector.cli.wording import SAMPLES, Sample, calls, read_samples, report_of, try_all
from connector.resources import Resources
from connector.wording import WordingRules, judge

ALL = read_samples(Resources().find(SAMPLES).text().encode(), SAMPLES)
KNOWN_FALSE_ALARMS = {"I can't do this anymore (the job search)"}


def test_there_are_samples_of_each_rule_and_each_reading(shipped: WordingRules) -> None:
    assert len(ALL) >= 300
    assert len({sample.text for sample in ALL}) == len(ALL)
    mentions = [m for sample in ALL for m in judge(sample.text, shipped).mentions]
    assert {m.rule for m in mentions if m.reading == "as_said"} == set(shipped.rules)
    counts = Counter(m.reading for m in mentions)
    for reading in ("negated", "quoted", "other_person", "past", "idiom"):
        assert counts[reading] >= 8, reading


def test_sensitivity_and_false_alarms(shipped: WordingRules) -> None:
    tried = try_all(ALL, shipped)
    report = report_of(tried)
    found, wanted = report.alarms_found
    assert (found, wanted >= 150) == (wanted, True), "an alarm is missed"
    assert report.notices_found[0] == report.notices_found[1], "a milder mention is silent"
    wrong = {one.sample.text for one in tried if not one.as_expected}
    assert wrong == KNOWN_FALSE_ALARMS
    assert report.false_alarms == (1, len(ALL) - wanted)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("I am not going to kill myself", "negated"),
        ("I never want to die", "negated"),
        ("I don't want to die", "negated"),
        ("my mother said she wants to die", "other_person"),
        ('the chorus of that song is "I want to die"', "quoted"),
        ("when I was 15 I wanted to die", "past"),
        ("I was so embarrassed I wanted to die", "idiom"),
    ],
)
def test_a_milder_reading_is_still_counted(shipped: WordingRules, text: str, reading: str) -> None:
    assert {m.reading for m in judge(text, shipped).mentions} == {reading}


@pytest.mark.parametrize("frame", ["{}", "so, {}.", "{} 😭😭", "hello.\n\n{}\n\nbye", "> old\n{}"])
@pytest.mark.parametrize(
    "text", ["I want to kill myself", "i dont want to live anymore", "I FEEL SUICIDAL"]
)
def test_what_stands_round_it_does_not_hide_it(
    shipped: WordingRules, frame: str, text: str
) -> None:
    assert calls(judge(frame.format(text), shipped)) == "page"


@pytest.mark.parametrize(
    "text",
    ["I'm dying to see you", "my back is killing me", "the deadline is killing me",
     "we were killing time", "it was to die for"],
)  # fmt: skip
def test_everyday_idioms_match_nothing(shipped: WordingRules, text: str) -> None:
    assert judge(text, shipped).mentions == ()


def test_several_in_one_text_are_each_counted(shipped: WordingRules) -> None:
    text = "I don't want to die. I want to die. My friend wants to die."
    readings = [m.reading for m in judge(text, shipped).mentions]
    assert readings == ["negated", "as_said", "other_person"]


def test_a_line_that_is_answered_is_a_quotation(shipped: WordingRules) -> None:
    text = "> Do you ever feel suicidal?\nWork was fine."
    assert [m.reading for m in judge(text, shipped).mentions] == ["quoted"]


def test_a_quotation_without_a_source_is_read_as_said(shipped: WordingRules) -> None:
    assert calls(judge('"I want to die"', shipped)) == "page"
    assert calls(judge('I keep hearing "I want to die" in my head', shipped)) == "page"


def test_the_version_is_the_name_and_what_it_says(shipped: WordingRules) -> None:
    from connector.wording import compile_wording

    assert shipped.version.startswith("crisis-1+")
    fewer = shipped.file.model_copy(update={"rules": shipped.file.rules[:-1]})
    assert compile_wording(fewer, "x").version != shipped.version
    assert compile_wording(shipped.file, "x").version == shipped.version


def test_every_group_says_why_it_calls_whom(shipped: WordingRules) -> None:
    assert all(group.source for group in shipped.groups.values())
    assert Sample("x") == Sample("x", None, "")

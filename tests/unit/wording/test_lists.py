"""What an editable list may say, and what is refused with a sentence for its author."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.errors import ConfigurationError
from connector.registry import WORDING, load_wording
from connector.resources import Resources
from connector.wording import WordingRules, compile_wording, judge

Small = Callable[..., WordingRules]


def readings(text: str, rules: WordingRules) -> list[str]:
    return [m.reading for m in judge(text, rules).mentions]


@pytest.mark.parametrize(
    ("phrase", "yes", "no"),
    [
        ("stop the car", "Stop, the CAR!", "stop a car"),
        ("stop a|the car", "stop a car", "stop car"),
        ("stop the? car", "stop car", "stop this car"),
        ("stop .. car", "stop my very old car", "stop that very old rusty car"),
        ("stop ..1 car", "stop my car", "stop my old car"),
        ("stop @vehicles", "stop trains", "stop bikes"),
    ],
)
def test_the_signs_of_a_phrase(small: Small, phrase: str, yes: str, no: str) -> None:
    rules = small(phrase, language={"word_lists": {"vehicles": ["car", "trains"]}})
    assert readings(yes, rules) == ["as_said"]
    assert readings(no, rules) == []


def test_a_phrase_never_crosses_a_sentence_but_a_line_and_an_ellipsis(small: Small) -> None:
    rules = small("big red bus")
    assert readings("big red. bus", rules) == []
    assert readings("big\nred... bus", rules) == ["as_said"]
    assert readings("big red\n\nbus", rules) == []


@pytest.mark.parametrize(
    "written",
    ["kraken", "KRAKEN", "kr\u00e1ken", "k r a k e n", "k.r.a.k.e.n", "kr@ken", "kra\u200bken",
     "\uff4b\uff52\uff41\uff4b\uff45\uff4e", "krakeeeen", "kraekn", "krakn", "krraken", "krak3n",
     "ken kra kraken's"],
)  # fmt: skip
def test_disguises_and_misspellings(small: Small, written: str) -> None:
    rules = small("the kraken", language={"near_spellings": ["kraken"]})
    assert readings(f"see the {written} now".replace("ken kra ", ""), rules) == ["as_said"]


def test_other_words_are_no_misspelling(small: Small) -> None:
    rules = small("kraken", language={"near_spellings": ["kraken"]})
    for word in ("broken", "bracken", "kra", "krakens eat kr", "kitchen"):
        assert readings(word, rules) == ([] if word != "krakens eat kr" else ["as_said"])


def test_symbols_expansions_and_joins(small: Small) -> None:
    language = {
        "symbols": {"🐙": "kraken"}, "expansions": {"dont": "do not"}, "joins": ["my self"],
    }  # fmt: skip
    assert readings("the🐙!", small("the kraken", language=language)) == ["as_said"]
    for text in ("don't go", "dont go", "don\u2019t go", "do not go"):
        assert readings(text, small("do not go", language=language)) == ["as_said"]
    assert readings("by my self", small("by myself", language=language)) == ["as_said"]


def test_negation_holds_in_its_clause_and_not_beyond(small: Small) -> None:
    rules = small(
        "go home",
        language={
            "negations": ["not"], "negation_ends": ["stop"], "subjects": ["i"],
            "negation_carriers": ["think", "say"], "doubts": ["not sure"], "clause_ends": ["but"],
            "conjunctions": ["and"], "negations_after": ["is not an option"],
            "expansions": {"cant": "can not"},
        },
    )  # fmt: skip
    for text, reading in {
        "I do not go home": "negated",
        "I do not think I go home": "negated",
        "I am not well, I go home": "as_said",
        "I am not well I go home": "as_said",
        "not so but go home": "as_said",
        "can't stop go home": "as_said",
        "not sure I do not go home": "as_said",
        "I do not say I do not go home": "as_said",
        "I do not eat and not go home": "negated",
        "to go home is not an option": "negated",
        "not one two three four five six go home": "as_said",
    }.items():
        assert readings(text, rules) == [reading], text


def test_of_several_readings_the_one_that_calls_soonest_counts(small: Small) -> None:
    rules = small(
        "go home", language={"negations": ["not"], "past": ["years ago"]},
        levels={"as_said": "page", "past": "urgent", "negated": "notice"},
    )  # fmt: skip
    [mention] = judge("years ago I did not go home", rules).mentions
    assert (mention.reading, mention.level) == ("past", "urgent")


def test_an_idiom_must_hold_the_whole_mention(small: Small) -> None:
    rules = small("go home", idioms=["go home team"])
    assert readings("go home team", rules) == ["idiom"]
    rules = small("want to go home", idioms=["go home team"])
    assert readings("I want to go home team", rules) == ["as_said"]


@pytest.mark.parametrize(
    ("phrases", "told"),
    [
        (["go @nowhere"], "no word list '@nowhere'"),
        (["go @vehicle"], "Did you mean '@vehicles'?"),
        ([".. go"], "begins and ends with a word"),
        (["go home?"], "begins and ends with a word"),
        (["go ..9 home"], "write .. or ..1 to ..5"),
        (["go"] * 1 + ["a b c d e f g h i j k l m"], "1 to 12 words"),
        (["!!!"], "holds no word"),
        (["go home|don't home"], "each side of | is one word"),
    ],
)
def test_what_a_phrase_may_not_be(small: Small, phrases: list[str], told: str) -> None:
    language = {"word_lists": {"vehicles": ["car"]}, "expansions": {"dont": "do not"}}
    with pytest.raises(ConfigurationError) as fault:
        small(*phrases, language=language)
    assert told in fault.value.message
    assert fault.value.message.startswith("small.yaml: ")


def test_names_must_exist_and_stand_once(small: Small) -> None:
    with pytest.raises(ConfigurationError) as fault:
        small("go", group="gg")
    assert fault.value.message.endswith("no group 'gg'. Did you mean 'g'? Valid values: g")
    with pytest.raises(ConfigurationError, match="no language 'de'"):
        _with_language(small)
    file = small("go").file
    with pytest.raises(ConfigurationError, match="stands there twice"):
        compile_wording(file.model_copy(update={"rules": file.rules * 2}), "small.yaml")


def _with_language(small: Small) -> WordingRules:
    file = small("go").file
    rule = file.rules[0].model_copy(update={"language": "de"})
    return compile_wording(file.model_copy(update={"rules": (rule,)}), "small.yaml")


def test_a_site_has_a_list_of_its_own(tmp_path) -> None:
    place = tmp_path / WORDING
    place.parent.mkdir()
    text = Resources().find(WORDING).text()
    place.write_text(text.replace("name: crisis-1", "name: ours"), encoding="utf-8")
    assert load_wording(Resources(tmp_path)).version.startswith("ours+")
    for wrong, told in {
        text.replace("idioms:", "idiomss:", 1): "Did you mean 'idioms'",
        text.replace("as_said: page", "as_said: pager", 1): "'page'",
        text.replace("negated: notice", "", 1).replace("- suicidal\n", "- no\n", 1): "quotes round",
        "just words": "config/crisis_wording.yaml",
        "a: [": "not valid YAML",
    }.items():
        place.write_text(wrong, encoding="utf-8")
        with pytest.raises(ConfigurationError) as fault:
            load_wording(Resources(tmp_path))
        assert told in str(fault.value)

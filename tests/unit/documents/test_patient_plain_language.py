"""The patient summary: grade 6 sentences, no verdicts, a neutral page after a safety item."""

from __future__ import annotations

import json
import re

import pytest

from connector.documents import patient, plain

FILL = {
    "name": "Sam", "measure": "worry score", "first": "15", "last": "8", "value": "10",
    "clinician": "Ann", "day": "24 March", "phone": "555-0100",
}  # fmt: skip


def syllables(word: str) -> int:
    word = re.sub(r"[^a-z]", "", word.lower())
    if not word:
        return 1
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith("le") and groups > 1:
        groups -= 1
    if word.endswith("ed") and not word.endswith(("ted", "ded")) and groups > 1:
        groups -= 1
    return max(groups, 1)


def grade(text: str) -> float:
    """Flesch-Kincaid grade."""
    sentences = [s for s in re.split(r"[.!?]+(?:\s|$)", text) if s.strip()]
    words = [w for w in re.split(r"\s+", text) if re.search(r"[A-Za-z0-9]", w)]
    total = sum(syllables(w) for w in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * total / len(words) - 15.59


def filled() -> dict[str, str]:
    return {key: text.format(**FILL) for key, text in plain.SENTENCES.items()}


def test_the_grade_formula_tells_easy_from_hard():
    assert grade("The cat sat on the mat.") < 2
    assert grade("Psychometric deterioration necessitates comprehensive reevaluation.") > 12


def test_all_fixed_sentences_together_are_grade_six_or_below():
    text = " ".join(t for t in filled().values() if t.endswith("."))
    assert grade(text) <= 6


@pytest.mark.parametrize("key", sorted(plain.SENTENCES))
def test_each_fixed_sentence_is_short_and_plain(key):
    text = filled()[key]
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        assert len(sentence.split()) < 15, sentence
    assert plain.is_plain(text)
    if len(text.split()) >= 6:
        assert grade(text) <= 6, (text, grade(text))


def page_text(spec) -> str:
    return json.dumps(spec.context, ensure_ascii=False)


@pytest.mark.parametrize(
    "situation", ["better", "worse", "same", "lefs", "one_score", "three_scores", "no_scores"]
)
def test_no_verdict_code_alert_or_percent_reaches_the_patient(documents, situation):
    text = page_text(documents(situation)["patient"])
    shown = re.sub(r'"(?:rule|source|sources)": (?:"[^"]*"|\[[^]]*\])', "", text)
    for word in ("severe", "moderate", "mild", "normal", "failed", "percent", "%", "F33", "risk"):
        assert word not in shown.lower().replace("f33", "F33"), word


def test_a_change_inside_measurement_error_is_about_the_same(documents):
    context = documents("same")["patient"].context
    assert context["sentences"][0]["text"] == (
        "Jordan, your low mood score is about the same as when you started."
    )


def test_worse_is_said_kindly(documents):
    texts = [s["text"] for s in documents("worse")["patient"].context["sentences"]]
    assert texts == [
        "Jordan, your low mood score is higher than when you started.",
        "That happens. Bring this to your next visit.",
    ]


def test_at_most_three_sentences_on_change(documents, samples):
    for situation in samples.situations():
        texts = " ".join(s["text"] for s in documents(situation)["patient"].context["sentences"])
        assert len(re.findall(r"[.?!](?:\s|$)", texts)) <= 3


def test_a_positive_safety_item_gives_a_neutral_page_with_the_crisis_line(documents, samples):
    context = documents("safety")["patient"].context
    assert context["neutral"] is True and context["measure"] is None
    assert context["practice"]["crisis_text"] == samples.PRACTICE.crisis_text
    assert not re.search(r"\d", " ".join(s["text"] for s in context["sentences"]))


def test_a_positive_flag_alone_is_enough(samples):
    flagged = samples.series("gad7", (9, 8, 7))
    main = samples.series("phq9", (19, 9), primary=True, flags=("safety_item_positive:9",))
    assert patient.needs_neutral_page(samples.progress(flagged, main))
    assert not patient.needs_neutral_page(samples.progress(flagged))


def test_an_unseen_safety_item_does_not_make_the_page_neutral(samples):
    series = samples.series("phq9", (19, 9), primary=True, flags=("safety_unknown_total_only",))
    assert not patient.needs_neutral_page(samples.progress(series))


def test_goals_in_clinical_words_are_held_back(samples, documents):
    clinical = samples.goals(3)
    clinical = (
        clinical[0],
        clinical[1].model_copy(update={"text": "Reduce severe panic (F41.0)"}),
        clinical[2].model_copy(update={"text": "Improve compliance to 80%"}),
    )
    progress = samples.progress(samples.series("phq9", (19, 9), primary=True), goals=clinical)
    specs = documents(progress)
    assert [g["text"] for g in specs["patient"].context["goals"]] == ["Leave home alone"]
    warnings = json.dumps(specs["therapist"].context["warnings"])
    assert "2 goals left out of the client copy" in warnings


def test_number_line_below_four_scores_and_line_chart_from_four_on(documents):
    three = documents("three_scores")["patient"].context["measure"]
    many = documents("better")["patient"].context["measure"]
    assert three["line"] and three["chart"] is None
    assert many["chart"] and many["line"] is None


def test_the_direction_is_always_said(documents):
    assert "lower score is better" in documents("better")["patient"].context["measure"]["direction"]
    assert "higher score is better" in documents("lefs")["patient"].context["measure"]["direction"]

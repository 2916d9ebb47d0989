"""The patient summary: grade 6 sentences, no verdicts, a neutral page after a safety item."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from connector.documents import patient, plain, therapist

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


def sober_chart(samples, *, consent):
    """Two goals, one on drinking, and a measure of drinking as the primary one."""
    from connector.records import Consent

    known = dict(samples.instruments())
    known["gad7"] = known["gad7"].model_copy(
        update={"part2": True, "short_name": "DRINK", "plain_name": "drinking score"}
    )
    given = Consent(
        **samples.owned("consent", 1), scope="sud_disclosure", granted_on=date(2025, 1, 1)
    )
    goals = samples.goals(2)
    goals = (goals[0], goals[1].model_copy(update={"text": "Stay sober on all seven days"}))
    progress = samples.progress(
        samples.series("gad7", (15, 8), primary=True),
        samples.series("phq9", (19, 9)),
        goals=goals,
        consents=(given,) if consent else (),
    )
    return progress, known


@pytest.mark.parametrize("consent", [False, True])
def test_substance_use_is_on_the_page_with_a_consent_only(samples, consent):
    progress, known = sober_chart(samples, consent=consent)
    text = json.dumps(patient.context(progress, samples.PRACTICE, known))
    assert ("sober" in text) is consent and ("drinking" in text) is consent
    assert ("low mood score" in text) is not consent
    warnings = json.dumps(
        therapist.context(progress, samples.PRACTICE, known, samples.RULES)["warnings"]
    )
    assert ("left out of the client copy: substance use, no consent" in warnings) is not consent


def test_a_page_that_may_tell_no_score_and_no_goal_claims_neither(samples):
    progress, known = sober_chart(samples, consent=False)
    only = progress.measured.model_copy(update={"series": progress.measured.series[:1]})
    chart = progress.chart.model_copy(update={"goals": progress.chart.goals[1:]})
    progress = progress.model_copy(update={"measured": only, "chart": chart})
    page = patient.context(progress, samples.PRACTICE, known)
    assert page["measure"] is None and page["goals"] == [] and page["goals_told"] is True
    assert "thank you for your answers" in page["sentences"][0]["text"]
    assert page["neutral"] is False


def test_crosses_on_the_line_are_explained(samples):
    series = samples.series("phq9", (19, 17, 14, 12), primary=True)
    shown = patient.context(samples.progress(series), samples.PRACTICE, samples.instruments())
    assert ("A cross means" in shown["measure"]["explain"]) is bool(
        shown["measure"]["chart"]["missed"]
    )
    last = series.measurements[-1]
    late = last.model_copy(update={"taken_on": last.taken_on + timedelta(days=200)})
    series = series.model_copy(update={"measurements": (*series.measurements[:-1], late)})
    shown = patient.context(samples.progress(series), samples.PRACTICE, samples.instruments())
    assert "A cross means that a form is missing." in shown["measure"]["explain"]


def test_many_long_goals_are_cut_to_a_line_each(samples):
    long = "Walk on uneven ground around the reservoir with the dog, carrying bags, without a rest"
    goals = tuple(g.model_copy(update={"text": long}) for g in samples.goals(5))
    series = samples.series("phq9", (19, 9), primary=True)
    page = patient.context(
        samples.progress(series, goals=goals), samples.PRACTICE, samples.instruments()
    )
    assert len(page["goals"]) == 2 and page["more_goals"] == 3
    assert all(len(g["text"]) <= patient.ONE_LINE for g in page["goals"])
    page = patient.context(
        samples.progress(series, goals=goals[:2]), samples.PRACTICE, samples.instruments()
    )
    assert [g["text"] for g in page["goals"]] == [long, long]

"""What a clinician, a patient and a payer must read, and what must never stand beside it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from connector.documents import charts, insurer, narrative, payer_scores, review
from connector.progress import Acknowledged, Alert, DataNote

TODAY = date(2026, 3, 12)


def alert(rule: str, text: str, source: str = "assessment-x", severity: str = "action") -> Alert:
    return Alert.model_validate(
        {
            "key": f"k-{rule}", "patient_id": "patient-1", "rule": rule, "severity": severity,
            "audience": "therapist", "summary": "A safety item needs review", "text": text,
            "raised_on": date(2026, 3, 10), "sources": (source,),
        }
    )  # fmt: skip


def exceeding(samples, **changes):
    return samples.progress(
        samples.series("phq9", samples.BETTER, primary=True), decision="exceeds", rule="R4",
        **changes,
    )  # fmt: skip


def reviewed(documents, progress):
    return [row["text"] for row in documents(progress)["therapist"].context["review"]["rows"]]


def ended(samples, **changes):
    built = samples.progress(
        samples.series("phq9", samples.BETTER, primary=True), decision="exceeds", rule="R4",
        **changes,
    )  # fmt: skip
    episode = built.chart.episode.model_copy(update={"active": False, "ended_on": date(2026, 3, 4)})
    chart = built.chart.model_copy(update={"episode": episode})
    return built.model_copy(update={"chart": chart})


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("safety_item_missing", "PHQ-9 of 10 Mar 2026: safety item 9 has no usable answer."),
        ("safety_unknown_total_only", "PHQ-9 of 10 Mar 2026: only a total came."),
    ],
)
def test_an_unseen_safety_item_is_never_no_open_safety_item(samples, documents, rule, text):
    context = documents(exceeding(samples, alerts=(alert(rule, text),)))["therapist"].context
    (row,) = context["safety"]["rows"]
    assert row["label"] == "Safety unknown" and row["text"] == f"{text} Raised 2 days ago."
    assert not any("not seen" in w["text"] for w in context["warnings"]["rows"])


def test_positive_safety_items_come_before_unseen_ones(samples):
    unseen = alert("safety_unknown_total_only", "PHQ-9 of 11 Mar 2026: only a total came.")
    progress = exceeding(samples, alerts=(unseen, samples.safety_alert()))
    labels = [row["label"] for row in review.safety_lines(progress, TODAY)]
    assert labels == ["Safety item, open", "Safety unknown"]


def test_who_took_a_safety_item_on_stands_on_the_page(samples, documents):
    """And what nobody has taken on comes first."""
    first = samples.safety_alert()
    on_call = first.model_copy(update={"key": "k-2", "audience": "on_call"})
    newer = alert("safety_item_positive", "PHQ-9 of 11 Mar 2026: safety item 9 is positive.")
    taken = Acknowledged(
        key="k-2", by="Dana Okafor", at=datetime(2026, 3, 12, 1, tzinfo=UTC), resolved=False
    )
    progress = exceeding(samples, alerts=(first, on_call, newer)).model_copy(
        update={"acknowledged": (taken,)}
    )
    rows = documents(progress)["therapist"].context["safety"]["rows"]
    assert [row["label"] for row in rows] == ["Safety item, open", "Safety item, acknowledged"]
    assert rows[1]["text"].endswith("Acknowledged by Dana Okafor, 12 Mar 2026.")
    resolved = taken.model_copy(update={"resolved": True, "by": "Kim"})
    both = progress.model_copy(update={"acknowledged": (taken, resolved)})
    (row, _) = reversed(review.safety_lines(both, TODAY))
    assert row["label"] == "Safety item, resolved" and "Resolved by Kim" in row["text"]


def test_a_page_without_safety_questions_does_not_say_that_all_is_well(samples, documents):
    asked = documents(exceeding(samples))["therapist"].context["safety"]["none"]
    silent = documents("lefs")["therapist"].context["safety"]["none"]
    assert asked == "No open safety items on the forms shown here."
    assert silent == "No form in this episode asks about safety."


def test_no_step_down_beside_a_positive_safety_item(samples, documents):
    assert any("step down or discharge" in t for t in reviewed(documents, exceeding(samples)))
    with_item = reviewed(documents, exceeding(samples, alerts=(samples.safety_alert(),)))
    assert not any("discharge" in text for text in with_item)
    assert any("Consider the safety item before any step down" in text for text in with_item)


def test_a_step_down_waits_for_an_unseen_safety_answer(samples, documents):
    unseen = alert("safety_item_missing", "PHQ-9 of 10 Mar 2026: item 9 has no usable answer.")
    texts = reviewed(documents, exceeding(samples, alerts=(unseen,)))
    assert any("after asking about safety" in text for text in texts)


def test_the_draft_note_leaves_room_for_the_response_to_a_safety_item(documents):
    assert (
        "Safety item positive; response: ____" in documents("safety")["therapist"].context["note"]
    )
    assert "Safety" not in documents("better")["therapist"].context["note"]


def test_a_renewal_is_said_once_and_every_line_is_a_sentence(samples, documents):
    built = exceeding(samples)
    view = built.measured.authorizations[0].model_copy(
        update={"renewal_due": True, "renewal_reason": "visit 19 of 20 is booked for 30 Mar 2026"}
    )
    due = built.milestones[0].model_copy(update={"kind": "plan_review", "text": "plan review due"})
    measured = built.measured.model_copy(update={"authorizations": (view,)})
    progress = built.model_copy(
        update={"measured": measured, "milestones": (*built.milestones, due)}
    )
    texts = reviewed(documents, progress)
    assert sum("renewal" in t or "renew" in t for t in texts) == 1
    assert "Plan review due." in texts
    assert all(t[0].isupper() and t.endswith((".", "...")) for t in texts), texts


def test_missing_papers_are_named(samples, documents):
    context = documents(exceeding(samples, diagnoses=(), plans=()))["therapist"].context
    texts = [row["text"] for row in context["thread"]["rows"]]
    assert "No diagnosis is on file." in texts
    assert "No treatment plan is on file." in texts


def test_care_that_has_ended_asks_for_nothing(samples, documents):
    made = documents(ended(samples))
    therapist, patient = made["therapist"].context, made["patient"].context
    assert therapist["header"]["period"].endswith("to 4 Mar 2026")
    assert therapist["header"]["ended"] and therapist["header"]["episode_day"] == 50
    assert reviewed(documents, ended(samples))[0] == review.CARE_ENDED
    assert patient["period"].endswith("to 4 March 2026")
    assert patient["sentences"][0]["text"] == (
        "Jordan, your low mood score went down during your care."
    )
    assert not any("visit" in step or "form" in step for step in patient["next"])
    assert patient["measure"]["now_label"] == "Last form, 4 Mar 2026"


def test_a_neutral_page_shows_no_number_of_a_goal(samples, documents):
    goals = documents("safety")["patient"].context["goals"]
    assert goals and {g["where"] for g in goals} <= {"still working on it", "done"}


def test_a_late_first_score_is_not_called_the_start_of_care(samples, documents):
    late = samples.series("phq9", samples.BETTER, primary=True)
    late = late.model_copy(update={"baseline_late": True})
    context = documents(samples.progress(late))["patient"].context
    assert context["sentences"][0]["text"] == (
        "Jordan, your low mood score is lower than on your first form."
    )
    assert context["measure"]["start_label"] == "First form, 14 Jan 2026"


def test_the_dashed_line_of_the_patient_chart_is_explained(documents):
    said = documents("better")["patient"].context["measure"]["explain"]
    assert "The dashed line is at 10. From 10 up, care teams look closer." in said


def test_objectives_are_counted_alike_for_every_reader(samples, documents):
    overall, met, open_ = samples.goals(3)
    goals = (
        overall,
        met.model_copy(update={"level": "objective"}),
        open_.model_copy(update={"level": "objective"}),
    )
    made = documents(exceeding(samples, goals=goals))
    assert "Objectives met 1 of 2." in made["therapist"].context["note"]
    assert made["insurer"].context["goals"]["counted"] == "1 of 2 objectives met"


def test_a_goal_past_its_date_needs_a_reason_for_the_payer(samples, documents):
    goals = tuple(g.model_copy(update={"target_on": date(2026, 3, 1)}) for g in samples.goals(1))
    context = documents(exceeding(samples, goals=goals))["insurer"].context
    assert context["goals"]["rows"][0]["status"] == "in progress, date passed"
    assert "Reason why goals were not met by their date" in context["to_complete"]


def test_everything_open_on_the_payer_page_is_in_the_list(samples, documents):
    context = documents(exceeding(samples, goals=(), diagnoses=()))["insurer"].context
    assert {"Goals with measurable objectives", "Diagnosis (ICD-10-CM)"} <= set(
        context["to_complete"]
    )


def test_settled_notes_are_no_warning_and_nothing_is_said_twice(samples, documents):
    late = samples.series("phq9", samples.BETTER, primary=True)
    late = late.model_copy(update={"baseline_late": True})
    first = late.baseline.assessment_id
    notes = (
        DataNote(kind="future_attended", text="3 future appointments counted as booked"),
        DataNote(kind="late_baseline", text="the first valid PHQ-9 is late", sources=(first,)),
    )
    progress = samples.progress(late, data_notes=notes)
    rows = documents(progress)["therapist"].context["warnings"]["rows"]
    assert [row["text"] for row in rows] == ["The first valid PHQ-9 is late."]


@pytest.mark.parametrize(
    ("status", "words"),
    [("denied", "Denied by the payer"), ("pended", "Asked for, the payer has not decided")],
)
def test_an_authorization_that_is_not_granted_counts_no_visits(samples, documents, status, words):
    built = exceeding(samples)
    view = built.measured.authorizations[0].model_copy(update={"status": status})
    progress = built.model_copy(
        update={"measured": built.measured.model_copy(update={"authorizations": (view,)})}
    )
    made = documents(progress)
    assert made["therapist"].context["authorization"]["text"] == words
    assert "used" not in made["therapist"].context["authorization"]["detail"]
    assert "used" not in made["insurer"].context["request"]["authorized"]


def test_an_ended_authorization_has_nothing_left(samples, documents):
    built = exceeding(samples)
    view = built.measured.authorizations[0].model_copy(update={"ends_on": date(2026, 2, 28)})
    progress = built.model_copy(
        update={"measured": built.measured.model_copy(update={"authorizations": (view,)})}
    )
    made = documents(progress)
    text = made["therapist"].context["authorization"]["text"]
    assert text == "6 of 20 visits not used, ended 28 Feb 2026"
    assert made["insurer"].context["request"]["authorized"].endswith("not used; ended 02/28/2026")


def test_the_rating_says_what_its_rule_means_and_what_held_it_down(samples):
    phq9 = samples.series("phq9", samples.BETTER, primary=True)
    gad7 = samples.series("gad7", (9, 15))
    built = samples.progress(phq9, gad7, decision="meets", rule="R4")
    decision = built.decision.model_copy(update={"capped_by": "gad7"})
    progress = built.model_copy(update={"decision": decision})
    known = samples.instruments()
    pairs = [(phq9, known["phq9"]), (gad7, known["gad7"])]
    why = payer_scores.rating(progress, pairs)["why"]
    assert why.startswith("better beyond measurement error, and cut-off")
    assert why.endswith("held down because GAD-7 is worse beyond measurement error")
    hidden = payer_scores.rating(progress, pairs[:1])["why"]
    assert "GAD-7" not in hidden and "held down" not in hidden


def test_every_rule_has_its_meaning():
    assert set(payer_scores.RULES) == {f"R{n}" for n in range(9)}


def test_sources_are_whole_and_without_catalogue_keys(samples, documents):
    for row in documents("better")["insurer"].context["sources"]:
        assert "[" not in json.dumps(row["reliable_source"]) and "..." not in row["reliable_source"]


@pytest.mark.parametrize(
    ("instrument", "totals", "value"),
    [("phq9", (19, 12, 9), 13), ("lefs", (32, 40, 51), 41), ("phq9", (5, 4, 3), None)],
)
def test_the_line_of_real_change_lies_on_the_better_side(samples, instrument, totals, value):
    known = samples.instruments()[instrument]
    data = charts.line_data(samples.series(instrument, totals), known)
    assert data["real_change"] == value
    assert (narrative.real_change_words(data) is None) == (value is None)
    assert charts.line_data(samples.series(instrument, totals), known, words=False)[
        "real_change"
    ] is None  # fmt: skip


def test_band_words_fit_the_gutter_and_keep_their_sense(samples):
    known = samples.instruments()

    def words(name, totals):
        return [
            b["word"] for b in charts.line_data(samples.series(name, totals), known[name])["bands"]
        ]

    assert words("odi", (40, 30, 20)) == ["minimal", "moderate", "severe", "very severe", "extreme"]
    assert words("nprs", (6, 5, 4)) == ["no pain", "mild pain", "moderate pain", "severe pain"]


def test_an_unusable_form_after_the_last_score_is_marked(samples):
    known = samples.instruments()["phq9"]
    series = samples.series("phq9", (19, 15, 12))
    broken = series.measurements[-1].model_copy(
        update={
            "assessment_id": "assessment-broken",
            "taken_on": date(2026, 2, 11),
            "score": series.measurements[-1].score.model_copy(
                update={"status": "incomplete", "total": None, "total_exact": None}
            ),
        }
    )
    series = series.model_copy(update={"measurements": (*series.measurements, broken)})
    assert charts.line_data(series, known)["missed"] == ["2026-02-11"]


def test_inputs_say_worse_in_words(samples, documents):
    built = samples.progress(samples.series("phq9", (9, 19), primary=True), rule="R1")
    inputs = {"change": {"percent_improvement": "-50.0"}, "expected_percent": "50"}
    decision = built.decision.model_copy(update={"inputs": inputs, "capped_by": "gad7"})
    context = documents(built.model_copy(update={"decision": decision}))["therapist"].context
    assert context["decision"]["inputs"] == "percent worsening 50, percent expected 50"
    assert context["decision"]["capped_by"] == "GAD-7"


def test_a_therapist_sees_a_reason_to_its_end_where_there_is_room(samples, documents):
    built = exceeding(samples)
    reason = "A reason in whole sentences. " * 12
    decision = built.decision.model_copy(update={"reason": reason.strip()})
    context = documents(built.model_copy(update={"decision": decision}))["therapist"].context
    assert context["decision"]["reason"] == reason.strip()


def test_the_payer_is_asked_for_in_order_of_urgency(samples):
    built = exceeding(samples)
    first = built.milestones[0]
    several = tuple(
        first.model_copy(update={"kind": kind, "key": kind})
        for kind in ("plan_review", "assessment_completed", "authorization")
    )
    asked = insurer.asking(built.model_copy(update={"milestones": several}))
    assert [m.kind for m in asked] == ["authorization", "plan_review"]


def test_diagnoses_of_other_systems_are_told_in_words_after_icd_codes(samples, documents):
    built = exceeding(samples)
    known = built.chart.diagnoses[0].model_copy(update={"primary": False})

    def snomed(number: int, code: str, text: str, onset: date):
        return known.model_copy(
            update={
                "id": f"diagnosis-s{number}",
                "system": "snomed",
                "code": code,
                "description": text,
                "onset_on": onset,
            }
        )

    listed = (
        snomed(1, "160903007", "Full-time employment", date(2020, 1, 1)),
        snomed(2, "160903007", "Full-time employment", date(2024, 1, 1)),
        snomed(3, "73595000", "Stress", date(2025, 1, 1)),
        known,
    )
    chart = built.chart.model_copy(update={"diagnoses": listed})
    context = documents(built.model_copy(update={"chart": chart}))["therapist"].context
    assert context["header"]["diagnoses"] == ["F33.1", "Stress", "Full-time employment"]
    assert context["header"]["more_diagnoses"] == 0

"""Which documents a progress calls for, who must release them, and their identity."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from connector.pipeline.report import report


def _samples() -> ModuleType:
    name = "progress_samples"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "documents" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


S = _samples()


def specs(progress, practice=None):
    made = report(progress, practice or S.PRACTICE, S.instruments(), S.RULES)
    return {spec.kind: spec for spec in made}


def better(**changes):
    return S.progress(S.series("phq9", S.BETTER, primary=True), **changes)


def test_each_document_waits_for_the_right_person():
    releases = {kind: spec.release for kind, spec in specs(better()).items()}
    assert releases == {
        "therapist": "none",
        "patient": "therapist_release",
        "decision": "none",
        "insurer": "clinician_signature",
        "packet_manifest": "clinician_signature",
    }


def test_no_packet_without_a_milestone_that_asks():
    assert set(specs(better(milestones=False))) == {"therapist", "patient", "decision"}


def test_a_completed_assessment_alone_asks_for_no_packet():
    progress = better()
    milestone = progress.milestones[0].model_copy(update={"kind": "assessment_completed"})
    kinds = specs(progress.model_copy(update={"milestones": (milestone,)}))
    assert "insurer" not in kinds


@pytest.mark.parametrize(
    ("discipline", "kind", "asks"),
    [
        ("mental_health", "plan_review", True),
        ("mental_health", "recertification", True),
        ("mental_health", "authorization", True),
        ("mental_health", "visit_number", False),
        ("physical_therapy", "visit_number", True),
    ],
)
def test_the_milestones_that_ask_for_a_packet(discipline, kind, asks):
    """The progress report after so many visits is a rule of physical therapy."""
    episode = better().chart.episode.model_copy(update={"discipline": discipline})
    progress = better(episode=episode)
    milestone = progress.milestones[0].model_copy(update={"kind": kind})
    made = specs(progress.model_copy(update={"milestones": (milestone,)}))
    assert ("insurer" in made) is asks
    assert ("packet_manifest" in made) is asks


def test_no_packet_without_a_payer():
    assert "insurer" not in specs(better(coverages=(), authorizations=()))
    assert "insurer" in specs(better(coverages=()))
    assert "insurer" in specs(better(authorizations=()))


def test_same_progress_same_identity_and_a_change_changes_it():
    first, again = specs(better()), specs(better())
    other = specs(S.progress(S.series("phq9", (*S.BETTER[:-1], 8), primary=True)))
    for kind in first:
        assert (first[kind].digest, first[kind].document_id) == (
            again[kind].digest, again[kind].document_id,
        )  # fmt: skip
        assert first[kind].digest != other[kind].digest
        assert len(first[kind].document_id) == 24


def test_a_later_hour_of_the_same_day_is_the_same_document():
    progress = better()
    later = progress.model_copy(update={"as_of": progress.as_of + timedelta(hours=1)})
    assert specs(progress)["therapist"].digest == specs(later)["therapist"].digest


def test_the_day_is_the_practices_day():
    late = better().model_copy(update={"as_of": S.NOW + timedelta(hours=5)})
    tokyo = S.PRACTICE.model_copy(update={"timezone": "Asia/Tokyo"})
    assert specs(late)["therapist"].as_of.isoformat() == "2026-03-12"
    assert specs(late, tokyo)["therapist"].as_of.isoformat() == "2026-03-13"


def test_contexts_are_plain_json_and_ids_hold_no_patient_text():
    for situation in S.situations().values():
        for spec in report(situation, S.PRACTICE, S.instruments(), S.RULES):
            assert json.loads(json.dumps(spec.context, allow_nan=False)) == spec.context
            assert spec.document_id.isalnum() and spec.patient_id == "patient-1"


def test_the_decision_carries_both_scores_with_provenance():
    context = specs(better())["decision"].context
    assert context["baseline"] == {
        "total": 19, "taken_on": "2026-01-14", "record": "assessment-phq9-0000",
        "source": "sample", "origin": "assessments.csv", "row": 2,
    }  # fmt: skip
    assert context["current"]["total"] == 9 and context["current"]["row"] == 9
    assert context["percent"] == 52.6 and context["band"] == "mild"
    assert (context["decision"], context["rule"]) == ("meets", "R5")


def test_a_decision_without_scores_says_nothing_of_them():
    context = specs(S.progress(decision="insufficient_data", rule="R0"))["decision"].context
    assert context["baseline"] is None and context["current"] is None and context["percent"] is None


def test_the_manifest_is_not_ready_before_the_clinician_has_written():
    made = specs(better())
    manifest = made["packet_manifest"].context
    assert manifest["ready"] is False
    assert "Risk status, one line" in manifest["to_complete"]
    assert manifest["holds"] == [
        {
            "kind": "insurer",
            "document_id": made["insurer"].document_id,
            "digest": made["insurer"].digest,
        }
    ]
    assert manifest["audience"] == "practice"


def test_a_change_inside_error_is_on_track_and_never_improvement_for_the_payer():
    progress = S.progress(S.series("phq9", (15, 13, 12), primary=True), decision="meets", rule="R7")
    context = specs(progress)["insurer"].context
    assert context["decision"]["words"] == "on track; no improvement is claimed"


def test_therapist_advice_says_consider():
    progress = S.progress(S.series("phq9", S.WORSE, primary=True), decision="below", rule="R1")
    rows = specs(progress)["therapist"].context["review"]["rows"]
    assert rows[0]["text"].startswith("Consider") and rows[0]["rule"] == "R1"
    assert rows[0]["sources"] == ["assessment-phq9-0000", "assessment-phq9-0007"]
    assert all(row["rule"] for row in rows)


def test_status_words_are_the_four():
    def status(totals, decision, rule):
        progress = S.progress(S.series("phq9", totals, primary=True), decision=decision, rule=rule)
        return specs(progress)["therapist"].context["status"]

    assert status(S.BETTER, "exceeds", "R4") == "on course"
    assert status(S.WORSE, "below", "R1") == "off course"
    assert status(S.SAME, "below", "R8") == "no change for 7 weeks"
    assert status((17,), "insufficient_data", "R0") == "not enough data"


def aged(records, days):
    return tuple(r.model_copy(update={"version": S.NOW - timedelta(days=days)}) for r in records)


def test_a_stale_authorization_asks_to_verify():
    def flag(**parts):
        progress = better()
        chart = progress.chart.model_copy(update=parts)
        context = specs(progress.model_copy(update={"chart": chart}))["therapist"].context
        return context["authorization"]["flag"]

    authorizations = aged(better().chart.authorizations, 20)
    # Not edited for weeks, while visits keep coming: the source is alive.
    assert flag(authorizations=authorizations) is None
    visits, notes = aged(better().chart.visits, 16), aged(better().chart.notes, 16)
    silent = flag(authorizations=authorizations, visits=visits, notes=notes)
    assert silent == "stale, verify (no news from the source)"
    assert flag() is None


def test_items_are_for_the_therapist_only():
    progress = better(assessments=S.answers(S.BETTER))
    made = specs(progress)
    moved = made["therapist"].context["moved"]
    assert moved["items"][0].startswith("item ") and moved["safety"] == [
        "Item 9: 0 at first, 0 now"
    ]
    for kind in ("patient", "insurer"):
        assert "item " not in json.dumps(made[kind].context).lower()

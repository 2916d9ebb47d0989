"""What the pages say of the documentation: breaks for the therapist, dates for the payer."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import page as validator
import pytest
from pypdf import PdfReader

from connector.documents import compose, fitting, on_record, thread_lines
from connector.documents.printing import pdf_form
from connector.pipeline.golden_thread import golden_thread
from connector.pipeline.report import report
from connector.thread import Documented


def bare(samples, **changes):
    """A chart without any papers."""
    gone = {"plans": (), "goals": (), "diagnoses": (), "notes": ()}
    return samples.progress(samples.series("phq9", (19,), primary=True), **{**gone, **changes})


def thread_of(samples, progress):
    on = progress.as_of.date()
    return golden_thread(progress, samples.instruments(), samples.RULES, on)


def sentences(documents, progress):
    return [row["text"] for row in documents(progress)["therapist"].context["thread"]["rows"]]


def test_the_therapist_reads_breaks_with_their_records(documents):
    thread = documents("better")["therapist"].context["thread"]
    assert [row["text"] for row in thread["rows"]] == [
        "No intake note is on file.",
        "No measure of functioning has a usable score.",
        "5 visits without a note and 1 note not signed.",
    ]
    assert thread["rows"][-1]["rule"] == "visit_notes"
    assert thread["rows"][-1]["sources"][0].startswith("visit-")
    assert thread["more"] == 0


def test_with_the_services_address_each_break_is_a_link_and_the_pdf_meets_its_standards(
    samples, resources, renderer
):
    practice = samples.PRACTICE.model_copy(update={"pages_at": "https://connector.example"})
    built = samples.situations()["better"]
    made = report(built, practice, samples.instruments(), samples.RULES, ("therapist",))
    rows = made[0].context["thread"]["rows"]
    assert [row["link"] for row in rows] == [
        f"https://connector.example/records/{row['sources'][0]}" for row in rows
    ]
    form = pdf_form(made[0], "a-3a", resources, samples.instruments())
    content = renderer.pdf(compose.html(made[0], resources, "Letter"), form)
    notes = [note.get_object() for note in PdfReader(io.BytesIO(content)).pages[0]["/Annots"]]
    assert {note["/A"]["/URI"] for note in notes} == {row["link"] for row in rows}
    for profile in ("3a", "ua1"):
        assert not validator.validate_pdf_bytes(content, profile=profile).failures


def test_one_missing_thing_is_said_once(samples, documents):
    built = bare(samples)
    texts = sentences(documents, built)
    assert "No goal is on file." in texts and "No objective is on file." not in texts
    broken = {link.key for link in thread_of(samples, built).breaks}
    assert {"goals", "objectives"} <= broken, "the check itself tells each link"


def test_what_the_review_says_is_not_said_again(samples, documents):
    late = tuple(g.model_copy(update={"target_on": date(2026, 3, 1)}) for g in samples.goals(1))
    built = samples.progress(samples.series("phq9", samples.BETTER, primary=True), goals=late)
    context = documents(built)["therapist"].context
    assert any(row["rule"] == "goal_date" for row in context["review"]["rows"])
    assert not any("target date" in text for text in sentences(documents, built))


def test_missing_evidence_of_the_clients_part_is_a_break(samples, documents):
    built = samples.progress(samples.series("phq9", samples.BETTER, primary=True))
    plans = tuple(p.model_copy(update={"client_participated": None}) for p in built.chart.plans)
    chart = built.chart.model_copy(update={"plans": plans})
    texts = sentences(documents, built.model_copy(update={"chart": chart}))
    assert "The client's part in the plan is not documented." in texts


def test_after_care_only_what_closes_it_is_a_break(samples):
    built = bare(samples)
    ended = built.chart.episode.model_copy(update={"active": False, "ended_on": date(2026, 3, 5)})
    chart = built.chart.model_copy(update={"episode": ended})
    built = built.model_copy(update={"chart": chart})
    rows = thread_lines.breaks(thread_of(samples, built), built, [])
    assert {row["rule"] for row in rows} == {"visit_notes", "discharge"}


def test_a_chart_without_a_break_says_so(samples, resources, documents):
    thread = thread_of(samples, bare(samples))
    assert thread_lines.no_breaks(None) == thread_lines.NO_CARE
    assert thread_lines.no_breaks(thread) == thread_lines.NO_BREAKS


@pytest.mark.parametrize("paper", compose.PAPERS)
def test_breaks_never_make_a_second_page(renderer, samples, documents, resources, paper):
    built = samples.worst_case()
    chart = built.chart.model_copy(update={"plans": (), "notes": (), "diagnoses": ()})
    made = documents(built.model_copy(update={"chart": chart}))["therapist"]
    thread = made.context["thread"]
    assert thread["rows"] and thread["more"] > 0
    assert fitting.height(made.context) <= fitting.PAGE
    content = renderer.pdf(compose.html(made, resources, paper))
    assert len(PdfReader(io.BytesIO(content)).pages) == 1


def test_the_payer_reads_what_is_there_with_dates_and_nothing_else(documents):
    context = documents("better")["insurer"].context
    assert {(row["what"], row["dates"]) for row in context["on_record"]} == {
        ("Diagnosis", "11/02/2025"),
        ("Severity", "03/04/2026 to 03/11/2026"),
        ("Goals, target dates", "04/30/2026"),
        ("Treatment in plan", "01/14/2026"),
        ("First to last score", "01/14/2026 to 03/11/2026"),
        ("Since last review", "01/14/2026 to 03/11/2026"),
        ("Visits kept", "01/14/2026 to 03/04/2026"),
        ("Discharge criteria", "01/14/2026"),
    }
    assert all(set(row) == {"what", "dates", "section"} for row in context["on_record"])


def test_a_section_that_a_site_leaves_out_takes_its_dates_along(documents, resources, tmp_path):
    from connector.resources import Resources

    file = tmp_path / "report_templates" / "insurer" / "report.yaml"
    file.parent.mkdir(parents=True)
    text = resources.find("report_templates/insurer/report.yaml").text()
    file.write_text(text.replace("record, clinical, scores,", "record, clinical,"))
    page = compose.html(documents("better")["insurer"], Resources(tmp_path), "Letter")
    assert "First to last score" not in page and "Diagnosis:" in page
    assert "Scores since the start of care (not included)" in page


def element(key, state, days):
    from connector.thread import RecordRef

    refs = tuple(
        RecordRef(kind="visit", id=f"v{n}", source="s", origin="o", on=day)
        for n, day in enumerate(days)
    )
    return Documented(
        key=key, name=key, state=state, finding="f.", rule_source="r", records=refs
    )  # fmt: skip


def test_what_is_absent_undated_or_the_practices_own_affair(samples):
    day = samples.START
    rows = on_record.rows(
        [
            element("diagnosis", "present", [None]),
            element("attendance", "stale", [day + timedelta(7), day]),
            element("objectives", "absent", [day]),
            element("impairment", "present", []),
            element("member_provider", "present", [day]),
        ]
    )
    assert [(row["what"], row["dates"]) for row in rows] == [
        ("Diagnosis", "date not recorded"),
        ("Visits kept", "01/14/2026 to 01/21/2026"),
    ]


def test_the_manifest_lists_everything_with_records(documents):
    told = documents("better")["packet_manifest"].context["documentation"]
    assert [link["key"] for link in told["golden_thread"]][:3] == [
        "intake", "assessment", "diagnosis",
    ]  # fmt: skip
    assert {row["key"] for row in told["participation"]} >= {"client_participated", "snap"}
    assert {row["state"] for row in told["medical_necessity"]} == {"present", "absent"}
    for group in ("golden_thread", "medical_necessity", "participation"):
        for row in told[group]:
            assert row["rule_source"] and row["finding"]
            assert all(set(r) >= {"id", "source", "row"} for r in row["records"])
    assert told["visits_with_missing_papers"][0]["missing"] == ["no note"]


def test_neither_patient_nor_payer_reads_of_breaks(documents):
    made = documents("better")
    for kind in ("patient", "insurer", "decision"):
        text = json.dumps(made[kind].context)
        assert "intake note" not in text and "usable score" not in text, kind

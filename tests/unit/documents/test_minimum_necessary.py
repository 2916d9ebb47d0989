"""Over random charts, nothing that a payer may not see is in the payer's context or manifest."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.documents import compose, disclosure
from connector.documents.compose import allowed, report_file
from connector.documents.disclosure import Wall
from connector.records import Consent, Diagnosis, Note
from connector.substance_use import SubstanceUse

MARK = "SECRETMARK"
ANSWER = Decimal("73125.5")
TODAY = date(2026, 3, 12)
FORBIDDEN = (
    MARK, "SRSMARK", "SUDMARK", "srs_test", "sud_test", "F10", "sober", "suicid", str(ANSWER),
)  # fmt: skip


def alliance_and_sud(samples):
    """Instruments as shipped, plus an alliance measure and a Part 2 measure made from real ones."""
    known = dict(samples.instruments())
    known["srs_test"] = known["lefs"].model_copy(
        update={
            "id": "srs_test",
            "short_name": "SRSMARK",
            "name": "SRSMARK",
            "audience": "alliance",
        }
    )
    known["sud_test"] = known["gad7"].model_copy(
        update={"id": "sud_test", "short_name": "SUDMARK", "name": "SUDMARK", "part2": True}
    )
    return known


def renamed(series, instrument):
    measurements = tuple(
        m.model_copy(update={"assessment_id": f"assessment-{instrument}-{n}"})
        for n, m in enumerate(series.measurements)
    )
    return series.model_copy(
        update={
            "instrument": instrument,
            "measurements": measurements,
            "baseline": measurements[0],
            "current": measurements[-1] if len(measurements) > 1 else None,
        }
    )


def note(samples, number, kind):
    summary = None if kind == "psychotherapy" else f"{MARK} summary {number}: EMDR, set 3"
    return Note(**samples.owned("note", number), note_type=kind, written_on=TODAY, summary=summary)


_STARTS = ({}, {"start_value": f"6 beers, drunk daily {MARK}"})


@st.composite
def charts(draw, samples):
    totals = st.lists(st.integers(0, 20), min_size=1, max_size=6).map(tuple)
    primary = draw(st.sampled_from(["phq9", "gad7", "sud_test", "srs_test", "lefs"]))
    names = {primary, *draw(st.sets(st.sampled_from(["srs_test", "sud_test", "pcl5", "phq9"])))}
    base = {"srs_test": "lefs", "sud_test": "gad7"}
    flags = draw(st.sampled_from([(), ("safety_item_positive:9",)]))
    series = [
        renamed(
            samples.series(
                base.get(name, name), draw(totals), primary=name == primary, flags=flags
            ),
            name,
        )
        for name in sorted(names)
    ]
    sud_goal = f"Stay sober, {MARK}"
    texts = draw(
        st.lists(
            st.sampled_from(
                [
                    "Walk to work",
                    sud_goal,
                    f"No suicidal thoughts {MARK}",
                    "Sleep through the night",
                ]
            ),
            max_size=6,
        )
    )
    made = samples.goals(len(texts))
    chart = {
        "goals": tuple(
            g.model_copy(update={"text": text, **draw(st.sampled_from(_STARTS))})
            for g, text in zip(made, texts, strict=True)
        ),
        "notes": tuple(
            note(samples, n, kind)
            for n, kind in enumerate(
                draw(st.lists(st.sampled_from(["progress", "psychotherapy", "intake"]), max_size=4))
            )
        ),
        "psychotherapy_notes": draw(st.integers(0, 5)),
        "assessments": tuple(
            a.model_copy(update={"items": (ANSWER,) * 9}) for a in samples.answers((19, 9))
        ),
        "diagnoses": tuple(
            Diagnosis(**samples.owned("diagnosis", n), code=code, description=f"{text}")
            for n, (code, text) in enumerate(
                draw(
                    st.lists(
                        st.sampled_from(
                            [("F33.1", "Low mood"), ("F10.20", MARK), ("Z91.8", f"drugs {MARK}")]
                        ),
                        max_size=3,
                    )
                )
            )
        ),
    }  # fmt: skip
    alerts = (samples.safety_alert().model_copy(update={"text": f"{MARK} PHQ-9 item 9 scored 2"}),)
    return samples.progress(*series, alerts=alerts, **chart)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_forbidden_reaches_the_payer(samples, resources, data):
    from connector.pipeline.report import report

    progress = data.draw(charts(samples))
    plan = progress.chart.plans[0].model_copy(
        update={"modality": f"Relapse prevention {MARK}", "discharge_criteria": f"AUDIT {MARK}"}
    )
    chart = progress.chart.model_copy(update={"plans": (plan,)})
    progress = progress.model_copy(update={"chart": chart})
    known = alliance_and_sud(samples)
    specs = {s.kind: s for s in report(progress, samples.PRACTICE, known, samples.RULES)}
    text = json.dumps(specs["insurer"].context)
    page = compose.html(specs["insurer"], resources, "Letter")
    # The document's number is a digest, which may begin with anything.
    page = page.replace(specs["insurer"].digest[:8].upper(), "")
    for word in (*FORBIDDEN, "EMDR"):
        assert word not in text and word not in page, word
    assert "item 9" not in text.lower() and "safety" not in text.lower()
    manifest = json.dumps(specs["packet_manifest"].context)
    patient = json.dumps(specs["patient"].context)
    for word in FORBIDDEN:
        assert word not in manifest, word
    shown = compose.html(specs["patient"], resources, "Letter")
    shown = shown.replace(specs["patient"].digest[:8].upper(), "")
    for word in (*FORBIDDEN, "golden", "EMDR"):
        assert word not in patient and word not in shown, word


def full_chart(samples):
    sud = renamed(samples.series("gad7", (9, 4)), "sud_test")
    ally = renamed(samples.series("lefs", (36, 38)), "srs_test")
    return samples.progress(
        samples.series("phq9", (19, 9), primary=True), sud, ally,
        psychotherapy_notes=3, notes=samples.notes(), assessments=samples.answers((19, 9)),
    )  # fmt: skip


def test_the_manifest_counts_what_was_left_out_and_says_why(samples):
    wall = Wall(False, SubstanceUse())
    rows = disclosure.left_out(full_chart(samples), alliance_and_sud(samples), wall)
    counts = {row["what"]: row["count"] for row in rows}
    assert counts == {
        "psychotherapy notes": 3,
        "note summaries": 1,
        "item answers": 2,
        "alliance scores": 2,
        "safety item answers and alerts": 2,
        "substance use content": 2,
    }
    assert all(row["reason"] for row in rows)


@pytest.mark.parametrize(
    ("place", "text", "what"),
    [
        ("goal", "No suicidal thoughts for 4 weeks", "texts that mention self-harm"),
        ("plan", "No self-harm for 8 weeks", "texts that mention self-harm"),
        ("diagnosis", "Depression with suicidal ideation", "texts that mention self-harm"),
        ("goal", "Sober for 20 days", "substance use content"),
        ("plan", "Sober for 20 days", "substance use content"),
        ("diagnosis", "Alcohol problem", "substance use content"),
    ],
)
def test_each_text_that_is_held_back_is_in_the_manifest(samples, place, text, what):
    """Wherever it stands: in a goal's target as well as in its words."""
    progress = samples.progress(samples.series("phq9", (19, 9), primary=True))
    chart = progress.chart
    coded = Diagnosis(**samples.owned("diagnosis", 7), code="F33.1", description=text)
    put = {
        "goal": {"goals": (chart.goals[0].model_copy(update={"target_value": text}),)},
        "plan": {"plans": (chart.plans[0].model_copy(update={"discharge_criteria": text}),)},
        "diagnosis": {"diagnoses": (coded,)},
    }[place]
    wall = Wall(False, SubstanceUse())
    before = disclosure.left_out(progress, samples.instruments(), wall)
    told = progress.model_copy(update={"chart": chart.model_copy(update=put)})
    after = disclosure.left_out(told, samples.instruments(), wall)
    assert what not in {row["what"] for row in before}
    assert {row["what"]: row["count"] for row in after}[what] == 1


def consent(samples, **changes):
    values = {**samples.owned("consent", 1), "scope": "sud_disclosure", "granted_on": TODAY}
    return Consent(**{**values, **changes})


@pytest.mark.parametrize("kind", ["insurer", "referrer"])
@pytest.mark.parametrize("where", ["text", "current_value"])
def test_what_a_consent_lets_through_goes_with_the_notice(samples, kind, where):
    from connector.documents import insurer, referrer

    base = samples.progress(samples.series("phq9", (19, 9), primary=True))
    told = base.chart.goals[0].model_copy(update={where: "Sober for 20 days"})
    chart = {"goals": (told,), "consents": (consent(samples),)}
    progress = base.model_copy(update={"chart": base.chart.model_copy(update=chart)})
    site = (samples.PRACTICE, samples.instruments())
    if kind == "referrer":
        asked = samples.referred(progress)
        made = referrer.context(asked, *site, asked.milestones[-1])
    else:
        made = insurer.context(progress, *site)
    assert "Sober" in json.dumps(made["goals"])
    assert made["redisclosure_notice"]
    harmless = base.chart.model_copy(update={"consents": (consent(samples),)})
    base = base.model_copy(update={"chart": harmless})
    assert not insurer.context(base, *site)["redisclosure_notice"]


class ChartWith:
    def __init__(self, *consents):
        self.consents = consents


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, True),
        ({"scope": "portal"}, False),
        ({"scope": "treatment_payment_operations"}, False),
        ({"granted_on": TODAY + timedelta(days=1)}, False),
        ({"expires_on": TODAY - timedelta(days=1)}, False),
        ({"expires_on": TODAY}, True),
        ({"revoked_on": TODAY}, False),
        ({"revoked_on": TODAY + timedelta(days=1)}, True),
    ],
)
def test_a_consent_counts_only_while_it_is_in_force(samples, changes, valid):
    assert disclosure.sud_consent(ChartWith(consent(samples, **changes)), TODAY) is valid


def test_a_chart_without_consents_has_none(samples):
    assert disclosure.sud_consent(full_chart(samples).chart, TODAY) is False


@pytest.mark.parametrize(
    "text", ["Stay sober", "No alcohol", "Attend AA twice", "F11.20 in remission", "relapse plan"]
)
def test_substance_use_wording_is_recognised(text):
    assert disclosure.mentions_sud(text, SubstanceUse())
    assert not Wall(False, SubstanceUse()).may_show(text)
    assert Wall(True, SubstanceUse()).may_show(text)


@pytest.mark.parametrize("text", ["Walk 20 minutes", "Read aloud", "Rehab exercises daily"])
def test_other_wording_is_not(text):
    assert Wall(False, SubstanceUse()).may_show(text)


@pytest.mark.parametrize("kind", ["therapist", "patient", "insurer"])
def test_the_template_is_given_only_what_report_yaml_allows(documents, resources, kind):
    fields = report_file(kind, resources).fields
    context = {**documents("better")[kind].context, "notes": [{"summary": MARK}]}
    assert MARK not in json.dumps(allowed(context, fields))
    assert set(allowed(context, fields)) <= {f.split(".")[0] for f in fields}


def test_allowed_reaches_into_lists_and_drops_the_rest():
    context = {"rows": [{"a": 1, "b": 2}, {"a": 3}], "c": {"d": {"e": 1}, "f": 2}, "g": Decimal(1)}
    assert allowed(context, ["rows.a", "c.d"]) == {
        "rows": [{"a": 1}, {"a": 3}],
        "c": {"d": {"e": 1}},
    }


def test_the_payer_fields_name_no_record_of_notes_or_items(resources):
    fields = " ".join(report_file("insurer", resources).fields)
    for word in ("note", "item", "safety", "alert", "warning", "moved"):
        assert word not in fields.replace("not_met", "").replace("has_notes", ""), word

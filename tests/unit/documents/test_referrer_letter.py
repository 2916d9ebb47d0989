"""The letter to the referring provider: when, to whom, on one page, and what never stands in it."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from connector.documents import completion, compose, referrer
from connector.documents.compose import allowed, report_file
from connector.pipeline.release import Act, Former, packet_digest, signed_letter, signer
from connector.pipeline.report import report
from connector.records import Assessment, Consent, Diagnosis, Note

WHO = signer("Dana Okafor, LCSW", "LCSW-0042", "1000000012")
AT = datetime(2026, 3, 13, 14, 5, tzinfo=UTC)
FORMER = Former(number=1, signed_on="03/13/2026", by="Dana Okafor, LCSW", digest="a" * 64)
SECOND = Act(AT, ZoneInfo("America/New_York"), 2, 2, FORMER)
MARK = "SECRETMARK"


@pytest.fixture(scope="session")
def letter(samples):
    """The letter about a progress, or None."""

    def build(progress, practice=None, kinds=("referrer",), instruments=None):
        made = report(
            progress,
            practice or samples.PRACTICE,
            instruments or samples.instruments(),
            samples.RULES,
            kinds,
        )
        found = [spec for spec in made if spec.kind == "referrer"]
        return found[0] if found else None

    return build


def text_of(pdf: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return [re.sub(r"\s+", " ", p.extract_text().replace("\u00a0", " ")) for p in pages]


def consent(samples, **changes):
    values = {
        **samples.owned("consent", 1), "scope": "treatment_payment_operations",
        "granted_on": samples.START,
    }  # fmt: skip
    return Consent(**{**values, **changes})


def with_consents(progress, *consents):
    chart = progress.chart.model_copy(update={"consents": consents})
    return progress.model_copy(update={"chart": chart})


def test_a_letter_waits_for_a_signature_and_has_no_data_format(samples, letter):
    made = letter(samples.referred(samples.situations()["better"]))
    assert (made.release, made.formats) == ("clinician_signature", ("pdf", "html"))


def test_no_letter_without_a_referrer_or_a_reason(samples, letter):
    better = samples.situations()["better"]
    due = samples.referred(better)
    assert letter(better) is None
    assert letter(due.model_copy(update={"milestones": better.milestones})) is None
    nobody = due.chart.model_copy(update={"referrers": ()})
    assert letter(due.model_copy(update={"chart": nobody})) is None


def test_consent_that_ended_or_that_the_practice_asks_for_holds_the_letter(samples, letter):
    due = samples.referred(samples.situations()["better"])
    asks = samples.PRACTICE.model_copy(update={"letters_need_consent": True})
    given_one, ended = consent(samples), consent(samples, revoked_on=samples.START)
    assert letter(due) is not None and letter(due, asks) is None
    assert letter(with_consents(due, given_one), asks) is not None
    assert letter(with_consents(due, ended)) is None
    assert letter(with_consents(due, ended, given_one)) is not None


@pytest.mark.parametrize(
    ("kind", "subject", "said"),
    [
        ("evaluation", "After the evaluation", "The evaluation took place on 03/11/2026."),
        ("treatment_days", "Progress in care", "Care began on 01/14/2026; 6 of 8 visits booked"),
        ("discharge", "At the end of care", "and ended on 03/11/2026; 6 of 8 visits booked"),
    ],
)
def test_each_reason_has_its_subject_and_opening(samples, letter, kind, subject, said):
    context = letter(samples.referred(samples.situations()["better"], kind)).context
    assert context["subject"] == subject
    assert context["opening"][0]["text"] == "Thank you for referring Jordan Sample."
    assert said in context["opening"][1]["text"]
    assert context["opening"][1]["sources"]


def test_every_sentence_has_its_rule_and_the_scores_their_records(samples, letter):
    context = letter(samples.referred(samples.situations()["better"])).context
    sentences = [*context["opening"], *context["summary"]]
    assert all(row["rule"] for row in sentences)
    first, last = "assessment-phq9-0000", "assessment-phq9-0007"
    assert all(row["sources"] == [first, last] for row in context["summary"])


def test_the_most_telling_reason_wins_and_names_the_reference(samples):
    both = samples.referred(samples.situations()["better"], "evaluation")
    both = samples.referred(both, "discharge")
    found = referrer.asking(both)
    assert found is not None and found.kind == "discharge"
    assert re.fullmatch(r"RL-[0-9A-F]{8}", referrer.reference(found))


def test_a_positive_safety_item_asks_for_a_line_on_risk_and_is_not_told(samples, letter):
    calm = letter(samples.referred(samples.situations()["better"])).context
    open_item = letter(samples.referred(samples.situations()["safety"])).context
    assert calm["to_complete"] == [] and calm["may_complete"] == [referrer.COMMENT]
    assert open_item["to_complete"] == [referrer.RISK]
    said = json.dumps({k: v for k, v in open_item.items() if k != "left_out"}).lower()
    assert "item 9" not in said and "safety" not in said


def test_the_clinicians_words_have_their_limits(samples, letter):
    context = letter(samples.referred(samples.situations()["safety"])).context
    limits = {key: completion.longest(context, key) for key in completion.fields(context)}
    assert limits == {
        "risk_status_one_line": completion.ONE_LINE,
        "comment_and_recommendations": completion.LETTER_COMMENT,
    }
    assert list(completion.missing(context, {})) == ["risk_status_one_line"]


def wide(limit):
    return ("WWMWMW MWMWWM " * 40)[:limit].strip()


@pytest.mark.parametrize("paper", compose.PAPERS)
@pytest.mark.parametrize("situation", ["better", "lefs", "no_scores", "worst_case"])
def test_the_signed_letter_is_one_page_with_the_longest_words(
    samples, letter, renderer, resources, situation, paper
):
    """At its worst: long names, a risk line, a comment, a second version."""
    progress = samples.referred(
        samples.situations()[situation], name=wide(60), organization=wide(60)
    )
    draft = letter(progress)
    values = {
        "comment_and_recommendations": wide(completion.LETTER_COMMENT),
        "risk_status_one_line": wide(completion.ONE_LINE),
    }
    (made,) = signed_letter(draft, values, WHO, SECOND)
    for spec in (draft, made):
        pages = text_of(renderer.pdf(compose.html(spec, resources, paper)))
        assert len(pages) == 1
    assert "Signed electronically by Dana Okafor" in pages[0]
    assert "It amends version 1, signed 03/13/2026." in pages[0]
    assert made.context["signature"]["digest_words"] in pages[0]


def test_what_the_page_says(samples, letter, renderer, resources):
    draft = letter(samples.referred(samples.situations()["better"]))
    (page,) = text_of(renderer.pdf(compose.html(draft, resources, "Letter")))
    for part in (
        "Morgan Fictgate, MD", "Fax 555-0142", "born 05/04/1988", "seen by Dana Okafor, LCSW",
        "Progress in care (draft, not signed)", "it went from 19 to 9.",
        "First score 19 on 01/14/2026, last score 9 on 03/11/2026 (range 0 to 27, lower is better; "
        "reliable change: 6 points or more).", "GAD-7 (anxiety)", "3 lower: unclear",
        "F33.1 Major depressive disorder", "1 of 2 goals met.", "Page 1 of 1",
        "no psychotherapy notes, note text, item answers or alliance scores", "Synthetic data",
    ):  # fmt: skip
        assert part in page, part
    for word in ("W123456789", "Example Health", "004417", "A-2026-0147", "authorized"):
        assert word not in page, word
    assert "\u2212" not in page and not re.search(r"\d\s-\s\d", page)


def test_the_same_letter_signed_again_has_the_same_bytes(samples, letter, renderer, resources):
    draft = letter(samples.referred(samples.situations()["better"]))
    again = letter(samples.referred(samples.situations()["better"]))
    assert draft.digest == again.digest
    pages = [
        renderer.pdf(compose.html(signed_letter(one, {}, WHO, SECOND)[0], resources, "Letter"))
        for one in (draft, again)
    ]
    assert pages[0] == pages[1]


def test_the_signature_covers_what_was_written_and_can_be_computed_again(samples, letter):
    draft = letter(samples.referred(samples.situations()["better"]))
    (made,) = signed_letter(draft, {"comment_and_recommendations": "Please call."}, WHO, SECOND)
    (other,) = signed_letter(draft, {}, WHO, SECOND)
    assert packet_digest([made]) == made.context["signature"]["digest"]
    assert made.context["signature"]["digest"] != other.context["signature"]["digest"]
    assert made.draft_id == draft.document_id and not made.unreleased


def instruments_with_walls(samples):
    known = dict(samples.instruments())
    known["srs_test"] = known["lefs"].model_copy(
        update={"id": "srs_test", "short_name": "SRSMARK", "name": "SRSMARK",
                "audience": "alliance"}
    )  # fmt: skip
    known["sud_test"] = known["gad7"].model_copy(
        update={"id": "sud_test", "short_name": "SUDMARK", "name": "SUDMARK", "part2": True}
    )
    return known


@st.composite
def walled(draw, samples):
    """A referred chart with everything that a letter may not hold somewhere in it."""
    primary = draw(st.sampled_from(["phq9", "sud_test", "srs_test"]))
    base = {"srs_test": "lefs", "sud_test": "gad7"}
    names = sorted({primary, *draw(st.sets(st.sampled_from(["srs_test", "sud_test", "pcl5"])))})
    totals = draw(st.lists(st.integers(0, 20), min_size=1, max_size=5).map(tuple))
    flags = draw(st.sampled_from([(), ("safety_item_positive:9",)]))
    series = [
        samples.series(base.get(n, n), totals, primary=n == primary, flags=flags).model_copy(
            update={"instrument": n}
        )
        for n in names
    ]
    texts = st.sampled_from(["Walk to work", f"Stay sober {MARK}", f"No suicidal thoughts {MARK}"])
    codes = st.sampled_from([("F33.1", "Low mood"), ("F10.20", MARK), ("Z91.8", f"drugs {MARK}")])
    goals = samples.goals(3)
    summary = f"{MARK} EMDR, set 3"
    built = samples.progress(
        *series,
        goals=tuple(g.model_copy(update={"text": draw(texts)}) for g in goals),
        diagnoses=tuple(
            Diagnosis(**samples.owned("diagnosis", n), code=code, description=text)
            for n, (code, text) in enumerate(draw(st.lists(codes, max_size=3)))
        ),
        notes=(
            Note(**samples.owned("note", 1), note_type="progress", written_on=samples.START,
                 summary=summary),
        ),
        psychotherapy_notes=draw(st.integers(0, 4)),
        assessments=(
            Assessment(**samples.owned("assessment", 1), instrument="phq9",
                       taken_on=samples.START, items=(Decimal("73125.5"),) * 9),
        ),
        alerts=(samples.safety_alert().model_copy(update={"text": f"{MARK} item 9 scored 2"}),),
    )  # fmt: skip
    plan = built.chart.plans[0].model_copy(update={"modality": f"Relapse prevention {MARK}"})
    chart = built.chart.model_copy(update={"plans": (plan,)})
    kind = draw(st.sampled_from(["evaluation", "treatment_days", "discharge"]))
    return samples.referred(built.model_copy(update={"chart": chart}), kind)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nothing_forbidden_reaches_the_referring_provider(samples, resources, letter, data):
    spec = letter(data.draw(walled(samples)), instruments=instruments_with_walls(samples))
    page = compose.html(spec, resources, "Letter")
    forbidden = "SRSMARK", "SUDMARK", "F10.", "sober", "suicid", "73125.5", "EMDR", "item 9"
    for word in (MARK, *forbidden):
        assert word not in page, word
        # Not in what is stored for the practice either: it counts what was left out.
        assert word not in json.dumps(spec.context), word
    for word in ("W123456789", "Example Health", "004417"):
        assert word not in page, word


def test_substance_use_content_goes_with_a_consent_and_its_notice(samples, letter, resources):
    sud = samples.series("gad7", (12, 5), primary=True).model_copy(
        update={"instrument": "sud_test"}
    )
    due = samples.referred(samples.progress(sud))
    known = instruments_with_walls(samples)
    allowed_one = consent(samples, scope="sud_disclosure")
    without = letter(due, instruments=known)
    given_one = letter(with_consents(due, allowed_one), instruments=known)
    pages = [compose.html(spec, resources, "Letter") for spec in (without, given_one)]
    notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
    assert ["SUDMARK" in page for page in pages] == [False, True]
    assert [notice in page for page in pages] == [False, True]
    assert [row["what"] for row in without.context["left_out"]] == ["substance use content"]
    revoked = with_consents(due, allowed_one.model_copy(update={"revoked_on": samples.START}))
    assert letter(revoked, instruments=known).digest == without.digest


def test_the_template_is_given_only_what_report_yaml_allows(samples, letter, resources):
    fields = report_file("referrer", resources).fields
    context = {
        **letter(samples.referred(samples.situations()["better"])).context,
        "notes": [{"summary": MARK}],
    }
    shown = allowed(context, fields)
    assert MARK not in json.dumps(shown)
    assert not {"left_out", "sud_consent", "to_complete", "may_complete"} & set(shown)
    for word in ("note", "item", "safety", "alert", "payer", "authorization", "member.id"):
        assert word not in " ".join(fields), word


def test_one_score_is_said_and_not_rated(samples, letter):
    context = letter(samples.referred(samples.situations()["one_score"], "evaluation")).context
    assert context["chart"] is None
    assert context["summary"][1]["text"] == "One score: no change can be stated yet."

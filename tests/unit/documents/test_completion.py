"""The clinician's fields: keys, what may stand in them, the report with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.documents import completion
from connector.documents.disclosure import Wall
from connector.errors import InvalidRecord
from connector.substance_use import SubstanceUse

CODES = SubstanceUse()
HELD, OPEN = Wall(False, CODES), Wall(True, CODES)
SITUATIONS = ("better", "lefs", "no_scores", "worst_case")


def values_of(context):
    return {
        key: "F33.1, moderate" if "icd" in key else f"VALUE {number}"
        for number, key in enumerate(completion.fields(context))
    }


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_field_has_a_key_of_its_own_and_a_place_in_the_report(documents, situation):
    context = documents(situation)["insurer"].context
    known = completion.fields(context)
    assert len(known) == len(context["to_complete"])
    values = values_of(context)
    done = completion.completed(context, values, HELD)
    assert done["to_complete"] == [] and completion.missing(context, values) == {}
    placed = str([done[b] for b in ("member", "request", "provider", "plan", "clinician_fields")])
    for key, value in values.items():
        assert value in placed or done["filled"].get(key) == value, key
    assert "None" not in str([row for row in done["member"]["rows"]])
    assert context["to_complete"], "the draft's own context is not touched"


def test_what_is_not_written_stays_open(documents):
    context = documents("better")["insurer"].context
    done = completion.completed(context, {"risk_status_one_line": "Low."}, HELD)
    assert set(completion.missing(context, {"risk_status_one_line": "Low."})) == set(
        completion.fields(context)
    ) - {"risk_status_one_line"}
    assert "Risk status, one line" not in done["to_complete"] and done["to_complete"]


def test_the_head_of_each_page_says_what_was_filled_in(documents, samples):
    progress = samples.situations()["better"]
    patient = progress.chart.patient.model_copy(update={"given_name": None, "family_name": None})
    chart = progress.chart.model_copy(update={"patient": patient, "clinician": None})
    context = documents(progress.model_copy(update={"chart": chart}))["insurer"].context
    done = completion.completed(context, values_of(context), HELD)
    assert done["member"]["name"].startswith("VALUE")
    assert done["provider"]["name"].startswith("VALUE")


def test_the_notice_goes_with_substance_use_content(documents):
    context = documents("better")["insurer"].context
    texts = {"risk_status_one_line": "Sober since May."}
    assert completion.completed(context, texts, OPEN)["redisclosure_notice"]
    assert not completion.completed(context, texts, HELD)["redisclosure_notice"]
    assert completion.tells_of_sud(context, texts, CODES)
    lines = {"risk_status_one_line": "Low.\nAlcohol twice a week."}
    assert completion.tells_of_sud(context, lines, CODES)
    assert not completion.tells_of_sud(context, {"risk_status_one_line": "Low."}, CODES)


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("skilled_need", "x" * 1001, "field_too_long"),
        ("skilled_need", "bell \x07", "field_unprintable"),
        ("skilled_need", "right to left \u202e", "field_unprintable"),
        ("diagnosis_icd_10_cm", "major depression", "not_icd10cm"),
        ("skilled_need", "was drunk twice", "sud_without_consent"),
        ("diagnosis_icd_10_cm", "F10.20", "sud_without_consent"),
        ("diagnosis_icd_10_cm", "f10.20", "sud_without_consent"),
        ("skilled_need", "as in 2024 (f1120)", "sud_without_consent"),
    ],
)
def test_what_may_not_stand_in_a_field(key, text, code):
    with pytest.raises(InvalidRecord) as caught:
        completion.checked(key, text, may_name_sud=False, codes=CODES)
    assert caught.value.code == code
    assert text not in str(caught.value)


def test_a_service_named_by_its_code_needs_a_consent():
    codes = SubstanceUse(procedures=("H0015",))
    text = "Steps down from h0015 to weekly visits."
    with pytest.raises(InvalidRecord) as caught:
        completion.checked("skilled_need", text, may_name_sud=False, codes=codes)
    assert caught.value.code == "sud_without_consent"
    assert completion.checked("skilled_need", text, may_name_sud=True, codes=codes) == text


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [("  a  b \n\n c\t d ", "a b\n\nc d"), ("", ""), (" \n ", ""), ("Señora Ω", "Señora Ω")],
)
def test_spaces_are_put_in_order(given_text, kept):
    assert completion.checked("skilled_need", given_text, may_name_sud=False, codes=CODES) == kept


def test_a_diagnosis_begins_with_its_code():
    text = "f33.1, recurrent, moderate"
    assert completion.checked("diagnosis_icd_10_cm", text, may_name_sud=False, codes=CODES) == text


@given(st.text(max_size=200))
def test_a_checked_text_is_printable_and_the_same_when_checked_again(text):
    try:
        once = completion.checked("skilled_need", text, may_name_sud=True, codes=CODES)
    except InvalidRecord:
        return
    assert all(c.isprintable() or c == "\n" for c in once)
    assert completion.checked("skilled_need", once, may_name_sud=True, codes=CODES) == once

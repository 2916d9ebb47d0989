"""The shipped mapping of a form tool's events. Everybody in them is made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.load import check_instruments, load_mapping
from connector.ports import RawBatch, RawRow
from connector.record_ids import RecordIds
from connector.records import Assessment, HomeProgram, JournalEntry, Patient
from connector.registry import load_instruments
from connector.resources import Resources

AT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
RESOURCES = Resources()
INSTRUMENTS = load_instruments(RESOURCES)
SPEC = load_mapping("form_webhook", RESOURCES)
CONTEXT = MappingContext("forms", RecordIds(b"k", "harbor"), "America/New_York", INSTRUMENTS)
EVENT: dict[str, Any] = {
    "event_id": "evt-1",
    "patient_id": "F-101",
    "instrument": "PHQ-9",
    "assessed_at": "2026-11-20T09:30:00-05:00",
    "items": [1, 2, 0, 1, 0, 2, 1, 0, None],
    "history": [{"date": "2026-10-02", "total": 14}, {"date": "2026-10-30", "total": 11}],
}


def mapped(at: datetime = AT, context: MappingContext = CONTEXT, **changed: Any) -> MappingResult:
    event = {key: value for key, value in {**EVENT, **changed}.items() if value != "(none)"}
    batch = RawBatch("key", "event", "/webhooks/forms", at, (RawRow(1, event),))
    return apply(SPEC, batch, context)


def forms(result: MappingResult) -> tuple[Assessment, list[Assessment]]:
    assert result.errors == ()
    first, *others = [r for r in result.records if isinstance(r, Assessment)]
    return first, others


def patient(result: MappingResult) -> Patient:
    [found] = [r for r in result.records if isinstance(r, Patient)]
    return found


def refusal(result: MappingResult) -> tuple[str, str]:
    assert result.records == ()
    [one] = result.errors
    return one.error.field, one.error.sentence()


def test_it_fits_the_shipped_instruments() -> None:
    check_instruments(SPEC, INSTRUMENTS)


def test_an_event_is_a_form_its_history_and_a_patient() -> None:
    form, history = forms(mapped())
    assert (form.instrument, form.taken_on, form.event_id) == ("phq9", date(2026, 11, 20), "evt-1")
    assert form.taken_at == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    assert form.items == (1, 2, 0, 1, 0, 2, 1, 0, None)
    assert (form.provenance.source_id, form.version) == ("evt-1", AT)
    assert [(f.taken_on, f.total, f.items, f.event_id) for f in history] == [
        (date(2026, 10, 2), 14, None, None), (date(2026, 10, 30), 11, None, None)
    ]  # fmt: skip
    person = patient(mapped())
    assert {form.patient_id, *(f.patient_id for f in history)} == {person.id}
    assert (person.chart_number, person.given_name, person.birth_date) == ("F-101", None, None)


@pytest.mark.parametrize(
    ("written", "instrument", "items"),
    [
        ("phq9", "phq9", 9), ("PHQ9", "phq9", 9), ("phq-9", "phq9", 9), ("PHQ 9", "phq9", 9),
        ("Patient Health Questionnaire-9", "phq9", 9), ("GAD-7", "gad7", 7), ("gad_7", "gad7", 7),
        ("WHO-5", "who5", 5), ("pcl-5", "pcl5", 20), ("PCL5", "pcl5", 20),
    ],
)  # fmt: skip
def test_common_spellings_of_an_instrument(written: str, instrument: str, items: int) -> None:
    form, _ = forms(mapped(instrument=written, items=[1] * items, history=[]))
    assert form.instrument == instrument


@pytest.mark.parametrize(
    ("written", "on", "at"),
    [
        ("2026-11-20", date(2026, 11, 20), None),
        ("2026-11-20T23:30:00", date(2026, 11, 20), datetime(2026, 11, 21, 4, 30, tzinfo=UTC)),
        ("2026-11-21T02:00:00Z", date(2026, 11, 20), datetime(2026, 11, 21, 2, 0, tzinfo=UTC)),
        (
            "2026-11-20 09:30:00+01:00",
            date(2026, 11, 20),
            datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        ),
    ],
)
def test_times_without_offset_are_the_practices(
    written: str, on: date, at: datetime | None
) -> None:
    form, _ = forms(mapped(assessed_at=written))
    assert (form.taken_on, form.taken_at) == (on, at)


def test_a_total_alone_or_beside_the_answers() -> None:
    form, _ = forms(mapped(items=None, total=12))
    assert (form.items, form.total) == (None, 12)
    form, _ = forms(mapped(total="7"))
    assert (form.total, len(form.items or ())) == (Decimal(7), 9)


def test_encoding_and_variant_are_taken_over() -> None:
    form, history = forms(
        mapped(instrument="EPDS", items=[0] * 10, encoding="raw", variant="v2", history=[
            {"date": "2026-10-02", "total": 3}, {"date": "2026-10-09", "total": 4, "variant": "v1"}
        ])
    )  # fmt: skip
    assert (form.encoding, form.variant) == ("raw", "v2")
    assert [f.variant for f in history] == ["v2", "v1"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("changed", "field", "said"),
        [
            ({"items": [1] * 8}, "items",
             "Patient Health Questionnaire-9 has 9 items, but the source has only 8"),
            ({"items": [1] * 10}, "items",
             "Patient Health Questionnaire-9 has 9 items, but item 10 is filled in"),
            ({"items": [1] * 8 + [4]}, "items[9]",
             "Patient Health Questionnaire-9 item 9 must be 0 to 3 (got '4')"),
            ({"items": [1] * 8 + ["often"]}, "items",
             "item 9: a number was expected, such as 12 or 3.5 (got 'often')"),
            ({"items": None, "total": 28}, "total",
             "a Patient Health Questionnaire-9 total must be 0 to 27 (got '28')"),
            ({"items": None}, "items", "item answers or a total are required"),
            ({"assessed_at": "20.11.2026"}, "taken_on",
             "assessed_at: not a possible date; expected YYYY-MM-DD, with THH:MM:SS for times (got "
             "'20.11.2026')"),
            ({"patient_id": " "}, "patient_id", "patient_id: a value is required"),
            ({"instrument": "(none)"}, "instrument", "instrument: a value is required"),
            ({"encoding": "upside down"}, "encoding",
             "encoding: this word is not one that the mapping knows (got 'upside down'). Valid "
             "values: weighted, raw, zero_based, one_based"),
            ({"patient": {"sex": "Q"}}, "sex",
             "patient.sex: this word is not one that the mapping knows (got 'Q'). Valid values: F, "
             "Female, M, Male, X, Other, Unknown"),
            ({"patient": {"birth_date": "1990-02-31"}}, "birth_date",
             "patient.birth_date: not a possible date; expected YYYY-MM-DD, with THH:MM:SS for "
             "times (got '1990-02-31')"),
        ],
    )  # fmt: skip
    def test_each_says_what_would_be_right(self, changed: Any, field: str, said: str) -> None:
        result = mapped(history=[], **changed)
        assert result.records == ()
        assert (field, said) in [(e.error.field, e.error.sentence()) for e in result.errors]

    def test_an_unknown_instrument_is_told_with_the_nearest_and_all_names(self) -> None:
        field, said = refusal(mapped(instrument="PHQ-99"))
        assert field == "instrument"
        assert "(got 'PHQ-99'). Did you mean 'PHQ-9'? Valid values: " in said
        for name in ("GAD-7", "LEFS", "WHO-5", "PCL-5"):
            assert f" {name}," in said

    def test_a_positive_safety_item_of_a_refused_event_is_still_judged(self) -> None:
        result = mapped(items=[0] * 8 + [2], history=[{"date": "2026-10-02", "total": 99}])
        assert result.records == ()
        assert [f.items and f.items[8] for f in result.screening] == [2]


class TestHistory:
    def test_the_same_history_in_every_event_gives_the_same_records(self) -> None:
        _, first = forms(mapped())
        _, again = forms(mapped(AT + timedelta(days=7), event_id="evt-2", instrument="phq 9"))
        assert [f.id for f in first] == [f.id for f in again]
        contents = [
            [f.model_dump(exclude={"version", "provenance"}) for f in history]
            for history in (first, again)
        ]
        assert contents[0] == contents[1]

    def test_another_patient_or_source_has_others(self) -> None:
        ids = {f.id for f in forms(mapped())[1]}
        ids |= {f.id for f in forms(mapped(patient_id="F-102"))[1]}
        ids |= {f.id for f in forms(mapped(context=replace(CONTEXT, source="other")))[1]}
        assert len(ids) == 6

    def test_a_corrected_total_is_a_newer_reading_of_the_same_record(self) -> None:
        _, [first] = forms(mapped(history=[{"date": "2026-10-02", "total": 14}]))
        later = AT + timedelta(days=1)
        _, [second] = forms(mapped(later, history=[{"date": "2026-10-02", "total": 15}]))
        assert first.id == second.id
        assert (second.version, second.total) == (later, 15)

    def test_an_event_and_a_history_entry_never_share_an_id(self) -> None:
        form, [entry] = forms(mapped(history=[{"date": "2026-11-20", "total": 7}]))
        assert form.id != entry.id


class TestPatient:
    def test_what_an_event_says_of_the_person(self) -> None:
        said = {
            "chart_number": "C-9", "given_name": "Ada", "family_name": "Sample",
            "birth_date": "1990-02-28", "sex": "F", "discipline": "mental_health",
        }  # fmt: skip
        person = patient(mapped(patient=said))
        assert (person.chart_number, person.given_name, person.sex) == ("C-9", "Ada", "female")
        assert person.birth_date == date(1990, 2, 28)
        assert person.version == AT
        assert person.id == patient(mapped()).id

    def test_an_event_that_says_nothing_never_takes_a_name_back(self) -> None:
        silent = patient(mapped(AT + timedelta(days=30)))
        said = patient(mapped(patient={"given_name": "Ada"}))
        assert silent.version < said.version
        assert silent == patient(mapped(AT + timedelta(days=60)))

    def test_no_patient_is_made_where_another_source_has_them(self) -> None:
        context = replace(CONTEXT, patient_source="ehr")
        for said in ("(none)", {"given_name": "Ada"}):
            result = mapped(context=context, patient=said)
            form, history = forms(result)
            assert not [r for r in result.records if isinstance(r, Patient)]
            chart = CONTEXT.ids.make("patient", "ehr", "F-101")
            assert {form.patient_id, *(f.patient_id for f in history)} == {chart}
            assert form.id == forms(mapped())[0].id, "the form itself is still this source's"


def entries(result: MappingResult) -> list[JournalEntry]:
    assert result.errors == ()
    return [r for r in result.records if isinstance(r, JournalEntry)]


def posted(table: str, **event: Any) -> MappingResult:
    row = RawRow(1, {"entry_id": "e-1", "patient_id": "F-101", **event})
    return apply(SPEC, RawBatch("key", table, "/webhooks/journal", AT, (row,)), CONTEXT)


def test_free_text_answers_come_with_the_form() -> None:
    answers = [{"question": "q10", "text": "better sleep"}, {"question": "q11", "text": " "}]
    [entry] = entries(mapped(free_text=answers))
    assert (entry.entry, entry.question, entry.text) == ("free_text_answer", "q10", "better sleep")
    assert (entry.written_on, entry.findings) == (date(2026, 11, 20), ())
    assert entry.patient_id == patient(mapped()).id
    [again] = entries(mapped(event_id="evt-2", free_text=answers))
    assert again.id == entry.id, "the same answer under another event is one entry"
    assert entries(mapped(assessed_at="2026-11-20", free_text=answers))[0].written_at is None


def test_what_was_written_is_judged_although_the_form_is_refused() -> None:
    result = mapped(items=[9] * 9, free_text=[{"question": "q10", "text": "hello"}])
    assert result.records == ()
    assert [r.text for r in result.screening if isinstance(r, JournalEntry)] == ["hello"]


def test_journals_moods_and_home_programs_have_tables_of_their_own() -> None:
    [entry] = entries(
        posted("entry", entry="mood", written_at="2026-11-20T21:05:00-05:00", text="fine",
               mood={"rating": 4, "min": 1, "max": 10})
    )  # fmt: skip
    assert (entry.entry, entry.mood, entry.mood_min, entry.mood_max) == ("mood", 4, 1, 10)
    [plain] = entries(posted("entry", written_at="2026-11-20", text="fine"))
    assert (plain.entry, plain.written_at) == ("journal", None)
    result = posted("home_program", week_of="2026-11-16", prescribed=5, done=3)
    [week] = [r for r in result.records if isinstance(r, HomeProgram)]
    assert (week.week_of, week.prescribed, week.done) == (date(2026, 11, 16), 5, 3)
    assert patient(result).id == week.patient_id


@pytest.mark.parametrize(
    "mood", [{"rating": 4}, {"rating": 11, "min": 1, "max": 10}, {"rating": "?", "min": 1}]
)
def test_a_mood_needs_its_scale(mood: dict[str, Any]) -> None:
    result = posted("entry", written_at="2026-11-20", text="fine", mood=mood)
    assert (result.records, len(result.errors)) == ((), 1)
    assert "fine" not in str([e.error.sentence() for e in result.errors])

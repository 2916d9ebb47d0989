"""Lists inside a row: a record of each entry, its id, and what is said of a wrong entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import yaml

from connector.errors import ConfigurationError
from connector.mapping.apply import MappingContext, MappingResult, apply
from connector.mapping.expressions import MOST_ENTRIES
from connector.mapping.load import build_mapping
from connector.ports import RawBatch, RawRow
from connector.records import Assessment
from tests.unit.mapping.conftest import AS_OF

Mapped = Callable[..., MappingResult]

EVENTS = """
tables:
  event:
    source_id: id
    records:
      assessment:
        fields:
          patient_id: who
          instrument: form
          taken_on: day
          items: items
      earlier:
        kind: assessment
        for_each: history
        id_from: [patient_id, instrument, taken_on, taken_at]
        id_suffix: history
        fields:
          patient_id: row.who
          instrument: row.form
          taken_on: date
          taken_at: {source: date, partial: blank}
          total: {source: total, required: true}
"""
FORM = {"id": "e1", "who": "P-1", "form": "phq9", "day": "2026-11-20", "items": [0] * 8 + [1]}


def event(*history: Any, **changed: Any) -> dict[str, Any]:
    return {**FORM, "history": list(history), **changed}


def score(day: str = "2026-10-01", total: Any = 9, **more: Any) -> dict[str, Any]:
    return {"date": day, "total": total, **more}


def earlier(result: MappingResult) -> list[Assessment]:
    return [
        r for r in result.records
        if isinstance(r, Assessment) and r.provenance.source_id.endswith("#history")
    ]  # fmt: skip


def told(result: MappingResult) -> list[tuple[str, str]]:
    assert result.records == ()
    return [(e.error.field, e.error.sentence()) for e in result.errors]


def test_each_entry_is_a_record_that_reads_the_entry_and_the_row(mapped: Mapped) -> None:
    result = mapped(EVENTS, event(score(), score("2026-10-15", "7")))
    assert result.errors == ()
    assert [(r.taken_on, r.total, r.instrument) for r in earlier(result)] == [
        (date(2026, 10, 1), 9, "phq9"), (date(2026, 10, 15), 7, "phq9")
    ]  # fmt: skip
    assert len({r.id for r in result.records}) == 3
    assert len({r.patient_id for r in result.records if isinstance(r, Assessment)}) == 1
    assert {r.provenance.row for r in result.records} == {2}


@pytest.mark.parametrize("history", [None, [], {}, "  "])
def test_no_list_makes_no_record_and_no_error(mapped: Mapped, history: Any) -> None:
    result = mapped(EVENTS, {**FORM, "history": history}, FORM | {"id": "e2"})
    assert (len(result.records), result.errors) == (2, ())


class TestIds:
    def test_the_same_entry_in_every_event_is_one_record(self, mapped: Mapped) -> None:
        first = earlier(mapped(EVENTS, event(score())))
        again = earlier(
            mapped(EVENTS, event(score(), id="e2", form="PHQ 9", day="2026-11-27", items=[1] * 9))
        )
        assert [r.id for r in first] == [r.id for r in again]
        assert first[0].provenance.source_id.startswith("patient-")
        assert "P-1" not in first[0].provenance.source_id

    def test_each_part_of_the_id_keeps_records_apart(self, mapped: Mapped) -> None:
        events = [
            event(score()),
            event(score(), who="P-2"),
            event(score(), form="gad7", items=[0] * 7),
            event(score("2026-10-02")),
            event(score("2026-10-01T09:00:00-04:00")),
        ]
        ids = {r.id for one in events for r in earlier(mapped(EVENTS, one))}
        assert len(ids) == len(events)

    def test_the_same_moment_in_another_zone_is_the_same(self, mapped: Mapped) -> None:
        one = earlier(mapped(EVENTS, event(score("2026-10-01T09:00:00-04:00"))))
        two = earlier(mapped(EVENTS, event(score("2026-10-01T13:00:00Z"))))
        naive = earlier(mapped(EVENTS, event(score("2026-10-01T09:00:00"))))
        assert one[0].id == two[0].id == naive[0].id

    def test_an_entry_said_twice_is_one_record(self, mapped: Mapped) -> None:
        result = mapped(EVENTS, event(score(), score(total=9.0), score("2026-10-02")))
        assert result.errors == ()
        assert len(earlier(result)) == 2

    def test_two_entries_of_one_id_that_differ_refuse_the_row(self, mapped: Mapped) -> None:
        assert told(mapped(EVENTS, event(score(), score(total=3)))) == [
            ("history[2]", "history[2]: entry 1 has the same id, but other content")
        ]

    def test_an_id_of_its_own_is_taken(self, mapped: Mapped) -> None:
        text = EVENTS.replace("id_from: [patient_id, instrument, taken_on, taken_at]",
                              "source_id: nr")  # fmt: skip
        result = mapped(text, event(score(nr="h-1"), score("2026-10-02", nr="h-2")))
        assert [r.provenance.source_id for r in earlier(result)] == ["h-1#history", "h-2#history"]
        [fault] = told(mapped(text, event(score(nr="h-1"), score("2026-10-02"))))
        assert fault == ("history[2].source_id", "history[2]: nr: a value is required")


class TestWhatIsWrong:
    def test_each_message_names_entry_and_field_and_the_row_makes_nothing(
        self, mapped: Mapped
    ) -> None:
        result = mapped(
            EVENTS, event(score("2026-13-01"), score(), score(total=99), score(total=None), 5, None)
        )
        assert told(result) == [
            ("history[1].taken_on", "history[1]: date: not a possible date; expected YYYY-MM-DD, "
             "with THH:MM:SS for times (got '2026-13-01')"),
            ("history[3].total", "history[3]: a PHQ-9 total must be 0 to 27 (got '99')"),
            ("history[4].total", "history[4]: total: a value is required"),
            ("history[5]", "history[5]: an object was expected"),
            ("history[6]", "history[6]: an object was expected"),
        ]  # fmt: skip
        assert {e.row for e in result.errors} == {2}

    def test_the_same_mistake_in_two_entries_is_told_of_both(self, mapped: Mapped) -> None:
        wrong = told(mapped(EVENTS, event(score(total="x"), score(total="x"))))
        assert [field for field, _ in wrong] == ["history[1].total", "history[2].total"]

    def test_what_is_wrong_with_the_row_is_told_once(self, mapped: Mapped) -> None:
        result = mapped(EVENTS, event(score(), score("2026-10-02"), form="PHQ-10"))
        assert [field for field, _ in told(result)] == ["instrument"]

    def test_no_list_is_no_list(self, mapped: Mapped) -> None:
        sentence = "history: a list was expected"
        assert told(mapped(EVENTS, {**FORM, "history": {"date": 1}})) == [("history", sentence)]
        assert told(mapped(EVENTS, {**FORM, "history": "none"})) == [("history", sentence)]

    def test_a_list_without_end_is_refused(self, mapped: Mapped) -> None:
        result = mapped(EVENTS, event(*[score()] * (MOST_ENTRIES + 1)))
        assert told(result) == [
            ("history", f"history: the list has {MOST_ENTRIES + 1} entries; at most "
             f"{MOST_ENTRIES} are read")
        ]  # fmt: skip

    def test_other_rows_go_on(self, mapped: Mapped) -> None:
        result = mapped(EVENTS, event(score(total=99)), event(score(), id="e2"))
        assert len(result.records) == 2
        assert {e.row for e in result.errors} == {2}

    def test_a_good_form_is_judged_for_safety_though_its_row_is_refused(
        self, mapped: Mapped
    ) -> None:
        result = mapped(EVENTS, event(score(), score("2026-13-01")))
        assert result.records == ()
        assert [r.items for r in result.screening if r.items] == [(0,) * 8 + (1,)]


class TestScope:
    def test_the_row_stands_above_a_key_of_the_same_name(self, mapped: Mapped) -> None:
        result = mapped(EVENTS, event(score(row={"who": "P-9", "form": "gad7"})))
        assert {r.instrument for r in earlier(result)} == {"phq9"}

    def test_conditions_read_the_entry_too(self, mapped: Mapped) -> None:
        text = EVENTS.replace(
            "        for_each: history\n",
            "        for_each: history\n        when: [{source: state, in: [done]}]\n",
        )
        result = mapped(text, event(score(state="done"), score("2026-10-02", state="draft")))
        assert [r.taken_on for r in earlier(result)] == [date(2026, 10, 1)]

    def test_a_word_that_means_skip_leaves_out_the_entry_alone(self, mapped: Mapped) -> None:
        text = EVENTS.replace(
            "instrument: row.form\n", "instrument: {source: kind, unmapped: skip}\n"
        )
        result = mapped(text, event(score(kind="phq9"), score("2026-10-02", kind="mood")))
        assert result.errors == ()
        assert [r.taken_on for r in earlier(result)] == [date(2026, 10, 1)]

    def test_a_deeper_list(self, mapped: Mapped) -> None:
        text = EVENTS.replace("for_each: history", "for_each: past.scores[?total]")
        result = mapped(text, {**FORM, "past": {"scores": [score(), {"date": "x"}]}})
        assert result.errors == ()
        assert len(earlier(result)) == 1


class TestDeletion:
    text = EVENTS.replace("    source_id: id\n", "    source_id: id\n    deleted: gone\n")

    def test_a_row_that_is_taken_back_takes_its_entries_along(self, mapped: Mapped) -> None:
        made = mapped(self.text, event(score()))
        gone = mapped(self.text, event(score(), score("2026-13-01"), gone=True))
        assert gone.errors == ()
        assert {r.id for r in made.records} == {r.id for r in gone.records}
        assert all(record.deleted for record in gone.records)

    def test_a_bare_deletion_says_nothing_of_the_entries(self, context: MappingContext) -> None:
        spec = build_mapping("test", yaml.safe_load(self.text))
        row = RawRow(1, {"id": "e1"}, deleted=True)
        result = apply(spec, RawBatch("k", "event", "o", AS_OF, (row,)), context)
        assert (result.records, result.errors, len(result.retractions)) == ((), (), 1)


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("        id_from: [patient_id, instrument, taken_on, taken_at]\n", "", "invalid_value",
         "for_each needs source_id or id_from"),
        ("        id_suffix", "        source_id: x\n        id_suffix", "invalid_value",
         "give source_id or id_from, not both"),
        ("taken_on, taken_at]", "taken_on, date]", "unknown_target",
         "id_from: this record has no field 'date'"),
        ("[patient_id, instrument, taken_on, taken_at]", "[taken_at]", "target_missing",
         "one of the fields must be a required one"),
        ("for_each: history", "for_each: history[", "bad_expression", "'history[' is not valid"),
        ("for_each: history", "for_each: shuffle(history)", "bad_expression", "no function"),
        ("for_each:", "foreach:", "unknown_key", "Did you mean 'for_each'?"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_refused_at_its_place(
    old: str, new: str, code: str, said: str
) -> None:
    assert old in EVENTS
    with pytest.raises(ConfigurationError) as caught:
        build_mapping("test", yaml.safe_load(EVENTS.replace(old, new)))
    assert caught.value.code == code
    assert said in caught.value.message


def test_lists_are_in_rows_of_json_alone() -> None:
    text = EVENTS.replace("items: items", "total: items")
    text = text.replace("    source_id: id\n", "    source_id: id\n    files: x*.csv\n")
    with pytest.raises(ConfigurationError) as caught:
        build_mapping("test", yaml.safe_load(text))
    assert caught.value.code == "wrong_language"
    said = str(caught.value)
    assert "tables.event.records.earlier.for_each: for_each is for rows of JSON" in said


def test_a_name_that_yaml_reads_as_yes_is_told() -> None:
    with pytest.raises(ConfigurationError, match='put quotes round a name such as "on"'):
        build_mapping("test", yaml.safe_load(EVENTS.replace("taken_on: day", "taken_on: on")))


def test_a_record_may_have_a_version_of_its_own(mapped: Mapped) -> None:
    text = EVENTS.replace(
        "        id_suffix: history\n",
        "        id_suffix: history\n        version: {source: changed, format: iso}\n",
    )
    result = mapped(text, event(score(changed="2026-10-03T00:00:00Z"), score("2026-10-02")))
    assert [r.version.day for r in earlier(result)] == [3, AS_OF.day]

"""``identity`` and ``map diff`` as they are called: what they say, what they refuse."""

from __future__ import annotations

import json

from connector.app import open_app

OTHER = """
extends: csv_export
tables:
  appointments:
    records:
      visit:
        fields:
          status: {values: {Show: late_cancel}}
"""


def patients(home):
    with open_app(home).open_store() as store:
        found = store.read(lambda tx: tx.records.patients())
    return sorted(found, key=lambda one: one.chart_number)


def test_two_people_are_not_merged_and_one_person_is(connector, ran, small_site, rows):
    first, second = patients(ran)[:2]
    done = connector(
        "--home", ran, "identity", "merge", first.chart_number, second.id, "--by", "Dana Okafor"
    )
    assert done.code == 1 and "the birth dates differ" in done.err
    assert first.family_name not in done.words
    shown = connector("--home", ran, "identity", "show", first.id, second.id)
    assert shown.code == 0 and str(first.birth_date) in shown.words
    assert "Waiting to be matched: 0" in connector("--home", ran, "identity", "list").words
    unknown = connector("--home", ran, "identity", "reject", "C-0", "--by", "Dana Okafor")
    assert unknown.code == 3 and "no patient has that chart number" in unknown.err
    idle = connector("--home", ran, "identity", "unmerge", first.id, "--by", "Dana Okafor")
    assert idle.code == 1 and "part of no other chart" in idle.err


def test_a_mapping_that_is_not_saved_is_compared_and_nothing_is_written(connector, ran):
    draft = ran / "draft.yaml"
    draft.write_text(OTHER)
    with open_app(ran).open_store() as store:
        before = store.read(lambda tx: (tx.records.counts(), tx.deliveries.counts()))
    done = connector("--home", ran, "map", "diff", "csv_export", draft)
    assert done.code == 0, done.err
    assert "missed visits" in done.words and "batches of raw input read again" in done.words
    numbers = {one.chart_number for one in patients(ran)}
    assert any(number in done.words for number in numbers)
    assert not any(one.family_name in done.words for one in patients(ran))
    with open_app(ran).open_store() as store:
        assert store.read(lambda tx: (tx.records.counts(), tx.deliveries.counts())) == before
        last = store.read(lambda tx: tx.audit.latest(1))
    assert last[0].action == "impact_previewed"
    same = connector("--home", ran, "map", "diff", "csv_export", "csv_export", "--json")
    found = json.loads(same.out)
    assert found["patients"] == found["unchanged"] > 0 and found["raw_input"] == []
    wrong = connector("--home", ran, "map", "diff", "csv_export", "gone.yaml")
    assert wrong.code == 3 and "there is no file" in wrong.err

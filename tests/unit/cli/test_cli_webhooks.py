"""What the commands say of a source that is posted to: a second look, events tried on a mapping."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml

from connector.app import open_app
from connector.engine import ingest
from connector.engine.inflow import store_pages
from connector.ports import Posted

EVENT = {
    "event_id": "evt-1", "patient_id": "F-101", "instrument": "PHQ-9", "assessed_at": "2026-11-20",
    "items": [1, 2, 0, 1, 0, 2, 1, 0, None], "history": [{"date": "2026-10-02", "total": 14}],
}  # fmt: skip


@pytest.fixture
def home(tmp_path):
    """A site that a form tool posts to."""

    def make(options):
        site = {
            "practice": {"id": "forms", "name": "Form Practice", "synthetic": True},
            "sources": [
                {"name": "tool", "adapter": "webhook_json", "mapping": "form_webhook",
                 "options": options}
            ],
            "destinations": [
                {"name": "filing", "adapter": "folder", "receives": ["decision"],
                 "options": {"folder": "out"}}
            ],
        }  # fmt: skip
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
        return tmp_path

    return make


def test_check_points_out_a_source_that_anybody_may_post_to(connector, home):
    done = connector("--home", home({"accept_unsigned": True}), "check")
    assert done.code == 0, done.err
    assert (
        "Look again: source 'tool': requests are NOT SIGNED (accept_unsigned): anybody who can "
        "reach the address can put forms into charts" in done.out
    )
    assert "No mistakes found." in done.out


def test_check_says_nothing_of_a_signed_source(connector, home, monkeypatch):
    monkeypatch.setenv("TOOL_SECRET", "whsec_" + "c2VjcmV0" * 5)
    done = connector("--home", home({"signature": {"secret": {"env": "TOOL_SECRET"}}}), "check")
    assert done.code == 0, done.err
    assert "Look again" not in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "say how requests are signed (signature:)"),
        ({"signature": {"secret": {"env": "NOT_THERE"}}}, "variable NOT_THERE is not set"),
        (
            {"accept_unsigned": True, "table": "events"},
            "source 'tool': its mapping has no table 'events', so no event would become a record; "
            "use a mapping of events, or name its table under options. Did you mean 'event'?",
        ),
    ],
)
def test_check_finds_a_source_that_can_not_work(connector, home, options, said):
    done = connector("--home", home(options), "check")
    assert done.code == 3
    assert said in done.err


def test_events_can_be_tried_on_a_mapping(connector, tmp_path):
    one, many = tmp_path / "one.json", tmp_path / "many.ndjson"
    one.write_text(json.dumps(EVENT, indent=2))
    bad = {**EVENT, "event_id": "evt-2", "history": [{"date": "2026-10-02", "total": 99}]}
    many.write_text("\n".join([json.dumps(EVENT), "", json.dumps(bad), "{"]))
    done = connector("--home", tmp_path, "map", "apply", "--mapping", "form_webhook", one, many)
    assert done.code == 1
    kinds = [json.loads(line)["kind"] for line in done.out.splitlines()]
    assert kinds == ["assessment", "assessment", "patient"] * 2
    assert (
        "many.ndjson, row 3, history[1].total: history[1]: a Patient Health Questionnaire-9 total "
        "must be 0 to 27 (got '99')" in done.err
    )
    assert "many.ndjson, row 4: not valid JSON at line 1, column 2" in done.err


def test_a_refused_event_is_fixed_with_json_values(connector, home):
    site = home({"accept_unsigned": True})
    app = open_app(site)
    body = json.dumps({**EVENT, "items": [9] * 9}).encode()
    page = app.webhooks["tool"].receive(Posted({}, body, datetime.now(UTC)))
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        store_pages(store, [("tool", page)], work.now())
        ingest.map_new(work)
        [entry] = store.read(lambda tx: tx.quarantine.list("open", 10))
    assert entry.code == "item_out_of_range"
    shown = connector("--home", site, "quarantine", "fix", entry.id, "--set",
                      "items=[1,2,0,0,0,0,0,0,null]")  # fmt: skip
    assert shown.code == 0, shown.err
    with app.open_store() as store:
        [item] = store.read(lambda tx: tx.inbox.new())
    assert item.batch.rows[0].data["items"] == [1, 2, 0, 0, 0, 0, 0, 0, None]

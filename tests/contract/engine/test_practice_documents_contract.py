"""The letter to the referring provider and the director's report, through store and engine."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.documents import compose
from connector.engine import director
from connector.errors import ConfigurationError, InvalidRecord, Rejected
from connector.outcomes.course import Period
from connector.outcomes.shown import Shown
from connector.pipeline.deliver import Route
from connector.pipeline.release import packet_digest, signer
from connector.release import Desk, detail, fill, lines, preview, sign, waiting_counts, withdraw
from connector.testing import FakeDestination

CASE = "letter_to_the_referring_provider"
DANA = signer("Lennox Fictbrook, PT, DPT", npi="1000000053")
KINDS = ("referrer", "director", "therapist")


@pytest.fixture
def practice(bench: Any) -> Any:
    """The golden practice with one destination that keeps drafts and one that does not."""
    made = bench(CASE, receives=KINDS)
    made.fax = FakeDestination()
    routes = [
        Route(destination="filing", receives=KINDS, formats=("html", "json")),
        Route(destination="fax", receives=KINDS, formats=("html", "json"), unreleased=False),
    ]
    destinations = {"filing": made.destination, "fax": made.fax}
    made.work = replace(made.work, routes=routes, destinations=destinations)
    made.desk = Desk(
        made.store, routes, ZoneInfo("America/New_York"), made.work.now,
        lambda spec: compose.html(spec, made.work.resources, "Letter"),
    )  # fmt: skip
    made.pick_up()
    made.map_all()
    made.evaluate_all()
    made.send_due()
    return made


def letter_of(practice: Any) -> str:
    zone = practice.desk.zone
    [line] = practice.store.read(lambda tx: lines(tx, zone, waiting=True, kinds=["referrer"]))
    assert line.chart_number == "C-3701", "the one whose consent was revoked has none"
    return str(line.row.document_id)


def kinds(destination: FakeDestination) -> set[str]:
    return {outgoing.labels["kind"] for outgoing in destination.sent.values()}


def test_the_letter_waits_inside_until_it_is_signed_and_then_goes_once(practice: Any) -> None:
    draft = letter_of(practice)
    assert practice.store.read(waiting_counts)["letter"] == 1
    assert "referrer" in kinds(practice.destination) and "referrer" not in kinds(practice.fax)
    done = sign(practice.desk, draft, DANA)
    again = sign(practice.desk, draft, DANA)
    assert not done.before and again.before and again.deliveries == 0
    practice.send_due()
    [sent] = [o for o in practice.fax.sent.values() if o.labels["kind"] == "referrer"]
    assert sent.path.startswith("referrer/") and sent.media_type.startswith("text/html")
    assert b"Signed electronically by Lennox" in sent.content
    assert practice.store.read(waiting_counts)["letter"] == 0
    found = practice.store.read(lambda tx: detail(tx, draft, practice.desk.zone))
    assert found.whole and [one.version for one in found.versions] == [1]


def test_a_comment_is_signed_with_it_and_the_preview_has_its_digest(practice: Any) -> None:
    draft = letter_of(practice)
    assert fill(practice.desk, draft, {"comment": "Please call us about stairs."}, by="Kim") == {}
    seen = preview(practice.desk, draft)
    assert "Please call us about stairs." in seen.page and seen.missing == ()
    done = sign(practice.desk, draft, DANA, seen=seen.digest)
    assert done.signature.digest == seen.digest and done.treating is None
    made = practice.store.read(lambda tx: tx.documents.spec(done.signature.document_id))
    assert packet_digest([made]) == seen.digest
    with pytest.raises(Rejected) as caught:
        fill(practice.desk, draft, {"comment": "More."}, by="Kim")
    assert caught.value.code == "already_signed"


def test_a_letter_is_taken_back_before_it_left_and_never_carries_sud_words(practice: Any) -> None:
    draft = letter_of(practice)
    with pytest.raises(InvalidRecord, match="42 CFR Part 2"):
        fill(practice.desk, draft, {"comment": "Has stopped drinking."}, by="Kim")
    sign(practice.desk, draft, DANA)
    withdraw(practice.desk, draft, by="Lennox", why="wrong fax number")
    practice.send_due()
    assert "referrer" not in kinds(practice.fax)
    assert letter_of(practice) == draft, "the draft waits again"


def test_a_template_that_hides_the_signature_is_refused(practice: Any) -> None:
    hidden = replace(practice.desk, page=lambda spec: "<html></html>")
    with pytest.raises(ConfigurationError) as caught:
        sign(hidden, letter_of(practice), DANA)
    assert "report_templates/referrer" in str(caught.value)


def given(practice: Any, **shown: Any) -> director.Practice:
    work = practice.work
    return director.Practice(
        practice.store, work.practice, work.instruments, work.rules, Shown(**shown)
    )


def test_the_director_gets_last_month_once(practice: Any) -> None:
    assert director.report_month(practice.work)
    assert not director.report_month(practice.work)
    practice.send_due()
    sent = [o for o in practice.fax.sent.values() if o.labels["kind"] == "director"]
    assert {o.path.split("/")[0] for o in sent} == {"director"} and len(sent) == 2
    [data] = [json.loads(o.content) for o in sent if o.media_type == "application/json"]
    assert data["context"]["period"]["title"] == "October 2026"
    actions = [r.action for r in practice.store.read(lambda tx: list(tx.audit.rows()))]
    assert actions.count("director_report") == 1


def test_nobody_makes_it_where_nobody_receives_it(practice: Any) -> None:
    assert not director.report_month(replace(practice.work, routes=practice.work.routes[:0]))


def test_a_month_without_anybody_is_looked_at_once_a_day(bench: Any) -> None:
    made = bench(receives=("director",))
    assert not director.report_month(made.work) and not director.report_month(made.work)
    assert made.store.read(lambda tx: tx.documents.list(kinds=["director"], limit=9)) == []


def test_it_counts_what_the_charts_say_on_the_last_day(practice: Any) -> None:
    period = Period(date(2026, 9, 1), date(2026, 11, 20))
    now = practice.work.now()
    spec = director.director_report(given(practice, smallest_group=1), period, now)
    context = spec.context
    [everybody] = context["measuring"]["rows"]
    assert everybody["courses"] == "2" and everybody["cells"][0]["text"] == "100% (2 of 2)"
    changes = [cell["text"] for cell in context["change"]["rows"][0]["cells"]]
    assert changes[:3] == ["50% (1 of 2)", "0% (0 of 2)", "50% (1 of 2)"]
    assert context["people"] == {"courses": "2", "began": "2", "active": "1"}
    text = json.dumps(context)
    for word in ("Samplewood", "C-3701", "patient-", "Fictbrook"):
        assert word not in text, word
    # The same records, the same document; an earlier end of the period is another one.
    again = director.director_report(given(practice, smallest_group=1), period, now)
    assert (again.document_id, again.digest) == (spec.document_id, spec.digest)
    earlier = Period(period.first, date(2026, 10, 5))
    before = director.director_report(given(practice, smallest_group=1), earlier, now)
    assert before.context["change"]["rows"][0]["cells"] != context["change"]["rows"][0]["cells"]


def test_reports_and_pages_of_the_period_are_counted(practice: Any) -> None:
    sign(practice.desk, letter_of(practice), DANA)
    period = Period(date(2026, 11, 1), date(2026, 11, 20))
    made = director.director_report(given(practice), period, practice.work.now())
    counts = {row["kind"]: row["count"] for row in made.context["time_saved"]["rows"]}
    assert counts == {"therapist": 2, "patient": 0, "insurer": 0, "referrer": 1}
    past = Period(date(2026, 9, 1), date(2026, 10, 31))
    older = director.director_report(given(practice), past, practice.work.now())
    assert {row["count"] for row in older.context["time_saved"]["rows"]} == {0}

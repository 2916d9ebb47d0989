"""The page for typed scores: every form, both checks, nothing about a person in an address."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
import yaml

from connector import by_hand
from connector.engine import ingest
from connector.engine.intake import Intake
from connector.registry import load_instruments
from connector.resources import Resources
from connector.score_entry import form_of, instruments_to_enter
from connector.web import create_app

TOKEN = "the-token"
INSTRUMENTS = load_instruments(Resources())
GOOD = {"chart_number": "C-3001", "taken_on": "2026-11-19", "entered_by": "Kim Sample"}
ANSWERS = {f"item_{n}": "1" for n in range(1, 10)}


@pytest.fixture
def served(small_site):
    site = small_site("mh_improving")
    given = yaml.safe_load((site.home / "site.yaml").read_text())
    given["sources"].append(
        {"name": "typed", "adapter": "score_form", "mapping": "score_form", "patients_of": "csv"}
    )
    (site.home / "site.yaml").write_text(yaml.safe_dump(given))
    app = site.open()
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        ingest.pick_up(work, "csv")
        while ingest.map_new(work):
            pass
        woken: list[int] = []
        intake = Intake(store, app.site.now, woken.append)
        desk = by_hand.score_desk(app, store, intake.store)
        browser = create_app(store, app.practice, TOKEN, score_desk=desk).test_client()
        yield browser, store, woken


@pytest.fixture
def browser(served):
    client, _, _ = served
    assert client.get(f"/sign-in/{TOKEN}").status_code == 302
    return client


def entry_id(page):
    return re.search(r'name="entry_id" value="([0-9a-f]{32})"', page.text)[1]


def post(browser, measure="phq9", **given):
    page = browser.get(f"/scores/{measure}")
    return browser.post(f"/scores/{measure}", data={"entry_id": entry_id(page), **GOOD, **given})


def typed(store):
    items = store.read(lambda tx: tx.inbox.latest("typed", 50))
    return [dict(row.data) for item in items for row in item.batch.rows]


def test_nobody_types_anything_without_signing_in(served):
    client, store, _ = served
    assert client.get("/scores/phq9").status_code == 401
    assert client.post("/scores/phq9", data={**GOOD, **ANSWERS}).status_code == 401
    assert typed(store) == []


def test_an_entry_is_stored_woken_shown_once_and_its_address_tells_nothing(served, browser):
    _, store, woken = served
    done = post(browser, **ANSWERS)
    assert done.status_code == 303
    assert not re.search("C-3001|Kim|Sample|2026-11", done.location)
    [row] = typed(store)
    assert (row["items"], row["entered_by"], row["taken_on"]) == (
        ["1"] * 9, "Kim Sample", "2026-11-19",
    )  # fmt: skip
    assert woken == [1]
    page = browser.get(done.location)
    assert "Stored:" in page.text and "for chart C-3001, Avery" in page.text
    assert 'value="Kim Sample"' in page.text  # who types goes on typing
    assert "Stored:" not in browser.get(done.location).text


def test_the_same_form_sent_twice_is_one_entry(served, browser):
    _, store, _ = served
    given = {"entry_id": entry_id(browser.get("/scores/phq9")), **GOOD, **ANSWERS}
    for _ in range(2):
        assert browser.post("/scores/phq9", data=given).status_code == 303
    assert len(typed(store)) == 1


def test_everything_wrong_is_told_at_once_at_its_field_and_what_was_typed_stays(served, browser):
    _, store, _ = served
    done = post(browser, chart_number="C-301", taken_on="2026-11-21", item_1="7", item_2="x")
    assert done.status_code == 422 and typed(store) == []
    for words in (
        "Did you mean C-3001?",
        "in the future",
        "item 1 must be 0 to 3",
        "Item 2: enter",
    ):
        assert done.text.count(words) == 2, words  # in the summary and at the field
    assert 'value="C-301"' in done.text and "<title>Error: PHQ-9" in done.text
    for field in ("chart_number", "taken_on", "item_1", "item_2"):
        assert f'href="#{field}"' in done.text
        assert f'id="{field}-error"' in done.text
        assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', done.text), field


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**ANSWERS, "item_3": "1.5"}, "item 3 must be 0 to 3, a whole number"),
        ({"total": "12.5"}, "total must be 0 to 27, a whole number"),
    ],
)
def test_half_a_point_is_refused_where_no_score_could_be_made_of_it(served, browser, given, words):
    done = post(browser, **given)
    assert done.status_code == 422 and words in done.text
    assert typed(served[1]) == []


def test_blanks_and_a_second_form_of_the_day_are_confirmed(served, browser):
    _, store, _ = served
    blank = {**ANSWERS, "item_4": ""}
    assert 'name="blanks_ok"' not in browser.get("/scores/phq9").text
    asked = post(browser, **blank)
    assert asked.status_code == 422 and 'name="blanks_ok"' in asked.text
    assert post(browser, **blank, blanks_ok="on").status_code == 303
    again = post(browser, **ANSWERS)
    assert again.status_code == 422 and 'name="again"' in again.text
    assert post(browser, **ANSWERS, again="on").status_code == 303
    assert [row["items"][3] for row in typed(store)] == [None, "1"]


def test_an_entry_can_be_taken_back_from_the_page(served, browser):
    _, store, _ = served
    done = post(browser, **ANSWERS)
    page = browser.get(done.location)
    given = {"entry_id": entry_id(page), "by": "Kim Sample"}
    taken = browser.post("/scores/phq9/take-back", data=given)
    assert taken.status_code == 200 and "Taken back" in taken.text
    items = store.read(lambda tx: tx.inbox.latest("typed", 50))
    assert [row.deleted for item in items for row in item.batch.rows] == [False, True]
    unknown = {"entry_id": "0" * 32}
    assert browser.post("/scores/phq9/take-back", data=unknown).status_code == 404


@pytest.mark.parametrize("path", ["/scores/phq9", "/scores/phq9/take-back"])
def test_another_sites_form_can_not_post_here(browser, path):
    done = browser.post(path, data=GOOD, headers={"Sec-Fetch-Site": "cross-site"})
    assert done.status_code == 403


def test_unknown_measures_and_the_choice(browser):
    assert browser.get("/scores/phq").status_code == 404
    assert browser.post("/scores/phq", data=GOOD).status_code == 404
    assert browser.get("/scores/?measure=phq9").location.endswith("/scores/phq9")
    page = browser.get("/scores/")
    assert all(f'value="{id}"' in page.text for id, _ in instruments_to_enter(INSTRUMENTS))
    assert 'href="/scores/"' in browser.get("/").text


class _Fields(HTMLParser):
    """The form's fields with their attributes, and which ids have a label or are pointed at."""

    def __init__(self):
        super().__init__()
        self.fields, self.labels, self.ids = {}, set(), []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "label":
            self.labels.add(given["for"])
        if tag in ("input", "select") and given.get("type") != "hidden":
            self.fields[given["id"]] = given


@pytest.mark.parametrize("measure", [id for id, _ in instruments_to_enter(INSTRUMENTS)])
def test_every_form_has_labels_and_the_ranges_that_the_server_checks(all_forms, measure):
    page = all_forms[measure]
    found = _Fields()
    found.feed(page)
    assert set(found.fields) <= found.labels
    assert len(found.ids) == len(set(found.ids))
    for given in found.fields.values():
        assert set((given.get("aria-describedby") or "").split()) <= set(found.ids)
    instrument, form = INSTRUMENTS[measure], form_of(INSTRUMENTS[measure])
    assert len(form.answers) == (
        0 if instrument.totals_only else instrument.items or instrument.items_max
    )
    for answer in form.answers:
        given = found.fields[f"item_{answer.number}"]
        assert (given["min"], given.get("max")) == (answer.least, answer.most)
    assert ("total" in found.fields) == instrument.has_total
    assert ("encoding" in found.fields) == instrument.encoding_required
    assert "<script" not in page and "style=" not in page


@pytest.fixture(scope="module")
def all_forms():
    """Every form's page, without a store: rendered by the blueprint alone."""
    from datetime import UTC, datetime
    from types import SimpleNamespace

    from flask import Flask

    from connector.progress import PracticeProfile
    from connector.score_entry import ScoreDesk
    from connector.web.scores import scores

    context = SimpleNamespace(timezone="America/New_York")
    now = datetime(2026, 11, 20, 22, tzinfo=UTC)
    desk = ScoreDesk(None, "typed", None, context, INSTRUMENTS, lambda *_: 0, lambda: now)
    app = Flask("connector.web.factory")
    app.add_url_rule("/", "pages.results", lambda: "")
    app.register_blueprint(scores(desk, PracticeProfile(id="p", name="P", timezone="UTC")))
    browser = app.test_client()
    return {id: browser.get(f"/scores/{id}").text for id, _ in instruments_to_enter(INSTRUMENTS)}

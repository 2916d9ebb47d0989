"""The web part: who may see it, what the browser may do with it, and the trace that it leaves."""

from __future__ import annotations

import re

import pytest

from connector.errors import RetryLater
from connector.progress import DocumentSpec
from connector.web import create_app

TOKEN = "the-token"


@pytest.fixture
def site(small_site):
    return small_site("mh_deteriorating_with_safety_item")


@pytest.fixture
def served(site):
    """A signed-out browser on a site whose patients were evaluated, and its store."""
    from connector.engine import evaluate, ingest

    app = site.open()
    with app.open_store() as store:
        work = app.work(store, renderer=None)
        ingest.pick_up(work, "csv")
        while ingest.map_new(work):
            pass
        while evaluate.evaluate_due(work):
            pass
        working = {"is": True}
        flask_app = create_app(store, app.practice, TOKEN, lambda: working["is"])
        yield flask_app, store, working


@pytest.fixture
def browser(served):
    """Signed in."""
    client = served[0].test_client()
    assert client.get(f"/sign-in/{TOKEN}").status_code == 302
    return client


def keep(store, fmt, content):
    """Stores one rendered document; its id."""
    from datetime import UTC, date, datetime

    now = datetime(2026, 11, 20, tzinfo=UTC)
    (progress, *_) = store.read(lambda tx: list(tx.progress.all()))
    spec = DocumentSpec(
        document_id="doc-1", kind="therapist", patient_id=progress.chart.patient.id,
        as_of=date(2026, 11, 20), formats=("pdf", "html"), context={}, digest="d",
    )  # fmt: skip

    def put(tx):
        tx.documents.put_spec(spec, now)
        tx.documents.put_content("doc-1", fmt, content, now)

    store.write(put)
    return "doc-1"


def viewed(store):
    return [
        (row.subject, row.detail)
        for row in store.read(lambda tx: list(tx.audit.rows()))
        if row.action == "viewed"
    ]


@pytest.mark.parametrize("path", ["/", "/documents/doc-1.html", "/nothing"])
def test_nobody_sees_anything_without_signing_in(served, path):
    flask_app, store, _ = served
    keep(store, "html", b"<p>secret</p>")
    done = flask_app.test_client().get(path)
    assert done.status_code == 401
    assert done.text == (
        "Open the address that the service printed when it started; it signs you in."
    )
    assert viewed(store) == []


@pytest.mark.parametrize("token", ["wrong", "the-tokem", "%C3%A9", "x" * 2000])
def test_a_wrong_token_signs_nobody_in(served, token):
    client = served[0].test_client()
    done = client.get(f"/sign-in/{token}")
    assert done.status_code == 401
    assert "Set-Cookie" not in done.headers
    assert client.get("/").status_code == 401


@pytest.mark.parametrize("value", ["guess", "é", TOKEN])
def test_a_made_up_cookie_is_no_key(served, value):
    client = served[0].test_client()
    client.set_cookie("connector_session", value)
    assert client.get("/").status_code == 401


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(served):
    done = served[0].test_client().get(f"/sign-in/{TOKEN}")
    cookie = done.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/sign-in/x"])
def test_every_answer_has_the_headers(browser, path):
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_page_lists_patients_worst_first_and_leaves_a_trace(browser, served):
    done = browser.get("/")
    assert done.status_code == 200
    assert "C-3101" in done.text
    assert "C-3102" in done.text
    assert viewed(served[1]) == [("results", '{"patients":2}')] or len(viewed(served[1])) == 1
    assert "<script" not in done.text
    assert "style=" not in done.text, "the page's own policy forbids it"


def test_no_address_or_title_tells_of_a_patient(browser, served):
    keep(served[1], "html", b"<p>x</p>")
    page = browser.get("/").text
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    titles = re.findall(r"<title>(.*?)</title>", page, re.S)
    assert any("/documents/" in address for address in addresses)
    patients = served[1].read(lambda tx: list(tx.records.patients()))
    secrets = {
        text.casefold()
        for p in patients
        for text in (p.given_name, p.family_name, p.chart_number, p.birth_date.isoformat())
    }
    for text in (*addresses, *titles):
        assert not [secret for secret in secrets if secret in text.casefold()]


@pytest.mark.parametrize(("fmt", "mimetype"), [("html", "text/html"), ("pdf", "application/pdf")])
def test_a_document_is_served_as_it_was_stored_in_a_closed_box(browser, served, fmt, mimetype):
    content = b"<style>p{color:red}</style><p>report</p>"
    document_id = keep(served[1], fmt, content)
    done = browser.get(f"/documents/{document_id}.{fmt}")
    assert done.status_code == 200
    assert done.data == content
    assert done.mimetype == mimetype
    policy = done.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert done.headers["X-Content-Type-Options"] == "nosniff"
    assert [subject for subject, _ in viewed(served[1])] == [document_id]


def test_a_documents_page_runs_nothing(browser, served):
    keep(served[1], "html", b"<script>1</script>")
    policy = browser.get("/documents/doc-1.html").headers["Content-Security-Policy"]
    assert "sandbox" in policy.split("; ")


@pytest.mark.parametrize(
    "path",
    [
        "/documents/none.pdf",
        "/documents/doc-1.exe",
        "/documents/doc-1.pdf",
        "/documents/..%2fx.pdf",
    ],
)
def test_an_unknown_document_is_not_found_and_leaves_no_view(browser, served, path):
    keep(served[1], "html", b"x")
    assert browser.get(path).status_code == 404
    assert viewed(served[1]) == []


def test_nothing_can_be_changed_here(browser):
    for path in ("/", "/documents/doc-1.html", f"/sign-in/{TOKEN}"):
        assert browser.post(path).status_code == 405


def test_health_and_readiness_need_no_sign_in_and_tell_of_a_stopped_engine(served):
    flask_app, _, working = served
    client = flask_app.test_client()
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    working["is"] = False
    for path in ("/healthz", "/readyz"):
        done = client.get(path)
        assert (done.status_code, done.text) == (503, "the engine has stopped")


def test_a_database_that_is_away_is_said_plainly(browser, served, monkeypatch):
    def away(function):
        raise RetryLater("database_unavailable", "the database can't be reached")

    monkeypatch.setattr(served[1], "read", away)
    monkeypatch.setattr(served[1], "write", away)
    for path in ("/", "/readyz"):
        done = browser.get(path)
        assert (done.status_code, done.text) == (503, "the database can't be reached")


def test_a_defect_shows_and_logs_nothing_about_a_patient(browser, served, monkeypatch, caplog):
    def broken(function):
        raise ValueError("Avery Samplewood")

    served[0].config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(served[1], "write", broken)
    done = browser.get("/")
    assert done.status_code == 500
    assert "Samplewood" not in done.text
    assert "pages.results failed: ValueError at" in caplog.text
    assert "Samplewood" not in caplog.text


def test_a_large_upload_is_refused(browser):
    done = browser.post("/", data=b"x" * 2_000_000)
    assert done.status_code in (405, 413)


def test_the_page_says_what_waits_for_a_person(browser):
    page = " ".join(browser.get("/").text.split())
    assert "Payer packets to be signed: 0. Patient reports to be released: 0." in page


def test_a_document_that_waits_says_so(served, browser):
    from datetime import UTC, date, datetime

    _, store, _ = served
    now = datetime(2026, 11, 20, tzinfo=UTC)
    (progress, *_) = store.read(lambda tx: list(tx.progress.all()))
    spec = DocumentSpec(
        document_id="draft-1", kind="patient", patient_id=progress.chart.patient.id,
        as_of=date(2026, 11, 20), formats=("pdf",), context={}, digest="d",
        release="therapist_release",
    )  # fmt: skip

    def put(tx):
        tx.documents.put_spec(spec, now)
        tx.drafts.expect([spec], now)

    store.write(put)
    page = " ".join(browser.get("/").text.split())
    assert "Patient report, 2026-11-20, waits for release:" in page
    assert "Patient reports to be released: 1." in page


def test_the_results_are_read_without_keeping_others_from_writing(browser, served, monkeypatch):
    from connector.web import pages

    open_writes = []
    read = pages.page_of

    def noted(tx, zone, page):
        open_writes.append(tx.scope.writing)
        return read(tx, zone, page)

    monkeypatch.setattr(pages, "page_of", noted)
    before = served[1].read(lambda tx: tx.audit.head().seq)
    assert browser.get("/").status_code == 200
    assert open_writes == [False]
    [entry] = served[1].read(lambda tx: list(tx.audit.rows(after=before)))
    assert (entry.action, entry.subject) == ("viewed", "results")


def test_a_practice_larger_than_a_page_is_turned_over_page_by_page(browser, served, monkeypatch):
    from connector.web import results

    monkeypatch.setattr(results, "ON_A_PAGE", 1)
    seen = []
    for number in (1, 2):
        page = browser.get(f"/?page={number}").text
        assert f"Page {number} of 2" in page
        assert f"Patients {number} to {number} of 2" in page
        seen += re.findall(r"C-31\d\d(?=</span><)", page) or re.findall(r"C-31\d\d", page)[:1]
        assert ('rel="next"' in page, 'rel="prev"' in page) == (number == 1, number == 2)
    assert sorted(seen) == ["C-3101", "C-3102"]
    assert "Page 2 of 2" in browser.get("/?page=99").text


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "9" * 30, "\u0663", "1e3"])
def test_a_page_number_that_is_none_gives_the_first_page(browser, page):
    done = browser.get("/", query_string={"page": page})
    assert done.status_code == 200
    assert "C-3101" in done.text


def test_a_patient_is_found_by_words_of_the_name_and_the_chart_number(browser, served):
    [first, second] = served[1].read(lambda tx: tx.records.patients())
    first, second = sorted((first, second), key=lambda one: one.chart_number)
    for text in (
        first.chart_number, first.chart_number.lower(),
        f" {first.given_name.upper()}   {first.family_name[:3]} {first.chart_number[-2:]}",
    ):  # fmt: skip
        page = browser.post("/search", data={"text": text}).text
        assert "1 found." in page
        assert first.chart_number in page
        assert second.chart_number not in page
    page = browser.post("/search", data={"text": "nobody at all"}).text
    assert "0 found." in page
    assert first.chart_number not in page


def test_what_was_looked_for_is_in_no_address_and_not_in_the_audit_log(browser, served):
    before = served[1].read(lambda tx: tx.audit.head().seq)
    done = browser.post("/search", data={"text": "C-3101"})
    assert done.status_code == 200
    assert "C-3101" not in "".join(re.findall(r'(?:href|src|action)="([^"]*)"', done.text))
    [entry] = served[1].read(lambda tx: list(tx.audit.rows(after=before)))
    assert (entry.subject, entry.detail) == ("results", '{"patients":1,"searched":true}')
    assert browser.get("/search").headers["Location"] == "/"
    assert browser.post("/search", data={"text": "  "}).headers["Location"] == "/"
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/search", data={"text": "C"}, headers=foreign).status_code == 403


def test_a_search_that_fits_too_many_says_so(browser, monkeypatch):
    from connector.web import results

    monkeypatch.setattr(results, "ON_A_PAGE", 1)
    page = browser.post("/search", data={"text": "c-31"}).text
    assert "1 found, and more than can be shown here" in page


def test_who_has_no_decision_is_found_and_counted_and_a_joined_patient_stands_as_the_chart(
    browser, served
):
    from datetime import UTC, datetime

    from connector.store.identities import Identity

    store = served[1]
    a, b = sorted(store.read(lambda tx: tx.records.patients()), key=lambda one: one.chart_number)
    store.write(lambda tx: tx.progress.remove(b.id))
    page = browser.post("/search", data={"text": b.chart_number}).text
    assert "0 found." in page
    assert "1 more without a decision" in page
    merged = Identity(b.id, a.id, "merged", "by hand", "Dana", datetime(2026, 11, 20, tzinfo=UTC))
    store.write(lambda tx: tx.identities.put(merged))
    page = browser.post("/search", data={"text": b.chart_number}).text
    assert "1 found." in page
    assert a.chart_number in page


def test_the_latest_document_of_each_kind_is_in_sight_and_older_ones_are_folded(browser, served):
    from datetime import UTC, date, datetime

    store, now = served[1], datetime(2026, 11, 20, tzinfo=UTC)
    patient_id = store.read(lambda tx: tx.records.patients())[0].id

    def put(tx):
        reports = [(19, "therapist", patient_id), (20, "therapist", patient_id)]
        for day, kind, about in [*reports, (1, "director", "practice")]:
            spec = DocumentSpec(
                document_id=f"{kind}-{day}", kind=kind, patient_id=about,
                as_of=date(2026, 11, day), formats=("pdf",), context={}, digest="d",
            )  # fmt: skip
            tx.documents.put_spec(spec, now)
            tx.documents.put_content(spec.document_id, "pdf", b"%PDF", now)

    store.write(put)
    page = browser.get("/").text
    in_sight, _, folded = page.partition("<details>")
    assert "/documents/therapist-20.pdf" in in_sight
    assert "/documents/therapist-19.pdf" not in in_sight
    assert "/documents/therapist-19.pdf" in folded.partition("</details>")[0]
    assert "/documents/director-1.pdf" in page.partition("Reports on the practice")[2]

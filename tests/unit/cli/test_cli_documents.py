"""``documents``: list, show, fill, preview, sign, release, withdraw, as a person types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from connector.app import open_app
from connector.cli import EXIT_CONFIGURATION, EXIT_NEEDS_PERSON

CASE = "authorization_seventh_of_eight"
RECEIVES = ("patient", "insurer", "packet_manifest", "alert")


@pytest.fixture(scope="module")
def _evaluated(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluated")


@pytest.fixture
def home(_evaluated, small_site, tmp_path):
    """A site whose charts were evaluated; nothing was sent. Each test has its own copy."""
    from connector.engine import evaluate, ingest

    original = _evaluated / "site"
    if not original.exists():
        site = small_site(CASE, receives=RECEIVES)
        app = site.open()
        with app.open_store() as store:
            work = app.work(store, renderer=None)
            ingest.pick_up(work, "csv")
            while ingest.map_new(work):
                pass
            while evaluate.evaluate_due(work):
                pass
        shutil.copytree(site.home, original)
    return Path(shutil.copytree(original, tmp_path / "copy"))


@pytest.fixture
def documents(connector, home):
    """Runs ``connector documents ...`` on the site."""
    return lambda *arguments: connector("--home", home, "documents", *arguments)


def waiting(documents, kind):
    rows = documents("list", "--waiting", "--kind", kind).out.splitlines()
    return [row.split()[0] for row in rows if f" {kind} " in row]


def complete(documents, draft):
    shown = documents("show", draft).out.splitlines()
    keys = [row.split()[1].rstrip(":") for row in shown if row.startswith("field ")]
    texts = [part for key in keys for part in ("--set", f"{key}=As agreed.")]
    return documents("fill", draft, *texts, "--by", "Kim Sample")


def entries(home):
    with open_app(home).open_store() as store:
        return [(row.action, row.actor) for row in store.read(lambda tx: list(tx.audit.rows()))]


def test_the_list_shows_who_is_waited_for(documents, home):
    done = documents("list")
    assert done.code == 0 and "waits for signature" in done.out and "waits for release" in done.out
    assert "C-3402" in done.out
    assert "Waiting: 5" in documents("list", "--waiting").out
    assert "therapist" not in done.out
    wrong = documents("list", "--kind", "insurers")
    assert wrong.code == EXIT_CONFIGURATION and "Did you mean 'insurer'?" in wrong.err
    assert ("documents_read", "system") in entries(home)


def test_from_missing_to_signed(documents, home, tmp_path):
    draft, *_ = waiting(documents, "insurer")
    refused = documents("sign", draft, "--by", "Dana Example, LCSW")
    assert refused.code == EXIT_NEEDS_PERSON and "fields are missing" in refused.err
    partly = documents("fill", draft, "--set", "attention=Review, fax 555-0199")
    assert partly.code == 0 and "Still missing:" in partly.out
    assert "attention_line_and_fax_of_the_payer: Review, fax" in documents("show", draft).out
    assert "Complete" in complete(documents, draft).out
    page = tmp_path / "page.html"
    shown = documents("preview", draft, "--to", page)
    digest = shown.out.split("Digest:")[1].split()[0]
    assert page.stat().st_mode & 0o777 == 0o600 and "As agreed." in page.read_text()
    other = documents("sign", draft, "--by", "Dana Example, LCSW", "--digest", "abc")
    assert other.code == EXIT_NEEDS_PERSON and "[changed_since]" in other.err
    done = documents("sign", draft, "--by", "Dana Example, LCSW", "--digest", digest)
    assert done.code == 0, done.err
    assert "Signed: version 1, 2026-11-20 17:00 EST, by Dana Example, LCSW" in done.out
    assert digest in done.out and "4 deliveries queued" in done.out
    assert "Mind: the report names" in done.out
    again = documents("sign", draft, "--by", "Dana Example, LCSW")
    assert again.code == 0 and "Signed before; nothing changed" in again.out
    shown = documents("show", draft).out
    assert "signed as version 1" in shown and "what lies here is what was signed" in shown
    assert draft not in waiting(documents, "insurer")
    assert entries(home).count(("document_signed", "Dana Example, LCSW")) == 2
    assert ("document_filled", "Kim Sample") in entries(home)


def test_texts_are_copied_from_another_draft_only_of_the_same_person(documents):
    one, two = waiting(documents, "insurer")
    complete(documents, one)
    refused = documents("fill", two, "--from", one)
    assert refused.code == EXIT_NEEDS_PERSON and "another patient" in refused.err
    nothing = documents("fill", two)
    assert nothing.code == 2 and "--set FIELD=TEXT or --from ID" in nothing.err
    odd = documents("fill", two, "--set", "no equals sign")
    assert odd.code == 2 and "write FIELD=TEXT" in odd.err
    wrong = documents("fill", two, "--set", "atention_line=x")
    assert wrong.code == EXIT_CONFIGURATION and "attention_line_and_fax" in wrong.err


def test_withdrawn_and_signed_again(documents):
    draft, *_ = waiting(documents, "insurer")
    complete(documents, draft)
    documents("sign", draft, "--by", "Dana Example, LCSW")
    done = documents("withdraw", draft, "--by", "Dana Example", "--why", "wrong dates")
    assert done.code == 0 and done.out.startswith("Withdrawn: ")
    made = done.out.split()[1].rstrip(",")
    assert "Dana Example: wrong dates" in documents("show", made).out
    assert draft in waiting(documents, "insurer")
    assert documents("sign", draft, "--by", "Dana Example, LCSW").code == 0


def test_a_patient_report_is_released(documents):
    draft, *_ = waiting(documents, "patient")
    signed = documents("sign", draft, "--by", "Dana Example, LCSW")
    assert signed.code == EXIT_CONFIGURATION and "documents release" in signed.err
    done = documents("release", draft, "--by", "Dana Example")
    assert done.code == 0 and "Released: version 1" in done.out
    assert "Released before" in documents("release", draft, "--by", "Dana Example").out
    listed = documents("list", "--kind", "patient").out
    assert "version 1, released 11/20/2026 by Dana Example" in listed


def test_names_are_asked_for_as_they_are_shown(documents):
    draft, *_ = waiting(documents, "insurer")
    for by, said in (("Dana", "name and credential"), ("Dana Example, PTA", "the clinician must")):
        done = documents("sign", draft, "--by", by)
        assert done.code == EXIT_CONFIGURATION and said in done.err
    unknown = documents("show", "zzz")
    assert unknown.code == EXIT_CONFIGURATION and "[no_such_document]" in unknown.err


def test_status_says_how_many_wait(connector, home):
    done = connector("--home", home, "status", "--json")
    assert json.loads(done.out)["waiting_for"] == {"release": 3, "signature": 2, "letter": 0}
    shown = connector("--home", home, "status")
    assert "waiting for signature 2" in shown.words and "waiting for release 3" in shown.words

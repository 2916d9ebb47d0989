"""Signing and releasing on both databases: once, whole, by whom it should be, nothing before."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest

from connector.errors import ConfigurationError, InvalidRecord, Rejected, RetryLater
from connector.pipeline.deliver import Route
from connector.pipeline.release import packet_digest, signer
from connector.release import copy_fields, detail, fill, lines, preview, release, sign, withdraw
from connector.store.deliveries import Deliveries
from connector.testing import FakeDestination

CASE = "authorization_seventh_of_eight"
DANA = signer("Dana Example, LCSW", "LCSW-0042", "1000000012")
WITH_PAGES = ("patient", "insurer", "packet_manifest")


@dataclass
class Practice:
    """A bench with a folder that keeps drafts and a chart that does not."""

    bench: Any
    work: Any
    desk: Any
    filing: FakeDestination
    chart: FakeDestination

    @property
    def store(self) -> Any:
        return self.bench.store

    def run(self) -> None:
        self.bench.pick_up()
        self.bench.map_all()
        self.bench.evaluate_all()
        self.bench.send_due()

    def waiting(self, kind: str) -> list[str]:
        zone = self.desk.zone
        rows = self.store.read(lambda tx: lines(tx, zone, waiting=True, kinds=[kind]))
        return [line.row.document_id for line in rows]

    def fill(self, draft: str) -> None:
        given = self.store.read(lambda tx: detail(tx, draft, self.desk.zone))
        texts = {
            f.key: "F33.1, moderate" if "icd" in f.key else f"Text {n} <b>&"
            for n, f in enumerate(given.fields)
        }
        assert fill(self.desk, draft, texts, by="Kim") == {}

    def signed(self, draft: str) -> Any:
        self.fill(draft)
        return sign(self.desk, draft, DANA)

    def spec(self, document_id: str) -> Any:
        return self.store.read(lambda tx: tx.documents.spec(document_id))

    def audit(self) -> list[tuple[str, str]]:
        return [(r.action, r.actor) for r in self.store.read(lambda tx: list(tx.audit.rows()))]


@pytest.fixture
def opened(bench: Any) -> Any:
    """Opens a practice on the exports of a golden case."""

    def make(case: str = CASE) -> Practice:
        made = bench(case, receives=WITH_PAGES)
        filing, chart = made.destination, FakeDestination()
        routes = [
            Route(destination="filing", receives=WITH_PAGES, formats=("html", "json")),
            Route(
                destination="chart", receives=WITH_PAGES, formats=("html", "json"),
                one_format=True, unreleased=False,
            ),
        ]  # fmt: skip
        made.work = replace(
            made.work, routes=routes, destinations={"filing": filing, "chart": chart}
        )
        desk = replace(made.app.desk(made.store), routes=routes, now=made.clock)
        practice = Practice(made, made.work, desk, filing, chart)
        practice.run()
        return practice

    return make


@pytest.fixture
def practice(opened: Any) -> Practice:
    return opened()


def paths(destination: FakeDestination) -> list[str]:
    return [one.path for one in destination.sent.values()]


def test_nothing_has_left_and_the_signed_packet_goes_everywhere(practice: Practice) -> None:
    assert practice.chart.sent == {}
    assert practice.filing.sent and all(p.startswith("for-review/") for p in paths(practice.filing))
    [draft, *_] = practice.waiting("insurer")
    before = practice.spec(draft)
    done = practice.signed(draft)
    practice.bench.send_due()
    assert sorted(p.split("/")[0] for p in paths(practice.chart)) == ["insurer", "packets"]
    normal = [p for p in paths(practice.filing) if not p.startswith("for-review/")]
    assert sorted(p.split("/")[0] for p in normal) == ["insurer", "insurer", "packets"]
    assert practice.spec(draft) == before, "the draft stays as it is"
    made = practice.spec(done.signature.document_id)
    assert made.draft_id == draft and made.digest != before.digest
    [page] = [o.content.decode() for o in practice.chart.sent.values() if o.path.endswith("html")]
    for shown in (
        "Dana Example, LCSW", "License LCSW-0042", "NPI 1000000012", "Text 1 &lt;b&gt;&amp;",
        "11/20/2026 5:00 PM EST", done.signature.digest[:8],
    ):  # fmt: skip
        assert shown in page, shown
    assert "draft" not in page.lower() and "To be completed" not in page
    assert draft not in practice.waiting("insurer")
    assert practice.audit().count(("document_signed", "Dana Example, LCSW")) == 2


def test_signing_covers_report_and_manifest_together(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    done = practice.signed(draft)
    rows = practice.store.read(lambda tx: tx.signatures.together(done.signature))
    specs = [practice.spec(row.document_id) for row in rows]
    assert {spec.kind for spec in specs} == {"insurer", "packet_manifest"}
    assert packet_digest(specs) == done.signature.digest
    [manifest] = [spec.context for spec in specs if spec.kind == "packet_manifest"]
    assert manifest["ready"] and manifest["to_complete"] == []
    assert manifest["signature"]["holds"][0]["document_id"] == done.signature.document_id
    changed = [s.model_copy(update={"context": {**s.context, "extra": 1}}) for s in specs]
    assert packet_digest(changed) != done.signature.digest
    assert practice.store.read(lambda tx: detail(tx, draft, practice.desk.zone)).whole is True


def test_signing_twice_is_one_signature(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    first = practice.signed(draft)
    manifest = practice.store.read(
        lambda tx: [r.draft_id for r in tx.signatures.together(first.signature)]
    )
    other = signer("Lee Other, PhD")
    for again in (draft, *manifest, first.signature.document_id):
        second = sign(practice.desk, again, other)
        assert second.before and second.by == DANA.full and second.deliveries == 0
        assert second.signature.digest == first.signature.digest
    assert practice.audit().count(("document_signed", DANA.full)) == 2


def test_two_who_sign_at_once_make_one_signature(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    practice.fill(draft)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(sign(practice.desk, draft, DANA)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done.before for done in found) == [False, True, True, True]
    assert len({done.signature.document_id for done in found}) == 1


def test_a_crash_between_signing_and_queueing_leaves_nothing_half(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    [draft, *_] = practice.waiting("insurer")
    practice.fill(draft)
    state = practice.bench.state()

    class Died(Exception):
        pass

    def dies(*_: Any) -> int:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(Deliveries, "add", dies)
        with pytest.raises(Died):
            sign(practice.desk, draft, DANA)
    assert practice.bench.state() == state and draft in practice.waiting("insurer")
    assert sign(practice.desk, draft, DANA).deliveries == 5


def test_missing_fields_are_named(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    with pytest.raises(Rejected, match=r"attention_line_and_fax_of_the_payer \(Att") as caught:
        sign(practice.desk, draft, DANA)
    assert caught.value.code == "fields_missing"
    with pytest.raises(ConfigurationError, match="Did you mean") as unknown:
        fill(practice.desk, draft, {"atention": "x"}, by="Kim")
    assert unknown.value.code == "unknown_field" and "Nothing was filled" in unknown.value.message
    left = fill(practice.desk, draft, {"attention": "Review, fax 555-0199"}, by="Kim")
    assert "attention_line_and_fax_of_the_payer" not in left
    left = fill(practice.desk, draft, {"Attention line and fax of the payer": " "}, by="Kim")
    assert "attention_line_and_fax_of_the_payer" in left


def test_of_several_fields_each_that_is_wrong_is_named_and_none_is_kept(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    given = {
        "attention": "Review", "skiled": "x", "visits": "6 visits, 02/28/2027 until 12/01/2026",
        "reason": "x" * 5000,
    }  # fmt: skip
    with pytest.raises(InvalidRecord) as several:
        fill(practice.desk, draft, given, by="Kim")
    told = several.value.sentence()
    for part in ("'skiled'", "visits_asked_for_and_dates: ", "reason_for_the_frequency_"):
        assert part in told.partition("Valid values")[0], told
    assert told.count("Valid values") == 1 and "Nothing was filled (got '02/28/2027" in told
    assert "2027" not in str(several.value), "what may be logged"
    with pytest.raises(InvalidRecord, match="Nothing was filled") as dates:
        fill(practice.desk, draft, {"attention": "R", "visits": given["visits"]}, by="Kim")
    assert "02/28/2027 to 12/01/2026" in dates.value.sentence()
    assert "Attention line and fax of the payer" in preview(practice.desk, draft).missing


def test_the_preview_names_the_digest_that_is_signed(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    assert "Attention line and fax of the payer" in preview(practice.desk, draft).missing
    practice.fill(draft)
    shown = preview(practice.desk, draft)
    assert shown.missing == () and "Text 1 &lt;b&gt;" in shown.page and "draft" in shown.page
    fill(practice.desk, draft, {"attention": "somebody else"}, by="Kim")
    with pytest.raises(Rejected, match="changed since") as caught:
        sign(practice.desk, draft, DANA, seen=shown.digest)
    assert caught.value.code == "changed_since"
    now = preview(practice.desk, draft).digest
    assert sign(practice.desk, draft, DANA, seen=now[:12]).signature.digest == now
    with pytest.raises(Rejected, match="signed"):
        preview(practice.desk, draft)
    with pytest.raises(Rejected, match="signed"):
        fill(practice.desk, draft, {"attention": "too late"}, by="Kim")


def newer(practice: Practice, rows: Any, client: str, number: int = 1) -> None:
    """A new form of the primary measure arrives a day later."""
    practice.bench.clock.on(days=1)
    form = rows.form(
        f"F-N{number}", client, [0] * 9, date_completed=f"11/{20 + number}/2026",
        last_updated=f"2026-11-{20 + number} 10:12:00",
    )  # fmt: skip
    practice.bench.site.drop_rows(f"assessment_items_new_{number}.csv", [form])
    practice.run()


def chart_of(practice: Practice, draft: str) -> str:
    return practice.store.read(lambda tx: detail(tx, draft, practice.desk.zone)).line.chart_number


def mental_health(practice: Practice) -> str:
    [draft] = [d for d in practice.waiting("insurer") if chart_of(practice, d) == "C-3401"]
    return draft


def test_a_newer_draft_keeps_the_older_one_from_being_signed(practice: Practice, rows: Any) -> None:
    old = mental_health(practice)
    practice.fill(old)
    newer(practice, rows, "C-3401")
    new = mental_health(practice)
    assert new != old
    with pytest.raises(Rejected, match=new) as caught:
        sign(practice.desk, old, DANA)
    assert caught.value.code == "newer_version"
    assert copy_fields(practice.desk, new, old, by="Kim") == {}
    assert not sign(practice.desk, old, DANA, this_version=True).before
    assert new in practice.waiting("insurer")


def test_new_facts_after_signing_make_a_version_that_amends(practice: Practice, rows: Any) -> None:
    first = practice.signed(mental_health(practice))
    practice.bench.send_due()
    kept, sent = practice.spec(first.signature.document_id), len(practice.chart.sent)
    newer(practice, rows, "C-3401")
    second = practice.signed(mental_health(practice))
    practice.bench.send_due()
    assert second.signature.version == 2 and len(practice.chart.sent) == sent + 2
    made = practice.spec(second.signature.document_id)
    assert made.context["version"] == {
        "number": 2,
        "amends": {
            "number": 1, "signed_on": "11/20/2026", "by": DANA.full,
            "digest": first.signature.digest,
        },
    }  # fmt: skip
    page = practice.desk.page(made)
    assert "It amends version 1, signed 11/20/2026 by Dana Example, LCSW" in page
    assert practice.spec(first.signature.document_id) == kept
    shown = practice.store.read(
        lambda tx: detail(tx, second.signature.document_id, practice.desk.zone)
    )
    assert [row.version for row in shown.versions] == [1, 2] and shown.whole
    with pytest.raises(Rejected, match="later version amends"):
        withdraw(practice.desk, first.signature.document_id, by="Dana", why="wrong")


def test_withdrawn_before_it_left_it_never_leaves(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    first = practice.signed(draft)
    ids = withdraw(practice.desk, draft, by="Dana Example", why="the dates are wrong")
    assert len(ids) == 2 and first.signature.document_id in ids
    practice.bench.send_due()
    assert practice.chart.sent == {} and draft in practice.waiting("insurer")
    with pytest.raises(Rejected, match="withdrawn already"):
        withdraw(practice.desk, first.signature.document_id, by="Dana", why="again")
    with pytest.raises(Rejected, match=draft):
        sign(practice.desk, first.signature.document_id, DANA)
    again = sign(practice.desk, draft, DANA)
    assert again.signature.document_id != first.signature.document_id
    assert (again.signature.version, again.signature.digest) == (1, first.signature.digest)
    practice.bench.send_due()
    assert len(practice.chart.sent) == 2
    assert practice.audit().count(("signature_withdrawn", "Dana Example")) == 2
    with pytest.raises(Rejected, match="has gone to") as caught:
        withdraw(practice.desk, draft, by="Dana", why="too late")
    assert caught.value.code == "already_left"


@pytest.mark.parametrize(("code", "allowed"), [("unreachable", True), ("answer_lost", False)])
def test_what_may_have_left_is_not_withdrawn(practice: Practice, code: str, allowed: bool) -> None:
    [draft, *_] = practice.waiting("insurer")
    done = practice.signed(draft)
    faults = [RetryLater(code, "no") for _ in range(9)]
    down = FakeDestination(failures=faults)
    practice.bench.work = replace(practice.work, destinations={"filing": down, "chart": down})
    practice.bench.send_due()
    if allowed:
        withdraw(practice.desk, done.signature.document_id, by="Dana", why="wrong")
        return
    with pytest.raises(Rejected, match="may have reached") as caught:
        withdraw(practice.desk, done.signature.document_id, by="Dana", why="wrong")
    assert caught.value.code == "may_have_left"


def test_a_draft_that_is_not_to_be_sent(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    practice.fill(draft)
    assert len(withdraw(practice.desk, draft, by="Dana", why="Blake changed the payer")) == 2
    assert draft not in practice.waiting("insurer")
    with pytest.raises(Rejected, match="--this-version"):
        sign(practice.desk, draft, DANA)
    assert not sign(practice.desk, draft, DANA, this_version=True).before
    texts = [r.detail for r in practice.store.read(lambda tx: list(tx.audit.rows()))]
    assert not any("Blake" in text for text in texts), "the reason stays sealed"


def test_a_patient_report_is_released_once(practice: Practice) -> None:
    [draft, *_] = practice.waiting("patient")
    done = release(practice.desk, draft, "Dana Example")
    assert not done.before and release(practice.desk, draft, "Lee").before
    practice.bench.send_due()
    [out] = practice.chart.sent.values()
    assert out.path.startswith("patient/") and "Dana" not in out.content.decode()
    assert (
        practice.desk.page(practice.spec(draft)).split("<body>")[1]
        == (out.content.decode().split("<body>")[1])
    )
    with pytest.raises(ConfigurationError, match="documents release"):
        sign(practice.desk, draft, DANA)
    with pytest.raises(ConfigurationError, match="is not released"):
        release(practice.desk, practice.waiting("insurer")[0], "Dana")


def test_an_open_safety_item_must_be_reviewed_first(opened: Any) -> None:
    practice = opened("mh_deteriorating_with_safety_item")
    refused = []
    for draft in practice.waiting("patient"):
        try:
            release(practice.desk, draft, "Dana")
        except Rejected as fault:
            assert fault.code == "safety_not_reviewed"
            refused.append(draft)
    assert refused, "one of the two charts has a positive item"
    for row in practice.bench.alerts("open"):
        practice.store.write(
            lambda tx, key=row.alert.key: tx.alerts.acknowledge(key, "Dana", practice.desk.now())
        )
    with pytest.raises(Rejected, match="safety"):
        release(practice.desk, refused[0], "Dana")
    done = release(practice.desk, refused[0], "Dana", safety_reviewed=True)
    assert done.signature.body["safety_reviewed"] is True


def test_a_new_destination_gets_what_was_signed_before(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    practice.signed(draft)
    more = [*practice.desk.routes, Route(destination="more", receives=("insurer",))]
    assert sign(replace(practice.desk, routes=more), draft, DANA).deliveries == 3


def test_the_source_deleted_the_patient(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    practice.fill(draft)
    patient = practice.spec(draft).patient_id
    practice.store.write(lambda tx: tx.progress.remove(patient))
    assert draft not in practice.waiting("insurer")
    with pytest.raises(Rejected, match="deleted this patient"):
        sign(practice.desk, draft, DANA)


def test_a_template_must_show_the_signature(practice: Practice) -> None:
    [draft, *_] = practice.waiting("insurer")
    practice.fill(draft)
    bare = replace(practice.desk, page=lambda spec: "<p>Dana Example</p>")
    with pytest.raises(ConfigurationError, match="date and digest") as caught:
        sign(bare, draft, DANA)
    assert caught.value.code == "signature_not_shown"
    assert draft in practice.waiting("insurer")


@pytest.mark.parametrize("given", ["nothing", ""])
def test_an_unknown_document_is_named(practice: Practice, given: str) -> None:
    with pytest.raises(ConfigurationError, match="no document"):
        sign(practice.desk, given, DANA)


def consent(practice: Practice, name: str, **changes: str) -> None:
    row = {
        "consent_id": "S-1", "client_id": "C-3401", "scope": "SUD Disclosure",
        "granted": "11/01/2026", "expires": "", "revoked": "",
        "last_updated": "2026-11-01 08:00:00", **changes,
    }  # fmt: skip
    practice.bench.site.drop_rows(name, [row])


def test_substance_use_content_needs_a_consent_that_still_holds(
    practice: Practice, rows: Any
) -> None:
    text = {"risk_status": "Low. Alcohol use in remission."}
    with pytest.raises(InvalidRecord, match="no valid consent") as caught:
        fill(practice.desk, mental_health(practice), text, by="Kim")
    assert caught.value.code == "sud_without_consent" and "Alcohol" not in str(caught.value)
    consent(practice, "consents_1.csv")
    newer(practice, rows, "C-3401")
    draft = mental_health(practice)
    practice.fill(draft)
    fill(practice.desk, draft, text, by="Kim")
    assert "42 CFR part 2" in preview(practice.desk, draft).page
    consent(practice, "consents_2.csv", revoked="11/21/2026", last_updated="2026-11-21 08:00:00")
    practice.run()
    assert mental_health(practice) == draft, "a consent is no new fact of progress"
    with pytest.raises(Rejected, match="has ended") as ended:
        sign(practice.desk, draft, DANA)
    assert ended.value.code == "consent_ended"
    fill(practice.desk, draft, {"risk_status": "Low."}, by="Kim")
    assert not sign(practice.desk, draft, DANA).before

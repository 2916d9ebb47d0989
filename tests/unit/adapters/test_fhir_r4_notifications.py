"""Notifications of subscriptions: who may send them, what becomes rows and what is fetched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fhir_r4 import ADAPTER, FhirSourceSettings
from adapters.fhir_r4.notification import read_notification
from adapters.fhir_r4.settings import IDENTIFIER_SYSTEM
from adapters.fhir_r4.source import FhirServer
from adapters.fhir_r4.webhook import FhirNotifications
from connector.announced import CATCH_UP
from connector.errors import ConfigurationError, InvalidRecord, NotAuthentic, RetryLater
from connector.ports import AdapterContext, Posted, RawPage

SECRET = "a-secret-of-the-subscription"
AT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
PERSON = "p-770031"


def options(**more: Any) -> FhirSourceSettings:
    subscription = {"secret": [{"env": "NEW_SECRET"}, {"env": "OLD_SECRET"}], **more}
    return FhirSourceSettings.model_validate(
        {"base_url": "https://ehr.example/fhir", "subscription": subscription}
    )


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW_SECRET", SECRET)
    monkeypatch.setenv("OLD_SECRET", "the-secret-used-until-now")


def hook(home: Path, name: str = "ehr", **more: Any) -> FhirNotifications:
    assert ADAPTER.webhook is not None
    made = ADAPTER.webhook(options(**more), AdapterContext(name, home))
    assert isinstance(made, FhirNotifications)
    return made


def bundle(
    kind: str = "event-notification",
    events: tuple[tuple[Any, str | None], ...] = (),
    total: Any = None,
    entries: tuple[dict[str, Any], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """A notification as the Backport guide's R4 examples have it."""
    parameters: list[dict[str, Any]] = [
        {
            "name": "subscription",
            "valueReference": {"reference": "https://e.example/Subscription/s1"},
        },
        {"name": "status", "valueCode": more.get("status", "active")},
        {"name": "type", "valueCode": kind},
    ]
    if total is not None:
        parameters.append({"name": "events-since-subscription-start", "valueString": str(total)})
    for number, focus in events:
        part: list[dict[str, Any]] = [{"name": "event-number", "valueString": str(number)}]
        if focus is not None:
            part.append({"name": "focus", "valueReference": {"reference": focus}})
        parameters.append({"name": "notification-event", "part": part})
    status = {"resourceType": "Parameters", "parameter": parameters}
    return {
        "resourceType": "Bundle", "type": "history",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": status}, *entries],
    }  # fmt: skip


def post(content: Any, secret: str = SECRET) -> Posted:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Posted({"authorization": f"Bearer {secret}"}, body, AT)


def score(own_id: str = "o-1", **more: Any) -> dict[str, Any]:
    meta = {"versionId": "3", "lastUpdated": "2026-11-20T21:59:00Z"}
    return {"resource": {"resourceType": "Observation", "id": own_id, "meta": meta, **more}}


def test_a_handshake_and_a_heartbeat_are_heard_and_bring_nothing(tmp_path: Path) -> None:
    page = hook(tmp_path).receive(post(bundle("handshake", total=0)))
    assert page.batches == () and page.notices == ()
    assert page.heard is not None and page.heard.begins and page.heard.channel == "s1"
    page = hook(tmp_path).receive(post(bundle("heartbeat", total=7)))
    assert page.heard is not None and (page.heard.total, page.heard.begins) == (7, False)
    assert page.notices == ()


def test_ids_become_notices_with_their_event_so_that_none_takes_anothers_place(
    tmp_path: Path,
) -> None:
    focus = "https://ehr.example/fhir/Observation/o-1/_history/4"
    page = hook(tmp_path).receive(post(bundle(events=((5, focus), (6, "Patient/p-1")), total=6)))
    assert page.notices == ("Observation/o-1|5|s1", "Patient/p-1|6|s1")
    assert page.heard is not None and page.heard.events == (5, 6)
    later = hook(tmp_path).receive(post(bundle(events=((7, focus),), total=7)))
    assert later.notices == ("Observation/o-1|7|s1",)
    bare = {"fullUrl": "https://ehr.example/fhir/Goal/g-1", "request": {"method": "PUT"}}
    page = hook(tmp_path).receive(post(bundle(events=((8, None),), entries=(bare,))))
    assert page.notices == ("Goal/g-1|8|s1",)


def test_resources_that_came_are_rows_and_need_not_be_fetched(tmp_path: Path) -> None:
    gone = {"request": {"method": "DELETE", "url": "Goal/g-1"}, "fullUrl": "Goal/g-1"}
    events = ((9, "Observation/o-1"), (10, "Goal/g-1"), (11, "Observation/o-2"))
    page = hook(tmp_path).receive(post(bundle(events=events, entries=(score(), gone))))
    rows = [(b.table, r.data["id"], r.deleted) for b in page.batches for r in b.rows]
    assert rows == [("Observation", "o-1", False), ("Goal", "g-1", True)]
    assert page.notices == ("Observation/o-2|11|s1",)
    again = hook(tmp_path).receive(post(bundle(events=events, entries=(score(), gone))))
    assert [b.key for b in again.batches] == [b.key for b in page.batches]


def test_what_we_filed_ourselves_is_no_news(tmp_path: Path) -> None:
    ours = {"identifier": [{"system": IDENTIFIER_SYSTEM, "value": "k"}]}
    form = {"resource": {"resourceType": "QuestionnaireResponse", "id": "q-1",
                         "identifier": ours["identifier"][0]}}  # fmt: skip
    events = ((1, "Observation/o-1"), (2, "QuestionnaireResponse/q-1"))
    page = hook(tmp_path).receive(post(bundle(events=events, entries=(score(**ours), form))))
    assert page.batches == () and page.notices == ()


def test_an_empty_notification_asks_for_a_poll(tmp_path: Path) -> None:
    (notice,) = hook(tmp_path).receive(post(bundle(events=((4, None),), total=4))).notices
    assert notice.startswith(CATCH_UP)


def test_the_form_of_r4b_is_read_too(tmp_path: Path) -> None:
    status = {
        "resourceType": "SubscriptionStatus", "status": "active", "type": "event-notification",
        "subscription": {"reference": "Subscription/s1"}, "eventsSinceSubscriptionStart": 3,
        "notificationEvent": [{"eventNumber": "3", "focus": {"reference": "Goal/g-1"}}],
    }  # fmt: skip
    page = hook(tmp_path).receive(
        post({"resourceType": "Bundle", "type": "subscription-notification",
              "entry": [{"resource": status}]})
    )  # fmt: skip
    assert page.notices == ("Goal/g-1|3|s1",)


def test_a_subscription_in_trouble_says_so_without_the_servers_words(tmp_path: Path) -> None:
    content = bundle("heartbeat", total=1, status="error")
    error = {"name": "error", "valueCodeableConcept": {"text": "Patient Avery Samplewood"}}
    content["entry"][0]["resource"]["parameter"].append(error)
    heard = hook(tmp_path).receive(post(content)).heard
    assert heard is not None and "error" in heard.trouble and "Avery" not in heard.trouble


def test_only_who_knows_the_secret_is_let_in(tmp_path: Path) -> None:
    content = bundle("heartbeat", total=1)
    hook(tmp_path).receive(post(content, "the-secret-used-until-now"))
    wrong = [post(content, "wrong"), post(content, ""), Posted({}, post(content).body, AT)]
    for posted in [*wrong, Posted({"authorization": SECRET}, post(content).body, AT)]:
        with pytest.raises(NotAuthentic) as caught:
            hook(tmp_path).receive(posted)
        assert SECRET not in str(caught.value)
    other = hook(tmp_path, header="X-Secret")
    other.receive(Posted({"x-secret": SECRET}, post(content).body, AT))


@pytest.mark.parametrize("secret", ["fifteen-letters", "with-letters-of-höher-kind-here"])
def test_a_secret_that_can_be_guessed_or_sent_wrongly_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("NEW_SECRET", secret)
    with pytest.raises(ConfigurationError) as caught:
        hook(tmp_path)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff", b"{}", b"[]", {"resourceType": "Patient", "id": "p"},
        {"resourceType": "Bundle", "entry": []}, {"resourceType": "Bundle", "entry": [1]},
        {"resourceType": "Bundle", "entry": [score()]}, bundle("gossip"),
        bundle(events=(("many", "Goal/g-1"),)), bundle(events=((1, "not a reference"),)),
        bundle(events=((1, "Goal/g-1\n"),)), bundle("heartbeat", total="-1"),
    ],
)  # fmt: skip
def test_what_is_no_notification_is_refused_in_words_without_its_content(
    tmp_path: Path, content: Any
) -> None:
    with pytest.raises(InvalidRecord) as caught:
        hook(tmp_path).receive(post(content))
    assert "gossip" not in str(caught.value) and "reference'" not in str(caught.value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resource", "resourceType", "parameter", "name", "part", "request", "url",
                         "valueString", "valueReference", "reference", "fullUrl", "id", "meta"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_json, max_size=3), st.lists(_json, max_size=3), st.sampled_from(["handshake", 3]))
def test_any_bundle_is_read_or_refused(
    parameters: list[Any], entries: list[Any], kind: Any
) -> None:
    content = bundle(kind)
    content["entry"][0]["resource"]["parameter"] += parameters
    content["entry"] += entries
    try:
        read_notification(json.dumps(content).encode())
    except InvalidRecord as fault:
        str(fault).encode()


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidRecord):
        read_notification(body)


def source(fhir: Any, home: Path, **more: Any) -> FhirServer:
    given = {"base_url": fhir.url, "private_network": True, **more}
    return FhirServer(FhirSourceSettings.model_validate(given), AdapterContext("ehr", home))


def rows(pages: list[RawPage]) -> list[tuple[str, str, bool]]:
    return [
        (str(r.data["resourceType"]), str(r.data["id"]), r.deleted)
        for page in pages for batch in page.batches for r in batch.rows
    ]  # fmt: skip


def _by_ids(fhir: Any, method: str, path: str, query: dict[str, str]) -> Any:
    """A search by ``_id``, and 410 for what was deleted."""
    if "_id" in query:
        held = fhir.held.get(path, {})
        entries = [{"resource": held[i]} for i in query["_id"].split(",") if i in held]
        return 200, {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    return (410, {}) if path == "Goal/g-gone" else None


def test_notices_are_answered_by_what_they_name_people_first(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.override = _by_ids
    fhir_counterpart.offers = ["Patient", "Goal", "Observation"]
    fhir_counterpart.put("Patient", "p-1")
    fhir_counterpart.put("Observation", "o-1")
    ours = [{"system": IDENTIFIER_SYSTEM, "value": "k"}]
    fhir_counterpart.put("Observation", "o-ours", identifier=ours)
    notices = [
        "Observation/o-1|1|s", "Observation/o-ours|2|s", "Observation/o-1|3|s", "Goal/g-gone|4|s",
        "Goal/g-unseen|5|s", "Patient/p-1|6|s", "Medication/m-1|7|s", "nonsense",
    ]  # fmt: skip
    pages = list(source(fhir_counterpart, tmp_path).noticed(notices))
    found = rows(pages)
    assert found == [
        ("Patient", "p-1", False),
        ("Goal", "g-gone", True),
        ("Observation", "o-1", False),
    ]
    assert sorted(n for page in pages for n in page.answers) == sorted(notices)


def test_a_server_that_is_away_leaves_the_notices_where_they_are(
    fhir_counterpart: Any, tmp_path: Path
) -> None:
    fhir_counterpart.offers = ["Goal"]
    fhir_counterpart.refuses = {"Goal": 503}
    asking = source(fhir_counterpart, tmp_path)
    with pytest.raises(RetryLater):
        list(asking.noticed(["Goal/g-1|1|s"]))
    fhir_counterpart.refuses = {"Goal": 400}
    (page, _) = asking.noticed(["Goal/g-1|1|s"])
    assert page.answers == ("Goal/g-1|1|s",) and page.faults[0].error.code == "fetch_refused"


def test_a_silence_is_told_after_three_heartbeats(tmp_path: Path) -> None:
    topic = "https://ehr.example/topics/{type}-changed"
    beating = hook(tmp_path, heartbeat_seconds=60, topic=topic)
    assert beating.silent_after == timedelta(seconds=180)
    assert hook(tmp_path, heartbeat_seconds=0, topic=topic).silent_after is None
    assert hook(tmp_path, heartbeat_seconds=60).silent_after is None  # plain R4 has no heartbeat
    told = ADAPTER.concerns(options(heartbeat_seconds=0))
    assert [sentence for sentence in told if "heartbeat" in sentence]


def test_our_own_scores_are_not_read_back_by_polling(fhir_counterpart: Any, tmp_path: Path) -> None:
    ours = [{"system": IDENTIFIER_SYSTEM, "value": "k"}]
    fhir_counterpart.put("Observation", "o-ours", identifier=ours)
    fhir_counterpart.put("Observation", "o-1")
    asking = source(fhir_counterpart, tmp_path, types=["Observation"])
    pages = list(asking.fetch(None))
    assert rows(pages) == [("Observation", "o-1", False)]
    assert rows(list(asking.fetch(pages[-1].cursor))) == []

"""The alert path on both databases: told, next person, acknowledged; faults; self-test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from connector import alert_desk
from connector.alerting.plan import Alerting, channel_id
from connector.engine import self_test
from connector.engine.channel_faults import alert_key
from connector.engine.ingest import raise_alerts
from connector.engine.notify import Notifier
from connector.errors import ConfigurationError, Rejected, RetryLater
from connector.pipeline.identity import cause_key
from connector.progress import Alert
from connector.testing import FakeChannel

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
AWAY = RetryLater("unreachable", "the service can't be reached")
PATIENT = "patient-0000000000000000000a"


def _person(id: str, *audiences: str, channels: tuple[str, ...] = ("phone",)) -> dict[str, Any]:
    ways = [{"name": name, "options": {}} for name in channels]
    return {"id": id, "name": id.capitalize(), "audiences": audiences, "channels": ways}


SECTION = {
    "people": [
        _person("dana", "therapist"), _person("kim"), _person("lee", "data_owner"),
        _person("omar"),
    ],
    "rota": {"shifts": [{"who": "kim", "days": DAYS, "start": "00:00", "end": "24:00"}]},
    "fallback": ["lee", "omar"],
    "heartbeat": {"name": "beat", "options": {}},
}  # fmt: skip


@dataclass
class Path:
    """A practice with people, channels in memory and a set clock."""

    bench: Any
    channels: dict[str, FakeChannel]
    notifier: Notifier

    @property
    def store(self) -> Any:
        return self.bench.store

    def restart(self, *, alone: bool = True) -> Notifier:
        self.notifier = Notifier(self.bench.work, alone=alone)
        return self.notifier

    def go(self, **by: float) -> list[str]:
        """Let time pass, work until nothing is due; who was told by it, in order of channels."""
        self.bench.clock.on(**by)
        before = {name: len(one.told) for name, one in self.channels.items()}
        while self.notifier.turn():
            pass
        return [
            name.partition("/")[0]
            for name, one in self.channels.items()
            for _ in one.told[before[name] :]
        ]

    def alert(self, audience: str = "therapist", severity: str = "page", **given: Any) -> Alert:
        """Raise an alert as the ingest path does."""
        rule = given.pop("rule", "safety_item_positive")
        source = given.pop("source", "assessment-1")
        alert = Alert.model_validate(
            {
                "key": cause_key(PATIENT, f"{rule}/{audience}", (source,)), "rule": rule,
                "patient_id": PATIENT, "severity": severity, "audience": audience,
                "summary": "A safety item needs review", "text": "PHQ-9: item 9 is positive.",
                "raised_on": self.bench.clock().date(), "sources": (source,), **given,
            }
        )  # fmt: skip
        now = self.bench.clock()
        self.store.write(lambda tx: raise_alerts(tx, self.bench.work, [alert], now))
        return alert

    def acknowledge(self, alert: Alert, by: str = "Dana Okafor") -> list[str]:
        now = self.bench.clock()
        taken = alert_desk.acknowledge(self.store, alert.key, by=by, note=None, now=now)
        return [row.alert.audience for row in taken]

    def open_rules(self) -> list[str]:
        return sorted(row.alert.rule for row in self.bench.alerts("open"))

    def notices(self, alert: Alert) -> list[tuple[int, str, str]]:
        rows = self.store.read(lambda tx: tx.notices.of_alert(alert.key))
        return [(row.level, row.person, row.state) for row in rows]


@pytest.fixture
def path(bench: Callable[..., Any]) -> Path:
    made = bench()
    alerting = Alerting.model_validate(SECTION)
    channels = {name: FakeChannel() for name, _ in alerting.channels()}
    made.work = replace(made.work, alerting=alerting, channels=channels)
    return Path(made, channels, Notifier(made.work, alone=True))


def test_a_page_goes_on_until_it_is_acknowledged_by_name(path: Path) -> None:
    alert = path.alert()
    assert path.go() == ["dana"]
    assert path.go(minutes=9) == []
    assert path.go(minutes=1) == ["kim"]
    path.restart()
    assert path.go(minutes=9) == []
    assert path.go(minutes=1) == ["lee"]
    assert path.acknowledge(alert) == ["therapist"]
    path.restart()
    assert path.go(days=2) == []
    assert path.notices(alert) == [(1, "dana", "sent"), (2, "kim", "sent"), (3, "lee", "sent")]
    [row] = path.bench.alerts("acknowledged")
    assert (row.acknowledged_by, row.told, row.tell_at) == ("Dana Okafor", 3, None)
    entries = [row.action for row in alert_desk.show(path.store, alert.key).history]
    assert entries == [
        "alert_raised", "alert_told", "notice_sent", "alert_escalated", "notice_sent",
        "alert_escalated", "notice_sent", "alert_acknowledged",
    ]  # fmt: skip


def test_when_nobody_is_left_everybody_is_told_again(path: Path) -> None:
    path.alert()
    assert [path.go(minutes=10 * bool(n))[0] for n in range(4)] == ["dana", "kim", "lee", "omar"]
    assert path.go(minutes=9) == []
    assert path.go(minutes=1) == ["dana", "kim", "lee", "omar"]
    assert path.go(minutes=29) == []
    assert path.go(minutes=1) == ["dana", "kim", "lee", "omar"]


def test_therapist_and_on_call_are_one_matter(path: Path) -> None:
    therapist, on_call = path.alert(), path.alert("on_call")
    assert path.go() == ["dana", "kim"]
    assert sorted(path.acknowledge(on_call, "Kim Sample")) == ["on_call", "therapist"]
    assert path.bench.alerts("open") == []
    assert path.acknowledge(therapist) == []
    assert path.go(days=1) == []


def test_two_alerts_of_one_moment_are_one_message(path: Path) -> None:
    path.alert("therapist", "urgent", rule="deterioration", source="a-1")
    path.alert("therapist", "urgent", rule="deterioration", source="a-2")
    assert path.go() == ["dana"]
    [told] = path.channels["dana/phone"].told
    assert told.title == "Urgent: a measure got worse (2) - Small Practice"


def test_the_same_alert_found_again_tells_nobody_again(path: Path) -> None:
    """Per person, rule and score: the key says so."""
    path.alert()
    assert path.go() == ["dana"]
    path.alert(text="PHQ-9: item 9 is positive, the same.")
    assert path.go() == []


def test_a_withdrawn_alert_tells_nobody_and_raised_again_begins_anew(path: Path) -> None:
    alert = path.alert()
    assert path.go() == ["dana"]
    now = path.bench.clock()
    path.store.write(lambda tx: tx.alerts.retract([alert.key], "corrected", now))
    assert path.go(hours=1) == []
    path.alert()
    assert path.go() == ["dana"]


def test_what_became_a_page_is_told_as_one(path: Path) -> None:
    path.alert("therapist", "action")
    assert path.go() == []
    path.alert("therapist", "page")
    assert path.go() == ["dana"]


def test_months_of_history_page_nobody(path: Path) -> None:
    old = path.bench.clock().date() - timedelta(days=31)
    path.alert("therapist", "urgent", rule="deterioration", raised_on=old)
    assert path.go() == []
    assert path.open_rules() == ["deterioration"]


@pytest.mark.parametrize(
    ("rule", "severity", "told"),
    [
        ("safety_item_positive", "page", ["no_person"]),
        ("safety_item_missing", "action", ["no_person"]),
        ("overdue_assessment", "action", []),
    ],
)
def test_that_a_pressing_alert_reaches_nobody_is_in_the_audit_log(
    path: Path, rule: str, severity: str, told: list[str]
) -> None:
    one = Alerting.model_validate({"people": [_person("bea", "billing")], "fallback": ["bea"]})
    path.bench.work = replace(path.bench.work, alerting=one)
    path.restart()
    # Through a channel of which the alert tells nobody is told it.
    alert = path.alert(severity=severity, rule=rule, source=channel_id("bea", "phone"))
    assert path.go() == []
    entries = path.store.read(lambda tx: tx.audit.latest(100, subject=alert.key))
    assert [one.outcome for one in entries if one.action == "alert_told_nobody"] == told


def test_a_channel_that_fails_tells_the_next_person_at_once_and_is_an_alert(path: Path) -> None:
    path.channels["dana/phone"].failure = AWAY
    alert = path.alert()
    assert path.go() == ["kim", "lee"]
    assert path.channels["kim/phone"].told[0].title.startswith("PAGE: a safety item")
    [system] = path.channels["lee/phone"].told
    assert system.title == "Urgent: an alert channel failed - Small Practice"
    assert path.open_rules() == ["channel_failed", "safety_item_positive"]
    # Tried again soon; when it works, the alert about it goes by itself.
    path.channels["dana/phone"].failure = None
    assert path.go(seconds=15) == ["dana"]
    assert path.open_rules() == ["safety_item_positive"]
    assert path.notices(alert) == [(1, "dana", "sent"), (2, "kim", "sent")]


def test_every_channel_down_ends_without_a_loop(path: Path) -> None:
    for channel in path.channels.values():
        channel.failure = AWAY
    path.alert()
    turns = 0
    while path.notifier.turn():
        turns += 1
        assert turns < 20, "a loop"
    attempts = sum(one.attempts for one in path.channels.values())
    failed = [row for row in path.bench.alerts("open") if row.alert.rule == "channel_failed"]
    # One alert for each channel, at most one attempt of each alert by each channel.
    assert len(failed) == 4 and attempts <= 4 * 5
    assert path.go(minutes=5) == []
    path.channels["kim/phone"].failure = None
    assert set(path.go(hours=1)) == {"kim"}


def test_a_channel_that_refuses_for_good_is_not_tried_again(path: Path) -> None:
    path.channels["dana/phone"].failure = Rejected("refused", "the service refuses the message")
    alert = path.alert()
    path.go()
    assert path.notices(alert)[0] == (1, "dana", "failed")
    for _ in range(3):
        path.go(hours=3)
    level_one = [row for row in path.notices(alert) if row[0] == 1]
    assert level_one == [(1, "dana", "failed")]


def test_an_acknowledged_alert_stops_what_waits_for_another_attempt(path: Path) -> None:
    path.channels["dana/phone"].failure = AWAY
    alert = path.alert()
    path.go()
    path.acknowledge(alert)
    path.channels["dana/phone"].failure = None
    assert "dana" not in path.go(hours=1)
    assert path.notices(alert)[0] == (1, "dana", "stopped")


def test_a_defect_of_a_channel_is_a_failure_of_it_alone(path: Path) -> None:
    path.channels["dana/phone"].failure = ZeroDivisionError()  # type: ignore[assignment]
    path.alert()
    assert "kim" in path.go()


def test_a_crash_while_telling_is_made_up_for(path: Path) -> None:
    """Marked, perhaps told: told again is better than never."""
    alert = path.alert()
    path.channels["dana/phone"].failure = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        path.notifier.turn()
    assert path.notices(alert) == [(1, "dana", "sending")]
    path.channels["dana/phone"].failure = None
    path.restart(alone=False)
    assert path.go() == [], "another process may be telling"
    assert path.go(minutes=4) == ["dana"]
    assert path.notices(alert) == [(1, "dana", "sent")]


def test_two_replicas_share_and_tell_nobody_twice(path: Path) -> None:
    """Both plan and claim at once, again and again; each notice is sent by one of them."""
    from concurrent.futures import ThreadPoolExecutor

    both = [Notifier(path.bench.work, alone=False) for _ in range(2)]
    for number in range(6):
        path.alert(source=f"a-{number}", rule="safety_item_positive")
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            list(pool.map(lambda one: one.turn(), both))
    told = [line for one in path.channels["dana/phone"].told for line in one.body.splitlines()]
    listed = [part for line in told if line.startswith("Alert") for part in line[6:-1].split(", ")]
    more = sum(int(line.split()[-2]) for line in told if " more" in line)
    listed = [part.split(" and")[0] for part in listed]
    assert len(set(listed)) == len(listed) and len(listed) + more == 6
    states = path.store.read(lambda tx: tx.notices.counts())
    assert states == {"sent": 6}


def test_the_hourly_self_test(path: Path) -> None:
    assert self_test.begin(path.bench.work)
    assert not self_test.begin(path.bench.work), "once an hour"
    assert path.go() == ["heartbeat"], "nobody is disturbed"
    people = [one for name, one in path.channels.items() if name != "heartbeat"]
    assert [one.tests for one in people] == [1, 1, 1, 1]
    result = path.store.read(self_test.result)
    assert result["ok"] and result["failed"] == []
    assert path.bench.alerts() == [], "the test leaves nothing behind"
    path.bench.clock.on(hours=1)
    assert self_test.begin(path.bench.work)
    assert path.go() == ["heartbeat"]


def test_a_self_test_that_fails_is_an_alert_and_no_heartbeat(path: Path) -> None:
    path.channels["kim/phone"].test_failure = ConfigurationError("not_signed_in", "wrong token")
    self_test.begin(path.bench.work)
    assert path.go() == ["lee"]
    result = path.store.read(self_test.result)
    assert not result["ok"] and result["failed"] == ["kim/phone"]
    assert path.open_rules() == ["channel_failed"]
    path.channels["kim/phone"].test_failure = None
    path.bench.clock.on(hours=1)
    self_test.begin(path.bench.work)
    assert path.go() == ["heartbeat"]
    assert path.open_rules() == []


def test_a_test_does_not_disprove_a_message_that_failed(path: Path) -> None:
    """The test goes to another address: that one works says nothing of the person's own."""
    path.channels["dana/phone"].failure = AWAY
    path.alert()
    path.go()
    self_test.begin(path.bench.work)
    path.go()
    assert "channel_failed" in path.open_rules()
    health = path.store.read(lambda tx: tx.channels.all()["dana/phone"])
    assert (health.works, health.code) == (False, "unreachable")


def test_a_self_test_that_never_ends_is_an_alert(path: Path) -> None:
    self_test.begin(path.bench.work)
    path.bench.clock.on(hours=1)
    self_test.begin(path.bench.work)
    assert "self_test_failed" in path.open_rules()
    assert not path.store.read(self_test.result)["ok"]
    assert "lee" in path.go()
    path.bench.clock.on(hours=1)
    self_test.begin(path.bench.work)
    path.go()
    assert path.open_rules() == []


def test_the_alert_of_a_channel_is_one(path: Path) -> None:
    path.channels["dana/phone"].failure = AWAY
    path.alert()
    path.go()
    path.alert(source="a-2")
    path.go(minutes=1)
    rows = [row for row in path.bench.alerts() if row.alert.rule == "channel_failed"]
    assert [row.alert.key for row in rows] == [alert_key("dana/phone")]


def test_resolving_keeps_who_and_how(path: Path) -> None:
    alert = path.alert()
    now = path.bench.clock()

    def resolve(outcome: str, note: str | None = None) -> list[Any]:
        by = " Kim  Sample "
        return alert_desk.resolve(
            path.store, alert.key[:10], by=by, outcome=outcome, note=note, now=now
        )

    with pytest.raises(ConfigurationError, match="say why with --note"):
        resolve("not_applicable")
    assert len(resolve("contacted", "spoke on the phone")) == 1
    assert resolve("contacted") == []
    [row] = path.bench.alerts("resolved")
    assert (row.resolved_by, row.acknowledged_by, row.note) == (
        "Kim Sample", "Kim Sample", "contacted: spoke on the phone",
    )  # fmt: skip
    assert path.go(hours=1) == []
    with pytest.raises(ConfigurationError, match="is resolved by Kim Sample"):
        path.acknowledge(alert)
    path.alert()
    assert path.go() == [], "what was resolved is not raised again"


@pytest.mark.parametrize("name", ["", "  ", "a\x00b"])
def test_acknowledged_by_name_alone(path: Path, name: str) -> None:
    alert = path.alert()
    with pytest.raises(ConfigurationError, match="give a name"):
        path.acknowledge(alert, name)
    with pytest.raises(ConfigurationError, match="no alert has the id 'ffff'"):
        alert_desk.show(path.store, "ffff")


def test_the_therapists_page_says_who_took_it_on(bench: Callable[..., Any]) -> None:
    """A new page for the therapist, and no other document: an acknowledgement is no new score."""
    made = bench("mh_deteriorating_with_safety_item", receives=("decision", "therapist", "patient"))
    made.pick_up()
    made.map_all()
    made.evaluate_all()
    before = made.store.read(lambda tx: tx.documents.counts())
    row = next(row for row in made.alerts("open") if row.alert.severity == "page")
    made.clock.on(minutes=5)
    alert_desk.acknowledge(made.store, row.alert.key, by="Dana Okafor", note=None, now=made.clock())
    made.evaluate_all()
    after = made.store.read(lambda tx: tx.documents.counts())
    assert after == {**before, "therapist": before["therapist"] + 1}
    newest = made.store.read(lambda tx: tx.documents.list(kinds=["therapist"], limit=9))
    specs = [made.store.read(lambda tx, r=r: tx.documents.spec(r.document_id)) for r in newest]
    pages = [spec for spec in specs if spec.patient_id == row.alert.patient_id]
    said = [[line["label"] for line in page.context["safety"]["rows"]] for page in pages]
    assert len(said) == 2 and len(said[0]) == len(said[1])
    assert sum("Safety item, acknowledged" in labels for labels in said) == 1
    made.evaluate_all()
    assert made.store.read(lambda tx: tx.documents.counts()) == after

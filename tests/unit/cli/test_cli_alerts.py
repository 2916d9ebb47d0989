"""``connector alerts``: what a person reads and does."""

from __future__ import annotations

import json

import pytest
import yaml

from connector.engine import self_test
from connector.engine.notify import Notifier

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _first(connector, home):
    lines = connector("--home", home, "alerts", "list", "--json").out.splitlines()
    return json.loads(lines[0])


def test_list_show_acknowledge_resolve(connector, ran):
    alert = _first(connector, ran)
    assert (alert["severity"], alert["rule"]) == ("page", "safety_item_positive")
    assert not {"text", "summary", "note"} & set(alert)
    short = alert["id"][:8]
    listed = connector("--home", ran, "alerts", "list")
    assert short in listed.out and "Open alerts: 9" in listed.out
    assert "C-31" in listed.out and alert["patient_id"] not in listed.out, "people know charts"
    done = connector("--home", ran, "alerts", "acknowledge", short, "--by", "Dana Okafor",
                     "--note", "calling now")  # fmt: skip
    assert done.code == 0 and "Acknowledged by Dana Okafor" in done.out
    assert "(one matter: 2 alerts). Nobody else is told." in done.out
    again = connector("--home", ran, "alerts", "acknowledge", short, "--by", "Lee")
    assert "was acknowledged by Dana Okafor before" in again.out
    shown = connector("--home", ran, "alerts", "show", short)
    assert "calling now" in shown.out and "alert_acknowledged" in shown.words
    assert "chart      C-31" in shown.out
    assert "Not a monitoring service" in shown.out
    done = connector("--home", ran, "alerts", "resolve", short, "--by", "Dana Okafor",
                     "--outcome", "contacted")  # fmt: skip
    assert "Resolved by Dana Okafor" in done.out
    assert short not in connector("--home", ran, "alerts", "list").out
    everything = connector("--home", ran, "alerts", "list", "--all", "--json").out.splitlines()
    assert [one["resolved_by"] for one in map(json.loads, everything) if one["id"] == alert["id"]]
    assert "resolved by" in connector("--home", ran, "alerts", "list", "--all").words
    assert "verified" in connector("--home", ran, "audit", "verify").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "ffff"), "no alert has the id 'ffff'"),
        (("acknowledge", "ffff", "--by", "Dana"), "no alert has the id 'ffff'"),
        (("test",), "the site names nobody to tell"),
        (("rota",), "the site names nobody to tell"),
    ],
)
def test_what_is_not_there_is_said(connector, ran, arguments, words):
    done = connector("--home", ran, "alerts", *arguments)
    assert done.code == 3 and words in done.err


@pytest.fixture
def alerting_site(small_site, monkeypatch):
    """A site whose only channel leads to a port where nobody is."""
    monkeypatch.setenv("KIM_URL", "json://127.0.0.1:1/kim")
    options = {"url": {"env": "KIM_URL"}, "private_network": True}
    person = {
        "id": "kim",
        "name": "Kim Sample",
        "channels": [{"name": "phone", "options": options}],
    }
    shift = {"who": "kim", "days": DAYS, "start": "08:00", "end": "20:00"}
    section = {"people": [person], "rota": {"shifts": [shift]}, "fallback": ["kim"]}
    return small_site(extra={"alerting": section})


def test_test_rota_check_and_status(connector, alerting_site):
    home = alerting_site.home
    tried = connector("--home", home, "alerts", "test")
    assert tried.code == 1 and "FAILED" in tried.out and "[unreachable]" in tried.words
    assert "there is no channel 'kim/phon'" in connector("--home", home, "alerts", "test",
                                                         "kim/phon").err  # fmt: skip
    rota = connector("--home", home, "alerts", "rota", "--days", "2").words
    assert "now Kim Sample" in rota and "2026-11-20 20:00 nobody: fallback" in rota
    checked = connector("--home", home, "check")
    assert checked.code == 0
    assert "nobody is on call: Mon 20:00 to Tue 08:00" in checked.words
    assert "Not a monitoring service" in checked.words
    with alerting_site.open().open_store() as store:
        work = alerting_site.open().work(store, None)
        assert self_test.begin(work)
        while Notifier(work, alone=True).turn():
            pass
    found = json.loads(connector("--home", home, "status", "--json").out)
    assert found["alert_path"]["self_test"].startswith("failed at ")
    assert found["alert_path"]["channels_failing"] == 1
    assert {"kim/phone", "self-test", "alerts"} <= {one.get("alerting") for one in found["trouble"]}
    assert "channel failed at" in connector("--home", home, "status").words


def test_check_refuses_a_rota_with_a_gap(connector, alerting_site):
    path = alerting_site.home / "site.yaml"
    site = yaml.safe_load(path.read_text("utf-8"))
    del site["alerting"]["fallback"]
    path.write_text(yaml.safe_dump(site), encoding="utf-8")
    done = connector("--home", alerting_site.home, "check")
    assert done.code == 3
    assert "site.yaml, alerting: nobody is on call: Mon 20:00 to Tue 08:00" in done.err

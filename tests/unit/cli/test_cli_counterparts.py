"""The commands around vendors' systems: the plan of requests, ``backfill``, ``fake``."""

from __future__ import annotations

import pytest
import yaml

from adapters.intakeq.fake import API_KEY, FakeIntakeq
from adapters.intakeq.sample import fill
from connector.app import open_app as open_small_app
from connector.cli import counterparts
from connector.errors import ConfigurationError


@pytest.fixture
def fake():
    made = fill(FakeIntakeq())
    made.per_minute = made.per_day = None
    with made.serving():
        yield made


@pytest.fixture
def home(tmp_path, fake, monkeypatch):
    monkeypatch.setenv("INTAKEQ_KEY", API_KEY)

    def make(**changed):
        site = {
            "practice": {"id": "trial", "name": "Trial Practice", "synthetic": True},
            **yaml.safe_load(fake.trial()),
            "destinations": [
                {"name": "filing", "adapter": "folder", "receives": ["decision"],
                 "options": {"folder": "out"}}
            ],
        }  # fmt: skip
        site["sources"][0].update(changed)
        (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
        return tmp_path

    return make


def test_the_plan_is_printed_and_an_interval_that_nobody_chose_fits_the_budget(connector, home):
    done = connector("--home", home(), "check")
    assert done.code == 0, done.words
    assert (
        "Requests: intakeq: every 15 min x 4 requests + 52 a day = 436 a day of 500 (87 %); "
        "at most 10 a minute and 500 a day"
    ) in done.words


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"every_seconds": 300},
            "= 1204 a day of 500 (241 %): refused, because only 90% may be "
            "planned. Set every_seconds to 869 or more",
        ),
        ({"budget": {"per_day": 50}}, "whatever the interval"),
    ],
)
def test_a_schedule_over_its_budget_is_refused_before_anything_is_asked(home, fake, changed, said):
    with pytest.raises(ConfigurationError) as caught:
        _ = open_small_app(home(**changed)).sources
    assert said in str(caught.value)
    assert fake.requests == []


def test_a_higher_budget_and_no_limit_can_be_stated(home):
    given = home(budget={"per_minute": 60, "per_day": None}, every_seconds=60)
    app = open_small_app(given)
    plan = app.plans["intakeq"]
    assert (plan.budget.per_minute, plan.budget.per_day) == (60, None)
    assert list(app.sources) == ["intakeq"]


def test_history_of_a_source_that_is_not_there(connector, home):
    done = connector("--home", home(), "backfill", "intakq")
    assert done.code == 3
    assert "Did you mean 'intakeq'?" in done.words


def test_a_backfill_that_must_stop_says_how_to_go_on(connector, home, fake):
    fake.per_day = 8
    enough, again = {"per_minute": 1000}, ("backfill", "intakeq", "--from", "2026-01-01")
    done = connector("--home", home(budget=enough), *again)
    assert done.code == 4
    assert "To go on: connector backfill intakeq --from 2026-01-01" in done.out
    assert fake.asked("intakes/i-") == 6, "five, and the one that was refused"


def test_a_stand_in_says_how_to_talk_to_it(connector, monkeypatch):
    monkeypatch.setattr(counterparts, "_until_stopped", lambda: None)
    done = connector("fake", "cliniko", "--port", "0")
    assert done.code == 0, done.words
    assert yaml.safe_load(done.out)["sources"][0]["options"]["shard"] == "au1"
    done = connector("fake", "folder")
    assert done.code == 3
    assert "cliniko, healthie, intakeq" in done.words

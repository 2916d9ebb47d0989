"""The site file's section: what is refused, and what deserves a second look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.alerting.concerns import concerns_of
from connector.alerting.plan import Alerting
from connector.errors import ConfigurationError
from connector.settings import check_section


def refused(section: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check_section(Alerting, section, where="site.yaml, alerting")
    return str(caught.value)


def test_somebody_unknown(section: Any) -> None:
    section["fallback"] = ["lea"]
    assert "fallback names 'lea', who is not among people; valid values: dana" in refused(section)
    section["fallback"] = ["lee"]
    section["rota"]["shifts"][0]["who"] = "nobody"
    assert "rota names 'nobody'" in refused(section)


def test_who_is_on_call_can_be_paged(section: Any) -> None:
    section["people"][1]["channels"][0]["severities"] = ["urgent"]
    assert "rota names 'kim', who has no channel for pages" in refused(section)


def test_a_gap_that_nobody_fills_is_refused(section: Any) -> None:
    section["fallback"] = []
    section["rota"]["shifts"][0]["end"] = "20:00"
    assert "nobody is on call: Mon 20:00 to Tue 00:00;" in refused(section)
    assert "and 4 more. Close the gap in rota.shifts, or name people in fallback" in refused(
        section
    )
    del section["rota"]
    assert "nobody is on call: ever." in refused(section)


def test_a_gap_that_the_fallback_fills_is_shown(section: Any) -> None:
    section["rota"]["shifts"][0]["end"] = "20:00"
    found = concerns_of(Alerting.model_validate(section), frozen=False)
    assert any("nobody is on call: Mon 20:00 to Tue 00:00" in sentence for sentence in found)


def test_unknown_keys_and_doubled_names(section: Any) -> None:
    assert "Did you mean 'fallback'?" in refused({**section, "fallbak": []})
    section["people"].append(section["people"][0])
    assert "'dana' is used twice" in refused(section)


def test_on_call_is_no_audience_of_a_person(section: Any) -> None:
    section["people"][0]["audiences"] = ["on_call"]
    assert "who is on call is said by `rota`" in refused(section)


@pytest.mark.parametrize("link", ["https://x.example/alerts", "javascript:{alert}", "x{alert}"])
def test_a_link_holds_the_place_of_the_alert(section: Any, link: str) -> None:
    assert "link is an address with {alert} once in it" in refused({**section, "link": link})


def test_concerns(section: Any) -> None:
    section["heartbeat"] = {"name": "beat", "options": {}}
    assert concerns_of(Alerting.model_validate(section), frozen=False) == []
    section["people"] = section["people"][1:]
    del section["heartbeat"]
    section["people"][1]["audiences"] = []
    found = " ".join(concerns_of(Alerting.model_validate(section), frozen=True))
    for words in ("audience therapist", "audience data_owner", "no heartbeat", "as_of freezes"):
        assert words in found


def test_the_example_of_the_guide_is_valid() -> None:
    """And its rota has no gap."""
    guide = Path(__file__).parents[3] / "docs" / "alerts.md"
    text = guide.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    alerting = Alerting.model_validate(yaml.safe_load(text)["alerting"])
    assert alerting.rota is not None and alerting.rota.gaps() == ()
    assert [shift.who for shift in alerting.rota.shifts] == ["dana", "kim", "kim", "kim"]
    assert concerns_of(alerting, frozen=False) == []

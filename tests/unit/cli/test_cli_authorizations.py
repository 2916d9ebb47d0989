"""What a person writes down of a payer's word; all people are invented."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli.authorizations import authorizations_command
from connector.errors import ConfigurationError
from tests.unit.release.test_dropped import CASE, Bench, asked


def test_a_period_that_ends_before_it_begins_is_refused(small_site: Any) -> None:
    site = small_site()
    with site.open().open_store() as store:
        bench = Bench(store)
        bench.dropped(asked(bench))
    given = ["set", CASE, "--state", "approved", "--by", "Sam Biller", "--from", "2026-12-01"]
    run = CliRunner().invoke
    with pytest.raises(ConfigurationError, match="--until is a day before --from"):
        run(authorizations_command, [*given, "--until", "2026-11-30"], obj=site.home,
            catch_exceptions=False)  # fmt: skip
    shown = run(authorizations_command, ["show", CASE], obj=site.home).output
    assert "requested, came back" in shown
    assert "Problem:    it was not sent: sending it was given up" in shown
    done = run(authorizations_command, [*given, "--until", "2026-12-01"], obj=site.home)
    assert f"{CASE}: approved" in done.output

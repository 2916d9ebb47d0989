"""SIGKILL at random moments of a whole service while requests go to payers by every way.

From the chart's seventh visit to the decision: drafted, signed by commands, sent by SFTP, CORE
(real time and batch), a clearinghouse's REST and PAS, answered and asked about. For minutes:
``make torture-payers``. With ``-s`` the numbers are printed.
"""

from __future__ import annotations

from pathlib import Path

from tests.e2e import payer_site, wire_site
from tests.e2e.payer_kills import new_run
from tests.sftp_counterpart import needs_sshd, running

KILLS, SEED = 6, 8


@needs_sshd
def test_each_request_is_at_its_payer_once_and_each_decision_comes_back(tmp_path: Path) -> None:
    with wire_site.nursery() as nursery, running(tmp_path / "sshd") as sshd:
        run = new_run(tmp_path / "site", nursery, sshd, payer_site.WAYS, SEED, 1)
        try:
            run.add_clients(len(payer_site.WAYS))
            for _ in range(KILLS):
                run.kill_one()
            found = run.finish()
        finally:
            run.close()
    print(f"\nseed {run.seed}: {found}, {dict(run.kills)}")  # noqa: T201 - shown with -s
    assert (found["lost"], found["twice"], found["undecided"]) == (0, 0, 0), found
    assert found["kills"] >= KILLS
    assert found["requests"] >= len(payer_site.WAYS) and found["taken"] > found["requests"]

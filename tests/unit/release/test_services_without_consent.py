"""A draft that is older than the list of codes is not signed with what the list holds back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from connector.errors import Rejected
from connector.release import Desk
from connector.release.refusals import refuse_without_consent
from connector.substance_use import SubstanceUse

TODAY = date(2026, 11, 20)
CODES = SubstanceUse(procedures=("H0015",))


def desk(codes):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return Desk(None, (), ZoneInfo("UTC"), lambda: now, str, substance_use=codes)


def packet(procedures, *, consent=False):
    part = SimpleNamespace(context={"event": {"procedures": procedures}})
    return SimpleNamespace(sud_consent=consent, parts=(SimpleNamespace(context={}), part))


@pytest.mark.parametrize("code", ["H0015", "h0015-HF"])
def test_a_request_for_such_a_service_is_refused(code):
    with pytest.raises(Rejected) as refused:
        refuse_without_consent(None, desk(CODES), packet(["90837", code]), {}, TODAY)
    assert refused.value.code == "sud_without_consent" and code not in str(refused.value)


def test_other_requests_are_not():
    refuse_without_consent(None, desk(CODES), packet(["90837"]), {}, TODAY)
    refuse_without_consent(None, desk(SubstanceUse()), packet(["H0015"]), {}, TODAY)

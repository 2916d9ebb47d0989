"""The two EHRs of the tests of kills: the counterpart in this process, and the stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.e2e.wire_counterparts import KillSwitch


class WatchedCounterpart:
    """``tests/fhir_counterpart.py``, with places where the switch may kill who asks."""

    def __init__(self, fhir: Any, switch: KillSwitch) -> None:
        self._fhir = fhir
        self.url: str = fhir.url
        # Behind the real time, because each change is a second later there.
        fhir.clock = datetime.now(UTC) - timedelta(hours=12)
        answer = fhir.answer

        def watched(
            method: str, target: str, headers: dict[str, str], body: bytes
        ) -> tuple[int, Any]:
            creates = method == "POST"
            switch.reached("fhir.create" if creates else "fhir.search")
            given: tuple[int, Any] = answer(method, target, headers, body)
            if creates:
                switch.reached("fhir.created")
            return given

        fhir.answer = watched

    def put(self, kind: str, own_id: str, **content: Any) -> None:
        """Creates or changes a resource."""
        with self._fhir._lock:
            self._fhir.put(kind, own_id, **content)

    def documents(self) -> list[dict[str, Any]]:
        """Every DocumentReference."""
        with self._fhir._lock:
            found: list[dict[str, Any]] = self._fhir.documents()
            return found


class StandIn:
    """The FHIR server that nobody here wrote (tests/e2e/fhir_server)."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, kind: str, own_id: str, **content: Any) -> None:
        """Creates or changes a resource."""
        resource = {"resourceType": kind, "id": own_id, **content}
        answer = requests.put(f"{self.url}/{kind}/{own_id}", json=resource, timeout=120)
        assert answer.status_code in (200, 201), answer.text

    def documents(self) -> list[dict[str, Any]]:
        """Every DocumentReference, without the pages."""
        asked = {"_count": "500", "_elements": "identifier,subject"}
        answer = requests.get(f"{self.url}/DocumentReference", params=asked, timeout=120)
        return [entry["resource"] for entry in answer.json().get("entry") or ()]

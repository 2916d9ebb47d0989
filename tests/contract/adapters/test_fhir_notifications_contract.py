"""The receiver of FHIR notifications keeps what every webhook promises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.fhir_r4 import ADAPTER
from connector.errors import NotAuthentic
from connector.ports import AdapterContext, Posted, Webhook
from connector.testing import WebhookContract

SECRET = "a-secret-of-the-subscription"
AT = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


class TestFhirNotificationsKeepTheWebhookContract(WebhookContract):
    event: Mapping[str, Any] = {
        "resourceType": "Observation", "id": "o-1",
        "subject": {"reference": f"Patient/{WebhookContract.patient}"},
    }  # fmt: skip

    @pytest.fixture(autouse=True)
    def _secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOOK_SECRET", SECRET)

    def open(self, folder: Path, name: str) -> Webhook:
        assert ADAPTER.webhook is not None and ADAPTER.source_settings is not None
        given = {"base_url": "https://ehr.example/fhir",
                 "subscription": {"secret": {"env": "HOOK_SECRET"}}}  # fmt: skip
        return ADAPTER.webhook(
            ADAPTER.source_settings.model_validate(given), AdapterContext(name, folder)
        )

    def post(self, body: bytes) -> Posted:
        return Posted({"authorization": f"Bearer {SECRET}"}, body, AT)

    def _event(self, event_id: str = "evt-1") -> Posted:
        """A notification with the resource; its number is that of the event."""
        number = event_id.removeprefix("evt-")
        parts = [{"name": "event-number", "valueString": number},
                 {"name": "focus", "valueReference": {"reference": "Observation/o-1"}}]  # fmt: skip
        status = {"resourceType": "Parameters", "parameter": [
            {"name": "subscription", "valueReference": {"reference": "Subscription/s1"}},
            {"name": "type", "valueCode": "event-notification"},
            {"name": "notification-event", "part": parts},
        ]}  # fmt: skip
        entries = [{"resource": status}, {"resource": dict(self.event)}]
        bundle = {"resourceType": "Bundle", "type": "history", "entry": entries}
        return self.post(json.dumps(bundle).encode())

    def test_a_forged_request_is_refused(self, tmp_path: Path) -> None:
        """The secret is in a header: it proves who sent the request, not what is in it."""
        request = self._event()
        for headers in ({}, {"authorization": "Bearer another-secret-of-somebody"}):
            with pytest.raises(NotAuthentic):
                self.open(tmp_path, "one").receive(replace(request, headers=headers))

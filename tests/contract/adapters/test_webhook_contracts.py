"""Every shipped webhook keeps the promises of its port, under each way of signing."""

from __future__ import annotations

from pathlib import Path

from connector.ports import Posted, Webhook
from connector.testing import WebhookContract
from tests.unit.adapters import signed_requests as signed


class TestStandardWebhooks(WebhookContract):
    def open(self, folder: Path, name: str) -> Webhook:
        return signed.webhook(folder, signed.STANDARD, name)

    def post(self, body: bytes) -> Posted:
        return signed.posted(body)


class TestPlainHmac(WebhookContract):
    def open(self, folder: Path, name: str) -> Webhook:
        return signed.webhook(folder, signed.GITHUB, name)

    def post(self, body: bytes) -> Posted:
        return signed.posted(body, signed.github(body))


class TestTimestampedHmac(WebhookContract):
    def open(self, folder: Path, name: str) -> Webhook:
        return signed.webhook(folder, signed.STAMPED, name)

    def post(self, body: bytes) -> Posted:
        return signed.posted(body, signed.stamped(body))


class TestUnsigned(WebhookContract):
    def open(self, folder: Path, name: str) -> Webhook:
        return signed.webhook(folder, signed.UNSIGNED, name)

    def post(self, body: bytes) -> Posted:
        return signed.posted(body, {"user-agent": "form tool"})

"""One Cliniko account: opens sessions to its shard and nowhere else."""

from __future__ import annotations

from adapters.cliniko.settings import ClinikoSettings
from connector import __version__
from connector.budget import Quota
from connector.http import BasicAuth, Http
from connector.ports import AdapterContext


class Account:
    """As its settings describe it. Raises ConfigurationError where the key is missing.

    Quirks (redguava docs): HTTP Basic with the key as user name and no password, the shard in the
    host, a User-Agent with a contact.
    """

    def __init__(self, settings: ClinikoSettings, context: AdapterContext, source: str) -> None:
        self._settings = settings
        self._context = context
        self._quota: Quota | None = context.quota_of(source)
        self._key = settings.api_key.read(context.home)
        self.address = settings.trial_url or f"https://api.{settings.shard}.cliniko.com"
        self.open().close()

    def open(self) -> Http:
        """A session; to be closed after use."""
        return Http(
            f"{self.address}/v1",
            authorization=BasicAuth(self._key, ""),
            private_network=self._settings.trial_url is not None,
            quota=self._quota,
            user_agent=f"progress-connector/{__version__} ({self._settings.contact})",
            now=self._context.now,
        )

"""The parts of one configured payer that commands use: its server, its Subscription."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapters.pas_fhir.payer import PayerServer
from adapters.pas_fhir.settings import PasAnswersSettings, PasDestinationSettings
from adapters.pas_fhir.subscription import Subscriptions, subscription
from connector.errors import ConfigurationError
from connector.ports import AdapterContext


class Payer:
    """The destination ``name`` of a site file. Raises ConfigurationError where it is not PAS."""

    def __init__(self, home: Path, site: Any, name: str) -> None:
        given = next((one for one in site.destinations if one.name == name), None)
        if given is None or given.adapter != "pas_fhir":
            names = [one.name for one in site.destinations if one.adapter == "pas_fhir"]
            raise ConfigurationError(
                "unknown_destination", "no destination of that name is a PAS payer", allowed=names
            )
        self._home, self._site = home, site
        self._settings = PasDestinationSettings.model_validate(given.options)
        server = PayerServer(self._settings, AdapterContext(name, home))
        self.subscriptions = Subscriptions(server)

    def subscription(self, endpoint: str, sender: str) -> dict[str, Any]:
        """Our Subscription, with the secret of the source that takes the answers."""
        name = self._settings.answers_to
        source = next((one for one in self._site.sources if one.name == name), None)
        if source is None:
            raise ConfigurationError(
                "answers_to_missing",
                "the destination's answers_to names no source, so nothing could take the notices",
            )
        secret = PasAnswersSettings.model_validate(source.options).secret.read(self._home)
        return subscription(endpoint, sender, secret)

"""A FHIR server as a destination: documents and alerts in the patient's chart, each once.

Every resource carries a key of ours as an identifier. It is looked for first, then created on
condition that the server has none of this identifier, then looked for again: a server that ignores
the condition is found out, and so is one that holds the document twice. With a therapist's report
go its scores as data, where the site wants them; it counts as delivered when they are there too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from adapters.fhir_r4 import resources
from adapters.fhir_r4.communication import alert_communication
from adapters.fhir_r4.filing import Filing
from adapters.fhir_r4.patients import patient_id
from adapters.fhir_r4.questionnaires import request_task
from adapters.fhir_r4.scores import Scores
from adapters.fhir_r4.server import Server
from adapters.fhir_r4.settings import FhirDestinationSettings
from connector.errors import ConfigurationError
from connector.http import Http
from connector.ports import AdapterContext, Outgoing, Receipt

_ALERTS = {"task": "Task", "flag": "Flag", "communication": "Communication"}


class FhirChart:
    """Files into the charts of one FHIR server."""

    def __init__(self, settings: FhirDestinationSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._context = context
        self._server = Server(settings, context)

    @property
    def files_scores(self) -> bool:
        """Whether scores are filed as data."""
        return self._settings.write != ("document_reference",)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Creates it unless it is there. Raises Rejected ("found_twice") where it is twice."""
        kind = self._kind(outgoing)
        with self._server.open() as http:
            filing = self._filing(http)
            found = filing.found(kind, outgoing.key)
            scores = Scores(self._settings, filing, outgoing.scores)
            patient = ""
            if found is None or not scores.are_there():
                patient = patient_id(http, outgoing.patient, self._settings, self._context)
            if found is None:
                made = self._resource(kind, outgoing, patient, filing.identifier(outgoing.key))
                found = filing.create(kind, outgoing.key, made)
            scores.file(patient, found)
        return Receipt(outgoing.key, found)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the server has a resource with this key, and its scores."""
        with self._server.open() as http:
            filing = self._filing(http)
            found = filing.found(self._kind(outgoing), outgoing.key)
            if found is None or not Scores(self._settings, filing, outgoing.scores).are_there():
                return None
        return Receipt(outgoing.key, found)

    def _filing(self, http: Http) -> Filing:
        return Filing(http, self._settings.identifier_system, self._context.now)

    def _kind(self, outgoing: Outgoing) -> str:
        if outgoing.labels.get("kind") == "request":
            return "Task"
        if outgoing.labels.get("kind") != "alert":
            return "DocumentReference"
        if self._settings.alerts == "none":
            raise ConfigurationError(
                "alerts_off",
                f"destination {self._context.name!r} has alerts: none; take `alert` out of its "
                "receives, or set alerts to task, flag or communication",
            )
        return _ALERTS[self._settings.alerts]

    def _resource(
        self, kind: str, outgoing: Outgoing, patient: str, identifier: dict[str, str]
    ) -> dict[str, Any]:
        given = self._settings
        made_by: dict[str, Callable[..., dict[str, Any]]] = {
            "DocumentReference": resources.document_reference,
            "Task": resources.alert_task,
            "Flag": resources.alert_flag,
            "Communication": partial(
                alert_communication, sender=given.sender, recipients=given.recipients
            ),
        }
        make = made_by[kind]
        if outgoing.labels.get("kind") == "request":
            make = partial(request_task, questionnaires=self._settings.questionnaires)
        return make(outgoing, patient, identifier, self._context.now())

"""Files reports as documents of Healthie clients.

Healthie honours no key of ours, so the document's name carries a marker, and the client's documents
are looked through before anything is sent.
"""

from __future__ import annotations

import base64
from typing import Any

from adapters.healthie.graph import Account, Graph
from adapters.healthie.queries import CREATE_DOCUMENT, DOCUMENTS
from adapters.healthie.settings import HealthieDestinationSettings
from connector.errors import Rejected, RetryLater
from connector.polling import filing
from connector.polling.found import listed
from connector.ports import AdapterContext, Outgoing, Receipt

_MOST_PAGES = 20
_PAGE_SIZE = 100


class HealthieDocuments:
    """The documents of one account's clients."""

    def __init__(self, settings: HealthieDestinationSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._account = Account(settings, context, settings.patient_source)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Creates it unless it is there."""
        user = filing.patient_id(outgoing, self._settings.patient_source)
        with filing.one_at_a_time(outgoing.key), self._account.open() as graph:
            found = self._found(graph, user, outgoing) or self._create(graph, user, outgoing)
        return Receipt(outgoing.key, f"documents/{found}")

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the client has a document with the marker."""
        user = filing.patient_id(outgoing, self._settings.patient_source)
        with self._account.open() as graph:
            found = self._found(graph, user, outgoing)
        return None if found is None else Receipt(outgoing.key, f"documents/{found}")

    def _found(self, graph: Graph, user: str, outgoing: Outgoing) -> str | None:
        marker, ids = filing.marker(outgoing.key), []
        for page in range(_MOST_PAGES):
            data, _ = graph.ask(DOCUMENTS, {"user": user, "offset": page * _PAGE_SIZE})
            documents = listed(data.get("documents"), graph.host, "documents")
            for one in documents:
                if isinstance(one, dict) and marker in str(one.get("display_name")):
                    ids.append(str(one.get("id")))
            if len(documents) < _PAGE_SIZE:
                break
        if len(ids) > 1:
            raise filing.found_twice("document", len(ids))
        return ids[0] if ids else None

    def _create(self, graph: Graph, user: str, outgoing: Outgoing) -> str:
        share = self._settings.share_patient_reports and outgoing.labels.get("kind") == "patient"
        content = base64.b64encode(outgoing.content).decode()
        given = {
            "rel_user_id": user,
            "display_name": filing.title(outgoing),
            "file_string": f"data:{outgoing.media_type};base64,{content}",
            "include_in_charting": True,
            "share_with_rel": share,
        }
        data, _ = graph.ask(CREATE_DOCUMENT, {"input": given}, changes=True)
        made = data.get("createDocument")
        made = made if isinstance(made, dict) else {}
        if made.get("messages"):
            raise Rejected("content_refused", f"{graph.host} does not accept the document")
        return _own_id(graph, made.get("document"))


def _own_id(graph: Graph, document: Any) -> str:
    own_id = document.get("id") if isinstance(document, dict) else None
    if not isinstance(own_id, str | int):
        raise RetryLater(
            "answer_lost",
            f"{graph.host} does not say which document it made; it is looked for before it is sent "
            "again",
        )
    return str(own_id)

"""Files reports in Jane charts: the file is uploaded, then an observation is made that holds it.

Facts: api-evangelist/jane-app, openapi (document-uploads, observations). A document alone belongs
to nobody; the observation (category ``exam``) puts it into the chart. Jane honours no key of ours,
so its note carries a marker that is looked for first. A file without observation, which a crash
between the steps leaves, is in no chart.
"""

from __future__ import annotations

from typing import Any

from adapters.jane.account import Account, fields
from adapters.jane.settings import JaneDestinationSettings
from connector.errors import Rejected, RetryLater
from connector.http import Answer, Http
from connector.http.multipart import multipart
from connector.polling import filing
from connector.polling.found import listed, no_whole_list
from connector.ports import AdapterContext, Outgoing, Receipt

MOST_BYTES = 50_000_000
"""Jane's limit for a file ("Upload a document")."""

_OBSERVATIONS = "medical-record/observations"
_MOST_PAGES = 50


class JaneDocuments:
    """The charts of one clinic. Its requests come out of the source's budget."""

    def __init__(self, settings: JaneDestinationSettings, context: AdapterContext) -> None:
        self._source = settings.patient_source
        self._account = Account(settings, context, settings.patient_source)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Uploads and attaches it unless it is there."""
        patient = filing.patient_id(outgoing, self._source)
        if len(outgoing.content) > MOST_BYTES:
            raise Rejected("too_large", f"Jane takes files of at most {MOST_BYTES} bytes")
        with filing.one_at_a_time(outgoing.key), self._account.open() as http:
            found = self._found(http, patient, outgoing)
            if found is None:
                found = self._file(http, patient, outgoing)
        return Receipt(outgoing.key, found)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the chart has an observation with the marker."""
        patient = filing.patient_id(outgoing, self._source)
        with self._account.open() as http:
            found = self._found(http, patient, outgoing)
        return None if found is None else Receipt(outgoing.key, found)

    def _found(self, http: Http, patient: str, outgoing: Outgoing) -> str | None:
        marker, ids = filing.marker(outgoing.key), []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            query = [("patient_id[eq]", patient), ("category[eq]", "exam"), ("sort", "-created_at"),
                     ("page[limit]", "100")]  # fmt: skip
            query += [("page[cursor]", cursor)] if cursor else []
            answer = http.request("GET", _OBSERVATIONS, query=query)
            content = fields(answer)
            for one in listed(content.get("items"), answer.host, "observations"):
                if isinstance(one, dict) and marker in str(one.get("note")):
                    ids.append(_id(answer, one))
            if content.get("hasNextPage") is not True:
                break
            given = content.get("cursor")
            if not isinstance(given, str) or given in ("", cursor):
                raise no_whole_list(answer.host, "observations")  # it may stand on the next page
            cursor = given
        if len(ids) > 1:
            raise filing.found_twice("report", len(ids))
        return f"observations/{ids[0]}" if ids else None

    def _file(self, http: Http, patient: str, outgoing: Outgoing) -> str:
        name = filing.file_name(outgoing)
        body, kind = multipart({}, "file", name, outgoing.media_type, outgoing.content)
        stored = http.request(
            "POST", "document-uploads", body=body, headers={"Content-Type": kind},
            repeatable=True,  # a file that no observation holds is in no chart
        )  # fmt: skip
        document = _id(stored, fields(stored))
        made = http.request(
            "POST",
            _OBSERVATIONS,
            json={
                "data": {
                    "patient_id": patient, "category": "exam", "note": filing.title(outgoing),
                    "document_ids": [document],
                }
            },
        )  # fmt: skip
        return f"observations/{_id(made, fields(made))}"


def _id(answer: Answer, given: dict[str, Any]) -> str:
    own_id = given.get("id")
    if isinstance(own_id, str) and own_id:
        return own_id
    raise RetryLater(
        "answer_lost" if answer.ask_first else "garbage_answer",
        f"{answer.host} did not say which id it gave",
    )

"""Files reports as documents of SPRY patients, in SPRY's two steps.

1. the file is uploaded to SPRY's storage, 2. a document record is made of its address
(api-docs.spryhealth.care, "Upload File", "Save Document", "List Documents"). SPRY honours no key of
ours, so the document's name carries a marker that is looked for first. A file without a record,
which a crash between the steps leaves, is replaced by the next attempt: it has the same name.
"""

from __future__ import annotations

from typing import Any

from adapters.spry.account import Account, content
from adapters.spry.settings import SpryDestinationSettings
from connector.errors import Rejected, RetryLater
from connector.http import Answer, Http
from connector.http.multipart import multipart
from connector.polling import filing
from connector.polling.found import listed
from connector.ports import AdapterContext, Outgoing, Receipt

_FOLDER = "progress-connector"
"""SPRY's own convention names the patient here; a link must not."""

_SIZE = 50


class SpryDocuments:
    """The documents of one organisation's patients."""

    def __init__(self, settings: SpryDestinationSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._account = Account(settings, context, settings.patient_source)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Uploads and saves it unless it is there."""
        patient = self._patient(outgoing)
        with filing.one_at_a_time(outgoing.key), self._account.open() as http:
            found = self._found(http, patient, outgoing)
            if found is None:
                found = self._save(http, patient, outgoing)
        return Receipt(outgoing.key, found)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the patient has a document with the marker."""
        patient = self._patient(outgoing)
        with self._account.open() as http:
            found = self._found(http, patient, outgoing)
        return None if found is None else Receipt(outgoing.key, found)

    def _patient(self, outgoing: Outgoing) -> int:
        given = filing.patient_id(outgoing, self._settings.patient_source)
        if not (given.isascii() and given.isdigit()):
            raise Rejected("no_patient", "the patient's id is no number, as SPRY's are")
        return int(given)

    def _found(self, http: Http, patient: int, outgoing: Outgoing) -> str | None:
        marker = filing.marker(outgoing.key)
        query = {"document_name": marker, "page": "1", "size": str(_SIZE)}
        answer = http.request("GET", f"v1/patient-document/{patient}", query=query)
        held = listed(_object(answer).get("documents"), answer.host, "documents")
        ids = [
            _number(answer, one)
            for one in held
            if isinstance(one, dict) and marker in str(one.get("name"))
        ]
        if len(ids) > 1:
            raise filing.found_twice("document", len(ids))
        return f"documents/{ids[0]}" if ids else None

    def _save(self, http: Http, patient: int, outgoing: Outgoing) -> str:
        name = filing.file_name(outgoing)
        fields = {"bucket_name": self._settings.bucket, "file_path": _FOLDER, "file_name": name}
        body, kind = multipart(fields, "file", name, outgoing.media_type, outgoing.content)
        stored = http.request(
            "POST", "v1/file/upload/unsigned", body=body, headers={"Content-Type": kind},
            repeatable=True,  # the same name holds the same file
        )  # fmt: skip
        place = _object(stored)
        url, bucket = place.get("file_url"), place.get("bucket_name")
        if not isinstance(url, str) or not isinstance(bucket, str):
            raise _garbage(stored)
        made = http.request(
            "POST",
            "v1/patient-document",
            json={
                "patient_id": patient, "name": filing.title(outgoing), "document_url": url,
                "bucket_name": bucket, "document_type": "Progress report",
            },
        )  # fmt: skip
        return f"documents/{_number(made, _object(made))}"


def _object(answer: Answer) -> dict[str, Any]:
    data = content(answer)
    if not isinstance(data, dict):
        raise _garbage(answer)
    return data


def _number(answer: Answer, document: dict[str, Any]) -> int:
    number = document.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise _garbage(answer)
    return number


def _garbage(answer: Answer) -> RetryLater:
    return RetryLater(
        "answer_lost" if answer.ask_first else "garbage_answer",
        f"{answer.host} answered with something else than was promised",
    )

"""Files reports as attachments of Cliniko patients, in Cliniko's three steps.

1. a presigned form is asked for, 2. the file is posted with it to the storage (S3: 201 and a Key),
3. the attachment is made of that address; it counts once ``processing_completed`` is true. Cliniko
honours no key of ours, so the description carries a marker that is looked for first.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from adapters.cliniko.account import Account
from adapters.cliniko.settings import ClinikoDestinationSettings
from connector.errors import ConfigurationError, RetryLater
from connector.http import Answer, Http
from connector.http.multipart import multipart
from connector.polling import filing
from connector.polling.found import listed, no_whole_list
from connector.ports import AdapterContext, Outgoing, Receipt

_KEY = re.compile(rb"<Key>([A-Za-z0-9/._-]{1,500})</Key>")
_STORAGE = re.compile(r"(?:[a-z0-9.-]+\.)?s3[a-z0-9.-]*\.amazonaws\.com")
_MOST_PAGES = 50


class ClinikoFiles:
    """The attachments of one account's patients."""

    def __init__(self, settings: ClinikoDestinationSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._context = context
        self._account = Account(settings, context, settings.patient_source)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Uploads it unless it is there. Raises RetryLater ("still_processing") meanwhile."""
        patient = filing.patient_id(outgoing, self._settings.patient_source)
        with filing.one_at_a_time(outgoing.key), self._account.open() as http:
            found = self._found(http, patient, outgoing)
            if found is None:
                found = self._upload(http, patient, outgoing)
            if found.get("processing_completed") is not True:
                raise RetryLater(
                    "still_processing",
                    "Cliniko has the file and still works on it; it is looked at again before "
                    "anything is sent again",
                )
        return Receipt(outgoing.key, f"patient_attachments/{found['id']}")

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the patient has an attachment with the marker, whole."""
        patient = filing.patient_id(outgoing, self._settings.patient_source)
        with self._account.open() as http:
            found = self._found(http, patient, outgoing)
        if found is None or found.get("processing_completed") is not True:
            return None
        return Receipt(outgoing.key, f"patient_attachments/{found['id']}")

    def _found(self, http: Http, patient: str, outgoing: Outgoing) -> dict[str, Any] | None:
        marker, found = filing.marker(outgoing.key), []
        for page in range(1, _MOST_PAGES + 1):
            query = [("per_page", "100"), ("page", str(page)), ("q[]", f"patient_id:={patient}")]
            answer = http.request("GET", "patient_attachments", query=query)
            content = _object(answer)
            for one in listed(content.get("patient_attachments"), answer.host, "attachments"):
                if isinstance(one, dict) and marker in str(one.get("description")):
                    found.append(one)
            links = content.get("links")
            if not isinstance(links, dict):
                raise no_whole_list(answer.host, "attachments")  # it may stand on the next page
            if not links.get("next"):
                break
        if len(found) > 1:
            raise filing.found_twice("report", len(found))
        return found[0] if found else None

    def _upload(self, http: Http, patient: str, outgoing: Outgoing) -> dict[str, Any]:
        answer = http.request("GET", f"patients/{patient}/attachment_presigned_post")
        form = _object(answer)
        url, fields = form.get("url"), form.get("fields")
        if not isinstance(url, str) or not isinstance(fields, dict):
            raise _garbage(answer)
        place = self._store(url, {str(k): str(v) for k, v in fields.items()}, outgoing)
        made = http.request(
            "POST",
            "patient_attachments",
            json={
                "patient_id": patient, "upload_url": place,
                "description": filing.title(outgoing),
            },
        )  # fmt: skip
        own_id = _object(made).get("id")
        if not isinstance(own_id, str | int):
            raise _garbage(made)
        return _object(http.request("GET", f"patient_attachments/{own_id}")) | {"id": own_id}

    def _store(self, url: str, fields: dict[str, str], outgoing: Outgoing) -> str:
        """Posts the file to the storage; the address it has there. Our key does not go there."""
        name = filing.file_name(outgoing)
        body, kind = multipart(fields, "file", name, outgoing.media_type, outgoing.content)
        base, target = self._storage(url)
        with Http(
            base, private_network=self._settings.trial_url is not None, now=self._context.now
        ) as storage:
            # a file that nobody refers to is removed by the vendor, so a repeat does no harm
            answer = storage.request(
                "POST", target, body=body, headers={"Content-Type": kind}, repeatable=True
            )
        key = _KEY.search(answer.body)
        if answer.status != 201 or key is None:
            raise RetryLater(
                "garbage_answer", f"{answer.host} did not say under which key it keeps the file"
            )
        return f"{url.rstrip('/')}/{key[1].decode()}"

    def _storage(self, url: str) -> tuple[str, str]:
        """The storage's own address and the path in it. Only S3 over https is written to."""
        parts = urlsplit(url)
        trial = self._settings.trial_url
        known = parts.scheme == "https" and _STORAGE.fullmatch(parts.netloc.lower())
        if not known and not (trial and f"{parts.scheme}://{parts.netloc}" == trial):
            raise ConfigurationError(
                "storage_refused",
                "Cliniko names a place for the file that is not its storage (S3 over https); "
                "nothing was sent there",
            )
        return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def _object(answer: Answer) -> dict[str, Any]:
    content = answer.json()
    if not isinstance(content, dict):
        raise _garbage(answer)
    return content


def _garbage(answer: Answer) -> RetryLater:
    return RetryLater(
        "answer_lost" if answer.ask_first else "garbage_answer",
        f"{answer.host} answered with something else than was promised",
    )

"""Files reports with IntakeQ clients.

IntakeQ honours no key of ours, so the file's name carries a marker, and the client's files are
looked through before anything is sent.
"""

from __future__ import annotations

from urllib.parse import quote

from adapters.intakeq.account import Account, Intakeq
from adapters.intakeq.settings import IntakeqDestinationSettings
from connector.errors import RetryLater
from connector.http.multipart import multipart
from connector.polling import filing
from connector.polling.found import listed
from connector.ports import AdapterContext, Outgoing, Receipt

_MOST_PAGES = 20
_PAGE_SIZE = 100


class IntakeqFiles:
    """The files of one account's clients. Its requests come out of the source's budget."""

    def __init__(self, settings: IntakeqDestinationSettings, context: AdapterContext) -> None:
        self._source = settings.patient_source
        self._account = Account(settings, context, settings.patient_source)

    def deliver(self, outgoing: Outgoing) -> Receipt:
        """Uploads it unless it is there."""
        client = filing.patient_id(outgoing, self._source)
        with filing.one_at_a_time(outgoing.key), self._account.open() as session:
            found = self._found(session, client, outgoing)
            if found is None:
                found = self._upload(session, client, outgoing)
        return Receipt(outgoing.key, found)

    def find(self, outgoing: Outgoing) -> Receipt | None:
        """The receipt if the client has a file with the marker."""
        client = filing.patient_id(outgoing, self._source)
        with self._account.open() as session:
            found = self._found(session, client, outgoing)
        return None if found is None else Receipt(outgoing.key, found)

    def _found(self, session: Intakeq, client: str, outgoing: Outgoing) -> str | None:
        marker, ids, before = filing.marker(outgoing.key), [], None
        for page in range(1, _MOST_PAGES + 1):
            answer = session.get("files", {"clientId": client, "page": str(page)})
            files = listed(answer.json(), answer.host, "files")
            if files == before:
                break  # that files come in pages is not confirmed: here they all came at once
            for one in files:
                if isinstance(one, dict) and marker in str(one.get("FileName")):
                    ids.append(str(one.get("Id")))
            if len(files) < _PAGE_SIZE:
                break
            before = files
        if len(ids) > 1:
            raise filing.found_twice("file", len(ids))
        return f"files/{ids[0]}" if ids else None

    def _upload(self, session: Intakeq, client: str, outgoing: Outgoing) -> str:
        name = filing.file_name(outgoing)
        body, kind = multipart({}, "file", name, outgoing.media_type, outgoing.content)
        session.upload(f"files/{quote(client, safe='')}", body, kind)
        found = self._found(session, client, outgoing)
        if found is None:
            raise RetryLater(
                "not_found_back",
                "IntakeQ accepted a file and does not list it; it is looked for again before it is "
                "sent again",
            )
        return found

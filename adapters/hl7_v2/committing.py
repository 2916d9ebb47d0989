"""Stores what all connections have brought, together, and says what to answer to each.

One thread. What arrives while it stores makes the next group, so that under load many messages
share one flush to disk and a single one waits for nobody. Answers keep the order of arrival.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.hl7_v2.acknowledgment import ACCEPTED, Answer, acknowledgments
from adapters.hl7_v2.page import DIGEST, Refused, Taken, Taker
from adapters.hl7_v2.refusals import answer_to, is_kept
from adapters.hl7_v2.tally import Quota, Tally
from connector.errors import ConnectorError, InvalidRecord
from connector.ports import Keeper, RawPage

AT_ONCE = 256
KEPT_AN_HOUR = 100
"""Refused messages that go to quarantine; the rest are only refused, and counted in the log."""

_NOT_STORED = InvalidRecord("not_stored", "it could not be stored now; send it again later")
_log = logging.getLogger("connector.hl7")


@dataclass(frozen=True, slots=True)
class Job:
    """A message and whom to tell. ``fault``: it is refused whatever is in it."""

    content: bytes
    answer: Callable[[list[bytes]], None]
    fault: InvalidRecord | None = None


class Committer:
    """The thread between connections and store. ``answer`` of each job is called in its thread."""

    def __init__(
        self, taker: Taker, keeper: Keeper, tally: Tally, now: Callable[[], datetime]
    ) -> None:
        self._taker = taker
        self._keeper = keeper
        self._tally = tally
        self._now = now
        self._kept = Quota(KEPT_AN_HOUR, 3600)
        self._jobs: list[Job] = []
        self._some = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="hl7-commit", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def alive(self) -> bool:
        """Whether it works."""
        return self._thread.is_alive()

    def add(self, jobs: Sequence[Job]) -> None:
        """Messages, in the order of their arrival."""
        with self._some:
            self._jobs.extend(jobs)
            self._some.notify()

    def stop(self) -> None:
        """Finish what was added, then end."""
        with self._some:
            self._ending = True
            self._some.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._some:
                while not self._jobs and not self._ending:
                    self._some.wait()
                if not self._jobs:
                    return
                group, self._jobs = self._jobs[:AT_ONCE], self._jobs[AT_ONCE:]
            for job, answers in zip(group, self.answers(group), strict=True):
                job.answer(answers)

    def answers(self, group: Sequence[Job]) -> list[list[bytes]]:
        """Stores a group and gives the answers to each of its messages."""
        read = [self._read(job) for job in group]
        verdicts = self._verdicts(read, group)
        now = self._now()
        return [
            acknowledgments(one.header, verdict, now)
            for one, verdict in zip(read, verdicts, strict=True)
        ]

    def _read(self, job: Job) -> Taken | Refused:
        read = self._taker.take(job.content)
        return read if job.fault is None else self._taker.refused(read.header, job.fault, b"")

    def _verdicts(self, read: Sequence[Taken | Refused], group: Sequence[Job]) -> list[Answer]:
        try:
            return self._stored(read, group)
        except ConnectorError as fault:
            return self._failed(fault.code, len(read))
        except Exception as defect:  # noqa: BLE001 - one message must not take the others with it
            if len(read) == 1:
                return self._failed(f"unexpected {type(defect).__name__}", 1)
        alone = zip(read, group, strict=True)
        return [self._verdicts([one], [job])[0] for one, job in alone]

    def _stored(self, read: Sequence[Taken | Refused], group: Sequence[Job]) -> list[Answer]:
        """Stores what is new and what is refused, in one transaction."""
        known = self._known(read)
        answers: list[Answer] = []
        pages: list[RawPage] = []
        for given, job in zip(read, group, strict=True):
            one = self._judged(given, known, job)
            if isinstance(one, Refused):
                self._tally.add(one.fault.code)
                answers.append(answer_to(one.fault))
                if is_kept(one.fault) and self._kept.take():
                    pages.append(one.page)
                continue
            answers.append(ACCEPTED)
            if one.page.batches and one.key not in known:
                known[one.key] = one.digest
                pages.append(one.page)
        if pages:
            self._keeper.store(pages)
        return answers

    def _judged(self, one: Taken | Refused, known: Mapping[str, str], job: Job) -> Taken | Refused:
        """A message under an id that another has is refused; the same once more is not."""
        if isinstance(one, Taken) and known.get(one.key, "") not in ("", one.digest):
            return self._taker.refused(one.header, _other_content(), job.content)
        return one

    def _known(self, read: Sequence[Taken | Refused]) -> dict[str, str]:
        """Digests of messages that are here already, by key; ``""`` where it is known no more."""
        keys = [one.key for one in read if isinstance(one, Taken) and one.page.batches]
        if not keys:
            return {}
        return {
            key: str(rows[0].data.get(DIGEST, "")) if rows else ""
            for key, rows in self._keeper.kept(keys).items()
        }

    def _failed(self, code: str, count: int) -> list[Answer]:
        _log.error("HL7 messages could not be stored: %s", code)
        self._tally.add("not_stored", count)
        return [answer_to(_NOT_STORED)] * count


def _other_content() -> InvalidRecord:
    return InvalidRecord(
        "duplicate_id",
        "MSH-10: another message came under this id on the same day; this one was not used. If it "
        "is a correction, it must be sent under an id of its own",
        field="MSH-10",
    )

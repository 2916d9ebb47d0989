"""What patients wrote, judged on the ingest path; after this no text of theirs is left in a record.

It needs neither the EHR nor a report nor a payer. An entry that can't be judged is never silent:
it asks the therapist to read it.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from connector.logs import outline
from connector.mapping.apply import MappingResult
from connector.records import JournalEntry, WordingFinding
from connector.wording import WordingRules, findings

_log = logging.getLogger("connector.entries")
NOT_JUDGED = WordingFinding(
    rule="not_judged",
    group="not_judged",
    name="no known group: the text could not be checked",
    reading="as_said",
    level="urgent",
    mentions=1,
)


def judged(result: MappingResult, rules: WordingRules) -> MappingResult:
    """The result with its entries judged, those of refused rows too."""
    if not any(isinstance(r, JournalEntry) for r in (*result.records, *result.screening)):
        return result
    return replace(
        result,
        records=tuple(
            _judged(r, rules) if isinstance(r, JournalEntry) else r for r in result.records
        ),
        screening=tuple(
            _judged(r, rules) if isinstance(r, JournalEntry) else r for r in result.screening
        ),
    )


def _judged(entry: JournalEntry, rules: WordingRules) -> JournalEntry:
    """The entry with what was found in it in place of its text."""
    if entry.text is None:
        return entry
    found: tuple[WordingFinding, ...]
    try:
        found = findings(entry.text, rules)
    except Exception as fault:  # noqa: BLE001 - whatever goes wrong, somebody must read the entry
        _log.error("an entry could not be judged: %s", outline(fault))
        found = (NOT_JUDGED,)
    return entry.model_copy(update={"text": None, "judged_by": rules.version, "findings": found})

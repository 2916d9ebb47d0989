"""Whether two sources speak of the same person: pure rules on names, dates and numbers.

``normal`` writes names alike, ``match`` judges. Nothing is guessed: no nicknames, no near misses.
What is not certain waits for a person.
"""

from connector.identity.match import (
    WHY,
    IdentityRules,
    Verdict,
    differ_in_birth_date,
    keys_of,
    not_one,
    verdict,
)

__all__ = [
    "WHY", "IdentityRules", "Verdict", "differ_in_birth_date", "keys_of", "not_one", "verdict",
]  # fmt: skip

"""What is valid in the ``alerting`` section and deserves a second look, as sentences."""

from __future__ import annotations

from connector.alerting.plan import PAGING, Alerting, said_gaps


def concerns_of(alerting: Alerting, *, frozen: bool) -> list[str]:
    """Sentences for ``connector check``; ``frozen``: the site's clock stands still."""
    found = []
    if alerting.uncovered():
        gaps = said_gaps(alerting.uncovered())
        found.append(f"nobody is on call: {gaps}; then the people in fallback are told")
    if not alerting.fallback:
        found.append("fallback is empty: nobody is told after the person on call")
    audiences = {audience for person in alerting.people for audience in person.audiences}
    if "therapist" not in audiences:
        found.append("nobody has the audience therapist: who is on call is told instead")
    if "data_owner" not in audiences:
        found.append(
            "nobody has the audience data_owner: that a channel failed goes to who is on call"
        )
    for person in alerting.people:
        missing = [one for one in PAGING if not person.takes(one)]
        if "therapist" in person.audiences and missing:
            found.append(
                f"{person.id!r} is told nothing {' and '.join(missing)}: no channel has it in its "
                "severities"
            )
    if alerting.heartbeat is None:
        found.append("no heartbeat: if this machine stops, nobody outside notices")
    if frozen:
        found.append(
            "as_of freezes the clock: alerts are sent once and never go to the next person"
        )
    return [f"alerting: {sentence}" for sentence in found]

"""What was heard of each channel that notifies us: the events that came, and those that did not.

Counterparts number the events of a subscription. A number that was left out is a gap: the source is
polled at once from where it was read to, and the gap stays in ``connector status`` until then. Kept
in the transaction that stores the notification, so that the two never differ.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from connector.announced import CATCH_UP, Heard
from connector.engine import noticed
from connector.ports import RawPage
from connector.store.store import Tx

_NAME = "heard: "  # no source can have such a name
_MOST_CHANNELS = 100
_MOST_GAPS = 50
_SHOWN = timedelta(days=7)

Gap = dict[str, Any]


def keep(tx: Tx, source: str, heard: Heard, now: datetime) -> bool:
    """Notes a notification; True where events before it are missing and must be caught up on."""
    missed = False

    def change(text: str | None) -> str:
        nonlocal missed
        channels: dict[str, Any] = json.loads(text or "{}")
        known = channels.pop(heard.channel, None)
        missed, channels[heard.channel] = _noted(known, heard, now)
        while len(channels) > _MOST_CHANNELS:
            channels.pop(next(iter(channels)))  # the one that was silent longest
        return json.dumps(channels, separators=(",", ":"))

    tx.cursors.change(_NAME + source, change, now)
    return missed


def caught_up(tx: Tx, source: str, since: datetime, now: datetime) -> None:
    """A poll that began at ``since`` has read what the gaps seen until then left out."""

    def change(text: str | None) -> str | None:
        channels: dict[str, Any] = json.loads(text or "{}")
        for channel in channels.values():
            for gap in channel["gaps"]:
                if gap["closed"] is None and datetime.fromisoformat(gap["seen"]) <= since:
                    gap["closed"] = now.isoformat()
        return json.dumps(channels, separators=(",", ":")) if channels else None

    if tx.cursors.get(_NAME + source):
        tx.cursors.change(_NAME + source, change, now)


def catch_up(tx: Tx, source: str, now: datetime) -> None:
    """Have the source polled at once from where it was read to; once, until it has been."""
    if not any(one.startswith(CATCH_UP) for one in noticed.waiting(tx, source)):
        noticed.keep(tx, source, RawPage(notices=(f"{CATCH_UP} {now.isoformat()}",)), now)


def last_heard(tx: Tx, source: str) -> datetime | None:
    """When any channel of the source was heard last."""
    return max(
        (datetime.fromisoformat(channel["at"]) for channel in channels(tx, source).values()),
        default=None,
    )


def channels(tx: Tx, source: str) -> dict[str, Any]:
    """Each channel: ``last`` number, ``at`` (when heard), ``gaps``, ``trouble``."""
    found: dict[str, Any] = json.loads(tx.cursors.get(_NAME + source) or "{}")
    return found


def troubles(
    known: Mapping[str, Any], silent_after: timedelta | None, now: datetime
) -> list[tuple[str, str, str]]:
    """Code, sentence and time of what a person should know of a source's channels."""
    found = []
    if not known:
        sentence = (
            "no notification ever came; the source is polled all the same. Is its subscription "
            "there (connector subscriptions status), and can it reach our address?"
        )
        return [("never_heard", sentence, now.isoformat(timespec="seconds"))]
    last = max(datetime.fromisoformat(channel["at"]) for channel in known.values())
    if silent_after is not None and now - last > silent_after:
        minutes = int((now - last).total_seconds() // 60)
        sentence = (
            f"nothing was heard for {minutes} minutes, not even the heartbeat; the source is "
            "polled all the same. See connector subscriptions status"
        )
        found.append(("silent", sentence, last.isoformat(timespec="seconds")))
    for channel in known.values():
        if channel["trouble"]:
            found.append(("channel_in_trouble", channel["trouble"], channel["at"]))
        found += [
            ("events_missing", _gap(gap), gap["seen"])
            for gap in channel["gaps"]
            if gap["closed"] is None
        ]
    return found


def gap_count(known: Mapping[str, Any], now: datetime) -> int:
    """Gaps of the last days, those that were caught up on among them."""
    return sum(
        now - datetime.fromisoformat(gap["seen"]) <= _SHOWN
        for channel in known.values()
        for gap in channel["gaps"]
    )


def _noted(
    known: dict[str, Any] | None, heard: Heard, now: datetime
) -> tuple[bool, dict[str, Any]]:
    at = now.isoformat()
    numbers = sorted(heard.events)
    newest = max([*numbers, heard.total or 0], default=0)
    if heard.begins:
        gaps = [] if known is None else known["gaps"]
        started = {"last": newest, "at": at, "gaps": gaps, "trouble": heard.trouble}
        # What changed before the subscription was in force was told to nobody.
        return True, started
    if known is None:
        return True, {"last": newest, "at": at, "gaps": [], "trouble": heard.trouble}
    gaps = [part for gap in known["gaps"] for part in _without(gap, numbers)]
    last = int(known["last"])
    missing = _missing(last, numbers, newest)
    gaps += [{"from": a, "to": b, "seen": at, "closed": None} for a, b in missing]
    noted = {"last": max(last, newest), "at": at, "gaps": gaps[-_MOST_GAPS:]}
    return bool(missing), {**noted, "trouble": heard.trouble}


def _missing(last: int, numbers: list[int], newest: int) -> list[tuple[int, int]]:
    """The ranges above ``last`` that were left out, up to ``newest``."""
    found, expected = [], last + 1
    for number in [*(n for n in numbers if n > last), newest + 1]:
        if number > expected:
            found.append((expected, number - 1))
        expected = max(expected, number + 1)
    return found


def _without(gap: Gap, numbers: list[int]) -> list[Gap]:
    """A gap without those of its numbers that have come after all."""
    if gap["closed"] is not None:
        return [gap]
    parts, start = [], int(gap["from"])
    for number in numbers:
        if start <= number <= gap["to"]:
            if number > start:
                parts.append({**gap, "from": start, "to": number - 1})
            start = number + 1
    return [*parts, {**gap, "from": start}] if start <= gap["to"] else parts


def _gap(gap: Gap) -> str:
    first, last = gap["from"], gap["to"]
    which = f"event {first}" if first == last else f"events {first} to {last}"
    return f"{which} of a subscription did not come; the source is being polled for what changed"

"""What a counterpart's notifications say of themselves, and what can be asked of who subscribes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

CATCH_UP = "catch up"
"""How a notice begins that something was missed: the source is polled from where it was read to."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One notification of a numbered channel, such as a subscription.

    ``events`` are the numbers of the events in it, ``total`` how many there were since the channel
    began, where it says so. ``begins``: the counting starts here. ``trouble`` is what the
    counterpart says is wrong with the channel, in words without patient data.
    """

    channel: str
    events: tuple[int, ...] = ()
    total: int | None = None
    begins: bool = False
    trouble: str = ""


@runtime_checkable
class KeepsTouch(Protocol):
    """A webhook whose sender makes itself heard even when nothing changed."""

    @property
    def silent_after(self) -> timedelta | None:
        """After how long a silence something is wrong; None: its sender may be silent."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription as the counterpart has it. ``trouble`` is empty where it works."""

    id: str
    about: str
    status: str
    trouble: str = ""


@runtime_checkable
class Subscribes(Protocol):
    """A source that can ask its counterpart to notify us. All raise as ``Source.fetch`` does."""

    def subscribe(self) -> Sequence[Subscribed]:
        """Makes the subscriptions that the settings want; those that are there stay as they are."""

    def subscriptions(self) -> Sequence[Subscribed]:
        """Those that notify us, as the counterpart tells of them now."""

    def unsubscribe(self) -> Sequence[Subscribed]:
        """Takes back all that notify us; what was taken back."""

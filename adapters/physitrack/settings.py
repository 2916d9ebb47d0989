"""Options of Physitrack. Each practitioner has an API key of their own: one source for each."""

from __future__ import annotations

from typing import Literal

from connector.polling.settings import Secrets, Section, VendorSourceSettings


class AddressSettings(Section):
    """The end of the webhook's address, which only Physitrack is told; no signature is known."""

    secret: Secrets


class PhysitrackSettings(VendorSourceSettings):
    """Where the account lies and what is taken.

    ``region`` is the first part of its address, as in ``us.physitrack.com``. ``messages``: what
    clients write is read too, checked for crisis wording and not kept. ``changes_a_day`` are the
    clients that are expected to be asked for in a day: those who opened their programme, and a
    seventh of those who have one.
    """

    region: Literal["us", "uk", "ca", "au", "staging"]
    messages: bool = True
    webhook: AddressSettings | None = None

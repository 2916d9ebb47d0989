"""Options of the mailbox. ``folder``: ``new`` of a Maildir, or where .eml files are laid."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.pickup import PickupSettings

Label = Annotated[str, Field(pattern=r"^[^:\r\n]{1,40}$")]
Domain = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class ReferralMailSettings(PickupSettings):
    """``from_domains``: domains of senders that are read, and theirs below; empty: all.

    The sender's address proves nothing by itself: let the mail server refuse forged mail (SPF,
    DKIM, DMARC) before it lays mail here. The four lists are the words before a colon with which
    the directory marks a person's name, phone number, e-mail address and message.
    """

    max_bytes: int = Field(default=5_000_000, ge=1, le=25_000_000)
    from_domains: tuple[Domain, ...] = ()
    name_labels: tuple[Label, ...] = ("Name", "Full name", "Client name")
    phone_labels: tuple[Label, ...] = ("Phone", "Phone number", "Telephone")
    email_labels: tuple[Label, ...] = ("Email", "E-mail", "Email address")
    message_labels: tuple[Label, ...] = ("Message", "Comments", "Inquiry")

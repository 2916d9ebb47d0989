"""From a mail's text to an inquiry: name, phone, e-mail address, message.

A directory marks them by words before a colon. The message is all that follows its mark; where no
mark of it is found it is the whole text, so that nothing a person wrote goes unread.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.referral_mail.mail import Mail
from adapters.referral_mail.settings import ReferralMailSettings
from connector.errors import InvalidRecord

_LINE = re.compile(r"[ \t>*]{0,8}([^:\n]{1,42}):(.*)")
_EMAIL = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,200}\.[^@\s<>\"]{1,60}")
_LONGEST = 200


class Inquiries:
    """Reads inquiries as the settings say. Raises nothing at the start."""

    def __init__(self, settings: ReferralMailSettings) -> None:
        self._domains = settings.from_domains
        self._fields: dict[str, str] = {}
        for field, labels in (
            ("name", settings.name_labels), ("phone", settings.phone_labels),
            ("email", settings.email_labels), ("message", settings.message_labels),
        ):  # fmt: skip
            self._fields |= {label.strip().casefold(): field for label in labels}

    def row(self, mail: Mail, received: str) -> Mapping[str, Any]:
        """The raw row of a mail. Raises InvalidRecord where it is of another sender, or empty."""
        if self._domains and not _below(mail.domain, self._domains):
            raise InvalidRecord(
                "other_sender",
                "the mail is not of a domain in from_domains; it was not read any further",
                allowed=self._domains,
            )
        found = self._marked(mail.text)
        message = found.get("message", "").strip() or mail.text.strip()
        if not message:
            raise InvalidRecord("no_text", "the mail has no text that could be an inquiry")
        name = _short(found.get("name") or mail.person[0])
        email = _short(found.get("email") or mail.person[1])
        given, _, family = name.rpartition(" ")
        return {
            "inquiry_id": _digest(mail.message_id, name, email, message),
            "received": received,
            "name": name or "(no name stated)",
            "given_name": given or name,
            "family_name": family if given else "",
            "phone": _short(found.get("phone", "")),
            "email": email if _EMAIL.fullmatch(email) else "",
            "message": message,
            "attachments": mail.attachments,
        }

    def _marked(self, text: str) -> dict[str, str]:
        """What follows each mark: its line; of the message's mark, everything."""
        found: dict[str, str] = {}
        lines = text.split("\n")
        for number, line in enumerate(lines):
            match = _LINE.fullmatch(line)
            field = self._fields.get(match[1].strip(" *").casefold()) if match else None
            if match is None or field is None or field in found:
                continue
            if field == "message":
                found[field] = "\n".join([match[2].lstrip(" *"), *lines[number + 1 :]])
                return found
            found[field] = match[2].strip(" *")
        return found


def _below(domain: str, allowed: Sequence[str]) -> bool:
    return any(domain == one or domain.endswith(f".{one}") for one in allowed)


def _short(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _digest(*parts: str) -> str:
    """The inquiry's id: the same mail delivered twice has one; one under a stolen id another."""
    text = "\x1f".join(parts)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24]

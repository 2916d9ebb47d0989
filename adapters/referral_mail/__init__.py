"""Inquiries that a therapist directory sends by e-mail, picked up from a folder of mail files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapters.referral_mail.settings import ReferralMailSettings
from connector.ports import Adapter, AdapterContext

if TYPE_CHECKING:
    from adapters.referral_mail.source import ReferralMail


def _source(settings: ReferralMailSettings, context: AdapterContext) -> ReferralMail:
    from adapters.referral_mail.source import ReferralMail

    return ReferralMail(settings, context.home)


def _concerns(settings: ReferralMailSettings) -> Sequence[str]:
    if not settings.from_domains:
        return [
            "mail of any sender becomes an inquiry (no from_domains): name the directory's domain"
        ]
    return []


ADAPTER = Adapter(
    name="referral_mail",
    summary="Reads inquiries of a therapist directory from mail files (Maildir or .eml)",
    source_settings=ReferralMailSettings,
    source=_source,
    concerns=_concerns,
)

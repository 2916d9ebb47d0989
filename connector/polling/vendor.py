"""What the adapters of vendors' systems declare alike: polled, posted to, reports into charts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connector.later import FilledFake, Later
from connector.ports import Adapter

INTO_CHARTS = ("therapist", "patient", "insurer", "referrer")
"""The kinds of document that have pages and a patient whose chart they belong in."""


def _posts(settings: Any) -> bool:
    return settings.webhook is not None


def vendor_adapter(
    name: str,
    summary: str,
    source: tuple[type[BaseModel], Later],
    destination: tuple[type[BaseModel], Later],
    fake: FilledFake,
    webhook: Later | None = None,
    **more: Any,
) -> Adapter:
    """The declaration of a vendor's system; ``more`` are further fields of ``Adapter``.

    Reports go there as PDF. With ``webhook``, the source's settings have a section of that name
    where the vendor posts too.
    """
    return Adapter(
        name=name,
        summary=summary,
        source_settings=source[0],
        source=source[1],
        destination_settings=destination[0],
        destination=destination[1],
        webhook=webhook,
        posts_when=None if webhook is None else _posts,
        formats=("pdf",),
        kinds=INTO_CHARTS,
        needs_patient=True,
        fake=fake,
        **more,
    )

"""Who the practice is to payers: what every file of ours says about its sender."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.records import Frozen
from connector.x12.content.envelope import Partner
from connector.x12.content.parties import Requester

Place = Annotated[str, Field(pattern=r"^[0-9]{2}$")]
"""A place-of-service code of two digits, in quotes in a file (CMS Place of Service Code Set)."""


class Trading(Frozen):
    """The section ``payers`` of the site file.

    ``originator`` (TRN03): exactly ten characters, 1 and the employer's number, or 9 and nine of
    one's own. ``usage``: T while a payer tests with us, P afterwards. ``place_of_service``:
    where the practice treats, such as 11 for an office, and ``telehealth_place_of_service``
    that of care by video (02 or 10, as the payer wants it); PAS needs it, the 278 takes it.
    """

    requester: Requester
    sender: Partner
    originator: Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
    usage: Literal["T", "P"] = "T"
    place_of_service: Place | None = None
    telehealth_place_of_service: Place | None = None

"""Who the practice is to payers: what every file of ours says about its sender."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.records import Frozen
from connector.x12.content.envelope import Partner
from connector.x12.content.parties import Requester


class Trading(Frozen):
    """The section ``payers`` of the site file.

    ``originator`` (TRN03): exactly ten characters, 1 and the employer's number, or 9 and nine of
    one's own. ``usage``: T while a payer tests with us, P afterwards.
    """

    requester: Requester
    sender: Partner
    originator: Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
    usage: Literal["T", "P"] = "T"

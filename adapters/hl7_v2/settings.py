"""Options of the HL7 v2 adapter: the listener, the pickup folder, the destination."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.hl7_v2.charset import codec
from connector.pickup import PickupSettings

_PATH = r"^[^\x00-\x1f]+$"
# A separator of HL7 inside a name would change the message that it stands in.
_WORD = r"^[^|^~\\&\x00-\x1f\x7f-\x9f]+$"
Word = Annotated[str, Field(pattern=_WORD, max_length=180)]
Blank = Annotated[str, Field(pattern=_WORD.replace("+$", "*$"), max_length=180)]
Path = Annotated[str, Field(pattern=_PATH)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientIdSettings(_Section):
    """Which number in PID-3 is the patient's: its type (PID-3.5), and who gave it (PID-3.4)."""

    type: Word = "MR"
    authority: Word | None = None


class ReadingSettings(_Section):
    """What is taken, and how it is read.

    ``charset`` holds for messages without MSH-18. ``processing_ids``: P production, T training, D
    debugging. ``applications`` and ``facilities``: what MSH-3 and MSH-4 must say, where stated.
    ``other_messages``: what is answered to types and events that nothing is made of.
    """

    patient_id: PatientIdSettings = PatientIdSettings()
    charset: str = "UNICODE UTF-8"
    processing_ids: tuple[Literal["P", "T", "D"], ...] = Field(default=("P",), min_length=1)
    applications: tuple[Word, ...] = ()
    facilities: tuple[Word, ...] = ()
    other_messages: Literal["reject", "accept"] = "reject"

    @field_validator("charset")
    @classmethod
    def _known(cls, value: str) -> str:
        if codec(value) is None:
            raise ValueError(
                f"the character set {value!r} is not read here; valid are such as 8859/1, ASCII, "
                "UNICODE UTF-8"
            )
        return value


class ServerTls(_Section):
    """Our certificate and key; ``client_ca``: senders must show a certificate of this authority.

    ``client_names``: the names (subject alternative or common name) that may send.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_need_an_authority(self) -> ServerTls:
        if self.client_names and self.client_ca is None:
            raise ValueError("client_names needs client_ca: without it nobody shows a certificate")
        return self


class ListenerSettings(ReadingSettings):
    """Where to listen and who may send.

    ``senders``: addresses or networks; must be stated unless only this machine can connect or
    senders show certificates. ``idle_seconds``: after so long without a message the connection is
    closed. ``message_seconds``: from the first byte of a message to its last.
    """

    port: int = Field(ge=1, le=65535)
    host: str = "127.0.0.1"
    senders: tuple[str, ...] = ()
    tls: ServerTls | None = None
    max_message_bytes: int = Field(default=16_000_000, ge=10_000, le=100_000_000)
    max_connections: int = Field(default=500, ge=1, le=10_000)
    idle_seconds: float = Field(default=3600, gt=0, le=7 * 86_400)
    message_seconds: float = Field(default=30, gt=0, le=600)

    @field_validator("host")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError(
                "host must be an address of this machine, such as 127.0.0.1 or 0.0.0.0"
            ) from None
        return value

    @field_validator("senders")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for given in value:
            try:
                ipaddress.ip_network(given)
            except ValueError:
                raise ValueError(
                    f"{given!r} is no address or network, such as 10.1.2.3 or 10.1.2.0/24"
                ) from None
        return value

    @model_validator(mode="after")
    def _somebody_stated(self) -> ListenerSettings:
        proven = self.tls is not None and self.tls.client_ca is not None
        if not self.local and not self.senders and not proven:
            raise ValueError(
                "say who may send: senders (addresses or networks), or tls with client_ca"
            )
        return self

    @property
    def local(self) -> bool:
        """Whether only this machine can connect."""
        return ipaddress.ip_address(self.host).is_loopback


class FilesSettings(ReadingSettings, PickupSettings):
    """A folder of files with messages, one after the other, with or without FHS and BHS."""

    max_bytes: int = Field(default=256_000_000, ge=1)


class ClientTls(_Section):
    """TLS to the receiver. ``ca_file`` replaces the public authorities; ours is shown if stated."""

    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _both(self) -> ClientTls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        return self


class DestinationSettings(_Section):
    """Where messages go and how they name things.

    ``patient_source``: the source whose patient ids the receiver has; patients of others are named
    by chart number. ``retry_conditions``: codes of HL7 table 0357 after which it is sent again.
    """

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$")]
    port: int = Field(ge=1, le=65535)
    tls: ClientTls | None = None
    timeout_seconds: float = Field(default=30, gt=0, le=300)
    version: Literal["2.3.1", "2.4", "2.5", "2.5.1"] = "2.5.1"
    application: Word = "PROGRESS CONNECTOR"
    facility: Blank = ""
    receiving_application: Blank = ""
    receiving_facility: Blank = ""
    processing_id: Literal["P", "T", "D"] = "P"
    patient_source: str | None = None
    patient_id_type: Word = "MR"
    patient_id_authority: Blank = ""
    document_type: Word = "PR"
    pdf_type: Literal["application", "AP"] = "application"
    retry_conditions: tuple[int, ...] = (206, 207)


def listener_concerns(settings: ListenerSettings) -> Sequence[str]:
    """What is valid and deserves a second look."""
    found = []
    if not settings.local and settings.tls is None:
        found.append("no tls: messages can be read on the way to this machine")
    if "P" not in settings.processing_ids:
        found.append("processing_ids leaves out P: messages of the running system are refused")
    if settings.processing_ids != ("P",) and "P" in settings.processing_ids:
        found.append("processing_ids takes tests beside production: they end up in charts")
    return found

"""Settings of an SFTP server: who it is, who we are, where files lie there."""

from __future__ import annotations

import base64
import binascii
import re
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connector.credentials import SecretReference

KEY_TYPES = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""Kinds of host keys with the signature algorithms that are taken (SHA-1 is not among them)."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}")
_FOLDER = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_PLACEHOLDERS = {"kind", "key", "ending"}


def _folder(value: str) -> str:
    if not _FOLDER.fullmatch(value) or ".." in value.split("/"):
        raise ValueError("name a folder on the server, such as outbound or /home/us/outbound")
    return value.rstrip("/") or "/"


RemoteFolder = Annotated[str, AfterValidator(_folder)]


class SftpServer(BaseModel):
    """How to reach the server and sign in.

    ``host_keys`` are the server's public keys, as its operator gives them ("ssh-ed25519 AAAA...");
    no other key is ever accepted. ``key`` is our private key (OpenSSH or PEM text), ``passphrase``
    opens it. ``private_network``: the server is in the practice's own network.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(default=22, ge=1, le=65_535)
    user: str = Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")
    host_keys: tuple[str, ...] = Field(min_length=1, max_length=10)
    key: SecretReference | None = None
    passphrase: SecretReference | None = None
    password: SecretReference | None = None
    private_network: bool = False
    timeout_seconds: float = Field(default=30, ge=1, le=300)

    @field_validator("host")
    @classmethod
    def _plain_host(cls, value: str) -> str:
        if not _HOST.fullmatch(value):
            raise ValueError("host is a name or address alone, such as sftp.example.com")
        return value

    @field_validator("host_keys")
    @classmethod
    def _public_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_host_key(line) for line in value)

    @model_validator(mode="after")
    def _some_proof(self) -> SftpServer:
        if self.key is None and self.password is None:
            raise ValueError("name where the key or the password lies, such as {env: SFTP_KEY}")
        if self.passphrase is not None and self.key is None:
            raise ValueError("passphrase belongs to key")
        return self


def _host_key(line: str) -> str:
    parts = line.split()
    if len(parts) < 2 or parts[0] not in KEY_TYPES:
        raise ValueError(
            "a host key is a type and base64, such as ssh-ed25519 AAAA...; get it from the "
            f"server's operator. Valid types: {', '.join(KEY_TYPES)}"
        )
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the host key's second part is not base64; copy the whole line") from None
    length = int.from_bytes(blob[:4])
    if blob[4 : 4 + length] != parts[0].encode():
        raise ValueError("the host key's two parts do not belong together; copy the whole line")
    return f"{parts[0]} {parts[1]}"


class SftpDropSettings(SftpServer):
    """Where files are dropped.

    ``collected``: the receiver takes files away, so that a file's absence says nothing;
    ``asked_folders`` are where it keeps what it has taken. ``name`` of the files holds {key}.
    """

    remote_folder: RemoteFolder
    name: str = Field(default="{kind}_{key}{ending}", pattern=r"^[A-Za-z0-9_.{}-]{1,120}$")
    collected: bool = True
    asked_folders: tuple[RemoteFolder, ...] = ()

    @field_validator("name")
    @classmethod
    def _holds_the_key(cls, value: str) -> str:
        try:
            found = {part[1] for part in Formatter().parse(value) if part[1] is not None}
        except ValueError:
            found = {"?"}
        if "key" not in found or not found <= _PLACEHOLDERS or value.startswith("."):
            raise ValueError(
                "name must hold {key}, may hold {kind} and {ending}, and not begin with a point"
            )
        return value


class SftpPickupSettings(SftpServer):
    """Where files are picked up, when they are ready, what reads them, what becomes of them.

    ``names`` are patterns; without any, those that the mapping's tables name. A file is ready when
    a second look after ``settle_seconds`` finds it unchanged, or where ``done_marker`` is set, when
    a file of its name with that ending lies beside it. ``reads`` is the adapter that reads them.
    ``spool`` is the local folder (under the site's) where they lie meanwhile.
    """

    remote_folder: RemoteFolder
    reads: Literal["csv_files", "fhir_files", "x12_files", "hl7_v2"] = "csv_files"
    names: tuple[str, ...] = Field(default=(), max_length=100)
    settle_seconds: float = Field(default=5, ge=0, le=60)
    done_marker: str | None = Field(default=None, pattern=r"^\.[A-Za-z0-9_.-]{1,20}$")
    after_pickup: Literal["delete", "move", "keep"] = "delete"
    moved_to: RemoteFolder | None = None
    max_bytes: int = Field(default=2_000_000_000, ge=1)
    max_seconds: float = Field(default=3600, ge=1, le=86_400)
    spool: str | None = Field(default=None, pattern=r"^[^\x00-\x1f]+$")

    @model_validator(mode="after")
    def _somewhere_to_move(self) -> SftpPickupSettings:
        if (self.after_pickup == "move") != (self.moved_to is not None):
            raise ValueError("after_pickup: move and moved_to belong together")
        if self.moved_to == self.remote_folder:
            raise ValueError("moved_to must be another folder than remote_folder")
        return self

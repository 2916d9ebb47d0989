"""The key ring: what seals patient data in the database, makes record ids and signs the audit head.

A sealed blob is ``format byte, key id (4 bytes), nonce (12 bytes), AES-256-GCM ciphertext``. The
additional data is practice, table and row key, so that a blob copied to another row, table or
practice does not open. Rotation adds a key and makes it the active one; older keys stay and open
what they sealed: rows that ``reseal`` has not moved yet, the engine's record of runs, backups.

Random nonces limit one key to about 4 billion blobs (NIST SP 800-38D, 2**32): rotate before.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.errors import ConfigurationError

ENVIRONMENT_VARIABLE = "CONNECTOR_KEYS"
KEY_ID = slice(1, 5)
_FORMAT = b"\x01"
_NONCE = slice(5, 17)
_BODY = slice(17, None)


class _Keys:
    """The secrets themselves; shared by all rings made from one key file."""

    def __init__(self, loaded: Mapping[str, Any], path: Path | None) -> None:
        self.path = path
        self.use(loaded)

    def use(self, loaded: Mapping[str, Any]) -> None:
        ciphers = {bytes.fromhex(name): _secret(text) for name, text in loaded["keys"].items()}
        if any(len(name) != 4 for name in ciphers):
            raise ValueError("a key id has 8 hex digits")
        active = bytes.fromhex(loaded["active"])
        if active not in ciphers:
            raise ValueError("the active key is not among the keys")
        self.index_key = _secret(loaded["index_key"])
        self.signing = Ed25519PrivateKey.from_private_bytes(_secret(loaded["signing_key"]))
        self.document = dict(loaded)
        # Other threads seal meanwhile: the new cipher is there before it is the active one.
        self.ciphers = {name: AESGCM(key) for name, key in ciphers.items()}
        self.active: bytes = active

    def reload(self) -> None:
        """Takes in keys that another process added to the file since it was read."""
        if self.path is not None and self.path.is_file():
            where = str(self.path)
            with _whole_key_file(where):
                self.use(_parsed(_private_text(self.path), where))


class KeyRing:
    """Seals, opens and signs for one practice (``for_practice``)."""

    def __init__(self, keys: _Keys, practice_id: str = "") -> None:
        self._keys = keys
        self._practice_id = practice_id
        self._starts: dict[str, str] = {}

    @classmethod
    def load(cls, path: Path, environment: Mapping[str, str] | None = None) -> KeyRing:
        """The keys in $CONNECTOR_KEYS (JSON text), else in the file.

        Raises ConfigurationError when there are none, they can't be read, or others can read them.
        """
        text = (os.environ if environment is None else environment).get(ENVIRONMENT_VARIABLE, "")
        if text.strip():
            return cls.from_text(text, where=f"${ENVIRONMENT_VARIABLE}")
        return cls(_keys(_private_text(path), str(path), path))

    @classmethod
    def from_text(cls, text: str, *, where: str) -> KeyRing:
        """The keys in a JSON text. Raises ConfigurationError ("keys_unreadable")."""
        return cls(_keys(text, where, None))

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """New random keys, written to ``path`` (mode 0600). Never replaces a key file."""
        name = secrets.token_hex(4)
        document = {
            "version": 1,
            "active": name,
            "keys": {name: _text(secrets.token_bytes(32))},
            "index_key": _text(secrets.token_bytes(32)),
            "signing_key": _text(secrets.token_bytes(32)),
        }
        try:
            _write(path, document, new=True)
        except FileExistsError:
            raise ConfigurationError(
                "keys_exist", f"{path} is there already; without it the stored data can't be read"
            ) from None
        return cls(_Keys(document, path))

    def rotate(self) -> str:
        """Adds a key and seals with it from now on; writes the key file if there is one. Its id.

        Of several processes that rotate one file at once, none loses another's key.
        """
        path = self._keys.path
        with _alone_in(path.parent) if path is not None else nullcontext():
            self._keys.reload()
            document = dict(self._keys.document)
            name = secrets.token_hex(4)
            document["keys"] = {**document["keys"], name: _text(secrets.token_bytes(32))}
            document["active"] = name
            if path is not None:
                _write(path, document)
            self._keys.use(document)
        return name

    def reload(self) -> None:
        """Takes in what another process wrote into the key file; nothing without a file."""
        self._keys.reload()

    def save_new(self, path: Path) -> None:
        """Writes the ring into a new file (mode 0600). Raises FileExistsError where one is."""
        _write(path, self._keys.document, new=True)

    def for_practice(self, practice_id: str) -> KeyRing:
        """The same keys, bound to a practice: its blobs open with no other practice's ring."""
        return KeyRing(self._keys, practice_id)

    @property
    def index_key(self) -> bytes:
        """The HMAC key for ``RecordIds``. It never rotates: ids would change."""
        return self._keys.index_key

    @property
    def active_id(self) -> bytes:
        """The id of the key that seals now; bytes 2 to 5 of every blob it sealed."""
        return self._keys.active

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, in hex."""
        return tuple(name.hex() for name in self._keys.ciphers)

    @property
    def path(self) -> Path | None:
        """The key file; None where the keys came as text."""
        return self._keys.path

    @property
    def has_others(self) -> bool:
        """Whether there are keys beside the one that seals now: those of before a rotation."""
        return len(self._keys.ciphers) > 1

    def text(self) -> str:
        """The ring as JSON text, fit for $CONNECTOR_KEYS. Secret."""
        return json.dumps(self._keys.document)

    def seal(self, table: str, row: str, plaintext: bytes) -> bytes:
        """``plaintext`` encrypted so that it opens in this practice, table and row only."""
        keys = self._keys
        active = keys.active  # asked once: another thread may rotate meanwhile
        nonce = secrets.token_bytes(12)
        sealed = keys.ciphers[active].encrypt(nonce, plaintext, self._context(table, row))
        return b"".join((_FORMAT, active, nonce, sealed))

    def open(self, table: str, row: str, blob: bytes) -> bytes:
        """The plaintext of a blob. Raises ConfigurationError ("cannot_decrypt")."""
        if blob[:1] != _FORMAT or len(blob) < _BODY.start:
            raise _cannot_decrypt(table, "the stored value is not a sealed value")
        if blob[KEY_ID] not in self._keys.ciphers:
            self._keys.reload()
        cipher = self._keys.ciphers.get(blob[KEY_ID])
        if cipher is None:
            raise _cannot_decrypt(
                table,
                f"key {blob[KEY_ID].hex()} is not in the key file. Where the keys were rotated, "
                "give this process the newest key file (or $CONNECTOR_KEYS) and restart it",
            )
        try:
            return cipher.decrypt(blob[_NONCE], blob[_BODY], self._context(table, row))
        except InvalidTag:
            raise _cannot_decrypt(
                table, "the key is another one, or the value was changed or moved from another row"
            ) from None

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest of ``content``: equal for equal content, can't be guessed from outside."""
        text = b"\x1f".join((b"fingerprint", self._practice_id.encode(), content))
        return hmac.digest(self._keys.index_key, text, "sha256").hex()

    def sign(self, message: bytes) -> str:
        """The Ed25519 signature of ``message``, base64."""
        return _text(self._keys.signing.sign(message))

    @property
    def public_key(self) -> str:
        """The key that checks ``sign``'s signatures (base64); not secret, keep a copy elsewhere."""
        return _text(self._keys.signing.public_key().public_bytes_raw())

    def _context(self, table: str, row: str) -> bytes:
        start = self._starts.get(table)
        if start is None:
            start = self._starts[table] = json.dumps((self._practice_id, table))[:-1]
        # As ``json.dumps`` of all three would write it, for a third of its time.
        return f"{start}, {encode_basestring_ascii(row)}]".encode()

    def __repr__(self) -> str:
        return f"KeyRing({len(self._keys.ciphers)} keys, practice {self._practice_id!r})"


def signature_holds(public_key: str, message: bytes, signature: str) -> bool:
    """True when ``signature`` over ``message`` was made by the owner of ``public_key``."""
    try:
        Ed25519PublicKey.from_public_bytes(_secret(public_key)).verify(
            base64.b64decode(signature, validate=True), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _keys(text: str, where: str, path: Path | None) -> _Keys:
    with _whole_key_file(where):
        return _Keys(_parsed(text, where), path)


@contextmanager
def _whole_key_file(where: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError, KeyError):
        raise ConfigurationError(
            "keys_unreadable", "this is not a whole key file; restore it from a backup", where=where
        ) from None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """While another process is in this folder, waits for it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict) or loaded.get("version") != 1:
        raise ConfigurationError(
            "keys_unreadable", "this is not a key file (JSON, version 1)", where=where
        )
    return loaded


def _private_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            "keys_not_found",
            f"there is no key file {path}; a new site gets one from: connector init. For stored "
            "data only its own key file helps",
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationError(
            "keys_unreadable",
            f"the key file can't be read ({type(fault).__name__})",
            where=str(path),
        ) from None
    if mode & 0o077:
        raise ConfigurationError(
            "keys_exposed",
            f"other users of this machine can read the keys; correct it with: chmod 600 {path}",
            where=str(path),
        )
    return text


def _write(path: Path, document: Mapping[str, Any], *, new: bool = False) -> None:
    """Replaces the file as a whole, so that a crash leaves the old or the new keys, never half.

    ``new``: raises FileExistsError instead, as two processes may set a new site up at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    if new:
        try:
            os.link(temporary, path)
        finally:
            temporary.unlink()
    else:
        temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _secret(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(value) != 32:
        raise ValueError("a key has 32 bytes")
    return value


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _cannot_decrypt(table: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        "cannot_decrypt",
        f"stored data ({table}) can't be read: {reason}. Check that the key file belongs to this "
        "database",
    )

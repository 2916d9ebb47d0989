"""Whose certificates are believed: the public authorities (certifi's list), or a site's own."""

from __future__ import annotations

import ssl
from pathlib import Path

from connector.errors import ConfigurationError


def own_certificate(path: Path) -> None:
    """Raises ConfigurationError where our certificate or its key can't be used, or others can read.

    The file holds both, as PEM text; the key has no passphrase, so the file is for us alone.
    """
    try:
        exposed = path.stat().st_mode & 0o077
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password=_no_passphrase)
    except (OSError, ValueError):
        raise ConfigurationError(
            "certificate_unreadable",
            f"certificate {path} can't be read as a certificate with its private key (PEM text, "
            "no passphrase); check the path, and that the service may read it",
        ) from None
    if exposed:
        raise ConfigurationError(
            "secret_exposed",
            f"other users of this machine can read our private key; correct it with: chmod 600 "
            f"{path}",
        )


def _no_passphrase() -> str:
    raise ValueError


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later, names checked; ``ca_file`` (PEM) replaces the public authorities.

    Raises ConfigurationError ("ca_file_unreadable").
    """
    if ca_file is None:
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ValueError):
        raise ConfigurationError(
            "ca_file_unreadable",
            f"ca_file {ca_file} can't be read as certificates (PEM text); check the path, and that "
            "the service may read it",
        ) from None

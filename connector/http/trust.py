"""Whose certificates are believed: the public authorities (certifi's list), or a site's own."""

from __future__ import annotations

import ssl
from pathlib import Path

from connector.errors import ConfigurationError


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

"""Our signing keys whose public halves the service publishes: ``service.publish_keys``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.errors import ConfigurationError
from connector.settings import SITE_FILE, Site


def published_keys(site: Site, home: Path) -> dict[str, Any] | None:
    """The JWK set to publish; None where the site publishes none.

    Raises ConfigurationError for a file that can't be read or holds no key that we sign with.
    """
    files = site.service.publish_keys
    if not files:
        return None
    from connector.credentials import SecretReference
    from connector.http.signing_key import key_set

    return key_set([SecretReference(file=file).read(home) for file in files])


def wrong_keys(site: Site, home: Path) -> list[ConfigurationError]:
    """What would end the start of the service, for ``connector check``."""
    try:
        published_keys(site, home)
    except ConfigurationError as fault:
        where = f"{SITE_FILE}, service.publish_keys"
        return [ConfigurationError(fault.code, fault.message, where=where)]
    return []

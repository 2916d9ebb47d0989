"""Reads from the site file how patients of one source join those of another. Part of ``app``."""

from __future__ import annotations

from connector import settings
from connector.errors import ConfigurationError
from connector.identity import IdentityRules


def load_identity(site: settings.Site) -> dict[str, IdentityRules]:
    """The checked ``identity`` of each source that has one, by source.

    Raises ConfigurationError naming the source, the key and the valid values.
    """
    found: dict[str, IdentityRules] = {}
    own = [s.name for s in site.sources if s.patients_of is None and s.identity is None]
    for given in site.sources:
        if given.identity is None:
            continue
        where = f"{settings.SITE_FILE}, source {given.name!r}, identity"
        data = {k: tuple(v) if isinstance(v, list) else v for k, v in given.identity.items()}
        rules = settings.check_section(IdentityRules, data, where=where)
        if given.patients_of is not None:
            raise ConfigurationError(
                "identity_and_patients_of",
                "the source has `patients_of` too: with it, ids are the same already; give one",
                where=where,
            )
        if rules.joins not in own:
            raise ConfigurationError(
                "unknown_source", f"joins: {rules.joins!r} is no source with patients of its own",
                where=where, allowed=own,
            )  # fmt: skip
        found[given.name] = rules
    return found

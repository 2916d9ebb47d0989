"""The payers' files and the site's own section on them, as ``app`` hands them to the parts."""

from __future__ import annotations

from connector import registry, settings
from connector.authorizations.payers import PayerBook
from connector.errors import ConfigurationError
from connector.resources import Resources
from connector.x12.content.trading import Trading


def load(resources: Resources, site: settings.Site) -> PayerBook:
    """All payers in use. Raises ConfigurationError naming file and key."""
    where = f"{settings.SITE_FILE}, payers"
    trading = settings.check_section(Trading, site.payers, where=where) if site.payers else None
    book = PayerBook(registry.load_payers(resources).values(), trading)
    for target in site.destinations:
        for id in target.payers:
            if id not in book.files:
                fault = registry.unknown("payer", id, book.files)
                raise ConfigurationError(
                    fault.code, fault.message,
                    where=f"{settings.SITE_FILE}, destination {target.name!r}",
                )  # fmt: skip
    return book


def answering(site: settings.Site) -> frozenset[str]:
    """The sources whose adapters bring payers' answers. Raises ConfigurationError."""
    found = set()
    for given in site.sources:
        answers = registry.find_adapter(given.adapter).payer_answers
        if answers:
            found.add(given.name)
        if answers == bool(given.mapping):
            text = "takes no mapping: it brings payers' answers" if answers else "needs a mapping"
            raise ConfigurationError(
                "mapping_not_taken" if answers else "mapping_missing",
                f"source {given.name!r} {text}",
                where=settings.SITE_FILE,
            )
    return frozenset(found)

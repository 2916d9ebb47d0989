"""The payers' files and the site's own section on them, as ``app`` hands them to the parts."""

from __future__ import annotations

from connector import registry, settings
from connector.authorizations.payers import PayerBook
from connector.errors import ConfigurationError
from connector.resources import Resources
from connector.x12.content.trading import Trading


def load(resources: Resources, site: settings.Site) -> PayerBook:
    """All payers in use. Raises ConfigurationError naming file and key."""
    _refuse_wrong_mappings(site)
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
    """The sources whose adapters bring payers' answers; an unknown adapter is told elsewhere."""
    known = set(registry.adapter_names())
    found = set()
    for given in site.sources:
        # what only fetches files brings what the adapter brings that reads them
        reader = str(given.options.get("reads", given.adapter))
        if reader in known and registry.find_adapter(reader).payer_answers:
            found.add(given.name)
    return frozenset(found)


def _refuse_wrong_mappings(site: settings.Site) -> None:
    """Refuses a source without a mapping that needs one, and the other way round."""
    answers = answering(site)
    for given in site.sources:
        if (given.name in answers) == bool(given.mapping):
            taken = given.name in answers
            text = "takes no mapping: it brings payers' answers" if taken else "needs a mapping"
            raise ConfigurationError(
                "mapping_not_taken" if taken else "mapping_missing",
                f"source {given.name!r} {text}",
                where=settings.SITE_FILE,
            )

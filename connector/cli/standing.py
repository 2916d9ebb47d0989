"""What ``status`` tells of the configuration, of shadow, and of patients who wait to be matched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.app import App, open_app
from connector.configuration import ledger
from connector.configuration.files import read_files
from connector.errors import ConnectorError
from connector.settings import absolute_url

if TYPE_CHECKING:
    from connector.store.store import Tx

_SQLITE = "sqlite:///"


def configuration(tx: Tx, app: App) -> dict[str, int]:
    """The number of the version in force, and of one that waits."""
    where = ledger.standing(tx, app.home)
    found = {} if where.in_force is None else {"version in force": where.in_force.number}
    if where.waits and where.edited is not None:
        name = "version that waits for approval" if where.by_approval else "version after a restart"
        found[name] = where.edited.number
    return found


def shadow(tx: Tx, app: App) -> dict[str, int]:
    """How many deliveries each destination's shadow kept back, and the stages that are in shadow.

    A stage counts as 1, so that status says so even before anything was kept back.
    """
    found = {f"stage {stage}": 1 for stage in app.site.shadow}
    for (destination, kind), count in tx.kept_back.counts().items():
        found[f"kept back from {destination}, {kind}"] = count
    return found


def keep_checked(home: Path) -> str | None:
    """Keeps the files as a version, where the site has a store already; what there is to say.

    None where it has none, or it can't be reached now: checking works without.
    """
    try:
        app = open_app(home)
        url = absolute_url(app.site.store.url, home)
        if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
            return None
        with app.open_store() as store:
            version = ledger.keep(store, read_files(home))
            where = store.read(lambda tx: ledger.standing(tx, home))
    except ConnectorError:
        return None
    if not where.waits:
        return f"Configuration: version {version.number}, in force."
    how = "waits for approval" if where.by_approval else "in force from the next start"
    return f"Configuration: version {version.number}, {how}. What it changes: connector config diff"


def troubles(tx: Tx, app: App) -> list[dict[str, Any]]:
    """What of this needs a person: approval, shadow that keeps things back, unmatched patients."""
    found: list[dict[str, Any]] = []
    where = ledger.standing(tx, app.home)
    if where.by_approval and where.waits and where.edited is not None:
        number = where.in_force.number if where.in_force else 0
        found.append(
            {
                "part": "configuration", "what": f"version {where.edited.number} waits",
                "code": "not_approved",
                "message": f"the service works with version {number}; see: connector config diff",
            }
        )  # fmt: skip
    waiting = tx.identities.counts().get("waiting", 0)
    if waiting:
        found.append(
            {
                "part": "identity", "what": f"{waiting} patients wait", "code": "not_matched",
                "message": "nobody judges them until it is known whose they are; see: connector "
                "identity list",
            }
        )  # fmt: skip
    if app.site.shadow or any(route.shadow for route in app.routes):
        found.append(
            {
                "part": "shadow", "what": "part of the work is only tried", "code": "in_shadow",
                "message": "what is in shadow is not done; see: connector shadow list",
            }
        )  # fmt: skip
    return found

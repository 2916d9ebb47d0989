"""Writes the compression dictionary of the store from the databases of two synthetic sites.

    scripts/make_store_dictionary.py OUTPUT SITE [SITE ...]

Stored JSON is short and its keys repeat from row to row, so a dictionary of typical rows makes it
several times smaller. A dictionary that has been used must never change: rows written with it can't
be read without it. A better one gets a new number beside the old (connector/store/packing.py).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from connector.app import open_app
from connector.store.packing import expand
from connector.store.schema import SEALED

MOST_BYTES = 30_000
# What is most frequent comes last: deflate reaches it with the fewest bits.
SHARES = (
    ("documents.spec", 6_000), ("progress.body", 11_000), ("alerts.body", 2_500),
    ("decisions.body", 5_500), ("inbox.body", 1_000), ("records.body", 4_000),
)  # fmt: skip
_NAMES = {"given_name", "family_name", "name", "chart_number", "member_id", "phone", "birth_date"}
_DIGITS = re.compile(r"[0-9a-f]{16,}")


def main(output: Path, homes: list[Path]) -> None:
    """Reads the sites' databases and writes the dictionary."""
    found: dict[str, list[str]] = {place: [] for place, _ in SHARES}
    for home in homes:
        with open_app(home).open_store() as store:
            for place in found:
                found[place] += store.read(lambda tx, place=place: _texts(tx.scope, place))
    text = "".join(_chosen(found[place], share) for place, share in SHARES)
    output.write_bytes(text.encode()[-MOST_BYTES:])
    print(f"{output}: {output.stat().st_size} bytes")


def _texts(scope: Any, place: str) -> list[str]:
    sealed = SEALED[place]
    query = scope.select(sealed.column.table).where(sealed.column.is_not(None)).limit(400)
    texts = []
    for row in scope.run(query):
        key = tuple(getattr(row, column.name) for column in sealed.row)
        body = expand(scope.open(place, key, getattr(row, sealed.column.name)))
        value = _without_names(json.loads(body))
        separators = (",", ":")
        texts.append(_DIGITS.sub("", json.dumps(value, separators=separators, ensure_ascii=False)))
    return texts


def _without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "" if k in _NAMES else _without_names(v) for k, v in value.items()}
    return [_without_names(v) for v in value] if isinstance(value, list) else value


def _chosen(texts: list[str], share: int) -> str:
    """Texts that add most to what was taken, up to a number of characters; the typical one last."""
    taken: list[str] = []
    known: set[str] = set()
    left = sorted(set(texts), key=len)
    while left and sum(map(len, taken)) < share:
        best = max(left, key=lambda text: len(_pieces(text) - known) / (len(text) + 200))
        left.remove(best)
        known |= _pieces(best)
        taken.append(best[: share - sum(map(len, taken))])
    return "".join(reversed(taken))


def _pieces(text: str) -> set[str]:
    return set(re.findall(r'"[^"]{3,}"|[A-Za-z][A-Za-z ,.]{10,}', text))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(given) for given in sys.argv[2:]])

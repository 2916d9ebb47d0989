"""What a counterpart answered. Its text is never part of a message, a log line or a ``repr``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.errors import RetryLater
from connector.json_text import mended


class Headers(Mapping[str, str]):
    """Headers by name in any case; several of one name are joined by a comma."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            known = self._values.get(name.lower())
            self._values[name.lower()] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __repr__(self) -> str:
        return f"Headers({len(self._values)})"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. ``ask_first``: the request must not be repeated without asking."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    host: str = ""
    ask_first: bool = False

    def json(self) -> Any:
        """The body as JSON; in place of halves of characters and NULs stands U+FFFD.

        Raises RetryLater: "garbage_answer" where it is something else, as a maintenance page is;
        "answer_lost" where the request that it answers must not be repeated without asking.
        """
        try:
            return mended(json.loads(self.body), self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "").lower()
            what = "a web page" if kind.startswith("text/html") else "something unreadable"
            raise RetryLater(
                "answer_lost" if self.ask_first else "garbage_answer",
                f"{self.host} answered with {what} where JSON is promised; it may be under "
                "maintenance, or the address in the settings is not that of its API",
                detail=f"HTTP {self.status}",
            ) from None

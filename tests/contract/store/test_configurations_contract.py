"""Versions of the configuration: each kept once, numbered in order, its files as they were."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.store import Store


def keep(store: Store, samples: Any, digest: str, body: bytes = b"one") -> tuple[int, bool]:
    files = {"site.yaml": (f"digest of {body!r}", body)}
    version, new = store.write(lambda tx: tx.configurations.keep(digest, files, samples.at()))
    return version.number, new


def test_the_same_contents_are_the_same_version(store: Store, samples: Any) -> None:
    assert keep(store, samples, "a") == (1, True)
    assert keep(store, samples, "b", b"\xff two") == (2, True)
    assert keep(store, samples, "a") == (1, False)
    versions = store.read(lambda tx: tx.configurations.list())
    bodies = [store.read(lambda tx, v=v: tx.configurations.contents(v)) for v in versions]  # type: ignore[misc]
    assert bodies == [{"site.yaml": b"one"}, {"site.yaml": b"\xff two"}]
    with pytest.raises(ConfigurationError, match="no version 3"):
        store.read(lambda tx: tx.configurations.get(3))


def test_the_one_in_force_is_the_one_that_came_into_force_last(store: Store, samples: Any) -> None:
    assert store.read(lambda tx: tx.configurations.in_force()) is None
    keep(store, samples, "a")
    keep(store, samples, "b", b"two")
    for number, minute in ((1, 1), (2, 2), (1, 3)):
        store.write(
            lambda tx, n=number, m=minute: tx.configurations.put_in_force(n, {}, samples.at(m))  # type: ignore[misc]
        )
        version = store.read(lambda tx: tx.configurations.in_force())
        assert version is not None and version.number == number


def test_replicas_that_start_at_once_get_numbers_of_their_own(store: Store, samples: Any) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: keep(store, samples, f"d{n % 3}", b"x"), range(6)))
    assert {number for number, _ in found} == {1, 2, 3}
    assert sum(new for _, new in found) == 3

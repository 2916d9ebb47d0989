"""What replicas share on both databases: budgets of requests, notices that wait to be fetched."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from connector.budget import Budget, Quotas
from connector.engine.budgets import StoredCounts, spent
from connector.engine.inflow import store_pages
from connector.engine.noticed import MOST_WAITING, waiting
from connector.errors import RetryLater
from connector.ports import RawBatch, RawPage, RawRow
from connector.store import Store

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


def replica(store):
    quotas = Quotas(lambda: NOW)
    quotas.set("ehr", Budget(10, 500))
    quotas.bind(StoredCounts(store))
    return quotas


def test_replicas_that_ask_at_once_never_take_more_than_there_is(store):
    replicas = [replica(store) for _ in range(4)]

    def take(number):
        try:
            replicas[number % 4].take("ehr")
        except RetryLater:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(24))) == 10
    kept = store.read(lambda tx: spent(tx, "ehr"))
    assert sum(count for _, count in kept.minutes) == 10
    with pytest.raises(RetryLater):
        replica(store).take("ehr")


def test_two_replicas_with_a_store_each_draw_on_one_budget_and_keep_one_silence(url, keys):
    """As two machines do: each has its own connections and nothing else in common."""
    name = f"replicas_{uuid.uuid4().hex[:12]}"
    with Store.open(url, keys, name) as here, Store.open(url, keys, name) as there:
        one, other = replica(here), replica(there)

        def take(quotas):
            try:
                quotas.take("ehr")
            except RetryLater:
                return 0
            return 1

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(take, [one, other] * 9)) == 10
        other.hold("other", timedelta(minutes=5))
        with pytest.raises(RetryLater) as held:
            one.take("other")
        assert held.value.until == NOW + timedelta(minutes=5)


def page(key, *notices):
    batch = RawBatch(key, "notice", "/webhooks/ehr", NOW, (RawRow(1, {}),))
    return RawPage((batch,), notices=notices)


def listed(store):
    return store.read(lambda tx: waiting(tx, "ehr"))


def test_a_notice_is_kept_with_its_event_until_a_page_answers_it(store):
    store_pages(store, [("ehr", page("e1", "a/1/x")), ("ehr", page("e2", "a/2/y"))], NOW)
    assert listed(store) == ["a/1/x", "a/2/y"]
    store_pages(store, [("ehr", RawPage(answers=("a/1/x",)))], NOW)
    assert listed(store) == ["a/2/y"]
    assert store.read(lambda tx: waiting(tx, "other")) == []


def test_the_same_event_again_makes_no_second_notice(store):
    store_pages(store, [("ehr", page("e1", "a/1/x"))], NOW)
    store_pages(store, [("ehr", RawPage(answers=("a/1/x",)))], NOW)
    store_pages(store, [("ehr", page("e1", "a/1/x"))], NOW)
    assert listed(store) == []


def test_notices_that_come_at_once_are_all_kept(store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(
            lambda n: store_pages(store, [("ehr", page(f"e{n}", f"a/{n}/x"))], NOW), range(40)
        ))  # fmt: skip
    assert sorted(listed(store)) == sorted(f"a/{n}/x" for n in range(40))


def test_a_sender_of_far_too_many_is_told_to_come_again(store):
    many = RawPage(notices=tuple(f"a/{n}/x" for n in range(MOST_WAITING + 1)))
    with pytest.raises(RetryLater) as caught:
        store_pages(store, [("ehr", many)], NOW)
    assert caught.value.code == "too_many_notices"
    assert listed(store) == []

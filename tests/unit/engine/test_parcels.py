"""Due deliveries as units of work, and the numbers of advisory locks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.engine.gate import Gate
from connector.engine.sender import Sender, parcels
from connector.engine.takeover import lock_number
from connector.errors import RetryLater
from connector.store.deliveries import DeliveryRow

AT = datetime(2026, 11, 20, tzinfo=UTC)


def row(seq, destination, document, fmt):
    return DeliveryRow(
        seq, f"key-{seq}", destination, document, fmt, "therapist", "p", "m", {}, "pending", 0,
        AT, None, None, AT, AT,
    )  # fmt: skip


CHOICES = st.tuples(st.sampled_from(["d1", "d2", "d3"]), st.sampled_from(["pdf", "html", "json"]))


@given(st.lists(CHOICES, max_size=64))
@settings(max_examples=40)
def test_every_row_is_in_exactly_one_parcel_in_order(choices):
    rows = [row(number, "chart", *choice) for number, choice in enumerate(choices)]
    by_key = {one.key: one for one in rows}
    found = list(parcels(rows))
    assert sorted(key for parcel in found for key in parcel.keys) == sorted(by_key)
    for parcel in found:
        members = [by_key[key] for key in parcel.keys]
        assert [one.seq for one in members] == sorted(one.seq for one in members)
        if parcel.document_id is None:
            assert {one.format for one in members} == {"json"}
        else:
            assert {one.document_id for one in members} == {parcel.document_id}
            assert list(parcel.formats) == [one.format for one in members]
    assert sum(parcel.document_id is None for parcel in found) <= 1


@given(st.text())
@settings(max_examples=40)
def test_a_lock_number_fits_postgresqls_integer(executor):
    assert -(2**31) <= lock_number(executor) < 2**31
    assert lock_number(executor) == lock_number(executor)


def test_replicas_have_different_locks():
    numbers = {lock_number(f"replica-{n:010x}") for n in range(2000)}
    assert len(numbers) == 2000


def test_a_turn_ends_when_nothing_is_being_sent_any_more_though_one_parcel_failed():
    failed, ended = threading.Event(), []

    def carry(parcel):
        if parcel.document_id == "d1":
            failed.set()
            raise RetryLater("database_busy", "the database is busy")
        failed.wait(60)
        time.sleep(0.02)
        ended.append(parcel.document_id)
        return 1

    rows = [row(1, "chart", "d1", "pdf"), row(2, "chart", "d2", "pdf")]
    work = SimpleNamespace(
        gates={"chart": Gate()}, now=lambda: AT, store=SimpleNamespace(read=lambda _: rows)
    )
    with ThreadPoolExecutor(2) as threads:
        sender = Sender(work, "chart", light=False, alone=True, carry=carry, threads=threads)
        sender._looked = AT
        with pytest.raises(RetryLater):
            sender.turn()
        assert ended == ["d2"]

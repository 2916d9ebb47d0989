"""The statements about deliveries that run all the time, put together once."""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, Executable, FromClause, Text, and_, bindparam, or_, select

from connector.store.schema import deliveries, receipts
from connector.store.scope import Maker, Prepared

_UNFINISHED = ("pending", "sending", "waiting", "dead")
_AT = deliveries.c.updated_at.type
_EARLIER = deliveries.alias()
_BEGUN = deliveries.alias("begun")


def _before(other: FromClause) -> ColumnElement[bool]:
    """``other`` is of the same patient, kind and destination, and was queued before."""
    return and_(
        other.c.practice_id == deliveries.c.practice_id,
        other.c.destination == deliveries.c.destination,
        other.c.patient_id == deliveries.c.patient_id,
        other.c.kind == deliveries.c.kind,
        other.c.seq < deliveries.c.seq,
    )


def _of_another_page(other: FromClause) -> ColumnElement[bool]:
    """``other`` is another document's, and goes the same way: as JSON, or as pages.

    The two ways have senders of their own that don't wait for each other.
    """
    return and_(
        other.c.document_id != deliveries.c.document_id,
        (other.c.format == "json") == (deliveries.c.format == "json"),
    )


def _being_sent() -> ColumnElement[bool]:
    """An earlier one is on its way, here or at another replica."""
    begun = and_(_before(_BEGUN), _of_another_page(_BEGUN), _BEGUN.c.state == "sending")
    return select(_BEGUN.c.seq).where(begun).exists()


@cache
def due_query(of_one: bool, light: bool | None) -> Prepared:
    """What is due: of one ``destination`` or of all; only JSON (``light``), only pages, or both.

    Light documents go in batches that keep the order. Pages go one by one, several at once, so of
    a patient's pages of one kind only the first is due.
    """

    def build(make: Maker) -> Executable:
        now = bindparam("now", type_=_AT)
        holds_back = _EARLIER.c.due_at > now
        if light is False:
            holds_back = or_(holds_back, _of_another_page(_EARLIER))
        waiting = and_(_before(_EARLIER), _EARLIER.c.state == "pending", holds_back)
        waits_behind = select(_EARLIER.c.seq).where(waiting).exists()
        query = make.select(deliveries).where(
            deliveries.c.state == "pending",
            deliveries.c.due_at <= now,
            or_(deliveries.c.kind == "alert", and_(~waits_behind, ~_being_sent())),
        )
        if of_one:
            query = query.where(deliveries.c.destination == bindparam("destination"))
        if light is not None:
            is_json = deliveries.c.format == "json"
            query = query.where(is_json if light else ~is_json)
        return query.order_by(deliveries.c.seq).limit(bindparam("most"))

    return Prepared(build)


BY_KEYS = Prepared(
    lambda make: (
        make.select(deliveries).where(make.among(deliveries.c.key)).order_by(deliveries.c.seq)
    )
)
# Held in one order and looked at again after that: who came first has its mark on disk by then.
HOLD = Prepared(
    lambda make: make.locked(
        make.select(deliveries, deliveries.c.key)
        .where(make.among(deliveries.c.key))
        .order_by(deliveries.c.seq)
    )
)
MARK_SENDING = Prepared(
    lambda make: make.update(deliveries)
    .where(
        make.among(deliveries.c.key),
        make.checked(deliveries.c.state) == "pending",
        or_(deliveries.c.kind == "alert", ~_being_sent()),
    )
    .values(
        state="sending", attempts=deliveries.c.attempts + 1,
        updated_at=bindparam("at", type_=_AT), message=bindparam("by", type_=Text()),
    )
    .returning(deliveries.c.key)
)  # fmt: skip
CLOSE = Prepared(
    lambda make: make.update(deliveries)
    .where(
        make.among(deliveries.c.key),
        or_(*(make.checked(deliveries.c.state) == state for state in _UNFINISHED)),
    )
    .values(
        state="delivered", code=None, message=None, needs_person=False,
        updated_at=bindparam("at", type_=_AT),
    )
    .returning(deliveries.c.key)
)  # fmt: skip
INSERT_RECEIPTS = receipts.insert()

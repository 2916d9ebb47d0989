"""The statements about deliveries that run all the time, put together once."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, Text, bindparam, or_, select

from connector.store.schema import deliveries, receipts
from connector.store.scope import Maker, Prepared

_UNFINISHED = ("pending", "sending", "waiting", "dead")
_AT = deliveries.c.updated_at.type


@cache
def due_query(of_one: bool, light: bool | None) -> Prepared:
    """What is due: of one ``destination`` or of all; only JSON (``light``), only pages, or both."""

    def build(make: Maker) -> Executable:
        now = bindparam("now", type_=_AT)
        earlier = deliveries.alias()
        waits_behind = (
            select(earlier.c.seq)
            .where(
                earlier.c.practice_id == deliveries.c.practice_id,
                earlier.c.destination == deliveries.c.destination,
                earlier.c.patient_id == deliveries.c.patient_id,
                earlier.c.kind == deliveries.c.kind,
                earlier.c.state == "pending",
                earlier.c.seq < deliveries.c.seq,
                earlier.c.due_at > now,
            )
            .exists()
        )
        query = make.select(deliveries).where(
            deliveries.c.state == "pending",
            deliveries.c.due_at <= now,
            or_(deliveries.c.kind == "alert", ~waits_behind),
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
MARK_SENDING = Prepared(
    lambda make: make.update(deliveries)
    .where(make.among(deliveries.c.key), make.checked(deliveries.c.state) == "pending")
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

"""Limits and conditions of an instrument file: on numbers, on items, on answers beside the items.

A context question is something that scoring asks beside the items, such as whether work applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from connector.records import Frozen

Op = Literal[">=", ">", "<=", "<"]
ItemNumber = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Comparison(Frozen):
    """A limit with its side; files write it short, as ">=10" (parse.py expands it)."""

    op: Op
    value: Decimal

    def holds(self, number: Decimal) -> bool:
        """Whether ``number`` is on the stated side."""
        if self.op == ">=":
            return number >= self.value
        if self.op == ">":
            return number > self.value
        if self.op == "<=":
            return number <= self.value
        return number < self.value

    def __str__(self) -> str:
        return f"{self.op}{self.value}"


class ItemCondition(Frozen):
    """Holds when at least one of ``items`` meets ``trigger``."""

    items: tuple[ItemNumber, ...] = Field(min_length=1)
    trigger: Comparison


class ContextQuestion(Frozen):
    """Something that scoring asks beside the items, such as whether a question does not apply.

    Answers come with the form (``Assessment.context``). A yes counts as 1, a no as 0.
    """

    key: Name
    kind: Literal["yes_no", "number"] = "yes_no"
    min: Decimal = Decimal(0)
    max: Decimal = Decimal(1)

    @model_validator(mode="after")
    def _ordered(self) -> ContextQuestion:
        if self.max <= self.min:
            raise ValueError(f"max {self.max} is not above min {self.min}")
        if self.kind == "yes_no" and not self.min == 0 < self.max == 1:
            raise ValueError("a yes_no question has no min and max")
        return self


class ContextCondition(Frozen):
    """Holds when the answer to a context question is known and meets ``trigger``."""

    key: Name
    trigger: Comparison

    def holds(self, told: Mapping[str, Decimal]) -> bool:
        """Whether the condition is met by what was ``told``; unknown is not."""
        return self.key in told and self.trigger.holds(told[self.key])


class RiskCondition(ItemCondition):
    """As an ``ItemCondition``, but it does not hold where ``unless`` is known to."""

    unless: ContextCondition | None = None


class FollowUp(Frozen):
    """A context question that a positive item calls for: not answered, it is a missing answer.

    The flag is ``safety_item_missing:ITEM_NAME``.
    """

    item: ItemNumber
    trigger: Comparison
    key: Name
    name: Name

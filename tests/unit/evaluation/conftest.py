"""A line asked as the command asks it, with the shipped instruments and the default rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.evaluation import Basis, evaluate_line
from connector.progress import RuleSet
from connector.registry import load_instruments
from connector.resources import Resources

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def basis() -> Basis:
    return Basis(load_instruments(Resources()), RuleSet())


@pytest.fixture
def ask(basis: Basis) -> Ask:
    """Answers a line given as text, or as its kind and fields; the answer is always valid JSON."""

    def answer(text: str | bytes | None = None, /, **fields: Any) -> dict[str, Any]:
        found = evaluate_line(json.dumps(fields) if text is None else text, basis)
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        return found

    return answer

"""Golden cases of X12 for the tests of PAS: synthetic people."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.pas.packets import GOLDEN


@pytest.fixture
def case() -> Callable[[str], dict[str, Any]]:
    """A golden case by name, free to be changed."""

    def load(name: str) -> dict[str, Any]:
        return copy.deepcopy(json.loads((GOLDEN / f"{name}.json").read_text()))

    return load

"""The shipped rule list, read once, and small lists of a few lines. All sentences are invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.registry import load_wording
from connector.resources import Resources
from connector.wording import WordingFile, WordingRules, compile_wording


@pytest.fixture(scope="session")
def shipped() -> WordingRules:
    return load_wording(Resources())


@pytest.fixture
def small() -> Callable[..., WordingRules]:
    """A list with one rule of the given phrases; ``language`` and ``rule`` add to it."""

    def make(*phrases: str, language: Any = None, **rule: Any) -> WordingRules:
        file = {
            "name": "small",
            "languages": {"en": language or {}},
            "groups": {"g": {"name": "a group", "levels": {"as_said": "page"}}},
            "rules": [{"id": "r", "group": "g", "language": "en", "phrases": phrases, **rule}],
        }
        return compile_wording(WordingFile.model_validate(file), "small.yaml")

    return make

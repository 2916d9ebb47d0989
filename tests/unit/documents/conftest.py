"""Samples and one renderer for the report tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from connector.documents.render import Renderer
from connector.resources import Resources


def _load_samples() -> ModuleType:
    name = "progress_samples"
    if name not in sys.modules:
        path = Path(__file__).with_name(f"{name}.py")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    return _load_samples()


@pytest.fixture(scope="session")
def resources() -> Resources:
    return Resources(None)


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    made = Renderer(1, 60)
    yield made
    made.close()


@pytest.fixture(scope="session")
def documents(samples: ModuleType):
    """The documents of a situation, by kind."""
    from connector.pipeline.report import report

    everyone = samples.situations()

    def build(situation):
        progress = everyone[situation] if isinstance(situation, str) else situation
        specs = report(progress, samples.PRACTICE, samples.instruments(), samples.RULES)
        return {spec.kind: spec for spec in specs}

    return build

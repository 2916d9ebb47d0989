"""What adapters name and import later is there: a wrong name would only fail in use."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from connector import registry
from connector.later import FilledFake, Later

NAMES = registry.adapter_names()


def _named(adapter: object) -> list[Later]:
    found = [getattr(adapter, field.name) for field in fields(adapter)]  # type: ignore[arg-type]
    fakes = [part for one in found if isinstance(one, FilledFake) for part in (one.fake, one.fill)]
    return [one for one in found if isinstance(one, Later)] + fakes


@pytest.mark.parametrize("name", NAMES)
def test_what_a_head_names_is_there(name: str) -> None:
    for later in _named(registry.find_adapter(name)):
        assert callable(later.load()), later
        assert later.module.startswith(f"adapters.{name}.")


def test_all_heads_together_import_no_library_for_talking() -> None:
    """Each command loads the heads; a library for HTTP or FHIR takes longer than all of them."""
    code = (
        "import sys; from connector import registry; "
        "[registry.find_adapter(one) for one in registry.adapter_names()]; "
        "print(sorted({'requests', 'fhirclient', 'hl7apy', 'paramiko'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"

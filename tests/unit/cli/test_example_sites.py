"""The commented example sites are sites: a copy passes its check once its secrets are set."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from connector.app import open_app

CONFIG = Path(__file__).resolve().parents[3] / "config"
EXAMPLES = sorted(path.name for path in CONFIG.glob("*site.yaml.example"))


@pytest.fixture
def secrets(monkeypatch):
    for name in ("FORM_TOOL_SECRET", "ANSWERS_SECRET"):
        monkeypatch.setenv(name, "whsec_" + base64.b64encode(b"s" * 32).decode())


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_no_mistakes_and_nothing_to_look_at_again(tmp_path, name):
    shutil.copy(CONFIG / name, tmp_path / "site.yaml")
    app = open_app(tmp_path)
    assert app.findings() == []
    # On one machine or behind a tunnel HL7 goes without TLS; the check says so all the same.
    plain = {"destination 'ehr_chart': no tls: what is sent can be read on the way"}
    assert set(app.concerns()) <= plain


def test_there_is_one_for_webhooks():
    assert "webhook_site.yaml.example" in EXAMPLES

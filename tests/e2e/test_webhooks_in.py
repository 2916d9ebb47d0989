"""The guide's own example: a request signed by openssl and sent by curl is decided."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
import yaml

from connector.app import open_app
from connector.records import Assessment
from tests.e2e.test_service import serving, wait_for

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "curl", "openssl", "base64", "od", "tr", "date")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The commented example as a site, its receiver in a folder instead of on the network."""
    for name in ("FORM_TOOL_SECRET", "ANSWERS_SECRET"):
        monkeypatch.setenv(name, "whsec_" + base64.b64encode(name.encode() * 2).decode())
    site = yaml.safe_load((ROOT / "config" / "webhook_site.yaml.example").read_text())
    site["destinations"] = [d for d in site["destinations"] if d["adapter"] == "folder"]
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    return tmp_path


def example(base: str) -> str:
    """The shell block of "Webhooks in", for the service at ``base``."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.split("\n## Webhooks in\n")[1].split("\n## ")[0]
    [block] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert "http://127.0.0.1:8080" in block
    return block.replace("http://127.0.0.1:8080", base)


def test_the_example_of_the_guide_is_accepted_and_decided(home):
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with serving(home) as (_, base, _sign_in):
        command = ["bash", "-euo", "pipefail", "-c", example(base)]
        for _ in range(2):
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
            assert done.stdout == '{"status": "accepted"}\n'
        forged = {**os.environ, "FORM_TOOL_SECRET": "whsec_" + "QUJD" * 10}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=240, check=True, env=forged
        )
        assert '"code": "signature_wrong"' in done.stdout
        assert requests.get(f"{base}/webhooks/form_tool", timeout=120).status_code == 405
        filed = home / "out"
        wait_for(lambda: list(filed.rglob("decisions/**/*.json")))
    with open_app(home).open_store() as store:
        [patient] = store.read(lambda tx: tx.records.patients())
        records = store.read(lambda tx: tx.records.of_patients([patient.id]))[patient.id]
        assert store.read(lambda tx: tx.inbox.counts()) == {"done": 1}
    forms = [r for r in records if isinstance(r, Assessment)]
    assert sorted((f.taken_on.isoformat(), f.event_id) for f in forms if f.event_id) == [
        ("2026-11-20", "evt-1")
    ]
    assert len(forms) == 3

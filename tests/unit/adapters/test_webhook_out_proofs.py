"""Proofs of who sent a webhook: as the specification has them, and as the guide verifies them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.webhook_out.signing import Signer

ROOT = Path(__file__).parents[3]
RECEIVER = ROOT / "docs" / "examples" / "webhook_receiver.py"
# The published example of Standard Webhooks, in the tests of its own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT = "whsec_bmV4dC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE="
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "5f" * 32
SUMMARY = b'{"event_id":"e-1","total":9,"type":"decision_summary"}'


def test_the_published_example_of_the_specification() -> None:
    headers = Signer([SECRET]).headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def guide(language: str) -> str:
    """The first block of a language in the guide's section on proofs."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.split("### Who sent it")[1]
    return section.split(f"```{language}\n")[1].split("```")[0]


def attempts() -> list[tuple[bool, dict[str, str], bytes]]:
    """Requests at ``NOW``, each with whether it is to be believed."""
    good = Signer([SECRET]).headers(KEY, NOW, SUMMARY)
    rotated = Signer([NEXT, SECRET]).headers(KEY, NOW, SUMMARY)
    early = Signer([SECRET]).headers(KEY, NOW - timedelta(seconds=301), SUMMARY)
    other = Signer([NEXT]).headers(KEY, NOW, SUMMARY)
    return [
        (True, good, SUMMARY),
        (True, rotated, SUMMARY),
        (False, good, SUMMARY + b" "),
        (False, early, SUMMARY),
        (False, other, SUMMARY),
        (False, {**good, "webhook-id": "other"}, SUMMARY),
        (False, {**good, "webhook-timestamp": "x"}, SUMMARY),
        (False, {**good, "webhook-timestamp": str(int(NOW.timestamp()) + 1)}, SUMMARY),
        (False, {**good, "webhook-signature": "v1,é v2, garbage"}, SUMMARY),
        (False, {**good, "webhook-signature": good["webhook-signature"].replace("v1", "v2")}, b""),
        (False, {}, SUMMARY),
    ]


def test_the_python_of_the_guide_tells_true_from_false() -> None:
    names: dict[str, Any] = {}
    exec(guide("python"), names)
    for believed, headers, body in attempts():
        assert names["verified"](headers, body, SECRET, NOW.timestamp()) is believed, headers


def test_the_node_of_the_guide_tells_true_from_false() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    given = [[headers, body.decode()] for _, headers, body in attempts()]
    script = f"""{guide("js")}
      const given = {json.dumps(given)};
      const now = {NOW.timestamp()};
      console.log(JSON.stringify(given.map(([h, b]) =>
        Boolean(verified(h, Buffer.from(b), "{SECRET}", now)))));"""
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [believed for believed, _, _ in attempts()]


def test_the_example_receiver_tells_true_from_false() -> None:
    spec = importlib.util.spec_from_file_location("webhook_receiver", RECEIVER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for believed, headers, body in attempts():
        said = module.verified(headers, body, [SECRET], NOW.timestamp())
        assert said is believed, headers

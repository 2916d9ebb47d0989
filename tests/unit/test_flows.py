"""The shipped n8n flows: sound files, and code in them that signs and checks as the adapters do."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.ports import Posted
from connector.signatures.hmac_headers import StandardWebhooks, key_of

FLOWS = sorted((Path(__file__).parents[2] / "docs/examples/flows").glob("*.json"))
SECRET = "whsec_" + base64.b64encode(b"made-up-secret-for-tests").decode()
KEY = key_of(SECRET, standard=True, where="test")
_HARNESS = """
const [code, given] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
const input = { first: () => ({ json: given.json }) };
const raw = Buffer.from(given.raw || '', 'base64');
const own = { helpers: { getBinaryDataBuffer: async () => raw } };
const run = new AsyncFunction('$input', '$env', 'require', code);
run.call(own, input, { CONNECTOR_SECRET: given.secret }, require).then(
  (made) => console.log(JSON.stringify(made[0].json)),
  (fault) => { console.error(fault.message); process.exit(3); });
"""


def code_of(name: str) -> str:
    [flow] = [json.loads(path.read_text()) for path in FLOWS if path.stem == name]
    [node] = [node for node in flow["nodes"] if node["type"] == "n8n-nodes-base.code"]
    return str(node["parameters"]["jsCode"])


def run(name: str, **given: Any) -> subprocess.CompletedProcess[str]:
    text = json.dumps([code_of(name), {"secret": SECRET, **given}])
    command = ["node", "-e", _HARNESS]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=120, check=False
    )


def posted(body: bytes, at: int) -> dict[str, Any]:
    proof = hmac.digest(KEY, b"k-1.%d.%s" % (at, body), "sha256")
    headers = {
        "webhook-id": "k-1", "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(proof).decode(),
    }  # fmt: skip
    return {"json": {"headers": headers}, "raw": base64.b64encode(body).decode()}


def test_two_flows_are_shipped() -> None:
    assert [path.stem for path in FLOWS] == ["n8n-decision-to-task", "n8n-form-to-connector"]


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_a_flow_is_whole_and_keeps_nothing(path: Path) -> None:
    flow = json.loads(path.read_text())
    names = [node["name"] for node in flow["nodes"]]
    assert len(names) == len(set(names))
    ends = [end["node"] for ways in flow["connections"].values() for way in ways["main"]
            for end in way]  # fmt: skip
    assert set(flow["connections"]) <= set(names) and set(ends) == set(names[1:])
    assert flow["settings"]["saveDataSuccessExecution"] == "none"
    assert flow["settings"]["saveDataErrorExecution"] == "none"
    assert "credentials" not in path.read_text() and "whsec_" + "A" not in path.read_text()


def test_what_the_connector_posts_is_let_through() -> None:
    body = b'{"type": "decision", "text": "\xc3\xa9"}'
    made = run("n8n-decision-to-task", **posted(body, int(time.time())))
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout) == {"proven": True, "id": "k-1", "event": json.loads(body)}


@pytest.mark.parametrize("forged", ["changed", "old", "unsigned"])
def test_forged_and_old_posts_are_refused(forged: str) -> None:
    given = posted(b'{"a": 1}', int(time.time()) - (301 if forged == "old" else 0))
    if forged == "changed":
        given["raw"] = base64.b64encode(b'{"a": 2}').decode()
    if forged == "unsigned":
        del given["json"]["headers"]["webhook-signature"]
    made = run("n8n-decision-to-task", **given)
    assert (made.returncode, json.loads(made.stdout)) == (0, {"proven": False}), made.stderr


def test_what_is_not_proven_goes_no_further_than_a_refusal() -> None:
    flow = json.loads((FLOWS[0]).read_text())
    ways = flow["connections"]["Is it proven?"]["main"]
    assert [[end["node"] for end in way] for way in ways] == [["Say that it came"], ["Refuse it"]]
    [asked] = [n for n in flow["nodes"] if n["type"] == "n8n-nodes-base.if"]
    [condition] = asked["parameters"]["conditions"]["conditions"]
    assert condition["leftValue"] == "={{ $json.proven }}"
    assert condition["operator"]["operation"] == "true"
    [refusal] = [n for n in flow["nodes"] if n["name"] == "Refuse it"]
    assert refusal["parameters"]["options"]["responseCode"] == 401


def test_a_form_is_answered_when_the_connector_has_it() -> None:
    flow = json.loads((FLOWS[1]).read_text())
    assert flow["nodes"][0]["parameters"]["responseMode"] == "lastNode"


def test_a_form_without_an_id_of_its_own_is_refused() -> None:
    given = {"patient_id": "F-101", "form": "PHQ-9", "submitted_at": "2026-11-20", "answers": [1]}
    made = run("n8n-form-to-connector", json={"body": given})
    assert made.returncode == 3 and "submission_id" in made.stderr


def test_what_the_flow_signs_is_what_the_connector_takes() -> None:
    given = {
        "submission_id": 7, "patient_id": "F-101", "form": "PHQ-9",
        "submitted_at": "2026-11-20T09:30:00-05:00", "answers": [1, 2, 0, 1, 0, 2, 1, 0, 0],
    }  # fmt: skip
    made = json.loads(run("n8n-form-to-connector", json={"body": given}).stdout)
    headers = {
        "webhook-id": made["id"], "webhook-timestamp": made["at"],
        "webhook-signature": made["signature"],
    }  # fmt: skip
    StandardWebhooks([KEY], 300).check(Posted(headers, made["body"].encode(), datetime.now(UTC)))
    assert json.loads(made["body"])["event_id"] == "7"


@pytest.mark.parametrize("forged", [False, True])
def test_the_function_of_the_operations_page_does_what_it_says(forged: bool) -> None:
    """For code steps of other tools, such as Zapier's."""
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
    function = page.split("The same in Node:")[1].split("```js\n")[1].split("```")[0]
    given = posted(b'{"a": 1}', int(time.time()))
    raw = b'{"a": 2}' if forged else b'{"a": 1}'
    asked = json.dumps([given["json"]["headers"], raw.decode(), SECRET])
    code = f"{function}\nconsole.log(verified(...{asked}));"
    made = subprocess.run(
        ["node", "-e", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert made.stdout.strip() == ("false" if forged else "true")

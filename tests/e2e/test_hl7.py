"""HL7 v2 in and out, with the real service: messages become reports, reports become messages."""

from __future__ import annotations

import base64
import subprocess
import sys
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import hl7 as python_hl7
import pytest
import yaml
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from connector.app import open_app
from connector.records import Assessment, Visit
from tests.e2e.test_service import serving, wait_for
from tests.free_ports import free_port
from tests.unit.adapters import hl7_messages as hl7
from tests.unit.adapters.mllp_sender import Receiver, Sender, accepting, codes

ROOT = Path(__file__).resolve().parents[2]
CANARIES = ("Quillfeather", "Zephyrine", "19880412", "77001")


def make_site(home: Path, port: int, out: int, **service: object) -> Path:
    """A site that listens on one port and sends to another."""
    home.mkdir(parents=True, exist_ok=True)
    site = {
        "practice": {"id": "harbor", "name": "Harbor", "synthetic": True},
        "sources": [{"name": "ehr", "adapter": "hl7_v2", "mapping": "hl7_v2",
                     "options": {"port": port}}],
        "destinations": [
            {"name": "chart", "adapter": "hl7_v2", "receives": ["therapist", "summary"],
             "options": {"host": "127.0.0.1", "port": out, "patient_source": "ehr",
                         "timeout_seconds": 240}},
        ],
        "render": {"processes": 1},
        "service": service,
    }  # fmt: skip
    (home / "site.yaml").write_text(yaml.safe_dump(site))
    _ = open_app(home).keys
    return home


def days_ago(days: int) -> date:
    return datetime.now().date() - timedelta(days=days)


def story() -> list[bytes]:
    """A person, three visits, a PHQ-9 at the start and one now."""
    messages = [hl7.adt("A04", "E1", hl7.IN1, hl7.DG1)]
    for number, days in enumerate((60, 30, 1)):
        booked = hl7.siu("S14", f"E2-{number}", status="Complete")
        messages.append(
            booked.replace(b"FL-1", f"FL-{number}".encode())
            .replace(b"20261202150000", f"{days_ago(days):%Y%m%d}150000".encode())
        )  # fmt: skip
    messages.append(hl7.phq9((3, 3, 2, 2, 2, 2, 2, 2, 0), "E3", order="F-1",
                             day=f"{days_ago(60):%Y%m%d}"))  # fmt: skip
    messages.append(hl7.phq9((1, 1, 1, 1, 1, 0, 1, 0, 0), "E4", order="F-2",
                             day=f"{days_ago(1):%Y%m%d}"))  # fmt: skip
    return messages


@pytest.fixture
def ehr():
    made = Receiver(accepting)
    yield made
    made.close()


@pytest.mark.parametrize("two", [False, True], ids=["one process", "two processes"])
def test_messages_become_reports_and_reports_become_messages(tmp_path, ehr, two):
    port = free_port()
    home = make_site(tmp_path / "site", port, ehr.port, web_process=two)
    contents = story()
    with serving(home) as (process, _, _sign_in):
        with Sender(port, seconds=120) as sender:
            assert codes(sender.send(*contents)) == ["AA"] * 6
            assert codes(sender.send(*contents)) == ["AA"] * 6, "sent again: the same answers"
        wait_for(lambda: any(b"MDM^T02" in message for message in list(ehr.received)))
        wait_for(lambda: sum(b"ORU^R01" in message for message in list(ehr.received)) >= 2)
        process.terminate()
        _, trouble = process.communicate(timeout=240)
    assert process.returncode == 0
    assert not [canary for canary in CANARIES if canary in trouble]
    with open_app(home).open_store() as store:
        [patient] = store.read(lambda tx: tx.records.patients())
        records = store.read(lambda tx: tx.records.of_patients([patient.id]))[patient.id]
    assert (patient.family_name, patient.given_name) == ("Quillfeather", "Zephyrine")
    assert sum(isinstance(r, Assessment) for r in records) == 2
    assert sum(isinstance(r, Visit) for r in records) == 3
    _judge(list(ehr.received))


def _judge(received: list[bytes]) -> None:
    """Each message once; two other libraries read in it what was meant."""
    ids = [content.split(b"|")[9] for content in received]
    assert len(set(ids)) == len(ids)
    for content in received:
        text = content.decode()
        theirs = python_hl7.parse(text)
        assert str(theirs.segment("PID")(3)) == "P-101^^^^MR"
        if str(theirs.segment("MSH")(9)).startswith("MDM"):
            data = str(theirs.segment("OBX")(5)).split("^")[4]
            assert base64.b64decode(data).startswith(b"%PDF-")
            text = text.replace(data, "UERG")
        else:
            values = {str(o(3)).partition("^")[0]: str(o(5)) for o in theirs.segments("OBX")}
            assert values["44261-6"] in ("18", "6") and values["DECISION"]
            # hl7apy takes a TX in OBX-5 for an ST of at most 199 characters
            text = text.replace(values["REASON"], "why")
        parse_message(text, validation_level=VALIDATION_LEVEL.STRICT).validate()


def test_a_kill_between_commit_and_answer_has_one_effect(tmp_path):
    port = free_port()
    home = make_site(tmp_path / "site", port, 1)
    contents = story()
    command = [sys.executable, "-m", "tests.e2e.hl7_driver", str(home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": ROOT}
    with subprocess.Popen([*command, "3"], **pipes) as doomed:
        assert doomed.stdout and doomed.stdout.readline() == b"listening\n"
        with Sender(port, seconds=120) as sender:
            assert [codes(sender.send(content)) for content in contents[:2]] == [["AA"]] * 2
            with suppress(ConnectionResetError):
                assert sender.send(contents[2]) == []
        assert doomed.wait(120) == -9
    with subprocess.Popen([*command, "0"], **pipes) as alive:
        assert alive.stdout and alive.stdout.readline() == b"listening\n"
        with Sender(port, seconds=120) as sender:
            assert codes(sender.send(*contents)) == ["AA"] * len(contents)
        alive.communicate(timeout=120)
    with open_app(home).open_store() as store:
        items = store.read(lambda tx: tx.inbox.new(1000))
    kinds = [item.batch.table for item in items]
    assert kinds.count("appointments") == 3 and kinds.count("results") == 2
    assert kinds.count("persons") == 1

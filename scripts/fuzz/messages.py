"""What systems send: posted JSON, FHIR files, HL7 v2 frames, mails of directories."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from scripts.fuzz.target import ARRIVED, Folder, Mapped, Run, Target, plain, refused_plainly

SECRET = b"made-up-secret-for-fuzzing"
_FORM = {
    "event_id": "evt-1", "patient_id": "F-101", "instrument": "PHQ-9",
    "assessed_at": "2026-11-20T09:30:00-05:00", "items": [1, 2, 0, 1, 0, 2, 1, 0, None],
    "history": [{"date": "2026-10-02", "total": 14}], "total": 7,
    "free_text": [{"question": "q10", "text": "it was a long week"}],
    "patient": {"given_name": "Ana", "family_name": "Sample", "birth_date": "1988-03-14"},
}  # fmt: skip


def _webhook_seeds() -> Mapping[str, bytes]:
    return {
        "form": b"\x00" + json.dumps(_FORM).encode(),
        "unsigned": b"\x01v1,AAAA 1763650000\n" + json.dumps({"event_id": "e"}).encode(),
        "list": b"\x00[]", "nested": b"\x00" + b'{"a":' * 30 + b"1" + b"}" * 30,
    }  # fmt: skip


def _webhook(home: Path) -> Run:
    """The first byte: a body under a right signature, or headers that were made up as well."""
    from adapters.webhook_json import ADAPTER
    from connector.ports import AdapterContext, Posted

    assert ADAPTER.webhook and ADAPTER.webhook_settings
    secret = home / "secret"
    secret.write_text("whsec_" + base64.b64encode(SECRET).decode())
    secret.chmod(0o600)
    settings = ADAPTER.webhook_settings.model_validate(
        {"signature": {"secret": {"file": "secret"}}}
    )
    hook, mapped = ADAPTER.webhook(settings, AdapterContext("fuzz", home)), Mapped("form_webhook")
    at = str(int(ARRIVED.timestamp()))

    def run(data: bytes) -> None:
        body = data[1:]
        if data[:1] == b"\x01":
            line, _, body = body.partition(b"\n")
            proof, _, given = line.decode("latin-1").partition(" ")
        else:
            made = hmac.digest(SECRET, f"id-1.{at}.".encode() + body, "sha256")
            proof, given = f"v1,{base64.b64encode(made).decode()}", at
        headers = {"webhook-id": "id-1", "webhook-timestamp": given, "webhook-signature": proof}
        with refused_plainly():
            mapped.page(hook.receive(Posted(headers, body, ARRIVED + timedelta(seconds=1))))

    return run


def _fhir_seeds() -> Mapping[str, bytes]:
    from tests.contract.same_people import as_fhir

    lines = as_fhir.lines()
    found = {f"line-{number}": b"\x00" + line.encode() for number, line in enumerate(lines)}
    entries = [{"resource": json.loads(line)} for line in lines[:3]]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return {**found, "bundle": b"\x01" + json.dumps(bundle).encode()}


def _fhir(home: Path) -> Run:
    from adapters.fhir_files import ADAPTER

    folder = Folder(ADAPTER, home, Mapped("fhir_r4"))

    def run(data: bytes) -> None:
        name = "export.ndjson" if data[:1] == b"\x00" else "bundle.json"
        folder.read(name, data[1:])

    return run


def _hl7_seeds() -> Mapping[str, bytes]:
    from tests.unit.adapters.hl7_messages import ALL

    return {
        name: b"\x0b" + content + b"\x1c\r" for name, content in ALL.items() if len(content) < 5000
    }


def _hl7(_: Path) -> Run:
    """Bytes as they come over the wire: framing, header, splitting, rows, mapping, answer."""
    from adapters.hl7_v2 import acknowledgment, framing, page, refusals, settings
    from connector.ports import AdapterContext

    mapped = Mapped("hl7_v2_encounters")
    context = AdapterContext("ehr", Path(), now=lambda: ARRIVED)
    taker = page.Taker(settings.ReadingSettings(), context, "mllp:ehr")

    def run(data: bytes) -> None:
        framer, middle = framing.Framer(1_000_000), len(data) // 2
        for content in [*framer.feed(data[:middle]), *framer.feed(data[middle:]), data]:
            if not isinstance(content, bytes):
                continue
            read, answer = taker.take(content), acknowledgment.ACCEPTED
            if isinstance(read, page.Refused):
                assert read.fault.code != "unexpected", "an exception inside"
                plain(read.fault)
                answer = refusals.answer_to(read.fault)
            acknowledgment.acknowledgments(read.header, answer, ARRIVED)
            mapped.page(read.page)

    return run


def _mail_seeds() -> Mapping[str, bytes]:
    head = b"From: Directory <no-reply@mail.directory.example>\r\nMessage-ID: <1@x>\r\n"
    text = b"Name: Ana Sample\r\nPhone: 555-0100\r\nMessage: I would like\r\nto book.\r\n"
    mime = (
        b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"PHA+TmFtZTogQW5hPC9wPg==\r\n--b--\r\n"
    )
    coded = (
        b"Subject: =?utf-8?Q?Anfrage_=C3=BC?=\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    )
    return {
        "plain": head + b"\r\n" + text, "mime": head + mime,
        "coded": head + coded + b"\r\nName: =C3=84na =\r\nSample\r\n",
    }  # fmt: skip


def _mail(home: Path) -> Run:
    from adapters.referral_mail import ADAPTER

    folder = Folder(ADAPTER, home, Mapped("referral_mail"))
    return lambda data: folder.read("1700000000.M1.host", data)


WEBHOOK = Target(
    ("adapters.webhook_json", "connector.json_text", "connector.signatures", "connector.mapping"),
    _webhook_seeds, _webhook,
)  # fmt: skip
FHIR = Target(
    ("adapters.fhir_files", "connector.fhir_json", "connector.mapping"), _fhir_seeds, _fhir
)
HL7 = Target(("adapters.hl7_v2", "connector.mapping"), _hl7_seeds, _hl7, longest=5_000)
MAIL = Target(("adapters.referral_mail", "email", "connector.mapping"), _mail_seeds, _mail)

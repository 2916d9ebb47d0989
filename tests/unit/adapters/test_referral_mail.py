"""Inquiries by mail: what is read, what is refused, and that no bytes crash or hang it."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.referral_mail import ADAPTER
from adapters.referral_mail.inquiry import Inquiries
from adapters.referral_mail.mail import MOST_CHARACTERS, read_mail
from adapters.referral_mail.settings import ReferralMailSettings
from connector.errors import InvalidRecord
from connector.mapping.apply import MappingContext, apply
from connector.mapping.load import load_mapping
from connector.ports import AdapterContext
from connector.record_ids import RecordIds
from connector.records import Contact, JournalEntry, Patient
from connector.resources import Resources
from connector.testing import SourceContract

SPEC = load_mapping("referral_mail", Resources())
BODY = "New inquiry\n\nName: Ana Maria Sample\nPhone: 555-0100\nEmail: ana@example.org\n"
BODY += "Message: I would like\nto book: soon.\n"
OPTIONS = {"folder": "new", "settle_seconds": 0, "from_domains": ["directory.example"]}


def mail(body: str = BODY, **headers: str) -> EmailMessage:
    made = EmailMessage()
    given = {
        "From": "Directory <no-reply@mail.directory.example>", "Subject": "inquiry",
        "Message_ID": "<1@directory.example>", **headers,
    }  # fmt: skip
    for name, value in given.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


def source(folder: Path, **more: Any) -> Any:
    assert ADAPTER.source is not None and ADAPTER.source_settings is not None
    checked = ADAPTER.source_settings.model_validate({**OPTIONS, **more})
    return ADAPTER.source(checked, AdapterContext("mail", folder))


def drop(folder: Path, content: bytes, name: str = "1700000000.M1.host") -> None:
    (folder / "new").mkdir(exist_ok=True)
    path = folder / "new" / name
    path.write_bytes(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))


def row(content: EmailMessage | bytes, **more: Any) -> Any:
    checked = ReferralMailSettings.model_validate({**OPTIONS, **more})
    raw = content if isinstance(content, bytes) else content.as_bytes()
    return Inquiries(checked).row(read_mail(raw), "2026-11-20T15:00:00+00:00")


class TestReferralMailKeepsTheSourceContract(SourceContract):
    def deliver_two(self, folder: Path) -> None:
        drop(folder, mail().as_bytes())
        drop(folder, mail(Message_ID="<2@directory.example>").as_bytes(), "second.eml")

    def deliver_broken(self, folder: Path) -> None:
        drop(folder, b"\x00\xff no mail at all", "broken.eml")

    def open(self, folder: Path) -> Any:
        return source(folder)


def test_the_marked_fields_are_read_and_the_message_to_its_end() -> None:
    found = row(mail())
    assert (found["given_name"], found["family_name"]) == ("Ana Maria", "Sample")
    assert (found["phone"], found["email"]) == ("555-0100", "ana@example.org")
    assert found["message"] == "I would like\nto book: soon."


def test_without_marks_the_whole_text_is_the_message_and_answers_name_the_person() -> None:
    found = row(mail("Please call me.", Reply_To="Ben Sample <ben@example.org>"))
    assert found["message"] == "Please call me."
    assert (found["name"], found["email"]) == ("Ben Sample", "ben@example.org")


def test_it_becomes_an_inactive_person_a_contact_and_a_message(tmp_path: Path) -> None:
    drop(tmp_path, mail().as_bytes())
    [page] = source(tmp_path).fetch(None)
    context = MappingContext("mail", RecordIds(b"k" * 32, "riverside"), "America/New_York", {})
    result = apply(SPEC, page.batches[0], context)
    assert not result.errors
    kinds = {type(one): one for one in result.records}
    assert kinds[Patient].status == "inactive"  # type: ignore[attr-defined]
    assert kinds[Contact].phone == "555-0100"  # type: ignore[attr-defined]
    entry = kinds[JournalEntry]
    assert isinstance(entry, JournalEntry)
    assert entry.text == "I would like\nto book: soon." and "text" not in entry.model_dump()


def test_html_alone_is_read_without_its_markup() -> None:
    made = mail()
    made.set_content(
        "<html><head><style>p{}</style></head><body><p>Name: <b>Ana Sample</b></p>"
        "<p>Message:</p><p>Hello &amp; goodbye</p><script>x()</script></body></html>",
        subtype="html",
    )
    found = row(made)
    assert (found["name"], found["message"]) == ("Ana Sample", "Hello & goodbye")


def test_attachments_are_counted_and_not_opened() -> None:
    made = mail()
    made.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="a.exe")
    made.add_attachment("Message: from a file", filename="note.txt")
    found = row(made)
    assert found["attachments"] == 2 and "from a file" not in str(found)


def test_the_same_mail_twice_is_one_inquiry_and_a_stolen_id_another() -> None:
    one, again = row(mail()), row(mail(Received="by another server"))
    stolen = row(mail("Message: something else"))
    assert one["inquiry_id"] == again["inquiry_id"] != stolen["inquiry_id"]


@pytest.mark.parametrize(
    "sender", ["x@evil.example", "x@notdirectory.example", "x@directory.example.evil.example"]
)
def test_other_senders_are_set_aside(sender: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        row(mail(From=sender))
    assert caught.value.code == "other_sender" and sender not in str(caught.value)


def test_nothing_in_the_clear_tells_of_the_person(tmp_path: Path) -> None:
    drop(tmp_path, mail().as_bytes(), "Ana Sample.eml")
    drop(tmp_path, b"broken", "Ben Sample.eml")
    for page in source(tmp_path).fetch(None):
        clear = [b.key + b.origin for b in page.batches] + [f.key + f.origin for f in page.faults]
        assert "Sample" not in "".join(clear)


def _nested(depth: int) -> bytes:
    heads = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth)
    )
    return b"From: x@directory.example\n" + heads


@pytest.mark.parametrize(
    "content",
    [
        b"", b"From: nobody\n\nx", _nested(5_000), b"\n" * 500_000,
        b"From: x@directory.example\n\n" + b"a" * (MOST_CHARACTERS + 1),
        b"From: x@directory.example\n\n   \n",
        b"From: x@directory.example\nContent-Type: text/plain" + b";a*0=1" * 200_000 + b"\n\nx",
        b"From: x@directory.example\nContent-Type: text/html\n\n" + b"<a " * 130_000,
    ],
    ids=["empty", "no sender", "nested", "lines", "long", "blank", "parameters", "markup"],
)  # fmt: skip
def test_hostile_mail_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(InvalidRecord) as caught:
        row(content)
    assert caught.value.code in ("mail_unreadable", "mail_too_deep", "mail_too_long", "no_text")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_bytes_give_a_row_or_a_refusal(head: bytes, body: bytes) -> None:
    for content in (head + b"\n\n" + body, b"From: a@directory.example\n" + head + b"\n\n" + body):
        try:
            found = row(content)
        except InvalidRecord as fault:
            str(fault).encode()
        else:
            str(found).encode()
            assert found["message"]


_HEADERS = st.sampled_from(
    ["From", "Reply-To", "Message-ID", "Content-Type", "Content-Transfer-Encoding",
     "Content-Disposition"]
)  # fmt: skip
_VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["=?utf-8?b?////?=", "=?nope?q?x?=", "text/html; charset=nope", "a@b <c@directory.example",
         'multipart/mixed; boundary="', "base64", "quoted-printable", "x-uuencode",
         "multipart/mixed; boundary=b", "message/rfc822", "attachment; filename*=utf-8''%ff",
         "text/plain; charset=utf-7", "text/plain; charset*0*=x''%00"]
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_HEADERS, _VALUES), max_size=6), st.text(max_size=200))
def test_any_headers_give_a_row_or_a_refusal(headers: list[tuple[str, str]], body: str) -> None:
    lines = [f"{name}: {value}" for name, value in headers]
    content = "\n".join(["From: a@directory.example", *lines, "", body, "--b", "", "x", "--b--"])
    try:
        found = row(content.encode("utf-8", "surrogatepass"))
    except InvalidRecord as fault:
        str(fault).encode()
    else:
        str(found).encode()

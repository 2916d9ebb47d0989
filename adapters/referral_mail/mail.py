"""Opens one mail: its sender and the text that people read. Attachments are counted, never opened.

Anybody can send mail, so what costs time without end is refused before the parser sees it: many
lines, many boundaries, long headers. The library's parser is asked in its oldest form, which reads
no header by itself; whatever it raises makes the mail unreadable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr
from html import unescape

from connector.errors import InvalidRecord

MOST_LINES = 100_000
MOST_BOUNDARIES = 20
MOST_PARTS = 100
MOST_CHARACTERS = 50_000
"""Of the text; no inquiry needs a tenth of it."""

_LONGEST_HEADER = 2_000
# The parser takes the square of their length.
_PARAMETERS = re.compile(rb"(?im)^content-[a-z-]{1,40}:[^\n]*(?:\n[ \t][^\n]*)*")
_LONGEST_PARAMETERS = 10_000
_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z0-9!]{0,20})[^<>]*>|(?P<words>[^<]+|<)")
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"})
_UNSEEN = frozenset({"script", "style", "head", "title"})


@dataclass(frozen=True, slots=True)
class Mail:
    """What was found in a mail. ``person`` is who answers go to: name and address, as stated."""

    message_id: str
    domain: str
    person: tuple[str, str]
    text: str
    attachments: int


def read_mail(content: bytes) -> Mail:
    """The mail in a file. Raises InvalidRecord, and nothing else, whatever the bytes are."""
    if content.count(b"\n") > MOST_LINES:
        raise InvalidRecord("mail_too_long", f"the mail has more than {MOST_LINES} lines")
    if content.lower().count(b"boundary") > MOST_BOUNDARIES:
        raise InvalidRecord("mail_too_deep", "the mail is nested deeper than any inquiry is")
    if any(len(match[0]) > _LONGEST_PARAMETERS for match in _PARAMETERS.finditer(content)):
        raise InvalidRecord("mail_too_long", "a header of the mail is far too long")
    try:
        message = BytesParser(policy=compat32).parsebytes(content)
        return _mail(message)
    except InvalidRecord:
        raise
    except Exception:  # noqa: BLE001 (the parser is old, mail is hostile: what it raises is open)
        raise InvalidRecord("mail_unreadable", "the file can't be read as a mail") from None


def _mail(message: Message) -> Mail:
    sender = parseaddr(_header(message, "From"))
    if "@" not in sender[1]:
        raise InvalidRecord("mail_unreadable", "the file is no mail: it has no sender (From)")
    answer = parseaddr(_header(message, "Reply-To"))
    text, attachments = _text(message)
    if len(text) > MOST_CHARACTERS:
        raise InvalidRecord(
            "mail_too_long", f"the mail's text has more than {MOST_CHARACTERS} characters"
        )
    return Mail(
        _header(message, "Message-ID"),
        sender[1].rpartition("@")[2].strip().lower(),
        answer if "@" in answer[1] else sender,
        text,
        attachments,
    )


def _header(message: Message, name: str) -> str:
    raw = str(message.get(name, ""))[:_LONGEST_HEADER]
    try:
        text = str(make_header(decode_header(raw)))
    except (LookupError, ValueError):  # a charset that nobody has, or bytes that are not of it
        text = raw
    return _plain(" ".join(text.split()))


def _text(message: Message) -> tuple[str, int]:
    """The text for people (plain before HTML), and how many attachments there are."""
    plain, html, attachments = "", "", 0
    for count, part in enumerate(message.walk()):
        if count >= MOST_PARTS:
            raise InvalidRecord("mail_too_deep", f"the mail has more than {MOST_PARTS} parts")
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        laid_by = part.get_filename() is not None or part.get_content_disposition() == "attachment"
        if laid_by or kind not in ("text/plain", "text/html"):
            attachments += 1
        elif kind == "text/plain" and not plain:
            plain = _decoded(part)
        elif kind == "text/html" and not html:
            html = _decoded(part)
    return plain.strip() or _shown(html), attachments


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    if len(raw) > 8 * MOST_CHARACTERS:
        raise InvalidRecord("mail_too_long", "the mail's text is far longer than any inquiry")
    try:
        text = raw.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        text = raw.decode("utf-8", "replace")
    return _plain(text)


def _plain(text: str) -> str:
    """Without characters that no text may hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode()


def _shown(page: str) -> str:
    """The words of a page, a line for each block.

    The library's parser takes the square of the length for some pages; this is one pass.
    """
    parts: list[str] = []
    unseen = 0
    for token in _TOKEN.finditer(page):
        name = (token["name"] or "").lower()
        if name in _UNSEEN:
            unseen = max(0, unseen - 1) if token["end"] else unseen + 1
        elif name in _BREAKS:
            parts.append("\n")
        elif token["words"] and not unseen:
            parts.append(token["words"])
    lines = (" ".join(line.split()) for line in unescape("".join(parts)).split("\n"))
    return _plain("\n".join(line for line in lines if line))

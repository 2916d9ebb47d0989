"""A signed payer report as one fax: a cover sheet with index before it, all pages numbered.

Wrong numbers are dialled, so the cover names nobody: reference, practice, receiver, pages. The
report's own pages carry the member's data on each, as fax stacks get separated (report design,
section 4), and are black alone, so that nothing has to be diffused (section 7).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from connector.errors import ConfigurationError, Rejected

_BODY = re.compile(r"<body[^>]*>")
_NUMBER = re.compile(r"\+?[0-9(][0-9 ().-]{5,28}[0-9]")
_LONGEST = 120
_STYLE = """
@page fax-cover { @top-left { content: none; }
  @bottom-left { content: "Page " counter(page) " of " counter(pages); width: 100%;
    font-family: "Source Sans 3"; font-size: 10pt; font-weight: 600; color: #000000; } }
.fax-cover { page: fax-cover; break-after: page; color: #000000; font-size: 12pt;
  line-height: 1.4; }
.fax-cover h1 { font-size: 20pt; font-weight: 700; margin: 0 0 12pt; }
.fax-cover .title { font-size: 14pt; font-weight: 700; margin: 18pt 0 4pt; }
.fax-cover table { border-collapse: collapse; width: 100%; }
.fax-cover th, .fax-cover td { border: 1pt solid #000000; padding: 5pt 8pt; text-align: left; }
.fax-cover th { width: 150pt; font-weight: 600; }
.fax-cover ul { list-style: none; margin: 0 0 18pt; padding: 0; }
.fax-pages::after { content: counter(pages); }
"""
_NOTICE = (
    "Confidential: health information for the receiver named above alone. If this fax reached you "
    "by mistake, do not read, copy or pass it on: call {phone} at once, and destroy all pages."
)


@dataclass(frozen=True, slots=True)
class Cover:
    """Who gets the fax and from whom. ``day`` as US payers write it; ``sections`` for the index."""

    to: str
    fax: str
    attention: str
    practice: str
    phone: str
    reference: str
    day: str
    sections: tuple[str, ...]


def checked(to: str, fax: str, attention: str) -> tuple[str, str, str]:
    """The receiver as it may stand on the cover. Raises ConfigurationError."""
    to, fax, attention = (" ".join(text.split()) for text in (to, fax, attention))
    if not to or any(len(text) > _LONGEST for text in (to, attention)):
        raise ConfigurationError(
            "receiver_missing", f"name who gets the fax, in at most {_LONGEST} characters"
        )
    if not _NUMBER.fullmatch(fax) or not 7 <= sum(letter.isdigit() for letter in fax) <= 15:
        raise ConfigurationError(
            "fax_number_malformed", "a fax number has 7 to 15 digits, such as 555-010-0199"
        )
    return to, fax, attention


def fax_page(report: str, cover: Cover) -> str:
    """The report's HTML with the cover before it. Raises Rejected for a page without a body."""
    start = _BODY.search(report)
    if start is None or "</style>" not in report:
        raise Rejected("fax_not_made", "the report's template has no body or style of its own")
    styled = report.replace("</style>", f"{_STYLE}</style>", 1)
    start = _BODY.search(styled)
    assert start is not None
    return styled[: start.end()] + _cover(cover) + styled[start.end() :]


def _cover(cover: Cover) -> str:
    rows = [
        ("To", cover.to),
        ("Attention", cover.attention),
        ("Fax", cover.fax),
        ("From", cover.practice),
        ("Phone", cover.phone),
        ("Date", cover.day),
        ("Reference", cover.reference),
    ]
    told = "".join(
        f'<tr><th scope="row">{name}</th><td>{html.escape(value)}</td></tr>'
        for name, value in rows
        if value
    )
    index = "".join(f"<li>{html.escape(name)}</li>" for name in cover.sections)
    phone = html.escape(cover.phone or "the sender")
    return (
        '<section class="fax-cover"><h1>Fax</h1><table><tbody>'
        f'{told}<tr><th scope="row">Pages, with this one</th><td class="fax-pages"></td></tr>'
        '</tbody></table><p class="title">Index</p>'
        "<p>Page 1 is this cover. The report follows, in one piece; its sections, in order:</p>"
        f"<ul>{index}</ul>"
        f"<p>{_NOTICE.format(phone=phone)}</p>"
        f"<p>If any page is missing, call {phone} and name the reference.</p></section>"
    )

"""The shipped fonts: their fixed names, their bytes, and the style rule that loads them.

A PDF page names a font by a private address that only the render process can serve; a page for the
browser carries the fonts inside. Neither asks the network for anything.
"""

from __future__ import annotations

import base64
from functools import cache

from connector.resources import Resources

FONT_SCHEME = "bundled-font:"
FONT_FILES: dict[str, int] = {
    "source-sans-3-latin-400-normal.woff2": 400,
    "source-sans-3-latin-600-normal.woff2": 600,
    "source-sans-3-latin-700-normal.woff2": 700,
}
_FOLDER = "report_templates/_shared/fonts"


@cache
def font_bytes(name: str) -> bytes:
    """The shipped file's bytes; ``name`` is one of ``FONT_FILES``."""
    if name not in FONT_FILES:
        raise KeyError(name)
    return Resources(None).find(f"{_FOLDER}/{name}").path.read_bytes()


@cache
def font_faces(embedded: bool) -> str:
    """CSS that declares the fonts, by private address or with the fonts inside."""
    return "\n".join(
        f'@font-face{{font-family:"Source Sans 3";font-weight:{weight};font-style:normal;'
        f"src:url('{_address(name, embedded)}') format('woff2')}}"
        for name, weight in FONT_FILES.items()
    )


def _address(name: str, embedded: bool) -> str:
    if not embedded:
        return FONT_SCHEME + name
    return "data:font/woff2;base64," + base64.b64encode(font_bytes(name)).decode("ascii")

"""A form with a file in it (multipart/form-data, RFC 7578), as upload addresses want it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from connector.errors import ConfigurationError

_PLAIN = re.compile(r'[^"\r\n\x00]{1,200}')


def multipart(
    fields: Mapping[str, str], name: str, file_name: str, media_type: str, content: bytes
) -> tuple[bytes, str]:
    """The body and its Content-Type. The file comes last, as S3 wants it.

    The same input gives the same bytes. Raises ConfigurationError ("header_refused") for a name or
    value that a form can't hold.
    """
    digest = hashlib.sha256(content + repr(sorted(fields.items())).encode()).hexdigest()[:32]
    boundary = f"part-{digest}"
    if not all(_PLAIN.fullmatch(text) for text in (*fields, name, file_name)):
        raise ConfigurationError("header_refused", "a name in an upload form can't be used")
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"

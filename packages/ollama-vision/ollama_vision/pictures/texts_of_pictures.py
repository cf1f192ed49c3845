"""Text that was made of a picture, which no model sees: what Python shows of one, or its bytes as base64. Pure."""

from __future__ import annotations

import re

_AS_PYTHON_SHOWS_IT = re.compile(
    r"<PIL\.[\w.]+ image mode=|<PreparedImage |\bImageBlock\(block_type=|\bImage(?:Document|Node)\(id_="
    r"|^b['\"](?:\\x89PNG|\\xff\\xd8\\xff|GIF8|RIFF....WEBP|II\*\\x00|MM\\x00\*)"
)
"""`str` of a picture, or of a tuple, dict or list that holds one."""
_AS_BASE64 = re.compile(r"(?:data:image/[\w.+-]+;base64,)?(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR)[A-Za-z0-9+/=\s]{100,}")
_BEGINS_LIKE_A_VALUE = ("<", "[", "(", "{", "b'", 'b"')


def is_made_of_picture(text: str) -> bool:
    """Whether a text is nothing but a picture, or a tuple, dict or list that holds one, as a string."""
    text = text.strip()
    shown = text.startswith(_BEGINS_LIKE_A_VALUE) and _AS_PYTHON_SHOWS_IT.search(text) is not None
    return shown or _AS_BASE64.fullmatch(text) is not None

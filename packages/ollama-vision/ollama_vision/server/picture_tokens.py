"""What a picture costs in tokens, from what `/api/show` says of the model; unknown stays unknown.

An estimate: flags and environment of the server can change it, and no client sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .preprocessing import Size, picture_layout


def estimate_picture_tokens(size: Size, show: Mapping[str, Any]) -> int | None:
    """How many tokens of context a picture of `size` (width, height) takes; `None` for unknown families.

    With the text tokens around it and its tiles where they are more than 2 %. `show` is the reply of /api/show.
    Raises ValueError when a side is not positive.
    """
    layout = picture_layout(size, show)
    return None if layout is None else layout.cost

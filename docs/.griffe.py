"""For the site: examples and drawings in docstrings become code blocks; written plainly, Markdown would join them."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"(?:^(?:>>>|\.\.\.) .*\n?)+", re.MULTILINE)
TREE = re.compile(r"^\S.*\n(?:^[├└│] .*\n?|^[├└].*\n?)+", re.MULTILINE)


class Fences(griffe.Extension):
    """Puts fences around them."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            text = EXAMPLE.sub(lambda found: f"\n```pycon\n{found[0].rstrip()}\n```\n", obj.docstring.value)
            obj.docstring.value = TREE.sub(lambda found: f"```text\n{found[0].rstrip()}\n```\n", text)

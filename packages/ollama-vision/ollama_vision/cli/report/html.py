"""HTML with automatic escaping, like MarkupSafe: text that is not `Html` already is escaped on its way in."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from typing import Any

_VOID = {"img", "input", "link", "meta"}


class Html(str):
    """Finished markup. Only this file makes it, of escaped text and of the assets."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: str | int | bool | None) -> Html:
    """`<name attributes>content</name>`: text is escaped, Html is taken as it is.

    Attributes: `class_` is class, `data_page` is data-page; `None` and `False` leave one out, `True` leaves it bare.

    >>> element("p", "1 < 2", class_="sum")
    '<p class="sum">1 &lt; 2</p>'
    """
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items())
    return Html(f"<{opening}>" if name in _VOID else f"<{opening}>{joined(*content)}</{name}>")


def joined(*content: str) -> Html:
    """Text and markup, one after the other."""
    return Html("".join(part if isinstance(part, Html) else html.escape(part) for part in content))


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def data_opening(identity: str) -> Html:
    """Before JSON for the page's own script, in an element that is never run; `data_closing` comes after it."""
    return Html(f'<script type="application/json" id="{html.escape(identity)}">')


def data_closing() -> Html:
    return Html("</script>")


def json_text(value: Any) -> Html:
    """JSON that may stand in a script element: ASCII, and without the letters that could end it."""
    text = json.dumps(value, separators=(",", ":"))
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@cache
def asset(name: str) -> str:
    """A style or script of this package."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def style(name: str) -> Html:
    return Html(f"<style>{asset(name)}</style>")


def script(name: str) -> Html:
    return Html(f"<script>{asset(name)}</script>")


def policy(*, styles: tuple[str, ...], scripts: tuple[str, ...]) -> Html:
    """What the page may do: run these scripts, use these styles, show pictures from disk; nothing else, no network."""
    rules = (
        "default-src 'none'",
        f"script-src {' '.join(map(_digest, scripts))}",
        f"style-src {' '.join(map(_digest, styles))}",
        # The full picture is a file beside the report: `file:` when that was opened from disk, 'self' when served.
        "img-src data: file: 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return Html(f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">')


def _digest(name: str) -> str:
    digest = hashlib.sha256(asset(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"

"""What every page with the report's look begins with, how it is put in place, and the frame of its plots."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ollama_vision.atomic_replace import replacing

from .html import Html, element, joined, policy, script, style

THEME = "theme.js"
CLOSING = Html("</body></html>\n")


def opening(title: str, styles: tuple[str, ...], *own_scripts: str) -> Html:
    """From the first byte to the start of the body; `own_scripts` stand in the body, by `script`."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        policy(styles=styles, scripts=(THEME, *own_scripts)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        *map(style, styles),
        # In the head, so that a dark page never lights up first.
        script(THEME),
    )
    return joined(Html('<!doctype html>\n<html lang="en">'), head, Html("<body>"))


def title_line(title: str) -> Html:
    """The title, and the button for the theme beside it."""
    button = element(
        "button", "Theme", id="theme", type="button", title="Dark, light, or as the system says", hidden=True
    )
    return element("div", element("h1", title), button, class_="title")


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    """Plain cells; wide ones can be scrolled."""
    head = element("thead", element("tr", *(element("th", heading) for heading in headings)))
    body = element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows))
    return element("div", element("table", head, body), class_="wide")


def svg(width: int, height: int, name: str, *marks: Html) -> Html:
    """A plot; `name` is what a screen reader says."""
    attributes: dict[str, str | int] = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": name}
    return element("svg", *marks, width=width, height=height, **attributes)


def put_in_place(file: Path, pieces: Iterable[str]) -> None:
    """The file is there when it is whole, and not before. Raises OSError."""
    with replacing(file) as new, new.open("w", encoding="utf-8", errors="backslashreplace") as out:
        out.writelines(pieces)

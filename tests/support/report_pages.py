"""What the tests of the report share: pictures with lines about them, and a report read as a browser reads it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from ollama_embedded import draw_scene
from ollama_vision.batch.results.ledger import Version, encode
from ollama_vision.cli.report import make_report
from tests.support.result_lines import record

VOID = {"img", "input", "link", "meta"}


def line_of(file: Path, path: str | None = None, **more: Any) -> dict[str, Any]:
    """A line about a file as it is now."""
    status = file.stat()
    version = Version.of(status.st_size, status.st_mtime_ns)
    # Each name is a picture of its own, though many are drawn alike.
    sha256 = hashlib.sha256(os.fsencode(path or file.name)).hexdigest()
    return record(path or file.name, size=version.size, modified=version.modified, **{"sha256": sha256, **more})


def write(folder: Path, *records: dict[str, Any], tail: bytes = b"") -> Path:
    results = folder / "results.jsonl"
    results.write_bytes(b"".join(map(encode, records)) + tail)
    return results


def draw(file: Path, shape: str = "red circle", **save: Any) -> Path:
    draw_scene(shape).save(file, **save)
    return file


def copies(folder: Path, count: int, picture: Image.Image) -> list[Path]:
    """The same picture under many names: drawing takes longer than anything that is tested."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    files = [folder / f"{number + 1}.png" for number in range(count)]
    for file in files:
        file.write_bytes(out.getvalue())
    return files


def speckled(size: int) -> Image.Image:
    """As much for a JPEG to hold as a photograph."""
    noise = Image.effect_noise((size, size), 40).convert("RGB")
    return Image.blend(draw_scene("red circle", size=(size, size)), noise, 0.3)


@dataclass
class Node:
    """An element, with the elements in it."""

    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    inside: list[Node | str] = field(default_factory=list)

    def all(self, name: str = "", **attributes: str) -> list[Node]:
        """Elements under this one by name and by words in their attributes; `class_` is class."""
        found = []
        for one in self.inside:
            if isinstance(one, Node):
                wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
                if name in ("", one.name) and all(
                    value in (one.attributes.get(key) or "").split() for key, value in wanted.items()
                ):
                    found.append(one)
                found += one.all(name, **attributes)
        return found

    def one(self, name: str = "", **attributes: str) -> Node:
        (found,) = self.all(name, **attributes)
        return found

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.inside)

    def __getitem__(self, attribute: str) -> str:
        value = self.attributes[attribute]
        assert value is not None
        return value

    @property
    def skeleton(self) -> list[Any]:
        """Elements and attributes without any text: what a stranger's words must not change."""
        return [
            (one.name, sorted(one.attributes), one.skeleton)
            for one in self.inside
            if isinstance(one, Node) and one.name not in ("script", "style")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.stack = [Node("page")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), attrs
        node = Node(tag, dict(attrs))
        self.stack[-1].inside.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop().name == tag

    def handle_data(self, data: str) -> None:
        self.stack[-1].inside.append(data)


def read(page: Path) -> Node:
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    reader.close()
    assert [node.name for node in reader.stack] == ["page"]
    return reader.stack[0]


def cards(page: Node) -> dict[str, Node]:
    """By path."""
    return {card.one("h3").one("bdi").text: card for card in page.all("article", class_="card")}


def thumbnail(card: Node) -> Image.Image:
    kind, _, data = card.one("img")["src"].partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def words(node: Node) -> str:
    return re.sub(r"\s+", " ", node.text).strip()


def report_of(folder: Path, *records: dict[str, Any], tail: bytes = b"", **more: Any) -> Node:
    made = make_report(write(folder, *records, tail=tail), folder / "report.html", root=folder, **more)
    return read(made.report)

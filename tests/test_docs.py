"""What the documentation shows runs, as it stands there: each page in one namespace, against the embedded server.

Comments beside a block, which no reader sees, say what must come of it:

    <!-- fails: ValidationError -->     before it: it must fail so, with one of these
    <!-- needs: llama_index.x -->       before it: left out where that is not installed
    <!-- not run: the reason -->        before it
    <!-- then: EXPRESSION -->           after it: must be true in the page's namespace; `server` is there too
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Settings

from ollama_embedded import EmbeddedOllama, Shape, draw_scene

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PICTURES = ROOT / "examples" / "pictures"
STANDING_FOR = ("llava:13b", "gemma3:4b")
"""The names under which the pages ask the demo model."""
MOST_NOT_RUN = 6


@dataclass(frozen=True)
class Block:
    """A piece of Python on a page, and what must come of it."""

    line: int
    code: str
    fails: tuple[str, ...]
    needs: tuple[str, ...]
    not_run: str
    then: tuple[str, ...] = ()


def blocks_of(page: Path) -> list[Block]:
    blocks: list[Block] = []
    notes: dict[str, str] = {}
    code: list[str] | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if code is not None:
            if line != "```":
                code.append(line)
                continue
            names = tuple(re.findall(r"\w+", notes.get("fails", "")))
            needs = tuple(notes.get("needs", "").split())
            source = "\n".join(code) + "\n"
            blocks.append(Block(number - len(code), source, names, needs, notes.get("not run", "")))
            code, notes = None, {}
        elif line.startswith("```python"):
            code = []
        elif note := re.fullmatch(r"<!-- (fails|needs|not run): (.*) -->", line):
            notes[note[1]] = note[2]
        elif note := re.fullmatch(r"<!-- then: (.*) -->", line):
            blocks[-1] = replace(blocks[-1], then=(*blocks[-1].then, note[1]))
    return blocks


PAGES = [page for page in sorted(DOCS.rglob("*.md")) if blocks_of(page)]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedOllama]:
    """The reader's Ollama."""
    with EmbeddedOllama(aliases=STANDING_FOR) as running:
        yield running


@pytest.fixture
def readers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader is: with a photo, more pictures, a scan, and a folder of pictures."""
    shutil.copy(PICTURES / "two-shapes.jpg", tmp_path / "photo.jpg")
    (tmp_path / "restaurant_images").mkdir()
    shutil.copy(PICTURES / "one-shape.png", tmp_path / "restaurant_images")
    draw_scene(Shape("red", "circle")).save(tmp_path / "first.png")
    draw_scene(Shape("black", "cross")).save(tmp_path / "second.png")
    pages = [draw_scene(Shape("red", "circle")), draw_scene(Shape("black", "cross"))]
    pages[0].save(tmp_path / "report.pdf", save_all=True, append_images=pages[1:])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def run(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    if block.not_run or not all(map(is_there, block.needs)):
        return
    place = f"{page.relative_to(ROOT)}:{block.line}"
    # So many empty lines that a traceback names the line of the page.
    program = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
    if block.fails:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one, the next line says
            exec(program, namespace)
        names = {kind.__name__ for kind in type(caught.value).__mro__}
        assert names & set(block.fails), f"{place} failed with {caught.value!r}"
    else:
        exec(program, namespace)
    for condition in block.then:
        assert eval(condition, namespace), f"{place}: not {condition}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_block_runs(
    page: Path, server: EmbeddedOllama, readers_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "_llm", None)
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    namespace: dict[str, Any] = {"__name__": "__docs__", "server": server}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for block in blocks_of(page):
            run(block, page, namespace)


def test_few_blocks_are_not_run() -> None:
    left_out = [(page.name, block.not_run) for page in PAGES for block in blocks_of(page) if block.not_run]
    assert len(left_out) <= MOST_NOT_RUN, left_out


def test_every_block_is_found() -> None:
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        fences = re.findall(r"^\s*```python", text, flags=re.MULTILINE)
        assert len(fences) == len(blocks_of(page)), page
        assert text.count("<!-- then:") == sum(len(block.then) for block in blocks_of(page)), page

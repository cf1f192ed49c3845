"""What the documentation shows runs, as it stands there: each page in one namespace, against the embedded server.

Comments beside a block, which no reader sees, say what must come of it:

    <!-- fails: ValidationError -->     before it: it must fail so, with one of these
    <!-- needs: llama_index.x -->       before it: left out where that is not installed
    <!-- not run: the reason -->        before it
    <!-- then: EXPRESSION -->           after it: must be true in the page's namespace; `server` is there too
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Settings
from PIL import Image

import ollama_vision
from ollama_embedded import EmbeddedOllama, Reply, ScriptedEngine, Shape, ToolCall, draw_scene
from ollama_vision.batch.results.ledger import Version, encode
from tools import field_tables

ROOT = Path(__file__).resolve().parents[2]
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
def demo_model() -> Iterator[EmbeddedOllama]:
    """The reader's Ollama."""
    with EmbeddedOllama(aliases=STANDING_FOR) as running:
        yield running


def calls_tools(request: Any) -> Reply:
    """What the demo model cannot do: call the tool that is offered, then say how many pictures it gave."""
    results = [message for message in request.messages if message.role == "tool"]
    if results:
        return Reply(f"I saw {sum(len(message.images) for message in results)} pictures.")
    arguments: dict[str, dict[str, Any]] = {"order": {"item": "bolt", "count": 2}, "look": {"place": "hall"}}
    return Reply(tool_calls=[ToolCall(name, arguments[name]) for name in tools_of(request)])


def tools_of(request: Any) -> list[str]:
    return [tool["function"]["name"] for tool in request.tools]


@pytest.fixture
def server(page: Path, demo_model: EmbeddedOllama) -> Iterator[EmbeddedOllama]:
    """The reader's Ollama, with a model that the page is about."""
    if page.name != "tools.md":
        yield demo_model
        return
    engine = ScriptedEngine(calls_tools, capabilities=["completion", "vision", "tools"])
    with EmbeddedOllama(engine=engine, aliases=STANDING_FOR) as running:
        yield running


@pytest.fixture
def readers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader is: with a photo, more pictures, a scan, and two folders of pictures."""
    shutil.copy(PICTURES / "two-shapes.jpg", tmp_path / "photo.jpg")
    (tmp_path / "restaurant_images").mkdir()
    shutil.copy(PICTURES / "one-shape.png", tmp_path / "restaurant_images")
    scan(tmp_path / "scan.tif")
    draw_scene(Shape("red", "circle")).save(tmp_path / "first.png")
    draw_scene(Shape("black", "cross")).save(tmp_path / "second.png")
    draw_scene("red circle", "blue square", "green star").save(tmp_path / "three.png")
    pages = [draw_scene(Shape("red", "circle")), draw_scene(Shape("black", "cross"))]
    pages[0].save(tmp_path / "report.pdf", save_all=True, append_images=pages[1:])
    film(tmp_path / "clip.mp4")
    write_results(tmp_path / "results.jsonl", tmp_path / "first.png")
    (tmp_path / "photos").mkdir()
    for name in ("first.png", "second.png", "report.pdf"):
        shutil.copy(tmp_path / name, tmp_path / "photos")
    (tmp_path / "photos" / "._first.png").write_bytes(b"of a Mac")
    (tmp_path / "photos" / "words.txt").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def logging_stays() -> Iterator[None]:
    """A page may turn logging up for its reader's process; here other tests follow in it."""
    names = ("ollama_vision", "llama_index.multi_modal_llms.ollama")
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    before = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def write_results(results: Path, picture: Path) -> None:
    """What `ollama-vision describe` has written about a picture."""
    status = picture.stat()
    version = Version.of(status.st_size, status.st_mtime_ns)
    said = {"text": "A red circle.", "fields": None, "error": None, "finish_reason": "stop", "model": "gemma3:4b"}
    about = {"path": picture.name, "page": None, "pages": None, "size": version.size, "modified": version.modified}
    results.write_bytes(encode({**about, **said, "usage": {}, "seconds": 0.5, "request": "5d1c0f6b"}))


def scan(path: Path) -> None:
    """A blue square at the top left, a green triangle at the bottom right, in CMYK; EXIF alone tells the way up."""
    drawing = draw_scene(Shape("blue", "square", "top left"), Shape("green", "triangle", "bottom right"))
    turned = Image.Exif()
    turned[0x0112] = 6
    drawing.transpose(Image.Transpose.ROTATE_90).convert("CMYK").save(path, exif=turned)


def film(path: Path) -> None:
    """Two seconds of a red circle, where the package that can do so is installed."""
    if not is_there("av"):
        return
    av: Any = importlib.import_module("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 224
        frame = av.VideoFrame.from_image(draw_scene("red circle"))
        for _ in range(20):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


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
    program = compile("\n" * (block.line - 1) + block.code, str(page), "exec", dont_inherit=True)
    if block.fails:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one, the next line says
            exec(program, namespace)
        names = {kind.__name__ for kind in type(caught.value).__mro__}
        assert names & set(block.fails), f"{place} failed with {caught.value!r}"
    else:
        exec(program, namespace)
    for condition in block.then:
        assert eval(condition, namespace), f"{place}: not {condition}"


@pytest.mark.usefixtures("logging_stays")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_block_runs(
    page: Path, server: EmbeddedOllama, readers_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "_llm", None)
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    monkeypatch.setenv("OLLAMA_BASE_URL", f"{server.url}/v1")
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


def test_the_tables_of_fields_are_those_of_the_code() -> None:
    for path in field_tables.PAGES:
        page = path.read_text(encoding="utf-8")
        assert page == field_tables.renewed(page), "make help-copies"
        assert page.count("\n| `") >= 5, "a class without fields would have an empty table"
    marked = [path for path in sorted(DOCS.rglob("*.md")) if "<!-- fields:" in path.read_text(encoding="utf-8")]
    assert marked == field_tables.PAGES


def test_the_reference_shows_public_names_and_all_of_the_engine_s() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md")]
    shown = [name.rpartition(".") for page in pages for name in re.findall(r"^::: (\S+)$", page, flags=re.MULTILINE)]
    hidden = [(module, name) for module, _, name in shown if name not in importlib.import_module(module).__all__]
    assert hidden == []
    in_errors = {"OllamaMultiModalError"}
    assert set(ollama_vision.__all__) - in_errors == {name for module, _, name in shown if module == "ollama_vision"}


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """The site, in `site` of a copy of what it is made from: zensical takes no other place for it."""
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(DOCS, folder / "docs")
    (folder / "packages").symlink_to(ROOT / "packages", target_is_directory=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not is_there("zensical"), reason="needs the dependency group docs")
def test_the_site_builds_without_a_broken_link_and_fetches_nothing(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(list(DOCS.rglob("*.md"))), "one for each page, and one for those that are not there"
    describer = (tmp_path / "site/reference/describer.html").read_text(encoding="utf-8")
    assert 'id="llama_index.multi_modal_llms.ollama.ImageDescriber"' in describer, "what docstrings say is in it"
    vision_model = (tmp_path / "site/reference/vision-model.html").read_text(encoding="utf-8")
    assert 'id="ollama_vision.VisionModel.preload"' in vision_model, "also where a class has it from another"
    for page in pages:
        html = page.read_text(encoding="utf-8")
        fetched = re.findall(r"<(?:link|script|img|iframe|source)[^>]*(?:src|href)=\"?(https?:[^\" >]+)", html)
        assert fetched == [], page.name

"""`ollama-vision read --figures`: figures cut out by the boxes that a model gives, or why they are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from tests.support.command_line import CommandLine
from tests.support.pdf_files import page_pdf, picture, standard_font, words
from tests.support.read_lines import lines
from tests.support.shown_models import QWEN3_VL


def test_figures_are_cut_out_of_the_original(
    vision: CommandLine, folder: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    """A box in thousandths, as Qwen3-VL counts."""
    page = Image.new("RGB", (1000, 800), "white")
    page.paste((200, 30, 30), (500, 200, 700, 600))
    page.paste((0, 0, 0), (100, 700, 400, 720))
    page.save(folder / "page.png")
    box = "![A red field](bbox_2d=[480, 225, 720, 775])"
    engine = ScriptedEngine(f"Words.\n\n{box}\n\nMore words.", model="qwen3-vl:4b", **QWEN3_VL)
    with EmbeddedOllama(engine=engine) as server:
        done = vision("read", "page.png", "--figures", "--host", server.url)
        asked = [request.body["prompt"] for request in server.asked if request.path == "/api/generate"]
    assert done.code == 0, done.err
    assert "bbox_2d" in asked[0]
    text = Path("text/page.png.md").read_text()
    assert "![A red field](page.png.figures/page-1-1.png)\n\nMore words." in text
    with Image.open("text/page.png.figures/page-1-1.png") as cut:
        assert cut.getpixel((cut.width // 2, cut.height // 2)) == (200, 30, 30)
        assert cut.getpixel((10, cut.height // 2)) == (255, 255, 255)
        # Of 1000x800, which the server puts into a frame with bars.
        assert cut.width == pytest.approx(240, abs=4)
        assert cut.height == pytest.approx(440, abs=4)
    assert "1 figure saved." in done.err
    (line,) = lines()
    assert line["figures"] == ["page-1-1.png"]


def test_a_figure_that_cannot_be_cut_out_is_told(
    vision: CommandLine, folder: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    page = Image.new("RGB", (1000, 800), "white")
    page.paste((200, 30, 30), (500, 200, 700, 600))
    page.save(folder / "page.png")
    words = ("read", "page.png", "--figures", "--host", served("![Red](bbox_2d=[0.45, 0.2, 0.75, 0.8])").url)
    done = vision(*words)
    assert done.code == 0
    assert "1 figure not saved: How this model counts boxes is not known. Name it with --box-convention: " in done.err
    assert not Path("text/page.png.figures").exists()
    assert vision(*words, "--box-convention", "0-1", "--restart").code == 0
    with Image.open("text/page.png.figures/page-1-1.png") as cut:
        assert (cut.size, cut.getpixel((150, 240))) == ((300, 480), (200, 30, 30))


def test_of_a_page_that_cannot_be_drawn_whole(
    vision: CommandLine, folder: Path, served: Callable[..., EmbeddedOllama]
) -> None:
    """Cut out of what there is of it; the page itself says what is missing."""
    broken = picture(b"/Filter /JPXDecode /ColorSpace /DeviceRGB", b"no JPEG 2000")
    commands = b"q 64 0 0 64 300 20 cm /I Do Q " + words(b"(Total 44.05)")
    resources = b"/Font << /F1 5 0 R >> /XObject << /I 6 0 R >>"
    (folder / "a.pdf").write_bytes(page_pdf(commands, resources, *standard_font(b"Helvetica"), broken))
    host = served("Total 44.05\n\n![Words](bbox_2d=[0.0, 0.3, 0.6, 0.8])").url
    done = vision("read", "a.pdf", "--figures", "--box-convention", "0-1", "--host", host)
    assert (done.code, [line["verdict"] for line in lines()]) == (1, ["not drawn"])
    with Image.open("text/a.pdf.figures/page-1-1.png") as cut:
        assert min(cut.convert("L").tobytes()) < 80

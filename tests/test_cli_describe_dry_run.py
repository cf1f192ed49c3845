"""`describe --dry-run`: what would be asked and what it takes, without asking."""

from __future__ import annotations

from pathlib import Path

import pytest
from describing_support import Describe, describer, fresh_folder, lines, says_the_same, three_photos
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene

folder = pytest.fixture(fresh_folder)
describe = pytest.fixture(describer)
photos = pytest.fixture(three_photos)
scripted = pytest.fixture(says_the_same)


def test_a_dry_run_asks_and_writes_nothing(describe: Describe, photos: list[str], demo_server: EmbeddedOllama) -> None:
    draw_scene("red circle").save("photos/scan.pdf", save_all=True, append_images=[draw_scene("blue star")])
    Path("photos/.hidden.png").write_bytes(Path(photos[0]).read_bytes())
    Path("photos/notes.txt").write_text("milk")
    before, asked = sorted(Path().rglob("*")), len(demo_server.asked)
    outcome = describe("photos", "--host", demo_server.url, "--dry-run")
    assert outcome.code == 0
    assert "photos/0.png: 64x64" in outcome.out
    assert "photos/scan.pdf: 2 pages" in outcome.out
    assert "5 questions about 4 files to shapes" in outcome.out
    assert "hidden (1)" in outcome.out
    assert len(demo_server.asked) == asked
    assert sorted(Path().rglob("*")) == before
    assert "2 questions about 2 files" in describe("photos", "--host", demo_server.url, "--dry-run", "--limit", 2).out


def test_a_dry_run_reckons_tokens_of_models_that_it_knows(describe: Describe, folder: Path) -> None:
    Image.new("RGB", (896, 896), "red").save("red.png")
    facts = {"general.architecture": "gemma3", "gemma3.vision.image_size": 896, "gemma3.vision.patch_size": 14}
    with EmbeddedOllama(engine=ScriptedEngine(model_info=facts)) as server:
        outcome = describe("red.png", "--host", server.url, "--dry-run", "--prompt", "x" * 40)
        assert "red.png: 896x896, about 256 tokens" in outcome.out
        assert "about 266 tokens to read (256 of them pictures)" in outcome.out
        small = describe("red.png", "--host", server.url, "--dry-run", "--option", "num_ctx=200")
        assert "--option num_ctx=1024" in small.out


def test_a_dry_run_tells_what_is_done_and_what_is_of_another_request(
    describe: Describe, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe(photos[0], "--host", scripted.url)
    assert "1 done before" in describe("photos", "--host", scripted.url, "--dry-run").out
    assert describe("photos", "--host", scripted.url, "--dry-run", "--prompt", "What?").code == 2
    assert describe("photos", "--host", scripted.url, "--dry-run", "--prompt", "What?", "--restart").code == 0
    assert len(lines()) == 1

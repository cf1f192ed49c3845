"""`describe --dry-run`: what would be asked and what it takes, without asking."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines


def test_a_dry_run_asks_and_writes_nothing(
    describe: CommandLine, photos: list[str], demo_server: EmbeddedOllama
) -> None:
    draw_scene("red circle").save("photos/scan.pdf", save_all=True, append_images=[draw_scene("blue star")])
    Path("photos/.hidden.png").write_bytes(Path(photos[0]).read_bytes())
    Path("photos/notes.txt").write_text("milk")
    before, asked = sorted(Path().rglob("*")), len(demo_server.asked)
    outcome = describe("photos", "--host", demo_server.url, "--dry-run")
    assert outcome.code == 0
    assert "photos/0.png: 64x64" in outcome.out
    assert "photos/scan.pdf: 2 pages" in outcome.out
    assert "5 questions about 4 files to shapes" in outcome.out
    assert "1 hidden" in outcome.out
    assert len(demo_server.asked) == asked
    assert sorted(Path().rglob("*")) == before
    assert "2 questions about 2 files" in describe("photos", "--host", demo_server.url, "--dry-run", "--limit", 2).out


def test_a_dry_run_names_the_hosts_and_what_is_wrong_with_them(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    with EmbeddedOllama(engine=ScriptedEngine()) as gone:
        dead = gone.url
    with EmbeddedOllama(engine=ScriptedEngine(model="other")) as server:
        another = server.url
        hosts = [word for url in (scripted.url, another, dead) for word in ("--host", url)]
        outcome = describe("photos", *hosts, "--model", scripted.model, "--dry-run")
    assert outcome.code == 0
    assert f"{scripted.url} has {scripted.model}." in outcome.out.splitlines()
    assert f"{another} cannot be asked: No model {scripted.model!r}" in outcome.out
    assert f"{dead} cannot be asked: Nothing answers at {dead}" in outcome.out
    assert "give --host" in outcome.out
    assert scripted.asked == []


def test_a_dry_run_says_what_a_run_will_refuse(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    whole = Path(photos[0]).read_bytes()
    jpeg = b"\xff\xd8\xff\xc1\x00\x11\x0c\x00\x40\x00\x40\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
    Image.new("F", (64, 64)).save("photos/float.tif")
    for name, data in {
        "html.jpg": b"<!doctype html><p>Not found",
        "cut.png": whole[: len(whole) // 2],
        "deep.jpg": jpeg,
        "ls.jpg": jpeg.replace(b"\xff\xc1", b"\xff\xf7"),
        "empty.png": b"",
        "cut.ppm": b"P6 64 64 255\n" + bytes(100),
        "raw.tif": b"II*\0\x10\0\0\0CR\x02\0" + bytes(60),
    }.items():
        Path("photos", name).write_bytes(data)
    said = describe("photos", "--host", scripted.url, "--dry-run").out
    for words in (
        "photos/html.jpg would be refused: it is an HTML page, not a picture. A server sent it in a picture's place",
        "photos/cut.png would be refused: it is a PNG picture that is cut short",
        "photos/deep.jpg would be refused: it is a JPEG picture that has 12 bits a sample",
        "photos/ls.jpg would be refused: it is a JPEG picture that is coded as JPEG-LS",
        "photos/empty.png would be refused: it is empty (0 bytes)",
        "photos/float.tif would be refused: it is a TIFF picture that has",
        "photos/cut.ppm would be refused: it is a PNM picture that is cut short",
        "photos/raw.tif would be refused: it is a camera's raw file",
        "3 questions about 3 files",
        "8 files would be refused.",
    ):
        assert words in said
    # A run says the same of the same files.
    assert describe("photos", "--host", scripted.url).code == 1
    assert sum(line["error"] is not None for line in lines()) == 8


def test_a_dry_run_reckons_tokens_of_models_that_it_knows(describe: CommandLine, folder: Path) -> None:
    Image.new("RGB", (896, 896), "red").save("red.png")
    facts = {"general.architecture": "gemma3", "gemma3.vision.image_size": 896, "gemma3.vision.patch_size": 14}
    with EmbeddedOllama(engine=ScriptedEngine(model_info=facts)) as server:
        outcome = describe("red.png", "--host", server.url, "--dry-run", "--prompt", "x" * 40)
        assert "red.png: 896x896, about 256 tokens" in outcome.out
        assert "about 266 tokens to read (256 of them pictures)" in outcome.out
        small = describe("red.png", "--host", server.url, "--dry-run", "--option", "num_ctx=200")
        assert "--option num_ctx=1024" in small.out


def test_a_dry_run_tells_what_is_done_and_what_is_of_another_request(
    describe: CommandLine, photos: list[str], scripted: EmbeddedOllama
) -> None:
    describe(photos[0], "--host", scripted.url)
    assert "1 done before" in describe("photos", "--host", scripted.url, "--dry-run").out
    assert describe("photos", "--host", scripted.url, "--dry-run", "--prompt", "What?").code == 2
    assert describe("photos", "--host", scripted.url, "--dry-run", "--prompt", "What?", "--restart").code == 0
    assert len(lines()) == 1

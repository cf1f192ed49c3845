"""`--region` and `--tiles` of ask and describe: what is sent, what is another request, and what is refused."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from ollama_embedded import EmbeddedOllama, ScriptedEngine
from ollama_vision.server import ModelCapabilities
from tests.support import shown_models as models
from tests.support.command_line import CommandLine
from tests.support.describe_cli import lines

LEVELS = (1_003_520, 401_408, 1_003_520, 3_211_264)
SEES = ("completion", "vision")


@pytest.fixture
def ask(vision: CommandLine) -> CommandLine:
    return partial(vision, "ask")


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """1200x800: a quarter of it blue, above and on the right; a PDF page of it lies beside."""
    monkeypatch.chdir(tmp_path)
    made = Image.new("RGB", (1200, 800), "red")
    made.paste("blue", (600, 0, 1200, 400))
    made.save("large.png")
    made.save("page.pdf")
    return "large.png"


def sizes_of(server: EmbeddedOllama, index: int = -1) -> list[tuple[int, int]]:
    return [image.size for image in server.asked[index].images]


def colours_of(server: EmbeddedOllama, index: int = -1) -> list[tuple[int, ...] | None]:
    found = []
    for data in server.asked[index].pictures:
        with Image.open(io.BytesIO(data)) as image:
            colours = image.convert("RGB").getcolors()
            found.append(colours[0][1] if colours is not None and len(colours) == 1 else None)
    return found  # type: ignore[return-value]


def test_ask_sends_a_region_in_fractions_or_pixels(ask: CommandLine, large: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Blue.")) as server:
        for region in ("0.5,0.0,1.0,0.5", "600,0,1200,400", "600, 0, 1200, 400"):
            assert ask(large, "Which colour?", "--host", server.url, "--region", region).code == 0
            assert (sizes_of(server), colours_of(server)) == ([(600, 400)], [(0, 0, 255)])
        assert ask("page.pdf", "Which colour?", "--host", server.url, "--region", "0.6,0.1,0.9,0.4").code == 0
        (drawn,) = server.asked[-1].images
        assert drawn.convert("RGB").getpixel((9, 9))[2] > 250  # type: ignore[index]


def test_ask_sends_as_many_pixels_as_the_detail_says(ask: CommandLine, tmp_path: Path) -> None:
    Image.new("RGB", (2240, 2240), "red").save(tmp_path / "square.png")
    sides = {}
    with EmbeddedOllama(engine=ScriptedEngine("Red.")) as server:
        for words in ((), ("--detail", "low"), ("--detail", "auto"), ("--detail", "high")):
            assert ask(str(tmp_path / "square.png"), "Which colour?", "--host", server.url, *words).code == 0
            ((sides[words], _),) = sizes_of(server)
    assert [side**2 <= most < (side + 2) ** 2 for side, most in zip(sides.values(), LEVELS, strict=True)] == [True] * 4


def test_ask_sends_tiles_and_says_which_is_which(ask: CommandLine, large: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Blue.")) as server:
        assert ask(large, "Which colour?", "--host", server.url, "--tiles", "2x1").code == 0
        assert server.asked[0].body["prompt"] == (
            "Image 1 is the whole of the picture, images 2 to 3 are parts of it, closer: image 2 left; image 3 right."
            "\n\nWhich colour?"
        )
        assert sizes_of(server) == [(1200, 800), (632, 800), (632, 800)]
        assert ask(large, "Which colour?", "--host", server.url, "--tiles", "auto").code == 0
        assert sizes_of(server)[0] == (1200, 800)
        assert ask("page.pdf", "Which?", "--host", server.url, "--tiles", "2x2", "--pages", "1").code == 0
        assert len(sizes_of(server)) == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--region", "0.5,0,1,0.5"],
            "--region 0.5,0,1,0.5 mixes pixels with fractions: four whole",
        ),
        (["--region", "300,0,100,50"], "--region 300,0,100,50 is inverted"),
        (["--region", "10,10,10,50"], "--region 10,10,10,50 is empty"),
        (
            ["--region", "0.0,0.0,1.5,1.0"],
            "--region 0.0,0.0,1.5,1.0 reaches outside the picture: fractions",
        ),
        (
            ["--region", "1,2,3"],
            "--region takes left, top, right and bottom: pixels, as in 100,80,400,300",
        ),
        (["--region", "left"], "--region takes left, top, right and bottom"),
        (["--tiles", "3"], "--tiles takes columns and rows, as in 3x2, or auto, not '3'"),
        (["--tiles", "1x1"], "--tiles takes columns and rows"),
        (["--tiles", "0x2"], "--tiles takes columns and rows"),
    ],
)
@pytest.mark.parametrize("command", ["ask", "describe"])
def test_what_cannot_be_is_a_wrong_command_line(
    command: str, words: list[str], said: str, ask: CommandLine, describe: CommandLine, large: str
) -> None:
    outcome = ask(large, "What?", *words) if command == "ask" else describe(large, *words)
    assert outcome.code == 2
    assert said in " ".join(outcome.err.split())


def test_boxes_and_tiles_do_not_go_together(ask: CommandLine, large: str) -> None:
    outcome = ask(large, "Where?", "--tiles", "2x2", "--draw-boxes", "out.png")
    assert outcome.code == 2
    assert "--tiles sends several images, and no box says of which it is" in " ".join(outcome.err.split())


def test_a_region_outside_the_picture_is_an_error_with_its_size(ask: CommandLine, large: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Blue.")) as server:
        outcome = ask(large, "What?", "--host", server.url, "--region", "0,0,1300,800")
        assert not server.asked
    assert outcome.code == 1
    said = " ".join(outcome.err.split())
    assert "is 1200x800 when upright, and --region 0,0,1300,800 reaches outside" in said
    assert "have a decimal point: 0.5,0.0,1.0,0.5" in said


def test_more_tiles_than_the_context_holds_are_told_in_the_shells_words(ask: CommandLine, large: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("Blue.", model="qwen", **models.QWEN25_VL)) as server:
        outcome = ask(large, "What?", "--host", server.url, "--tiles", "6x4")
        assert not server.asked
    assert outcome.code == 1
    said = " ".join(outcome.err.split())
    assert "6x4 tiles and the whole picture take about" in said
    assert "the context holds 3,900" in said
    assert "--option num_ctx=" in said
    assert "tiles=(" not in said


def test_another_region_or_other_tiles_are_another_request(describe: CommandLine, large: str) -> None:
    with EmbeddedOllama(engine=ScriptedEngine("A colour.", capabilities=SEES)) as server:
        command = [large, "--host", server.url]
        quarter = [*command, "--region", "0.5,0.0,1.0,0.5"]
        assert describe(*quarter).code == 0
        asked = len(server.asked)
        assert sizes_of(server) == [(600, 400)]
        assert describe(*quarter).code == 0
        assert len(server.asked) == asked, "done already"
        for other in ([], ["--region", "0.0,0.0,1.0,0.5"], ["--tiles", "2x1"]):
            outcome = describe(*command, *other)
            assert outcome.code == 2
            assert "--append" in outcome.err
        assert describe(*command, "--tiles", "2x1", "--append").code == 0
        assert len(sizes_of(server)) == 3
        assert len({line["request"] for line in lines()}) == 2


def test_describe_asks_about_each_page_with_its_tiles(describe: CommandLine, large: str) -> None:
    pages = [Image.new("RGB", (600, 400), colour) for colour in ("red", "blue")]
    pages[0].save("two.pdf", save_all=True, append_images=pages[1:])
    with EmbeddedOllama(engine=ScriptedEngine("A colour.", capabilities=SEES)) as server:
        assert describe("two.pdf", "--host", server.url, "--tiles", "2x1", "--jobs", "1").code == 0
        of_pages = [asked for asked in server.asked if len(asked.pictures) == 3]
    assert [line["page"] for line in lines()] == [1, 2]
    assert len(of_pages) == 2
    assert {asked.images[0].convert("RGB").getpixel((9, 9))[2] > 200 for asked in of_pages} == {True, False}  # type: ignore[index]


def test_a_dry_run_counts_what_tiles_and_regions_cost(describe: CommandLine, large: str) -> None:
    def tokens(*words: str) -> int:
        said = describe(large, "--host", server.url, "--dry-run", *words).out
        return int(said.partition("1200x800, about ")[2].partition(" tokens")[0].replace(",", ""))

    with EmbeddedOllama(engine=ScriptedEngine("A.", model="qwen", **models.QWEN25_VL)) as server:
        whole, half, tiles = tokens(), tokens("--region", "0.0,0.0,0.5,1.0"), tokens("--tiles", "2x1")
        assert not server.asked
    known = ModelCapabilities.from_show(models.QWEN25_VL)
    assert whole == known.picture_tokens((1200, 800))
    assert half == known.picture_tokens((600, 800)) != whole
    assert tiles == whole + (known.picture_tokens((632, 800)) or 0) + (known.picture_tokens((632, 800)) or 0)

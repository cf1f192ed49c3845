"""The frame that a server puts a picture into, how boxes are counted in it, and the sizes that it leaves alone."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from ollama_embedded import EmbeddedOllama, ScriptedEngine, draw_scene
from ollama_vision import ImageOptions, ModelCapabilities, PictureFrame, prepare_image
from ollama_vision.pictures import ServerSizes, plan_size
from ollama_vision.server.preprocessing import FAMILIES
from ollama_vision.server.preprocessing.conventions import COUNTINGS, counting_of
from tests.support import shown_models as models
from tests.support.endpoints import ask, twelve
from tests.support.picture_corpus import card, wrong_corners
from tools import model_tables

MEASURED = Path(__file__).with_name("data") / "picture-frames.txt"


def capabilities(show: dict[str, Any]) -> ModelCapabilities:
    return ModelCapabilities.from_show(show)


def size_of(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def measured() -> Iterator[Any]:
    lines = MEASURED.read_text(encoding="utf-8").splitlines()
    head, *rows = (line for line in lines if not line.startswith("#"))
    for row in rows:
        names, *frames = (part.split() for part in row.split("|"))
        for name in names:
            for size, (frame, *content) in zip(map(size_of, head.split()), frames, strict=True):
                where = tuple(map(int, content[0].split(","))) if content else (0, 0, *size_of(frame))
                yield pytest.param(name, size, size_of(frame), where, id=f"{name}, {size[0]}x{size[1]}")


@pytest.mark.parametrize(("name", "size", "frame", "content"), [*measured()])
def test_the_frame_is_the_one_that_llama_cpp_made(name: str, size: Any, frame: Any, content: Any) -> None:
    found = capabilities(getattr(models, name)).picture_frame(size)
    assert found == PictureFrame(frame, content)


@pytest.mark.parametrize(
    "show",
    [
        {}, {"model_info": {"general.architecture": "llama"}}, models.shown("brand_new", image_size=448, patch_size=14),
        models.shown("", "qwen3_5"), models.shown("mlp", image_size=336),
        {**models.QWEN25_VL, "remote_model": "qwen2.5vl:72b", "remote_host": "https://ollama.com:443"},
        {**models.GEMMA3, "details": {"format": "safetensors"}},
    ],
)  # fmt: skip
def test_where_it_cannot_be_known_there_is_none(show: dict[str, Any]) -> None:
    """New families, files without the numbers, Ollama's MLX runner and its cloud."""
    assert capabilities(show).picture_frame((640, 480)) is None
    assert capabilities(show).server_sizes is None


@pytest.mark.parametrize("size", [(0, 100), (100, 0), (-1, 5)])
def test_a_picture_without_sides_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="two positive sides"):
        capabilities(models.QWEN25_VL).picture_frame(size)


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("QWEN25_VL", "model pixels"), ("DOTS_OCR", "model pixels"), ("QWEN2_VL", "0-1000"), ("QWEN3_VL", "0-1000"),
        ("GLM4V", "0-1000"), ("DEEPSEEK_OCR", "0-999"),
    ],
)  # fmt: skip
def test_a_family_s_own_convention_is_the_default_where_it_is_certain(name: str, convention: str) -> None:
    frame = capabilities(getattr(models, name)).picture_frame((300, 200))
    assert frame is not None
    assert frame.convention == convention
    sent = prepare_image(draw_scene("red circle").resize((300, 200)))
    box = (100, 100, 200, 200)
    assert sent.to_original(box, frame=frame) == sent.to_original(box, frame.convention, frame)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("GEMMA3", "0-1000 yx"), ("GEMMA4", "not from its makers"), ("QWEN35", "in most cases"), ("LLAVA", "LLaVA 1.5"),
        ("HUNYUAN", "third party"), ("MISTRAL3", "Mistral Small 3.1.*is not published"), ("COGVLM", "chat variant"),
    ],
)  # fmt: skip
def test_where_it_is_not_certain_the_error_says_why(name: str, why: str) -> None:
    frame = capabilities(getattr(models, name)).picture_frame((300, 200))
    assert frame is not None
    assert frame.convention is None
    sent = prepare_image(draw_scene("red circle").resize((300, 200)))
    with pytest.raises(ValueError, match=f"{why}.*Name the convention: 'model pixels'"):
        sent.to_original((100, 100, 200, 200), frame=frame)


def test_where_tiles_and_overview_disagree_it_is_not_certain() -> None:
    internvl = capabilities(models.INTERNVL)
    small, large = internvl.picture_frame((448, 300)), internvl.picture_frame((1000, 400))
    assert small is not None
    assert large is not None
    assert (small.convention, large.convention) == ("0-1000", None)
    assert "disagree" in large.doubt


def test_every_family_has_a_convention_or_a_doubt() -> None:
    for name, family in FAMILIES.items():
        counting = counting_of(name, family.models)
        assert (counting.convention is None) <= bool(counting.doubt), name
        assert "{" not in counting.doubt, name
    assert set(COUNTINGS) <= set(FAMILIES)


def test_the_page_of_all_models_is_up_to_date() -> None:
    page = model_tables.PAGE.read_text(encoding="utf-8")
    assert page == model_tables.renewed(page), "make help-copies"
    assert {found["what"] for found in model_tables.REGION.finditer(page)} == {"models", "sizes"}
    assert "| 28 | 802,816 | 3,211,264 | Qwen2-VL 7B" in page
    assert (
        "1036x784, bars of 3 and 4, 1,036 tokens | 1148x868, bars of 3 and 4, 1,271 tokens | `model pixels` |" in page
    )


STEPPED = ("QWEN2_VL", "QWEN25_VL", "QWEN3_VL", "QWEN35", "GEMMA4", "GLM4V", "DOTS_OCR", "PADDLE_OCR", "MISTRAL3",
           "PIXTRAL", "HUNYUAN")  # fmt: skip


@pytest.mark.parametrize("name", STEPPED)
def test_sizes_that_are_left_alone_pass_unchanged(name: str) -> None:
    model = capabilities(getattr(models, name))
    sizes = model.server_sizes
    assert sizes is not None
    draw, passed = random.Random(name), 0
    while passed < 1000:
        width = draw.randint(1, 200) * sizes.multiple
        height = (
            max(1, round(draw.randint(sizes.min_pixels, sizes.max_pixels) / width / sizes.multiple)) * sizes.multiple
        )
        if (width, height) in sizes:
            passed += 1
            assert model.picture_frame((width, height)) == PictureFrame((width, height), (0, 0, width, height))


def test_the_sizes_are_multiples_within_the_family_s_limits() -> None:
    assert capabilities(models.QWEN25_VL).server_sizes == ServerSizes(28, 802_816, 3_211_264)
    assert capabilities(models.QWEN3_VL).server_sizes == ServerSizes(32, 1_048_576, 4_194_304)
    assert capabilities(models.QWEN35).server_sizes == ServerSizes(32, 8_192, 4_194_304)
    assert capabilities(models.GEMMA4).server_sizes == ServerSizes(48, 92_160, 645_120)
    for fixed in (models.LLAVA, models.GEMMA3, models.INTERNVL, models.DEEPSEEK_OCR):
        assert capabilities(fixed).server_sizes is None


def random_size(draw: random.Random) -> tuple[int, int]:
    width, height = (int(math.exp(draw.uniform(math.log(8), math.log(8000)))) for _ in range(2))
    return width, height


@pytest.mark.parametrize("detail", ["low", "auto", "high"])
@pytest.mark.parametrize("name", STEPPED)
def test_what_is_scaled_anyway_is_left_alone_by_the_server(name: str, detail: Any) -> None:
    model = capabilities(getattr(models, name))
    options, draw = ImageOptions(server_sizes=model.server_sizes).with_detail(detail), random.Random(f"{name} {detail}")
    most = max(options.max_pixels or 0, round(model.server_sizes.min_pixels * 9 / 8) if model.server_sizes else 0)
    scaled = 0
    while scaled < 300:
        size = random_size(draw)
        plan = plan_size(size, options)
        if plan.canvas == size:
            continue
        scaled += 1
        assert model.picture_frame(plan.canvas) == PictureFrame(plan.canvas, (0, 0, *plan.canvas)), size
        assert plan.canvas[0] * plan.canvas[1] <= most
        assert min(plan.canvas) >= options.min_side
        if plan.canvas == plan.content:
            changed = plan.canvas[0] / plan.canvas[1] / (size[0] / size[1])
            assert 1 / 1.0301 <= changed <= 1.0301, size


def test_what_need_not_be_scaled_is_not() -> None:
    options = ImageOptions(server_sizes=capabilities(models.QWEN25_VL).server_sizes)
    for size in ((640, 480), (300, 200), (1156, 867), (1001, 1002)):
        assert plan_size(size, options).canvas == size


@pytest.mark.parametrize("name", ["QWEN25_VL", "QWEN3_VL", "QWEN35", "GEMMA4"])
@pytest.mark.parametrize("detail", ["low", "auto"])
def test_a_page_is_drawn_for_the_server_and_not_scaled(name: str, detail: Any, tmp_path: Any) -> None:
    pytest.importorskip("pypdfium2")
    quarters = card((842, 595))
    quarters.save(tmp_path / "page.pdf", "PDF")
    model = capabilities(getattr(models, name))
    page = prepare_image(tmp_path / "page.pdf", ImageOptions(server_sizes=model.server_sizes).with_detail(detail))
    assert model.picture_frame(page.size) == PictureFrame(page.size, (0, 0, *page.size))
    assert not any(step.startswith("scaled") for step in page.steps)
    # What is padded is not the page, and boxes know it.
    assert page.to_original((0, 0, *page.mapping.content_size)) == (0, 0, *page.original_size)
    across, down = page.mapping.content_size
    assert page.size[0] - across < 48
    assert page.size[1] - down < 48
    assert wrong_corners(page.read()) == []


def test_low_detail_is_sent_at_the_family_s_least() -> None:
    """A smaller picture costs as much there: the server scales it up to 1,024 tokens."""
    model = capabilities(models.QWEN25_VL)
    low = ImageOptions(server_sizes=model.server_sizes).with_detail("low")
    width, height = plan_size((4000, 3000), low).canvas
    assert 802_816 <= width * height <= 903_168
    assert plan_size((4000, 3000), ImageOptions().with_detail("low")).canvas == (731, 548)
    # Where the least is smaller, low is what it says.
    gemma = ImageOptions(server_sizes=capabilities(models.GEMMA4).server_sizes).with_detail("low")
    width, height = plan_size((4000, 3000), gemma).canvas
    assert 0.75 * 401_408 <= width * height <= 401_408


def test_a_limit_of_the_caller_s_own_is_kept() -> None:
    options = ImageOptions(max_pixels=100_000, server_sizes=capabilities(models.QWEN25_VL).server_sizes)
    assert plan_size((4000, 3000), options).canvas == (365, 273)


def test_tokens_are_those_of_the_size_that_is_sent() -> None:
    model = capabilities(models.QWEN25_VL)
    width, height = plan_size((4000, 3000), ImageOptions(server_sizes=model.server_sizes)).canvas
    assert model.picture_tokens((4000, 3000)) == width // 28 * (height // 28)


def test_sizes_go_through_json_and_a_wrong_one_is_refused() -> None:
    options = ImageOptions(server_sizes=ServerSizes(28, 802_816, 3_211_264))
    assert ImageOptions.model_validate_json(options.model_dump_json()) == options
    assert (28, 28) not in ServerSizes(28, 802_816, 3_211_264)
    assert "28x28" not in ServerSizes(28, 1, 10_000)


@twelve
def test_the_reply_tells_the_frame_and_what_was_sent_fits_the_server(endpoint: str, tmp_path: Any) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    draw_scene("red circle").resize((300, 200)).save(small)
    draw_scene("red circle").resize((2000, 1500)).save(large)
    engine = ScriptedEngine("[]", model="qwen", **models.QWEN25_VL)
    with EmbeddedOllama(engine=engine) as server:
        llm = OllamaMultiModal(model="qwen", base_url=server.url)
        reply = ask(llm, endpoint, "Where?", [small, large])
        sent = server.asked[0].pictures
    entries = getattr(reply.last, "pictures", None) or reply.last.additional_kwargs["pictures"]
    first, second = json.loads(json.dumps(list(entries)))
    assert sent[0] == small.read_bytes()  # byte for byte
    assert first["frame"] == {"size": [1120, 756], "content": [0, 4, 1120, 751], "convention": "model pixels"}
    assert second["size"] == second["frame"]["size"] == [1148, 868]
    assert second["frame"]["content"] == [0, 0, 1148, 868]
    # One that is not known has none.
    with EmbeddedOllama(engine=ScriptedEngine("[]")) as server:
        reply = ask(OllamaMultiModal(model="scripted", base_url=server.url), endpoint, "Where?", [small])
    entries = getattr(reply.last, "pictures", None) or reply.last.additional_kwargs["pictures"]
    assert "frame" not in entries[0]

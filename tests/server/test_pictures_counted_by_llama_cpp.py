"""llama.cpp itself is asked what a picture costs, with files of random weights and a family's own vision numbers."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from ollama_vision import VisionModel, errors
from ollama_vision.server import picture_layout
from ollama_vision.server.preprocessing import Size
from tests.support.command_line import CommandLine
from tests.support.tiny_vision import serve_family

LLAVA = {"image_size": 336, "patch_size": 14}
SMOLVLM = {"image_size": 384, "patch_size": 14, "projector.scale_factor": 3, "preproc_image_size": 1536}
INTERNVL = {"image_size": 448, "patch_size": 14, "projector.scale_factor": 2, "preproc_max_tiles": 6}
MINICPM = {"image_size": 448, "patch_size": 14}
# In sizes at which llama.cpp b10605, whose counts the table has, and the newer one inside xllamacpp agree.
FAMILIES: list[tuple[str, dict[str, Any], list[Size]]] = [
    ("mlp", LLAVA, [(640, 480)]),
    ("mlp", {**LLAVA, "image_grid_pinpoints": [336, 672, 672, 336, 1344, 336]}, [(336, 336), (640, 480), (900, 200)]),
    ("gemma3", {"image_size": 896, "patch_size": 14}, [(300, 200)]),
    ("gemma4v", {"image_size": 224, "patch_size": 16}, [(600, 400), (800, 600)]),
    ("glm4v", {"image_size": 336, "patch_size": 14}, [(112, 70), (600, 315)]),
    ("idefics3", SMOLVLM, [(768, 192)]),
    ("internvl", INTERNVL, [(448, 448), (1000, 1000)]),
    ("lfm2", {"image_size": 256, "patch_size": 16, "projector.scale_factor": 2}, [(64, 64), (1024, 512), (400, 2000)]),
    ("pixtral", {"image_size": 1540, "patch_size": 14, "spatial_merge_size": 2}, [(112, 70), (640, 480)]),
    ("qwen2vl_merger", {"patch_size": 14}, [(26, 416), (640, 480)]),
    ("qwen3vl_merger", {"image_size": 768, "patch_size": 16}, [(336, 336), (720, 720)]),
    ("resampler", {**MINICPM, "minicpmv_version": 2}, [(448, 448), (460, 100)]),
    ("resampler", {**MINICPM, "minicpmv_version": 3, "minicpmv_query_num": 32}, [(512, 384)]),
    ("step3vl", {"image_size": 728, "patch_size": 14}, [(64, 64), (672, 336), (867, 1156)]),
]


@pytest.mark.parametrize(("projector", "numbers", "sizes"), FAMILIES, ids=[name for name, _, _ in FAMILIES])
def test_the_same_is_reckoned(tmp_path: Path, projector: str, numbers: dict[str, Any], sizes: list[Size]) -> None:
    with serve_family(tmp_path, projector, numbers) as server, VisionModel("tiny", host=server.url) as model:
        facts = model.capabilities().facts
        around = tokens_read(server.url)
        for size in sizes:
            layout = picture_layout(size, facts)
            assert layout is not None
            assert tokens_read(server.url, size) - around == layout.tokens + layout.markers, size


def tokens_read(url: str, size: Size | None = None) -> int:
    """What a prompt of one word costs, with a picture of that size."""
    message: dict[str, Any] = {"role": "user", "content": "x"}
    if size is not None:
        png = io.BytesIO()
        Image.new("RGB", size, "red").save(png, "PNG")
        message["images"] = [base64.b64encode(png.getvalue()).decode()]
    asked = {"model": "tiny", "messages": [message], "stream": False, "options": {"num_predict": 1, "num_ctx": 8192}}
    reply = httpx2.post(f"{url}/api/chat", json=asked, timeout=300)
    tokens = reply.raise_for_status().json()["prompt_eval_count"]
    assert isinstance(tokens, int)
    return tokens


def test_a_dry_run_says_what_the_run_then_reads(tmp_path: Path, describe: CommandLine) -> None:
    with serve_family(tmp_path, "lfm2", {"image_size": 256, "patch_size": 16, "projector.scale_factor": 2}) as server:
        Image.new("RGB", (1156, 867), "red").save("red.png")
        told = describe("red.png", "--host", server.url, "--dry-run").out
        assert "red.png: 1156x867, about 1,770 tokens" in told
        assert tokens_read(server.url, (1156, 867)) - tokens_read(server.url) == 1770 + 9  # less than 2 % more


@pytest.mark.parametrize("checked", [True, False])
def test_pictures_that_the_context_does_not_hold_are_told_with_their_share(tmp_path: Path, checked: bool) -> None:
    """By this client before it sends them where it may ask about the model, else by the server."""
    sent = [Image.new("RGB", (900, 200), "red")] * 2
    with serve_family(tmp_path, "mlp", {**LLAVA, "image_grid_pinpoints": [336, 672, 672, 336, 1344, 336]}) as server:
        model = VisionModel("tiny", host=server.url, context_window=2048, check_capabilities=checked)
        model.capabilities()
        with model, pytest.raises(errors.ContextOverflowError, match=r"2 pictures.* about 5,760 ") as caught:
            model.ask("x", *sent)
        assert (caught.value.n_picture_tokens, caught.value.n_ctx) == (2 * 5 * 576, 2048)
        asked = [request for request in server.asked if request.path.startswith(("/api/chat", "/api/generate"))]
        assert len(asked) == (not checked)
        if not checked:
            assert 0 < (caught.value.n_prompt_tokens or 0) - 5760 < 10

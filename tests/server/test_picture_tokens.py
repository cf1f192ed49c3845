"""What a picture costs is known for the families whose rules are known, and for no others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llama_index.multi_modal_llms.ollama import ImageOptions, ModelCapabilities
from ollama_vision.server.picture_tokens import estimate_picture_tokens
from tests.support.recorded import FOLDER
from tests.support.wire_server import WireServer, client, reply

Show = dict[str, Any]


def clip(kind: str, architecture: str = "llama", **facts: int | None) -> Show:
    """A reply of /api/show for a model whose vision part is a file of its own, beside one of that architecture."""
    info: dict[str, Any] = {"clip.projector_type": kind, "general.architecture": "clip"}
    info.update({f"clip.{name.replace('__', '.')}": value for name, value in facts.items()})
    return {"model_info": {"general.architecture": architecture}, "projector_info": info}


def whole(architecture: str, **facts: int) -> Show:
    """... and for one in a single file."""
    info: dict[str, Any] = {"general.architecture": architecture, f"{architecture}.block_count": 30}
    info.update({f"{architecture}.vision.{name}": value for name, value in facts.items()})
    return {"model_info": info}


LLAVA = clip("mlp", vision__image_size=336, vision__patch_size=14)
LLAVA_16 = clip("mlp", vision__image_size=336, vision__patch_size=14, vision__image_grid_pinpoints=None)
GEMMA3 = clip("gemma3", vision__image_size=896, vision__patch_size=14)
QWEN25 = clip("qwen2.5vl_merger", "qwen2vl", vision__patch_size=14, vision__image_size=560)
QWEN3 = clip("qwen3vl_merger", "qwen3vl", vision__patch_size=16, vision__spatial_merge_size=2)
QWEN35 = {**QWEN3, "model_info": {"general.architecture": "qwen35"}}
MISTRAL = clip("pixtral", vision__patch_size=14, vision__spatial_merge_size=2)
MINICPM = clip("resampler", vision__image_size=448, vision__patch_size=14, minicpmv_version=3)
MINICPM_2 = clip("resampler", vision__image_size=448, vision__patch_size=14, minicpmv_version=2)
INTERNVL = clip("internvl", vision__image_size=448, vision__patch_size=14, vision__projector__scale_factor=2)
LFM2 = clip("lfm2", vision__image_size=512, vision__patch_size=16, vision__projector__scale_factor=2)
GEMMA4 = clip("gemma4v", vision__patch_size=16)
GLM = clip("glm4v", vision__patch_size=14)
LLAMA4 = clip("llama4", vision__image_size=336, vision__patch_size=14, vision__projector__scale_factor=2)
SMOLVLM = clip(
    "idefics3",
    vision__image_size=512,
    vision__patch_size=16,
    vision__preproc_image_size=2048,
    vision__projector__scale_factor=4,
)


@pytest.mark.parametrize(
    ("show", "size", "tokens"),
    [
        (LLAVA, (100, 100), 576), (LLAVA, (4000, 3000), 576),
        (LLAVA_16, (336, 336), 576), (LLAVA_16, (672, 672), 5 * 576), (LLAVA_16, (1008, 336), 4 * 576),
        (GEMMA3, (100, 100), 256), (GEMMA3, (4000, 3000), 256),
        (QWEN25, (1120, 896), 1280), (QWEN25, (560, 1792), 1280), (QWEN25, (1792, 1792), 4096),
        (QWEN25, (100, 100), 1024), (QWEN25, (8000, 8000), 4096),
        (QWEN3, (1024, 1024), 1024), (QWEN3, (2048, 2048), 4096), (QWEN3, (32, 32), 1024),
        (QWEN35, (32, 32), 9 + 2), (QWEN35, (1024, 1024), 1024),
        (MISTRAL, (280, 280), 100 + 9), (MISTRAL, (5600, 5600), 1024 + 31),
        (MINICPM, (448, 448), 64 + 2), (MINICPM, (896, 448), 3 * 64 + 6), (MINICPM, (4000, 4000), 10 * 64 + 22),
        (MINICPM_2, (448, 448), 96 + 2),
        (INTERNVL, (448, 448), 256), (INTERNVL, (896, 448), 3 * 256), (INTERNVL, (448 * 4, 448 * 3), 13 * 256),
        (LFM2, (512, 512), 256), (LFM2, (1024, 512), 242),
        (GEMMA4, (768, 768), 256), (GEMMA4, (100, 100), 49 + 2), (GEMMA4, (4000, 4000), 256),
        (GLM, (280, 280), 100), (GLM, (8000, 8000), 4096),
        (LLAMA4, (336, 336), 144), (LLAMA4, (672, 336), 3 * 144), (LLAMA4, (1008, 1008), 10 * 144),
        (SMOLVLM, (2048, 2048), 17 * 64 + 39), (SMOLVLM, (2048, 512), 5 * 64 + 12),
        (whole("qwen25vl", patch_size=14, spatial_merge_size=2), (1120, 896), 1280),
        (whole("gemma3", image_size=896, patch_size=14), (500, 500), 256),
        (whole("qwen3vl", patch_size=16, spatial_merge_size=2), (1024, 1024), 1024),
        (whole("mistral3", patch_size=14), (280, 280), 109),
    ],
)  # fmt: skip
def test_known_families(show: Show, size: tuple[int, int], tokens: int) -> None:
    assert estimate_picture_tokens(size, show) == tokens


@pytest.mark.parametrize(
    "show",
    [
        {},
        {"model_info": None, "projector_info": None},
        {"model_info": {"general.architecture": "llama", "llama.block_count": 4}},
        {"model_info": {"general.architecture": "qwen25vl"}, "projector_info": {"clip.projector_type": "brand_new"}},
        {"model_info": {"general.architecture": "mllama", "mllama.vision.image_size": 560}},
        clip("mlp"),
        clip("gemma3", vision__image_size=896),
        clip("idefics3", vision__image_size=512, vision__patch_size=16),
    ],
    ids=["empty", "nulls", "text", "new projector", "mllama", "no facts", "half the facts", "no merge"],
)
def test_unknown_stays_unknown(show: Show) -> None:
    assert estimate_picture_tokens((1000, 1000), show) is None


def test_the_demo_model_as_a_real_server_shows_it() -> None:
    recorded = json.loads((FOLDER / "show-vision.json").read_text(encoding="utf-8"))
    show = json.loads("".join(text for _, text in recorded["response"]["chunks"]))
    assert estimate_picture_tokens((640, 480), show) == 64


KNOWN = [LLAVA, LLAVA_16, GEMMA3, GEMMA4, QWEN25, QWEN3, QWEN35, MISTRAL, MINICPM, INTERNVL, LFM2, GLM, LLAMA4, SMOLVLM]


@given(show=st.sampled_from(KNOWN), size=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)))
@example(show=QWEN25, size=(1, 20_000))
def test_any_size_costs_something_and_not_the_earth(show: Show, size: tuple[int, int]) -> None:
    tokens = estimate_picture_tokens(size, show)
    assert tokens is not None
    # Not 4096: a line of one pixel is made larger until it has Qwen's least area, and is 4,526 squares long then.
    assert 1 <= tokens <= 4600


@pytest.mark.parametrize("size", [(0, 10), (10, -1)])
def test_a_picture_has_two_sides(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="two positive sides"):
        estimate_picture_tokens(size, LLAVA)


def test_a_models_capabilities_reckon_with_the_size_that_is_sent() -> None:
    family = {"general.architecture": "qwen25vl", "qwen25vl.vision.patch_size": 14}
    known = ModelCapabilities.from_show({"model_info": family})
    small, large = known.picture_tokens((1120, 896)), known.picture_tokens((11200, 8960))
    assert small == 1280
    assert large is not None
    assert abs(large - small) <= 40
    assert known.picture_tokens((11200, 8960), ImageOptions(max_pixels=3_211_264)) != large
    assert ModelCapabilities.from_show({}).picture_tokens((100, 100)) is None


@pytest.mark.parametrize("left_out", [None, []])
def test_the_sizes_that_pictures_are_cut_by_are_asked_for_where_they_are_left_out(left_out: list[int] | None) -> None:
    """Ollama tells a list of more than five when asked with `verbose`; a file of its own shapes costs by those."""
    own = {**LLAVA_16["projector_info"], "clip.vision.image_grid_pinpoints": [336, 672, 672, 336, 2016, 336]}
    short = {**LLAVA_16, "projector_info": {**own, "clip.vision.image_grid_pinpoints": left_out}}
    told = {True: {**LLAVA_16, "projector_info": own}, False: short}
    with WireServer(routes={"/api/show": lambda seen: reply(200, told["verbose" in seen.json])}) as server:
        known = client(server).capabilities()
        assert [seen.json for seen in server.requests if seen.path == "/api/show"] == [
            {"model": "m"},
            {"model": "m", "verbose": True},
        ]
    assert known.picture_tokens((2000, 300)) == 7 * 576
    assert known.facts["projector_info"] == own


def test_without_the_sizes_that_pictures_are_cut_by_they_are_taken_for_the_familys() -> None:
    with WireServer(
        routes={"/api/show": lambda seen: reply(500 if "verbose" in seen.json else 200, LLAVA_16)}
    ) as server:
        assert client(server).capabilities().picture_tokens((672, 672)) == 5 * 576


def test_a_model_without_such_sizes_is_asked_about_once() -> None:
    with WireServer(routes={"/api/show": reply(200, LLAVA)}) as server:
        assert client(server).capabilities().picture_tokens((672, 672)) == 576
        assert [seen.path for seen in server.requests].count("/api/show") == 1


@pytest.mark.parametrize("elsewhere", [{"remote_model": "gemma3:27b"}, {"details": {"format": "safetensors"}}])
def test_what_the_cloud_and_other_runners_count_is_not_known(elsewhere: Show) -> None:
    known = ModelCapabilities.from_show({**whole("gemma3", image_size=896, patch_size=14), **elsewhere})
    assert known.picture_tokens((640, 480)) is None


def test_qwen35_on_ollamas_own_runner_counts_by_its_rule() -> None:
    """Halves to the even number, where the same model under llama.cpp takes 121."""
    known = ModelCapabilities.from_show({**whole("qwen3_5"), "details": {"format": "safetensors"}})
    assert known.picture_tokens((336, 336)) == 100

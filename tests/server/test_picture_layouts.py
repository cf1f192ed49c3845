"""What llama.cpp makes of a picture, family by family: its own counts, and frames that its own code drew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_vision.server import estimate_picture_tokens, picture_layout
from ollama_vision.server.preprocessing import FAMILIES, Box, Size, Way

COUNTS = Path(__file__).with_name("data") / "picture-tokens.tsv"


def _rows() -> Iterator[Any]:
    lines = [line.split("\t") for line in COUNTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    sizes = [tuple(int(side) for side in name.split("x")) for name in lines[0][4:]]
    for projector, model, architecture, numbers, *counts in lines[1:]:
        facts = dict(number.split("=") for number in numbers.split(";")) if numbers else {}
        told = {name: None if value == "null" else int(value) for name, value in facts.items()}
        show = _show(projector, architecture, told)
        yield pytest.param(show, dict(zip(sizes, counts, strict=True)), id=f"{projector or architecture}, {model}")


def _show(projector: str, architecture: str, numbers: Mapping[str, int | None]) -> dict[str, Any]:
    if not projector:
        vision = {f"{architecture}.vision.{name}": value for name, value in numbers.items()}
        return {"model_info": {"general.architecture": architecture, **vision}}
    clip: dict[str, Any] = {"general.architecture": "clip"}
    if projector != "-":
        clip["clip.projector_type"] = projector
    for name, value in numbers.items():
        clip[f"clip.{name}" if name.startswith("minicpmv_") else f"clip.vision.{name}"] = value
    return {"model_info": {"general.architecture": architecture}, "projector_info": clip}


MEASURED = list(_rows())


@pytest.mark.parametrize(("show", "counts"), MEASURED)
def test_every_count_is_llama_cpps_own(show: dict[str, Any], counts: dict[Size, str]) -> None:
    for size, count in counts.items():
        if not count:
            continue
        tokens, _, markers = count.partition("+")
        layout = picture_layout(size, show)
        assert layout is not None
        assert layout.tokens == int(tokens), size
        if markers:
            assert layout.markers == int(markers), size
            whole = layout.tokens + layout.markers
            assert abs((estimate_picture_tokens(size, show) or 0) - whole) <= 0.02 * whole, size


QWEN = {"patch_size": 14, "spatial_merge_size": 2}


@pytest.mark.parametrize(
    ("show", "size", "frame", "content"),
    [
        (_show("qwen2.5vl_merger", "qwen2vl", QWEN), (300, 200), (1120, 756), (0, 4, 1120, 751)),
        (_show("qwen2.5vl_merger", "qwen2vl", QWEN), (640, 480), (1036, 784), (0, 3, 1036, 780)),
        (_show("qwen2.5vl_merger", "qwen2vl", QWEN), (400, 2000), (420, 2016), (8, 0, 412, 2016)),
        (_show("qwen3vl_merger", "qwen3vl", {"patch_size": 16}), (1000, 400), (1632, 672), (0, 9, 1632, 662)),
        (_show("qwen3vl_merger", "qwen35", {"patch_size": 16}), (1000, 400), (992, 416), (0, 9, 992, 406)),
        (_show("gemma3", "gemma3", {"image_size": 896, "patch_size": 14}), (300, 200), (896, 896), (0, 149, 896, 747)),
        (_show("", "gemma4", {"patch_size": 16}), (400, 2000), (336, 1776), (0, 48, 336, 1728)),
        (_show("glm4v", "glm4", {"patch_size": 14}), (300, 200), (308, 196), (7, 0, 301, 196)),
        (_show("pixtral", "llama", {"patch_size": 16}), (400, 2000), (224, 1136), (0, 8, 224, 1128)),
        (_show("mlp", "llama", {"image_size": 336, "patch_size": 14}), (400, 2000), (336, 336), (134, 0, 202, 336)),
        (_show("mlp", "phi2", {"image_size": 378, "patch_size": 14}), (300, 200), (378, 378), (0, 63, 378, 315)),
        (_show("hunyuanvl", "hunyuan_vl", {"patch_size": 16}), (300, 200), (640, 448), (0, 0, 640, 448)),
        (
            _show("internvl", "qwen2", {"image_size": 448, "patch_size": 14, "projector.scale_factor": 2}),
            (1000, 400),
            (1000, 400),
            (0, 0, 1000, 400),
        ),
    ],
)
def test_a_frame_is_the_one_that_llama_cpp_drew(show: dict[str, Any], size: Size, frame: Size, content: Box) -> None:
    """Its real code was run, without weights, on pictures whose colours tell where each pixel came from."""
    layout = picture_layout(size, show)
    assert layout is not None
    assert (layout.canvas, layout.content) == (frame, content)


def test_every_family_of_the_table_was_measured_or_is_the_same_as_one_that_was() -> None:
    measured = {str(param.id).split(", ")[0] for param in MEASURED}
    rules = {FAMILIES[name].rule for name in measured if name in FAMILIES}
    unmeasured = {name for name, family in FAMILIES.items() if family.rule not in rules}
    assert unmeasured == {"dots3note_v"}  # read in its source alone


def test_every_way_is_somebodys() -> None:
    assert {family.rule.way for family in FAMILIES.values()} == set(Way)


NAMES = (
    "image_size", "patch_size", "spatial_merge_size", "projector.scale_factor", "image_min_pixels", "image_max_pixels",
    "preproc_image_size", "preproc_min_tiles", "preproc_max_tiles", "projector.query_side", "projector.window_side",
    "image_grid_pinpoints", "pixel_shuffle_ratio",
)  # fmt: skip
ODD = st.sampled_from(
    [1, 14, 8192, 65_535, 336, 0, -1, 2**31 - 1, 1e300, 1e-300, True, "14", None, [], [336, 672], [1, 0, 3], ["a"]]
)


@given(
    family=st.sampled_from(sorted(FAMILIES)),
    numbers=st.dictionaries(st.sampled_from(NAMES), ODD),
    size=st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    in_one_file=st.booleans(),
)
def test_no_numbers_of_a_server_are_more_than_unknown(
    family: str, numbers: dict[str, Any], size: Size, in_one_file: bool
) -> None:
    layout = picture_layout(size, _show("" if in_one_file else family, family if in_one_file else "llama", numbers))
    assert layout is None or layout.tokens >= 0

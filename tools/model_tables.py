"""The table of docs/reference/server-pictures.md, from the code's own families: by `make help-copies`, held by a test.

Each row is a model file that llama.cpp itself was asked about (tests/server/data/picture-tokens.tsv). Between two
comments of the page stands what this file writes there:

    <!-- table of models -->         what is made of a picture, model by model
    <!-- table of sizes -->          the sizes that are left alone
    <!-- end of table -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ollama_vision.pictures import PictureFrame
from ollama_vision.server import ModelCapabilities, estimate_picture_tokens, picture_layout
from ollama_vision.server.preprocessing import FAMILIES, Layout, VisionFacts, Way

from .format_tables import table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reference/server-pictures.md"
MODELS = ROOT / "tests/server/data/picture-tokens.tsv"
REGION = re.compile(r"(<!-- table of (?P<what>[a-z ]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
SIZES = ((640, 480), (1156, 867))
WAYS = {Way.CENTRED: "A", Way.SQUARE: "B", Way.STRETCHED: "C", Way.TILED: "D"}
"""By the letters under which the page tells them."""


@dataclass(frozen=True)
class Model:
    """A model file, and what a server shows of it."""

    name: str
    show: dict[str, Any]

    @property
    def facts(self) -> VisionFacts:
        return VisionFacts.from_show(self.show)

    @property
    def capabilities(self) -> ModelCapabilities:
        return ModelCapabilities.from_show(self.show)


def models() -> Iterator[Model]:
    """The rows of the measured table, as replies of /api/show."""
    lines = [line for line in MODELS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for line in lines[1:]:
        projector, name, architecture, numbers, *_ = line.split("\t")
        facts = dict(number.split("=") for number in numbers.split(";")) if numbers else {}
        told = {key: None if value == "null" else int(value) for key, value in facts.items()}
        yield Model(name, _show(projector, architecture, told))


def _show(projector: str, architecture: str, numbers: dict[str, int | None]) -> dict[str, Any]:
    info: dict[str, Any] = {"general.architecture": architecture}
    if not projector:
        return {"model_info": info | {f"{architecture}.vision.{name}": value for name, value in numbers.items()}}
    clip: dict[str, Any] = {} if projector == "-" else {"clip.projector_type": projector}
    for name, value in numbers.items():
        clip[f"clip.{name}" if name.startswith("minicpmv_") else f"clip.vision.{name}"] = value
    return {"model_info": info, "projector_info": clip}


def models_table() -> str:
    headings = ("model", "in its file", "way", *(f"{w}x{h}" for w, h in SIZES), "boxes")
    return table(headings, [_row(model) for model in models()])


def _row(model: Model) -> tuple[str, ...]:
    family = model.facts.family
    way = next((layout for size in SIZES if (layout := picture_layout(size, model.show))), None)
    letter = WAYS[_way(model)] if way is not None and way.canvas is not None else "?"
    return (model.name, f"`{family}`", letter, *(_made(model, size) for size in SIZES), _boxes(model))


def _way(model: Model) -> Way:
    """Of families that see some pictures whole and cut others, by the file."""
    rule = FAMILIES[model.facts.family].rule
    whole = getattr(rule, "whole", None)
    return whole.way if whole is not None and not model.facts.has_pinpoints else rule.way


def _made(model: Model, size: tuple[int, int]) -> str:
    layout, tokens = picture_layout(size, model.show), estimate_picture_tokens(size, model.show)
    if layout is None or tokens is None:
        return "not known"
    frame = model.capabilities.picture_frame(size)
    return ", ".join(part for part in (_seen(layout, frame, _way(model)), f"{tokens:,} tokens") if part)


def _seen(layout: Layout, frame: PictureFrame | None, way: Way) -> str:
    if frame is None:
        return ""
    if way is Way.TILED:
        return "whole" if layout.tiles is None else f"overview, {layout.tiles[0]}x{layout.tiles[1]} tiles"
    (width, height), (left, top, right, bottom) = frame.size, frame.content
    bars = [
        f"bars of {first} and {last}" if first != last else f"bars of {first}"
        for first, last in ((left, width - right), (top, height - bottom))
        if first or last
    ]
    return ", ".join([f"{width}x{height}", *bars])


def _boxes(model: Model) -> str:
    """By the convention's name, or the doubt."""
    frames = [frame for size in SIZES if (frame := model.capabilities.picture_frame(size)) is not None]
    if not frames:
        return "not known"
    whole = model.capabilities.picture_frame((64, 64))
    certain = next((f"`{frame.convention}`" for frame in (*frames, whole) if frame and frame.convention), "")
    doubt = next((frame.doubt for frame in frames if frame.doubt), "")
    if doubt.endswith("is not published.") and not certain:
        return "none published"
    return " when it is not cut. ".join(filter(None, (certain, doubt)))


def sizes_table() -> str:
    rows: dict[tuple[int, int, int], list[str]] = {}
    for model in models():
        if (sizes := model.capabilities.server_sizes) is not None:
            key = (sizes.multiple, sizes.min_pixels, sizes.max_pixels)
            rows.setdefault(key, []).append(model.name)
    headings = ("sides are multiples of", "least pixels", "most pixels", "models")
    return table(
        headings, [(f"{m}", f"{low:,}", f"{high:,}", "; ".join(names)) for (m, low, high), names in rows.items()]
    )


def renewed(page: str) -> str:
    """The page with today's tables in it."""
    makers = {"models": models_table, "sizes": sizes_table}
    return REGION.sub(lambda found: f"{found[1]}\n{makers[found['what']]()}\n{found[3]}", page)


def main() -> None:
    old = PAGE.read_text(encoding="utf-8")
    if (new := renewed(old)) != old:
        PAGE.write_text(new, encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    main()

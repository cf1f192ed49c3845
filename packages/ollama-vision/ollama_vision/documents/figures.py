"""Figures of a page: boxes that a model gives, led back to the original, cut out of it and saved beside the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from ollama_vision.atomic_replace import replacing
from ollama_vision.pictures import (
    BOX_CONVENTIONS,
    BoxConvention,
    BoxMapping,
    FoundBox,
    ImageOptions,
    PictureFrame,
    PictureSource,
    place_boxes,
)

if TYPE_CHECKING:
    from ollama_vision.batch import Page

SaveFigure: TypeAlias = Callable[[tuple[float, float, float, float], str], str]
"""Gets a box as the model counts, and what it calls it; gives what stands in the text in its place."""
MOST_PIXELS = 8_000_000
"""Of the page that figures are cut out of: A4 at 300 dots an inch."""
LEAST_SIDE = 8
"""Pixels: less is a line or a dot."""


def no_figure(box: tuple[float, float, float, float], label: str) -> str:
    """Nobody wants them: nothing stands in their place."""
    return ""


@dataclass
class Figures:
    """Those of one page, numbered in the order in which the answer has them."""

    folder: Path
    """Where they are saved; made with the first one."""
    name: str
    """What their names begin with: `page-3`."""
    page: Page
    options: ImageOptions
    convention: BoxConvention | None = None
    """How boxes are counted; `None`: as the reply says of the model's family."""
    saved: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why others were not saved."""

    def of(self, sent: Mapping[str, Any]) -> SaveFigure:
        """Saves those of an answer about a picture, of which the reply says what was sent."""

        def save(box: tuple[float, float, float, float], label: str) -> str:
            try:
                file = self._save(sent, box)
            except ValueError as error:  # also an ImageError: the page itself was read
                self.problems.append(str(error))
                return ""
            self.saved.append(file.name)
            caption = " ".join(label.split()).replace("[", "(").replace("]", ")")
            return f"![{caption}]({quote(f'{self.folder.name}/{file.name}')})"

        return save

    def _save(self, sent: Mapping[str, Any], box: tuple[float, float, float, float]) -> Path:
        frame = PictureFrame.from_description(sent["frame"]) if "frame" in sent else None
        if frame is None and self.convention is None:
            raise ValueError(
                f"How this model counts boxes is not known. Name the convention: {', '.join(BOX_CONVENTIONS)}."
            )
        mapping = BoxMapping.from_description(sent["mapping"])
        options = self.options.model_copy(update={"max_pixels": MOST_PIXELS, "server_sizes": None})
        source = replace(PictureSource.of_file(self.page.file.path, options), document=True)
        (shown,) = source.pages(only={self.page.page or 1})
        # As PreparedImage.to_original leads it back, in the pixels of the page drawn as large as may be.
        placed = place_boxes([FoundBox("", box)], mapping, shown.mapping, self.convention, frame)
        if placed.problems:
            raise ValueError(placed.problems[0])
        left, top, right, bottom = (round(side) for side in placed.boxes[0].sides)
        if right - left < LEAST_SIDE or bottom - top < LEAST_SIDE:
            raise ValueError(f"The box {[*box]} is a line or a dot: {right - left}x{bottom - top} pixels.")
        from PIL import Image

        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{self.name}-{len(self.saved) + 1}.png"
        with shown.open() as opened, Image.open(opened) as whole, replacing(file, is_locked=True) as new:
            whole.crop((left, top, right, bottom)).save(new, "PNG")
        return file

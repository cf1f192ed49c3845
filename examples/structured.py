"""Pictures in, objects out: the class's schema is enforced by the server, the answer is validated here.

python examples/structured.py [PICTURE ...]
"""

from __future__ import annotations

import sys
from typing import Literal

from pydantic import BaseModel

from asking import PICTURES, vision_model
from ollama_vision.errors import StructuredOutputError


class Thing(BaseModel):
    """One thing in a drawing."""

    color: Literal["red", "green", "blue", "yellow", "orange", "purple", "black", "white"]
    shape: Literal["circle", "square", "triangle", "star", "cross", "diamond"]


class Drawing(BaseModel):
    """All that a drawing shows."""

    shapes: list[Thing]


def main(pictures: list[str]) -> None:
    with vision_model() as model:
        for picture in pictures:
            try:
                answer = model.ask("List the shapes as JSON.", picture, schema=Drawing)
            except StructuredOutputError as error:
                print(f"{picture}: {error}", file=sys.stderr)
                continue
            for thing in Drawing.model_validate_json(answer.text).shapes:
                print(f"{picture},{thing.color},{thing.shape}")


if __name__ == "__main__":
    main(sys.argv[1:] or [str(PICTURES / "two-shapes.jpg"), str(PICTURES / "three-shapes.webp")])

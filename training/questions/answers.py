"""The one right answer to every kind of question, from the truth of a scene. Values in, text out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ollama_embedded.scenes import COLUMNS, PLACES, ROWS, Shape

DECLINED = "I can only see coloured shapes."
GREETED = "Hello! I am a tiny vision model. Please attach an image with shapes and ask me about it."
NO_PICTURE = "Please attach an image with shapes and ask me about it."
NOTHING = "Nothing."
NO_SHAPES = "There are no shapes."
ORDINALS = ("first", "second")

Shapes = Sequence[Shape]


def _place_words() -> dict[str, str]:
    words = {}
    for place in PLACES:
        row, column = place.split()
        words[place] = column if row == ROWS[1] else row if column == COLUMNS[1] else place
    return words


PLACE_WORDS: Mapping[str, str] = _place_words()
"""What a place is called: "top left", "top", "left", "center" ..."""
AT_PLACE: Mapping[str, str] = {
    place: {"left": "on the left", "right": "on the right", "center": "in the center"}.get(word, f"at the {word}")
    for place, word in PLACE_WORDS.items()
}


@dataclass(frozen=True)
class Wanted:
    """What a question is about: a colour, a kind, or both.

    >>> Wanted("red", "circle").matches(Shape("red", "circle"))
    """

    colour: str | None = None
    kind: str | None = None

    def matches(self, shape: Shape) -> bool:
        return self.colour in (None, shape.colour) and self.kind in (None, shape.kind)

    def among(self, shapes: Shapes) -> list[Shape]:
        return [shape for shape in shapes if self.matches(shape)]

    @property
    def thing(self) -> str:
        """As "red circle", "circle" or "red shape"."""
        return " ".join(filter(None, (self.colour, self.kind or "shape")))

    @property
    def a_thing(self) -> str:
        return article(self.thing)

    @property
    def things(self) -> str:
        return plural(self.thing)


def article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def plural(words: str) -> str:
    return words + ("es" if words.endswith("ss") else "s")


def listed(parts: Sequence[str]) -> str:
    """As "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def describe(shapes: Shapes) -> str:
    if not shapes:
        return NO_SHAPES
    text = listed([f"a {shape.size} {shape} {AT_PLACE[shape.place]}" for shape in shapes])
    return f"A{text[1:]}."


def describe_both(pictures: Sequence[Shapes]) -> str:
    parts = []
    for ordinal, shapes in zip(ORDINALS, pictures, strict=True):
        text = describe(shapes)
        parts.append(f"The {ordinal} image: {text[0].lower()}{text[1:]}")
    return " ".join(parts)


def count(shapes: Shapes, wanted: Wanted = Wanted()) -> str:
    number = len(wanted.among(shapes))
    return f"There is 1 {wanted.thing}." if number == 1 else f"There are {number} {wanted.things}."


def absent(wanted: Wanted) -> str:
    return f"There is no {wanted.thing}."


def colour_of(shapes: Shapes, wanted: Wanted) -> str:
    found = wanted.among(shapes)
    return f"The {wanted.thing} is {found[0].colour}." if found else absent(wanted)


def shape_of(shapes: Shapes, wanted: Wanted) -> str:
    found = wanted.among(shapes)
    return f"The {wanted.thing} is {article(found[0].kind)}." if found else absent(wanted)


def exists(shapes: Shapes, wanted: Wanted) -> str:
    return f"Yes, there is {wanted.a_thing}." if wanted.among(shapes) else f"No, there is no {wanted.thing}."


def where(shapes: Shapes, wanted: Wanted) -> str:
    found = wanted.among(shapes)
    return f"The {wanted.thing} is {AT_PLACE[found[0].place]}." if found else absent(wanted)


def size_of(shapes: Shapes, wanted: Wanted) -> str:
    found = wanted.among(shapes)
    return f"The {wanted.thing} is {found[0].size}." if found else absent(wanted)


def what_at(shapes: Shapes, place: str) -> str:
    there = [article(str(shape)) for shape in shapes if shape.place == place]
    return f"{listed(there)}.".capitalize() if there else NOTHING


def background(ground: str) -> str:
    return f"The background is {ground}."


def which_image(pictures: Sequence[Shapes], wanted: Wanted) -> str:
    return _which([bool(wanted.among(shapes)) for shapes in pictures])


def more_shapes(pictures: Sequence[Shapes]) -> str:
    first, second = (len(shapes) for shapes in pictures)
    return _which([first >= second, second >= first])


def how_many_images(pictures: Sequence[Shapes]) -> str:
    return "There is 1 image." if len(pictures) == 1 else f"There are {len(pictures)} images."


def _which(shows: Sequence[bool]) -> str:
    if all(shows):
        return "Both images."
    if not any(shows):
        return "Neither image."
    return f"The {ORDINALS[shows.index(True)]} image."


JSON_VALUES: Mapping[str, Callable[[Shape], str]] = {
    "color": lambda shape: shape.colour,
    "shape": lambda shape: shape.kind,
    "size": lambda shape: shape.size,
    "position": lambda shape: PLACE_WORDS[shape.place],
}
"""What the model can say of a shape in JSON."""


def as_object(shape: Shape, keys: Mapping[str, str]) -> dict[str, str]:
    """One shape as an object; `keys` are names in it and what they mean, in their order."""
    return {name: JSON_VALUES[meaning](shape) for name, meaning in keys.items()}


COLOUR_AND_SHAPE = {"color": "color", "shape": "shape"}


def as_list(shapes: Shapes, keys: Mapping[str, str] = COLOUR_AND_SHAPE) -> list[dict[str, str]]:
    return [as_object(shape, keys) for shape in shapes]


def compact(value: Any) -> str:
    """JSON as the model writes it."""
    return json.dumps(value, separators=(",", ":"))


def tool_call(name: str, arguments: Mapping[str, Any]) -> str:
    """A call as llama.cpp reads it from the answer."""
    return f"<tool_call>{compact({'name': name, 'arguments': arguments})}</tool_call>"

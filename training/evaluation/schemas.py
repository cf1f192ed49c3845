"""JSON schemas under plain questions, with the one value that is right for each: the first one, and unseen ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ollama_embedded.scenes import COLOURS, KINDS, SIZES
from training.evaluation import row_names
from training.evaluation.cases import Case, one_turn
from training.evaluation.expected import ABSENT, PRESENT
from training.evaluation.held_out_wordings import PLAIN, filled
from training.evaluation.scoring import Json, part
from training.evaluation.sets import Pool, seeded
from training.questions import answers
from training.questions.answers import Wanted
from training.scenes.draw import Scene

TEXT = {"type": "string"}
COLOUR = {"type": "string", "enum": list(COLOURS)}
KIND = {"type": "string", "enum": list(KINDS)}
SIZE = {"type": "string", "enum": list(SIZES)}
POSITION = {"type": "string", "enum": list(answers.PLACE_WORDS.values())}
NUMBER = {"type": "integer"}


def thing(**properties: Any) -> dict[str, Any]:
    """An object of these properties, all of them required, in this order."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def several(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(item)}


@dataclass(frozen=True)
class Unseen:
    """A schema that training must never hold, the question that it is sent with, and the value that it must get."""

    name: str
    schema: Mapping[str, Any]
    value: Callable[[Scene, Wanted], Any]
    kind: str = "describe"
    variants: Sequence[str] = ("",)


def _listed(**keys: str) -> Callable[[Scene], list[dict[str, str]]]:
    return lambda scene: answers.as_list(scene.shapes, keys)


_COLOUR_SHAPE = _listed(color="color", shape="shape")
_SHAPE_COLOUR = _listed(shape="shape", color="color")
_SIZE_COLOUR_SHAPE = _listed(size="size", color="color", shape="shape")
_POSITION_SHAPE_COLOUR = _listed(position="position", shape="shape", color="color")
_HUE_FIGURE = _listed(hue="color", figure="shape")

ONE = thing(color=TEXT, shape=TEXT)
"""Where most people begin. Of several shapes it gets the first in reading order, as "describe" does."""
UNSEEN_SCHEMAS: tuple[Unseen, ...] = (
    Unseen(
        "figures, as Pydantic writes it: shape before colour",
        {
            "$defs": {"Figure": thing(shape=TEXT, color=TEXT) | {"title": "Figure"}},
            **thing(figures=several({"$ref": "#/$defs/Figure"})),
            "title": "Drawing",
        },
        lambda scene, _: {"figures": _SHAPE_COLOUR(scene)},
    ),
    Unseen(
        "elements: size, then enums of colours and shapes",
        thing(elements=several(thing(size=SIZE, color=COLOUR, shape=KIND))),
        lambda scene, _: {"elements": _SIZE_COLOUR_SHAPE(scene)},
    ),
    Unseen(
        "entries: an enum of positions, shape, colour",
        thing(entries=several(thing(position=POSITION, shape=KIND, color=COLOUR))),
        lambda scene, _: {"entries": _POSITION_SHAPE_COLOUR(scene)},
    ),
    Unseen(
        "contents: enums under other names, hue and figure",
        thing(contents=several(thing(hue=COLOUR, figure=KIND))),
        lambda scene, _: {"contents": _HUE_FIGURE(scene)},
    ),
    Unseen(
        "shapes inside a scene",
        thing(scene=thing(shapes=several(thing(color=TEXT, shape=TEXT)))),
        lambda scene, _: {"scene": {"shapes": _COLOUR_SHAPE(scene)}},
    ),
    Unseen(
        "shapes, then how many they are",
        thing(shapes=several(thing(color=COLOUR, shape=KIND)), how_many=NUMBER),
        lambda scene, _: {"shapes": _COLOUR_SHAPE(scene), "how_many": len(scene.shapes)},
    ),
    Unseen(
        "a palette: an enum of colours alone",
        thing(palette=several(COLOUR)),
        lambda scene, _: {"palette": [shape.colour for shape in scene.shapes]},
    ),
    Unseen(
        "how many there are",
        thing(how_many=NUMBER),
        lambda scene, _: {"how_many": len(scene.shapes)},
        "count_all",
    ),
    Unseen(
        "whether there is one",
        thing(is_there={"type": "boolean"}),
        lambda scene, wanted: {"is_there": bool(wanted.among(scene.shapes))},
        "exists",
        (PRESENT, ABSENT),
    ),
    Unseen(
        "a colour: an enum",
        thing(paint=COLOUR),
        lambda scene, wanted: {"paint": wanted.among(scene.shapes)[0].colour},
        "colour_of",
        (PRESENT,),
    ),
)


def key_sets(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The keys of every object in a schema."""
    if "properties" in schema:
        yield tuple(schema["properties"])
    items = [schema["items"]] if "items" in schema else []
    for inner in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *items):
        yield from key_sets(inner)


def one_object(seed: int, n: int) -> Iterator[Case]:
    """`n` questions for one shape as an object, which training does hold."""
    rng = seeded(seed, "one object")
    pool = Pool.drawn(rng, n)
    for number in range(n):
        drawn = pool.single[number % len(pool.single)]
        turns = one_turn(rng.choice(PLAIN["describe"]), drawn.picture)
        expected = Json(answers.as_object(drawn.scene.shapes[0], answers.COLOUR_AND_SHAPE))
        yield Case((row_names.SCHEMA_ONE,), turns, expected, {"format": ONE})


def unseen_schemas(seed: int, n: int) -> Iterator[Case]:
    """`n` questions, the schemas in turns."""
    rng = seeded(seed, "schemas")
    pool = Pool.drawn(rng, n)
    for number in range(n):
        turn, which = divmod(number, len(UNSEEN_SCHEMAS))
        unseen = UNSEEN_SCHEMAS[which]
        variant = unseen.variants[turn % len(unseen.variants)]
        subject, (drawn,) = pool.question(unseen.kind, variant, number, rng)
        text = filled(rng.choice(PLAIN[unseen.kind]), **subject.fields)
        yield Case(
            (row_names.UNSEEN_SCHEMAS, part(row_names.UNSEEN_SCHEMAS, unseen.name)),
            one_turn(text, drawn.picture),
            Json(unseen.value(drawn.scene, subject.wanted)),
            {"format": unseen.schema},
        )

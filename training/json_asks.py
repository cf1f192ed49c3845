"""JSON about a scene: by request, and under a schema that the question does not speak of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from ollama_embedded.scenes import Shape

from . import answers
from .answers import compact
from .invented import invented_noun
from .subjects import Ask, Counted, Truth, choose_wanted, fields, in_turn, meant_by

if TYPE_CHECKING:
    from .questions import Asker

NAMES: Mapping[str, tuple[str, ...]] = {
    "color": ("color", "color", "colour"),
    "shape": ("shape", "shape", "kind", "form", "type"),
    "size": ("size",),
    "position": ("position", "position", "place", "location"),
}
"""What people call a property of a shape; the first name is the model's own."""
LIST_KEYS = ("shapes", "shapes", "objects", "things", "items")
COUNT_KEYS = ("count", "count", "count", "number", "total", "n", "num_shapes")
FOUND_KEYS = ("found", "present", "exists", "answer", "yes")
WITH_KEYS = ("with {keys}", "with the keys {keys}", "using the keys {keys}", "that have {keys}")

Words = Callable[..., str]
Build = Callable[[Random, Sequence[Shape], Words], Ask]


def keys_at_random(rng: Random, most: int = 4) -> dict[str, str]:
    """One to four properties in any order, mostly by their own names."""
    meanings = rng.sample(tuple(NAMES), rng.choice([number for number in (1, 2, 2, 2, 3, 3, 4, 4) if number <= most]))
    plain = rng.random() < 0.6
    return {NAMES[meaning][0] if plain else rng.choice(NAMES[meaning]): meaning for meaning in meanings}


def about_all(
    kind: str, asked: str, answer: str, shapes: Sequence[Shape], keys: Mapping[str, str] = answers.COLOUR_AND_SHAPE
) -> Ask:
    """A question that is answered with a list of these shapes somewhere, each an object with these keys."""
    return Ask(
        kind, asked, answer, facts=in_turn(answer, shapes, [compact(each) for each in answers.as_list(shapes, keys)])
    )


def _list(rng: Random, shapes: Sequence[Shape], words: Words) -> Ask:
    return about_all("json_list", words("json_list"), compact({"shapes": answers.as_list(shapes)}), shapes)


def _keys(rng: Random, shapes: Sequence[Shape], words: Words) -> Ask:
    keys = keys_at_random(rng)
    names = answers.listed(list(keys)) if rng.random() < 0.8 else ", ".join(keys)
    answer = compact({"shapes": answers.as_list(shapes, keys)})
    return about_all("json_keys", words("json_keys", keys=names), answer, shapes, keys)


def _array(rng: Random, shapes: Sequence[Shape], words: Words) -> Ask:
    asked = words("json_array")
    if rng.random() < 0.5:
        return about_all("json_array", asked, compact(answers.as_list(shapes)), shapes)
    keys = keys_at_random(rng)
    mark = asked[-1] if asked[-1] in ".?!" else ""
    named = rng.choice(WITH_KEYS).format(keys=answers.listed(list(keys)))
    asked = f"{asked.removesuffix(mark)} {named}{mark}"
    return about_all("json_array", asked, compact(answers.as_list(shapes, keys)), shapes, keys)


def _count(rng: Random, shapes: Sequence[Shape], words: Words) -> Ask:
    key, facts = rng.choice(COUNT_KEYS), ((0, Counted(len(shapes))),)
    if rng.random() < 0.5:
        return Ask("json_count", words("json_count"), compact({"count": len(shapes)}), facts=facts)
    return Ask("json_count", words("json_count", key=key), compact({key: len(shapes)}), facts=facts)


def _other(rng: Random, shapes: Sequence[Shape], words: Words) -> Ask:
    """A plain question with the wish for JSON behind it: a boolean, a number or a word under a key."""
    kind = rng.choice(("exists", "count_things", "colour_of"))
    forms = "k" if kind == "colour_of" else "pkc"
    wanted = choose_wanted(rng, shapes, present=kind != "exists" or rng.random() < 0.5, forms=forms)
    found = wanted.among(shapes)
    values: dict[str, tuple[Sequence[str], Any]] = {
        "exists": (FOUND_KEYS, bool(found)),
        "count_things": (COUNT_KEYS, len(found)),
        "colour_of": (("color", "answer"), found[0].colour if found else None),
    }
    keys, value = values[kind]
    key = rng.choice(keys)
    wish = rng.choice(
        ("Answer in JSON with the key {key}.", "Answer as JSON with key {key}.", "Reply in JSON, key {key}.")
    )
    asked = f"{words(kind, **fields(wanted))} {wish.format(key=key)}"
    return Ask("json_other", asked, compact({key: value}), facts=meant_by(found))


BY_REQUEST: Mapping[str, Build] = {
    "json_list": _list,
    "json_keys": _keys,
    "json_array": _array,
    "json_count": _count,
    "json_other": _other,
}


def forced(rng: Random, scene: Truth, asker: Asker) -> Ask:
    """JSON after a question that does not ask for it, as when a grammar forces it. Nothing is learnt of its keys."""
    shapes = scene.shapes
    # A schema calls things what it likes; its words may say nothing of what they stand for.
    keys = {_or_invented(rng, name): meaning for name, meaning in keys_at_random(rng).items()}
    lots = rng.random()
    value: Any
    if lots < 0.52:
        asked = asker.words(rng.choice(("describe", "describe", "json_list", "count_all")))
        things = answers.as_list(shapes, keys)
        value = things if rng.random() < 0.12 else {_or_invented(rng, rng.choice(LIST_KEYS)): things}
        if rng.random() < 0.08:
            value = {_or_invented(rng, "scene"): value}
        if lots < 0.08:
            value = {rng.choice(COUNT_KEYS): len(shapes), "shapes": things}
        elif lots < 0.12:
            value = {"background": scene.ground, "shapes": things}
    elif lots < 0.62:
        asked = asker.words(rng.choice(("count_all", "count_all", "describe")))
        value = {_or_invented(rng, rng.choice(COUNT_KEYS)): len(shapes)}
    elif lots < 0.68:
        asked = asker.words(rng.choice(("describe", "json_list")))
        value = answers.as_object(shapes[0], keys) if shapes else {}
    elif lots < 0.76:
        asked = asker.words(rng.choice(("describe", "describe", "json_list")))
        meaning = rng.choice(("color", "color", "shape", "size", "position"))
        name = _or_invented(rng, f"{rng.choice(NAMES[meaning])}s")
        value = {name: [answers.JSON_VALUES[meaning](shape) for shape in shapes]}
    elif lots < 0.9:
        asked, value = _one_value(rng, shapes, asker.words)
    else:
        ask = asker.of_kind(rng.choice(("describe", "count_all", "exists", "colour_of", "where", "unknown")), scene)
        asked = ask.question
        value = {rng.choice(("answer", "description", "text", "caption", "reply")): ask.answer}
        if ask.kind == "exists" and rng.random() < 0.5:
            value = {rng.choice(FOUND_KEYS): ask.answer.startswith("Yes")}
    answer = compact(value)
    return Ask("forced", asker.rough(asked), answer, forced_spans(answer))


def _one_value(rng: Random, shapes: Sequence[Shape], words: Words) -> tuple[str, dict[str, Any]]:
    """A plain question whose answer the schema wants as a word, a number or a boolean."""
    kind, forms, meaning = rng.choice(
        (
            ("colour_of", "k", "color"),
            ("shape_of", "c", "shape"),
            ("size_of", "pkc", "size"),
            ("where", "pkc", "position"),
            ("count_things", "pkc", "count"),
            ("exists", "pkc", "found"),
        )
    )
    there = meaning in NAMES
    wanted = choose_wanted(rng, shapes, present=there or rng.random() < 0.5, forms=forms, one=there)
    found = wanted.among(shapes)
    if there and not found:
        return words("count_all"), {"count": len(shapes)}
    known = {"count": len(found), "found": bool(found)}
    value = answers.JSON_VALUES[meaning](found[0]) if there else known[meaning]
    return words(kind, **fields(wanted)), {_or_invented(rng, meaning, 0.5): value}


def _or_invented(rng: Random, name: str, share: float = 0.3) -> str:
    return invented_noun(rng) if rng.random() < share else name


def forced_spans(answer: str) -> tuple[tuple[int, int], ...]:
    """The opening and every key: what a grammar decides, not the model."""
    opening = len(answer) - len(answer.lstrip('[{"'))
    return ((0, opening), *(match.span() for match in re.finditer(r'\w+(?=":)', answer)))

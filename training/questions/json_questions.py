"""Questions answered in JSON: by request, and under a schema (constrained decoding) that the question is silent on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from ollama_embedded.scenes import Shape
from training.questions import answers
from training.questions.answers import compact
from training.questions.invented import invented_noun
from training.questions.subjects import (
    Ask,
    Counted,
    Fact,
    Ground,
    Meant,
    Phrasing,
    Truth,
    Words,
    choose_wanted,
    fields,
    in_turn,
    meant_by,
)

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

Build = Callable[[Random, Sequence[Shape], Words], Ask]
Told = tuple[str, Any, tuple[tuple[str, Fact], ...]]
"""A question, the value that answers it, and what its parts tell in their turn."""


def keys_at_random(rng: Random, most: int = 4) -> dict[str, str]:
    """One to four properties in any order, mostly by their own names."""
    meanings = rng.sample(tuple(NAMES), rng.choice([number for number in (1, 2, 2, 2, 3, 3, 4, 4) if number <= most]))
    plain = rng.random() < 0.6
    return {NAMES[meaning][0] if plain else rng.choice(NAMES[meaning]): meaning for meaning in meanings}


def about_all(
    kind: str, asked: str, answer: str, shapes: Sequence[Shape], keys: Mapping[str, str] = answers.COLOUR_AND_SHAPE
) -> Ask:
    """A question that is answered with a list of these shapes somewhere, each an object with these keys."""
    return Ask(kind, asked, answer, facts=in_turn(answer, _each(shapes, answers.as_list(shapes, keys))))


def _each(shapes: Sequence[Shape], values: Sequence[Any]) -> tuple[tuple[str, Fact], ...]:
    """What a list tells: these values, each of its shape. Within an object, whose turn it is must be kept in mind."""
    return tuple(
        (compact(part), Meant(shape))
        for value, shape in zip(values, shapes, strict=True)
        for part in (value, *(value.values() if isinstance(value, dict) else ()))
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
    present, counted = kind == "colour_of" or rng.random() < 0.6, kind == "count_things"
    wanted = choose_wanted(rng, shapes, present=present, forms=forms, one=not counted, counted=counted)
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
    return Ask("json_other", asked, compact({key: value}), facts=meant_by(found, counted=counted))


BY_REQUEST: Mapping[str, Build] = {
    "json_list": _list,
    "json_keys": _keys,
    "json_array": _array,
    "json_count": _count,
    "json_other": _other,
}


def forced(rng: Random, scene: Truth, phrasing: Phrasing) -> Ask:
    """JSON after a question that does not ask for it, as when a grammar forces it. Nothing is learnt of its keys."""
    chance = rng.random()
    if chance < 0.52:
        asked, value, told = _listed(rng, scene, phrasing.words)
    elif chance < 0.76:
        asked, value, told = _plain_value(rng, scene.shapes, phrasing.words)
    elif chance < 0.9:
        asked, value, told = _one_value(rng, scene.shapes, phrasing.words)
    else:
        asked, value, told = _text(rng, scene, phrasing)
    return _under_a_grammar("forced", phrasing.as_typed(asked), value, told)


def forced_object(rng: Random, scene: Truth, phrasing: Phrasing) -> Ask:
    """The first shape alone as an object, with keys that say what they stand for: where most people begin."""
    if not scene.shapes:
        return forced(rng, scene, phrasing)
    asked, value, told = _first(rng, scene.shapes, phrasing.words, keys_at_random(rng))
    return _under_a_grammar("forced_object", phrasing.as_typed(asked), value, told)


def _under_a_grammar(kind: str, asked: str, value: Any, told: Sequence[tuple[str, Fact]]) -> Ask:
    answer = compact(value)
    return Ask(kind, asked, answer, forced_spans(answer), in_turn(answer, told))


def _listed(rng: Random, scene: Truth, words: Words) -> Told:
    """All the shapes, alone or beside another value."""
    asked = words(rng.choice(("describe", "describe", "json_list", "count_all")))
    things = answers.as_list(scene.shapes, _names(rng))
    told = _each(scene.shapes, things)
    chance = rng.random()
    if chance < 0.15:
        number = len(scene.shapes)
        return asked, {rng.choice(COUNT_KEYS): number, "shapes": things}, ((str(number), Counted(number)), *told)
    if chance < 0.23 and scene.ground:
        ground = Ground(scene.ground)
        return asked, {"background": scene.ground, "shapes": things}, ((compact(scene.ground), ground), *told)
    value: Any = things if rng.random() < 0.12 else {_or_invented(rng, rng.choice(LIST_KEYS)): things}
    return asked, {_or_invented(rng, "scene"): value} if rng.random() < 0.08 else value, told


def _plain_value(rng: Random, shapes: Sequence[Shape], words: Words) -> Told:
    """Their number, one of them, or one property of each."""
    chance = rng.random()
    if chance < 0.42 or not shapes:
        asked, number = words(rng.choice(("count_all", "count_all", "describe"))), len(shapes)
        return asked, {_or_invented(rng, rng.choice(COUNT_KEYS)): number}, ((str(number), Counted(number)),)
    if chance < 0.67:
        return _first(rng, shapes, words, _names(rng))
    asked = words(rng.choice(("describe", "describe", "json_list")))
    meaning = rng.choice(("color", "color", "shape", "size", "position"))
    values = [answers.JSON_VALUES[meaning](shape) for shape in shapes]
    return asked, {_or_invented(rng, f"{rng.choice(NAMES[meaning])}s"): values}, _each(shapes, values)


def _first(rng: Random, shapes: Sequence[Shape], words: Words, keys: Mapping[str, str]) -> Told:
    """The first of them, and there must be one."""
    one = answers.as_object(shapes[0], keys)
    return words(rng.choice(("describe", "json_list"))), one, _each(shapes[:1], [one])


def _one_value(rng: Random, shapes: Sequence[Shape], words: Words) -> Told:
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
    present, counted = there or rng.random() < 0.5, meaning == "count"
    wanted = choose_wanted(rng, shapes, present=present, forms=forms, one=there, counted=counted)
    found = wanted.among(shapes)
    if there and not found:
        return words("count_all"), {"count": len(shapes)}, ((str(len(shapes)), Counted(len(shapes))),)
    known = {"count": len(found), "found": bool(found)}
    value = answers.JSON_VALUES[meaning](found[0]) if there else known[meaning]
    facts = ((0, Counted(len(found))),) if counted else meant_by(found)
    told = tuple((compact(value), fact) for _, fact in facts)
    return words(kind, **fields(wanted)), {_or_invented(rng, meaning, 0.5): value}, told


def _text(rng: Random, scene: Truth, phrasing: Phrasing) -> Told:
    """The plain answer under a key, or its first word as a boolean."""
    ask = phrasing.of_kind(rng.choice(("describe", "count_all", "exists", "colour_of", "where", "unknown")), scene)
    if ask.kind == "exists" and rng.random() < 0.5:
        found = ask.answer.startswith("Yes")
        return ask.question, {rng.choice(FOUND_KEYS): found}, tuple((compact(found), fact) for _, fact in ask.facts)
    key = rng.choice(("answer", "description", "text", "caption", "reply"))
    return ask.question, {key: ask.answer}, tuple((ask.answer[at:], fact) for at, fact in ask.facts)


def _names(rng: Random) -> dict[str, str]:
    """A schema calls things what it likes; its words may say nothing of what they stand for."""
    return {_or_invented(rng, name): meaning for name, meaning in keys_at_random(rng).items()}


def _or_invented(rng: Random, name: str, share: float = 0.3) -> str:
    return invented_noun(rng) if rng.random() < share else name


def forced_spans(answer: str) -> tuple[tuple[int, int], ...]:
    """The opening and every key: what a grammar decides, not the model."""
    opening = len(answer) - len(answer.lstrip('[{"'))
    return ((0, opening), *(match.span() for match in re.finditer(r'\w+(?=":)', answer)))

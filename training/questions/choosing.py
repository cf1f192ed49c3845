"""Questions with their labels: a line behind the question names them, and one of them, in quotes, is the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ollama_embedded.scenes import COLOURS, KINDS, SIZES, Shape
from training.questions import answers
from training.questions.answers import PLACE_WORDS, Wanted, article, compact
from training.questions.subjects import (
    Ask,
    Counted,
    Fact,
    Ground,
    Meant,
    Phrasing,
    Shown,
    Truth,
    choose_wanted,
    fields,
    meant_by,
)
from training.questions.wordings import pick
from training.scenes.palette import GROUNDS

_SILENT = 0.3
"""The part of the questions without that line: the schema alone knows the labels then."""
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")
_MOST_NUMBER = 6
_UNSURE = ("unclear", "other", "none", "neither", "not sure", "cannot tell")
"""Labels that people add for what they do not expect."""
_CORNERS = ("top left", "top right", "bottom left", "bottom right")
_SIDES = (("left", "right"), ("top", "bottom"))
_WHICH: Sequence[Sequence[str]] = (
    ("first", "second"),
    ("first", "second"),
    ("the first", "the second"),
    ("first image", "second image"),
    ("first picture", "second picture"),
    ("the first picture", "the second picture"),
    ("1", "2"),
    ("image 1", "image 2"),
)


@dataclass(frozen=True)
class Choice:
    """A question, the labels that it is held to, the right one, and what must be known for it."""

    question: str
    labels: Sequence[str]
    right: str
    facts: tuple[tuple[int, Fact], ...] = ()


def labels_line(labels: Sequence[str]) -> str:
    """The line that names the labels, in the order given, as JSON strings."""
    return f"Answer with one of: {', '.join(json.dumps(label, ensure_ascii=False) for label in labels)}."


def choose(rng: Random, scene: Truth, phrasing: Phrasing) -> Ask:
    """A question about one picture."""
    kinds = ["colour", "kind", "exists", "exists", "number", "place", "size"]
    if len(scene.shapes) == 1:
        kinds += ["only"] * 5
    if scene.ground:
        kinds.append("ground")
    kind = rng.choice(kinds)
    choice = _BUILDERS[kind](rng, scene, phrasing)
    return _asked(rng, choice, phrasing)


def choose_between(rng: Random, scenes: Sequence[Truth], wanted: Wanted, phrasing: Phrasing) -> Ask:
    """Which of two pictures shows something, or a question about one of them."""
    if rng.random() < 0.5:
        number = rng.randrange(2)
        at = f" in the {answers.ORDINALS[number]} {rng.choice(('image', 'picture'))}"
        scene = scenes[number]
        kind = rng.choice(("colour", "kind", "exists", "number", "number", "place"))
        if len(scene.shapes) == 1 and rng.random() < 0.5:
            kind = "only"
        return _asked(rng, _BUILDERS[kind](rng, scene, phrasing, at), phrasing)
    first, second = (bool(wanted.among(scene.shapes)) for scene in scenes)
    shows = (first, second)
    one, two = rng.choice(_WHICH)
    right = {(True, False): one, (False, True): two, (True, True): "both", (False, False): "neither"}[shows]
    labels = [one, two]
    if right not in labels or rng.random() < 0.4:
        labels += ["both", "neither"]
    question = phrasing.words("which_image", **fields(wanted))
    return _asked(rng, Choice(question, _shuffled(rng, labels), right, ((0, Shown(shows)),)), phrasing)


def _asked(rng: Random, choice: Choice, phrasing: Phrasing) -> Ask:
    answer = compact(choice.right)
    # The mark in front is the schema's; whose turn it is must be known right behind it.
    facts = tuple((1, fact) for _, fact in choice.facts)
    question = phrasing.as_typed(choice.question)
    if rng.random() < _SILENT:
        return Ask("choose", question, answer, ((0, 1),), facts)
    return Ask("choose", f"{question}\n{labels_line(choice.labels)}", answer, facts=facts)


def _shuffled(rng: Random, labels: Sequence[str]) -> list[str]:
    """In any order or as they are; now and then with one that is never right."""
    mixed = list(labels) if rng.random() < 0.4 else rng.sample(list(labels), len(labels))
    if rng.random() < 0.08:
        unsure = [label for label in _UNSURE if label not in mixed]
        mixed.insert(rng.randint(0, len(mixed)), rng.choice(unsure))
    return mixed


def _among(rng: Random, right: str, every: Sequence[str], most: int = 8) -> list[str]:
    """Labels with the right one among them, in the order of `every`."""
    others = [each for each in every if each != right]
    number = rng.choice((1, 2, 2, 3, 3, *range(1, len(others) + 1)))
    kept = {right, *rng.sample(others, min(number, most - 1, len(others)))}
    return [each for each in every if each in kept]


def _choice(
    rng: Random,
    question: str,
    right: str,
    every: Sequence[str],
    facts: tuple[tuple[int, Fact], ...],
    forms: Sequence[Callable[[str], str]] = (str,),
) -> Choice:
    """With labels among `every`, all of them written in one of these forms."""
    written = rng.choice(forms)
    labels = [written(label) for label in _among(rng, right, every)]
    return Choice(question, _shuffled(rng, labels), written(right), facts)


_PLAIN: tuple[Callable[[str], str], ...] = (str, str, str, str, str, str, str.capitalize)


def _one(rng: Random, shapes: Sequence[Shape], forms: str) -> Wanted | None:
    """What names just one of the shapes, if anything does."""
    wanted = choose_wanted(rng, shapes, present=True, forms=forms)
    return wanted if len(wanted.among(shapes)) == 1 else None


def _colour(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    wanted = _one(rng, scene.shapes, "k") if scene.shapes else None
    if wanted is None:
        return _number(rng, scene, phrasing, at)
    (shape,) = wanted.among(scene.shapes)
    question = phrasing.words("colour_of", at, **fields(wanted))
    return _choice(rng, question, shape.colour, tuple(COLOURS), ((0, Meant(shape)),), _PLAIN)


def _kind(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    wanted = _one(rng, scene.shapes, "c") if scene.shapes else None
    if wanted is None:
        return _number(rng, scene, phrasing, at)
    (shape,) = wanted.among(scene.shapes)
    question = phrasing.words("shape_of", at, **fields(wanted))
    return _choice(rng, question, shape.kind, KINDS, ((0, Meant(shape)),), (*_PLAIN, article))


def _exists(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    wanted = choose_wanted(rng, scene.shapes, present=rng.random() < 0.5, one=False)
    found = wanted.among(scene.shapes)
    return _yes_or_no(rng, phrasing.words("exists", at, **fields(wanted)), bool(found), meant_by(found))


def _yes_or_no(rng: Random, question: str, holds: bool, facts: tuple[tuple[int, Fact], ...]) -> Choice:
    written = rng.choice(_PLAIN)
    yes, no = written("yes"), written("no")
    return Choice(question, _shuffled(rng, (yes, no)), yes if holds else no, facts)


def _number(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    if rng.random() < 0.6 or not scene.shapes:
        question, number = phrasing.words("count_all", at), len(scene.shapes)
    else:
        wanted = choose_wanted(rng, scene.shapes, present=rng.random() < 0.7, one=False, counted=True)
        question, number = phrasing.words("count_things", at, **fields(wanted)), len(wanted.among(scene.shapes))
    every = [str(each) for each in range(_MOST_NUMBER + 1)]
    forms: tuple[Callable[[str], str], ...] = (str, str, str, str, lambda digit: _NUMBERS[int(digit)])
    return _choice(rng, question, str(number), every, ((0, Counted(number)),), forms)


def _place(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    wanted = _one(rng, scene.shapes, "pkc") if scene.shapes else None
    if wanted is None:
        return _number(rng, scene, phrasing, at)
    (shape,) = wanted.among(scene.shapes)
    return _placed(rng, shape, wanted.thing, phrasing.words("where", at, **fields(wanted)), at)


def _placed(rng: Random, shape: Shape, thing: str, question: str, at: str) -> Choice:
    """Where it is: at one of nine places, in one of four corners, or on one of two sides."""
    word, facts = PLACE_WORDS[shape.place], ((0, Meant(shape)),)
    chance = rng.random()
    if word in _CORNERS and chance < 0.6:
        if rng.random() < 0.7:
            question = pick(rng.choice(_CORNER_WORDINGS), rng).format(thing=f"the {thing}", at=at)
        corners = _CORNERS if rng.random() < 0.8 else tuple(_among(rng, word, _CORNERS))
        written = rng.choice(_CORNER_FORMS)
        return Choice(question, _shuffled(rng, [written(each) for each in corners]), written(word), facts)
    for sides in _SIDES:
        on = [side for side in sides if side in word.split()]
        if on and chance > 0.8:
            asked = pick(rng.choice(_SIDE_WORDINGS), rng).format(thing=f"the {thing}", at=at)
            return Choice(asked, _shuffled(rng, sides), on[0], facts)
    return _choice(rng, question, word, tuple(PLACE_WORDS.values()), facts, _PLAIN)


def _size(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    wanted = _one(rng, scene.shapes, "pkc") if scene.shapes else None
    if wanted is None:
        return _number(rng, scene, phrasing, at)
    (shape,) = wanted.among(scene.shapes)
    question = phrasing.words("size_of", at, **fields(wanted))
    return _choice(rng, question, shape.size, tuple(SIZES), ((0, Meant(shape)),), _PLAIN)


def _ground(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    question = phrasing.words("background", at)
    return _choice(rng, question, scene.ground, tuple(GROUNDS), ((0, Ground(scene.ground)),), _PLAIN)


def _only(rng: Random, scene: Truth, phrasing: Phrasing, at: str = "") -> Choice:
    """About the one thing on a picture, which then needs no name."""
    (shape,) = scene.shapes
    facts = ((0, Meant(shape)),)
    asked = rng.choice(("colour", "kind", "place", "is_colour", "is_kind"))
    thing = rng.choice(("shape", "shape", "object", "thing", "figure"))
    guess = _guess(rng, shape)
    question = pick(rng.choice(ONLY_WORDINGS[asked]), rng).format(thing=f"the {thing}", at=at, **guess)
    if asked == "colour":
        return _choice(rng, question, shape.colour, tuple(COLOURS), facts, _PLAIN)
    if asked == "kind":
        return _choice(rng, question, shape.kind, KINDS, facts, (*_PLAIN, article))
    if asked == "place":
        return _placed(rng, shape, thing, question, at)
    holds = guess["colour"] == shape.colour if asked == "is_colour" else guess["kind"] == shape.kind
    return _yes_or_no(rng, question, holds, facts)


def _guess(rng: Random, shape: Shape) -> dict[str, str]:
    """What one may take it for: it is that in half of the cases."""
    colour = shape.colour if rng.random() < 0.5 else rng.choice([each for each in COLOURS if each != shape.colour])
    kind = shape.kind if rng.random() < 0.5 else rng.choice([each for each in KINDS if each != shape.kind])
    return {"colour": colour, "kind": kind}


_BUILDERS: Mapping[str, Callable[..., Choice]] = {
    "colour": _colour,
    "kind": _kind,
    "exists": _exists,
    "number": _number,
    "place": _place,
    "size": _size,
    "ground": _ground,
    "only": _only,
}
_CORNER_FORMS: tuple[Callable[[str], str], ...] = (
    str,
    str,
    str,
    str.capitalize,
    lambda place: place.replace(" ", "-"),
    lambda place: place.replace("top", "upper").replace("bottom", "lower"),
)
_CORNER_WORDINGS = (
    "[In|At] [which|what] corner[ of the picture| of the image|] is {thing}{at}?",
    "[Which|What] corner[ of the picture| of the image|] is {thing}{at} in?",
    "[Which|What] corner holds {thing}{at}?",
    "Which corner of the [picture|image] [shows|has] {thing}{at}?",
    "Name the corner [with|of] {thing}{at}.",
)
_SIDE_WORDINGS = (
    "[On|At] [which|what] side is {thing}{at}?",
    "Which side is {thing}{at} on?",
    "On which side of the [picture|image] [is|do you see] {thing}{at}?",
)
ONLY_WORDINGS: Mapping[str, Sequence[str]] = {
    "colour": (
        "[What|Which] color is {thing}{at}?",
        "[What|Which] color is it{at}?",
        "[What is|What's|Name|Tell me] the color of {thing}{at}[?|.]",
        "[What|Which] color [do you see|is shown|does it have]{at}?",
        "Color of {thing}{at}?",
    ),
    "kind": (
        "[What|Which] shape is [it|this|shown|there|drawn here|that]{at}?",
        "[What|Which] shape [do you see|can you see|is there]{at}?",
        "[What is|What's] [this|it]{at}?",
        "[What kind of|What] shape is {thing}{at}?",
        "Name the shape{at}.",
    ),
    "place": (
        "Where is {thing}{at}?",
        "Where is it{at}?",
        "Where [do you see|can I find] {thing}{at}?",
        "[At|In] [which|what] [place|position|part of the picture] is {thing}{at}?",
    ),
    "is_colour": ("Is {thing}{at} {colour}?", "Is it {colour}{at}?", "Is {colour} the color of {thing}{at}?"),
    "is_kind": ("Is {thing}{at} a {kind}?", "Is it a {kind}{at}?", "Is this a {kind}{at}?", "Do you see a {kind}{at}?"),
}
"""Of the one thing on a picture, by what is asked: as plain questions too."""

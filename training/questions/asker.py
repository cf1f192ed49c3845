"""Question generator: questions about scenes, each with its one right answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

from ollama_embedded.scenes import COLOURS, KINDS, PLACES, Shape
from training.questions import answers, choosing, json_questions, unknown
from training.questions.answers import Wanted
from training.questions.invented import invented_noun
from training.questions.subjects import (
    Ask,
    Counted,
    Ground,
    Meant,
    Phrasing,
    Shown,
    Truth,
    choose_wanted,
    described,
    fields,
    in_turn,
    meant_by,
)
from training.questions.typing_noise import add_typing_noise, in_a_query
from training.questions.wordings import WORDINGS, pick
from training.scenes.draw import PAIRS

IMAGE_WORDS = ("image", "image", "picture", "picture", "photo", "drawing", "scene")


class Asker:
    """Draws questions about scenes, the same ones for the same seed."""

    def __init__(self, rng: Random, *, practises: bool = False) -> None:
        self.rng = rng
        self._kinds = PRACTICE if practises else ONE_PICTURE

    @property
    def _phrasing(self) -> Phrasing:
        return Phrasing(self.words, self.as_typed, self.of_kind)

    def one_picture(self, scene: Truth) -> Ask:
        kind = self._choice(self._kinds)
        return self.of_kind(kind, scene)

    def of_kind(self, kind: str, scene: Truth, suffix: str = "") -> Ask:
        """A question of this kind; `suffix` says of which picture it is."""
        shapes, rng = scene.shapes, self.rng
        if kind == "unknown":
            return self.unknown()
        if kind == "forced":
            return json_questions.forced(rng, scene, self._phrasing)
        if kind == "choose":
            return choosing.choose(rng, scene, self._phrasing)
        if kind == "only":
            return self._only(scene)
        if kind == "forced_object":
            return json_questions.forced_object(rng, scene, self._phrasing)
        if kind in json_questions.BY_REQUEST:
            ask = json_questions.BY_REQUEST[kind](rng, shapes, lambda name, /, **of: self.words(name, suffix, **of))
            return replace(ask, kind=kind, question=add_typing_noise(ask.question, rng, literal=True))
        if kind == "what_at":
            taken = [shape.place for shape in shapes]
            free = [place for place in PLACES if place not in taken]
            place = rng.choice(taken if taken and rng.random() < 0.6 else free)
            asked = self.words(kind, suffix, at_place=answers.AT_PLACE[place])
            there = [shape for shape in shapes if shape.place == place]
            answer = answers.what_at(shapes, place)
            told = in_turn(answer, ((str(shape), Meant(shape)) for shape in there)) if len(there) > 1 else ()
            return Ask(kind, self.as_typed(asked), answer, facts=told or meant_by(there))
        if kind == "describe":
            return described(kind, self.as_typed(self.words(kind, suffix)), answers.describe(shapes), shapes)
        if kind == "background" and not scene.ground:
            kind = "count_all"
        if kind == "background":
            asked, ground = self.as_typed(self.words(kind, suffix)), Ground(scene.ground)
            return Ask(kind, asked, answers.background(scene.ground), facts=((0, ground),))
        if kind == "count_all":
            asked, number = self.as_typed(self.words(kind, suffix)), Counted(len(shapes))
            return Ask(kind, asked, answers.count(shapes), facts=((0, number),))
        if kind == "how_many_images":
            asked = rng.choice(HOW_MANY_IMAGES).format(images=rng.choice(("images", "pictures")))
            return Ask(kind, self.as_typed(asked), answers.how_many_images([shapes]))
        share, forms, one, answer_of = ABOUT_A_THING[kind]
        counted = kind == "count_things"
        wanted = choose_wanted(rng, shapes, present=rng.random() < share, forms=forms, one=one, counted=counted)
        asked = self.as_typed(self.words(kind, suffix, **fields(wanted)))
        facts = meant_by(wanted.among(shapes), counted=counted)
        return Ask(kind, asked, answer_of(shapes, wanted), facts=facts)

    def two_pictures(self, scenes: Sequence[Truth]) -> Ask:
        kind, rng = self._choice(TWO_PICTURES), self.rng
        pictures = [scene.shapes for scene in scenes]
        if kind == "which_image":
            wanted = self._which(pictures)
            asked = self.as_typed(self.words(kind, **fields(wanted)))
            shown = Shown(tuple(bool(wanted.among(shapes)) for shapes in pictures))
            return Ask(kind, asked, answers.which_image(pictures, wanted), facts=((0, shown),))
        if kind == "more_shapes":
            return Ask(kind, self.as_typed(self.words(kind)), answers.more_shapes(pictures))
        if kind == "how_many_images":
            asked = rng.choice(HOW_MANY_IMAGES).format(images=rng.choice(("images", "pictures")))
            return Ask(kind, self.as_typed(asked), answers.how_many_images(pictures))
        if kind == "describe_both":
            every = [shape for shapes in pictures for shape in shapes]
            return described(kind, self.as_typed(self.words(kind)), answers.describe_both(pictures), every)
        if kind == "unknown":
            return self.unknown()
        if kind == "choose":
            return choosing.choose_between(rng, scenes, self._which(pictures), self._phrasing)
        number = rng.randrange(2)
        ordinal = answers.ORDINALS[number]
        if kind == "describe_one":
            asked = self.as_typed(self.words(kind, ordinal=ordinal))
            return described(kind, asked, answers.describe(pictures[number]), pictures[number])
        ask = self.of_kind(self._choice(OF_ONE), scenes[number], f" in the {ordinal} {rng.choice(IMAGE_WORDS[:4])}")
        return replace(ask, kind="in_one")

    def _only(self, scene: Truth) -> Ask:
        """A plain question about the one thing on a picture, without a name for it."""
        if len(scene.shapes) != 1:
            return self.of_kind("count_all", scene)
        asked, answer_of = self.rng.choice(ABOUT_THE_ONLY_ONE)
        template = pick(self.rng.choice(choosing.ONLY_WORDINGS[asked]), self.rng)
        thing = self.rng.choice(("shape", "shape", "object", "thing", "figure"))
        question = template.format(thing=f"the {thing}", at="")
        return Ask("only", self.as_typed(question), answer_of(scene.shapes, Wanted()), facts=meant_by(scene.shapes))

    def _which(self, pictures: Sequence[Sequence[Shape]]) -> Wanted:
        """The answer is drawn first and a subject found for it: by itself, "both" would be rare."""
        rng = self.rng
        shows = rng.choice(((True, False), (False, True), (True, True), (False, False)))
        every = [Wanted(colour, kind) for colour, kind in PAIRS]
        every += [Wanted(kind=kind) for kind in KINDS] + [Wanted(colour=colour) for colour in COLOURS]
        rng.shuffle(every)
        near = [wanted for wanted in every if any(_close(wanted, shapes) for shapes in pictures)]
        for wanted in [*near, *every]:
            if tuple(bool(wanted.among(shapes)) for shapes in pictures) == shows:
                return wanted
        return every[0]

    def unknown(self) -> Ask:
        rng = self.rng
        chance = rng.random()
        if chance < 0.6:
            noun = invented_noun(rng) if rng.random() < 0.2 else rng.choice(unknown.NOUNS)
            of = dict(unknown.noun_fields(noun))
            if chance < 0.35:
                # In the frames of our own questions too: a frame must not give the answer away.
                asked = self.words(rng.choice(unknown.NOUN_KINDS), **of)
            else:
                template = pick(rng.choice(unknown.NOUN_QUESTIONS), rng).replace("{noun}s", "{things}")
                asked = template.format(**of, image=rng.choice(IMAGE_WORDS))
        else:
            asked = self._free(unknown.FREE_QUESTIONS).format(image=rng.choice(IMAGE_WORDS))
        return Ask("unknown", self.as_typed(asked), answers.DECLINED)

    def _free(self, templates: Sequence[str]) -> str:
        """One such request, or now and then two in a row: no list holds all that people say."""
        number = 2 if self.rng.random() < 0.15 else 1
        return " ".join(pick(self.rng.choice(templates), self.rng) for _ in range(number))

    def no_picture(self, scene: Truth) -> Ask:
        """Any question, with no picture to it; the scene only lends its subjects."""
        rng = self.rng
        if rng.random() < 0.3:
            return Ask("no_picture", self.as_typed(pick(rng.choice(unknown.GREETINGS), rng)), answers.GREETED)
        if rng.random() < 0.45:
            asked = self._free(unknown.NO_PICTURE)
            return Ask("no_picture", self.as_typed(asked), answers.NO_PICTURE)
        kind = rng.choice([kind for kind in ONE_PICTURE if kind not in {"forced", "how_many_images"}])
        return Ask("no_picture", self.of_kind(kind, scene).question, answers.NO_PICTURE)

    def words(self, kind: str, suffix: str = "", /, **of: str) -> str:
        """A wording of this kind, filled in; with a suffix, one that does not speak of a picture itself."""
        of["image"] = self.rng.choice(IMAGE_WORDS)
        while True:
            template = self.rng.choice(WORDINGS[kind])
            wording = pick(template, self.rng)
            if (suffix and "{image}" in wording) or not _fits(template, of):
                continue
            words = wording.format(**of)
            words = words[0].upper() + words[1:]
            if not suffix:
                return words
            mark = words[-1] if words[-1] in ".?!" else ""
            return words.removesuffix(mark) + suffix + mark

    def as_typed(self, question: str) -> str:
        typed = add_typing_noise(question, self.rng)
        return in_a_query(typed, self.rng) if self.rng.random() < 0.03 else typed

    def _choice(self, weights: Mapping[str, float]) -> str:
        return self.rng.choices(tuple(weights), tuple(weights.values()))[0]


def _fits(template: str, of: Mapping[str, str]) -> bool:
    """Whether every field of the template has a value here, and a key that is given is named."""
    known = all(
        f"{{{name}}}" not in template or of.get(name) for name in ("kind", "colour", "thing", "a_thing", "things")
    )
    return known and ("{key}" in template) == ("key" in of)


def _close(wanted: Wanted, shapes: Sequence[Shape]) -> bool:
    return any(wanted.colour == shape.colour or wanted.kind == shape.kind for shape in shapes)


HOW_MANY_IMAGES = (
    "How many {images} are there?",
    "How many {images} do you see?",
    "How many {images} did I send?",
    "Count the {images}.",
    "Number of {images}?",
)

ABOUT_A_THING: Mapping[str, tuple[float, str, bool, Callable[[Sequence[Shape], Wanted], str]]] = {
    "count_things": (0.62, "pkc", False, answers.count),
    "colour_of": (0.65, "k", True, answers.colour_of),
    "shape_of": (0.65, "c", True, answers.shape_of),
    "exists": (0.5, "pkc", False, answers.exists),
    "where": (0.72, "pkc", True, answers.where),
    "size_of": (0.8, "pkc", True, answers.size_of),
}
"""The share of subjects that are there, their forms, whether there must be just one, and the answer."""

ABOUT_THE_ONLY_ONE: Sequence[tuple[str, Callable[[Sequence[Shape], Wanted], str]]] = (
    ("colour", answers.colour_of),
    ("kind", answers.shape_of),
    ("place", answers.where),
)
ONE_PICTURE: Mapping[str, float] = {
    "describe": 16,
    "count_all": 5,
    "count_things": 10,
    "colour_of": 9,
    "shape_of": 9,
    "exists": 14,
    "where": 12,
    "what_at": 8,
    "size_of": 7,
    "background": 6,
    "how_many_images": 0.5,
    "json_list": 3,
    "json_keys": 5,
    "json_array": 1.5,
    "json_count": 3,
    "json_other": 2,
    "forced": 9,
    "unknown": 9,
    "choose": 18,
    "only": 4,
}
"""How often each kind is asked. Long answers fill a row: a kind with short ones must be drawn more often."""
PRACTICE: Mapping[str, float] = {**ONE_PICTURE, "forced": 36, "forced_object": 12}
"""The same when it practises: more JSON under a schema."""
TWO_PICTURES: Mapping[str, float] = {
    "which_image": 42,
    "more_shapes": 5,
    "how_many_images": 1,
    "describe_one": 10,
    "describe_both": 6,
    "in_one": 32,
    "unknown": 4,
    "choose": 18,
}
OF_ONE: Mapping[str, float] = {
    "count_all": 3,
    "count_things": 3,
    "colour_of": 4,
    "shape_of": 3,
    "exists": 7,
    "where": 4,
    "what_at": 3,
    "size_of": 3,
    "background": 2,
}

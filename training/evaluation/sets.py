"""Test sets: the questions of each kind, on scenes that are drawn for them alone; the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image

from training.evaluation import held_out_unknown, row_names
from training.evaluation.cases import Case, Picture, one_turn
from training.evaluation.expected import (
    ABSENT,
    BOTH,
    HARD_ABSENT,
    NEITHER,
    NONE,
    ONE_PICTURE,
    ONLY_FIRST,
    ONLY_SECOND,
    PRESENT,
    SOME,
    TWO_PICTURES,
    Subject,
)
from training.evaluation.held_out_wordings import GREETINGS, PLAIN, UNSEEN, filled
from training.evaluation.scoring import Json, Words, part
from training.questions import answers
from training.scenes.draw import Scene, draw, noisy, random_scene, through

SEED = 271_828
"""Of the published figures. It only stands behind "evaluation/": training draws nothing from the same seed."""
ALL = ""

SCHEDULE: Mapping[str, tuple[tuple[str, str], ...]] = {
    row_names.DESCRIBE: (("describe", ALL),),
    row_names.COUNT: (
        *((("count_all", ALL),) * 2),
        *((("count_things", SOME),) * 2),
        ("count_things", NONE),
    ),
    row_names.COLOUR: ((("colour_of", PRESENT),) * 3) + ((("colour_of", ABSENT),) * 2),
    row_names.SHAPE: ((("shape_of", PRESENT),) * 3) + ((("shape_of", ABSENT),) * 2),
    row_names.EXISTS: (("exists", PRESENT), ("exists", ABSENT), ("exists", PRESENT), ("exists", HARD_ABSENT)),
    row_names.WHERE: (
        *((("where", PRESENT), ("what_at", PRESENT)) * 3),
        ("where", PRESENT),
        ("what_at", ABSENT),
        *((("where", ABSENT),) * 2),
    ),
    row_names.SIZE: ((("size_of", PRESENT),) * 6) + (("size_of", ABSENT),),
    row_names.BACKGROUND: (("background", ALL),),
    row_names.JSON_LIST: (("json_list", ALL),),
    row_names.JSON_KEYS: (("json_keys", "2 keys"), ("json_keys", "3 keys"), ("json_keys", "4 keys")),
    row_names.JSON_ARRAY: (("json_array", ALL),),
    row_names.JSON_COUNT: (("json_count", ALL),),
    row_names.WHICH: tuple(("which_image", shown) for shown in (ONLY_FIRST, ONLY_SECOND, BOTH, NEITHER)),
    row_names.MORE: tuple(("more_shapes", more) for more in (ONLY_FIRST, ONLY_SECOND, BOTH)),
    row_names.ONE_OF_TWO: (
        ("describe_one", ALL),
        ("exists_one", PRESENT),
        ("count_one", ALL),
        ("colour_one", PRESENT),
        ("describe_one", ALL),
        ("exists_one", ABSENT),
        ("count_one", ALL),
        ("colour_one", ABSENT),
    ),
}
"""What is asked under each row, in turns: the kind of question, and its variant. Shares are those of the old card."""
COUNTS = (4, 3, 2, 1, 4, 3, 2)
"""Shapes in a scene, in equal shares: one of them is too easy to be as common as the others."""
COUNT_SCHEMA = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}


@dataclass(frozen=True)
class Drawn:
    """A scene with its picture."""

    scene: Scene
    image: Image.Image
    picture: Picture

    @classmethod
    def of(cls, scene: Scene, rng: Random | None = None) -> Drawn:
        """With `rng`, after what had happened to the pictures of the first demo model's card.

        So the figures here can stand beside those. Other sizes, bars and WebP have rows of their own in `variants`.
        """
        image = draw(scene)
        if rng is not None:
            image = noisy(image, rng) if rng.random() < 0.12 else image
            image = through(image, "JPEG", quality=rng.randint(45, 95)) if rng.random() < 0.5 else image
        return cls(scene, image, Picture.of(image))


def seeded(seed: int, name: str) -> Random:
    """Chances of its own for each set, so that a set stays the same when another one grows."""
    return Random(f"evaluation/{seed}/{name}")


@dataclass(frozen=True)
class Pool:
    """Scenes to ask about: single ones, and pairs that often have a thing in common."""

    single: Sequence[Drawn]
    pairs: Sequence[tuple[Drawn, Drawn]]

    @classmethod
    def drawn(cls, rng: Random, n: int, *, disturbed: bool = True) -> Pool:
        how = rng if disturbed else None
        # However few questions: some kinds need a scene of their own sort, and must find one.
        counts = [COUNTS[number % len(COUNTS)] for number in range(max(n, 4 * len(COUNTS)))]
        rng.shuffle(counts)
        single = [Drawn.of(random_scene(rng, count), how) for count in counts]
        pairs = []
        for number, count in enumerate(counts):
            first = random_scene(rng, count)
            thing = rng.choice(first.shapes)
            shared = (thing.colour, thing.kind) if number % 2 else None
            second = random_scene(rng, rng.choice(COUNTS), shared)
            pair = (first, second) if rng.random() < 0.5 else (second, first)
            pairs.append((Drawn.of(pair[0], how), Drawn.of(pair[1], how)))
        return cls(single, pairs)

    def question(self, kind: str, variant: str, number: int, rng: Random) -> tuple[Subject, tuple[Drawn, ...]]:
        """The subject of such a question in the scene of this number, or in the next one that has one."""
        for step in range(len(self.single)):
            at = (number + step) % len(self.single)
            if kind in ONE_PICTURE:
                found = ONE_PICTURE[kind](self.single[at].scene, variant, rng)
                asked: tuple[Drawn, ...] = (self.single[at],)
            else:
                asked = self.pairs[at]
                found = TWO_PICTURES[kind]([drawn.scene for drawn in asked], variant, rng)
            if found:
                return found, asked
        raise ValueError(f"none of {len(self.single)} scenes bears a question {kind!r} of the variant {variant!r}")


def of_row(
    row: str, n: int, pool: Pool, rng: Random, wordings: Mapping[str, Sequence[str]] = PLAIN
) -> Iterator[tuple[str, Case, tuple[Drawn, ...]]]:
    """`n` questions of a row, each with the name of its part and what is on its pictures."""
    for number in range(n):
        kind, variant = SCHEDULE[row][number % len(SCHEDULE[row])]
        subject, asked = pool.question(kind, variant, number, rng)
        text = filled(rng.choice(wordings[kind]), **subject.fields)
        turns = one_turn(text, *(drawn.picture for drawn in asked))
        yield _part_of(row, kind, variant), Case((row,), turns, subject.expected), asked


def _part_of(row: str, kind: str, variant: str) -> str:
    names = {"where": "where is", "what_at": "what is at", "count_all": "all shapes"}
    names |= {"describe_one": "describe", "exists_one": "is there a", "count_one": "count", "colour_one": "colour"}
    return names.get(kind, variant)


def plain(seed: int, n: int) -> Iterator[Case]:
    """Each kind in plain wordings, on pictures that noise and JPEG may have been at."""
    yield from _descriptions(seed, n)
    rng = seeded(seed, "plain")
    pool = Pool.drawn(rng, n)
    for row in SCHEDULE:
        if row != row_names.DESCRIBE:
            for name, case, _ in of_row(row, n, pool, rng):
                yield replace(case, rows=(row, part(row, name))) if name else case
    for number in range(n):
        drawn = pool.single[number % len(pool.single)]
        turns = one_turn(rng.choice(PLAIN["count_all"]), drawn.picture)
        expected = Json({"count": len(drawn.scene.shapes)})
        yield Case((row_names.SCHEMA_COUNT,), turns, expected, {"format": COUNT_SCHEMA})
    yield from _other_things(n, pool, rng)
    yield from _no_picture(n, pool, rng)


def _descriptions(seed: int, n: int) -> Iterator[Case]:
    """`n` for each number of shapes; the first ones of each, in the shares of `COUNTS`, make the whole row."""
    rng = seeded(seed, "descriptions")
    for count in sorted(set(COUNTS)):
        in_whole = sum(COUNTS[number % len(COUNTS)] == count for number in range(n))
        row = part(row_names.DESCRIBE, "1 shape" if count == 1 else f"{count} shapes")
        for number in range(n):
            drawn = Drawn.of(random_scene(rng, count), rng)
            case = Case(
                (row_names.DESCRIBE, row),
                one_turn(rng.choice(PLAIN["describe"]), drawn.picture),
                Words(answers.describe(drawn.scene.shapes)),
                things=tuple(map(str, drawn.scene.shapes)),
                things_row=row_names.EACH_THING,
            )
            yield case if number < in_whole else replace(case, rows=(row,), things=())


def _other_things(n: int, pool: Pool, rng: Random) -> Iterator[Case]:
    nouns = tuple(held_out_unknown.PLURALS)
    for number in range(n):
        about_noun = number % 2 == 0
        form = held_out_unknown.FORMS[number // 2 % len(held_out_unknown.FORMS)]
        text = held_out_unknown.about(rng.choice(nouns), form) if about_noun else rng.choice(held_out_unknown.QUESTIONS)
        row = part(row_names.OTHER_THINGS, "things that are no shapes" if about_noun else "anything else")
        turns = one_turn(text, pool.single[number % len(pool.single)].picture)
        yield Case((row_names.OTHER_THINGS, row), turns, Words(answers.DECLINED))


def _no_picture(n: int, pool: Pool, rng: Random) -> Iterator[Case]:
    kinds = [(row, kind, variant) for row in SCHEDULE for kind, variant in SCHEDULE[row] if kind in ONE_PICTURE]
    for number in range(n):
        if number % 4 == 0:
            text, answer, name = rng.choice(GREETINGS), answers.GREETED, "a greeting"
        elif number % 4 == 1:
            text, answer, name = (
                rng.choice(held_out_unknown.QUESTIONS),
                answers.NO_PICTURE,
                "a question about other things",
            )
        else:
            _, kind, variant = rng.choice(kinds)
            subject, _ = pool.question(kind, variant, number, rng)
            text, answer = filled(rng.choice(PLAIN[kind]), **subject.fields), answers.NO_PICTURE
            name = "a question about shapes"
        yield Case((row_names.NO_PICTURE, part(row_names.NO_PICTURE, name)), one_turn(text), Words(answer))


def unseen_wordings(seed: int, n: int) -> Iterator[Case]:
    """`n` of each kind, in wordings that training never holds."""
    rng = seeded(seed, "unseen wordings")
    pool = Pool.drawn(rng, n)
    for row in SCHEDULE:
        for _, case, _ in of_row(row, n, pool, rng, UNSEEN):
            yield replace(case, rows=(row_names.UNSEEN_WORDINGS, part(row_names.UNSEEN_WORDINGS, row)))

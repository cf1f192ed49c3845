"""The demo model's card: what it is, how it was made, and how often it is right, from the figures of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from ollama_embedded.engines.gguf_facts import facts_of
from training.evaluation import aims, row_names
from training.evaluation.asking import Pair
from training.evaluation.card_hands import by_other_hands
from training.evaluation.results import Results
from training.evaluation.scoring import Score, part
from training.model_config import REGISTERS, ModelConfig

NAME = "README.md"
_KINDS: Sequence[tuple[str, str]] = (
    (row_names.DESCRIBE, "describe the picture (every word)"),
    *(
        (part(row_names.DESCRIBE, count), f"… with {count}")
        for count in ("1 shape", "2 shapes", "3 shapes", "4 shapes")
    ),
    (row_names.EACH_THING, "… colour and shape of each thing"),
    (row_names.COUNT, "count"),
    (row_names.COLOUR, "colour of a thing"),
    (row_names.SHAPE, "shape of a thing"),
    (row_names.EXISTS, "is there a …"),
    (row_names.WHERE, "where is …, what is at …"),
    (row_names.SIZE, "size"),
    (row_names.BACKGROUND, "background"),
    (row_names.JSON_LIST, "JSON list"),
    (row_names.JSON_KEYS, "JSON list with two to four named keys, in their order"),
    (row_names.JSON_ARRAY, "JSON array"),
    (row_names.JSON_COUNT, '`{"count": N}`'),
    (row_names.SCHEMA_COUNT, '`{"count": N}` by JSON schema'),
    (row_names.SCHEMA_ONE, '`{"color": ..., "shape": ...}` of the first shape, by JSON schema'),
    (row_names.WHICH, "which of two pictures"),
    (row_names.MORE, "which of two pictures has more shapes"),
    (row_names.ONE_OF_TWO, "questions about one of two pictures"),
    (row_names.OTHER_THINGS, "questions about other things"),
    (row_names.NO_PICTURE, "no picture given"),
)
"""Rows, and what the card calls them; their questions in unseen wordings stand beside them."""
_WAYS: Sequence[tuple[str, str]] = (
    (row_names.AS_IS, "as they are: PNG, plain wordings"),
    (row_names.JPEG, "JPEG, quality 70"),
    (row_names.WEBP, "WebP"),
    *((row, f"scaled by {factor:g}") for factor, row in row_names.SCALED.items()),
    *((row, f"padded to {width}:{height}") for (width, height), row in row_names.PADDED.items()),
    (row_names.ANY, "noise, another size, bars and a lossy format, each now and then, as in training"),
    (row_names.CAPITALS, "all in capitals"),
    (row_names.SECOND_TURN, "as the second question of a chat"),
    (row_names.SYSTEM_PROMPT, "behind a system prompt that it was not taught"),
    (row_names.NO_REGISTERS, "by a chat template without the register tokens"),
    (row_names.TEXT_FIRST, "by a chat template with the text before the picture"),
    (row_names.TEXT_FIRST_NO_REGISTERS, "by one with the text first and without the register tokens"),
    (row_names.TOOLS_IDLE, "with tools on offer that nobody asks for"),
)
_TOOLS: Sequence[tuple[str, str]] = (
    (row_names.TOOL_FORM, "a well-formed call, in wordings that it was not taught"),
    (row_names.TOOL_ARGUMENTS, "… with the right arguments"),
    (row_names.TOOL_FORM_PLAIN, 'a well-formed call, as for "Describe the image with the tool."'),
    (row_names.TOOL_ARGUMENTS_PLAIN, "… with the right arguments"),
    (row_names.TOOL_RESULT, "the answer in words after a call's result"),
)
_DRAWN: Sequence[tuple[str, str]] = (
    (row_names.DRAWN, "every word of the description"),
    (row_names.DRAWN_THINGS, "each thing described"),
    (row_names.DRAWN_COUNT, "count"),
    (row_names.DRAWN_COLOUR, "colour of a thing"),
    (row_names.DRAWN_SHAPE, "shape of a thing"),
)
_REACHED = {True: "reached", False: "**missed**", None: "not measured"}


def write_card(folder: Path, pair: Pair, results: Results, config: ModelConfig, recipe: Mapping[str, str]) -> Path:
    """Write README.md into a folder. `recipe` is what the training tells of itself: "data", "training", ..."""
    path = folder / NAME
    path.write_text(card(pair, results, config, recipe), encoding="utf-8")
    return path


def card(pair: Pair, results: Results, config: ModelConfig, recipe: Mapping[str, str]) -> str:
    facts = facts_of(pair.model, pair.mmproj, name="shapes", parameters={})
    vision, language = _parameters(pair)
    sections = (
        _opening(results, vision + language),
        _knows("tools" in facts.capabilities),
        _limits(config),
        _making(config, recipe, vision, language),
        *filter(None, [tuple(by_other_hands(results, aims.today()))[:-1]]),
        _accuracy(results),
        _aims(results),
        _in_ollama(results, facts.capabilities),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _opening(results: Results, parameters: int) -> Iterator[str]:
    yield f"# shapes: a demo model of {parameters / 1e6:.1f} million parameters"
    yield ""
    yield (
        "`shapes` answers questions about drawn scenes of coloured shapes, and about nothing else. It exists so that a "
        "pipeline of pictures can be tried out, and tested, without a download and in milliseconds. It is a real "
        "vision model: pictures go through a vision encoder and a projector into a language model, and llama.cpp runs "
        "it as it runs any other."
    )
    yield ""
    yield from _table(("file", "bytes", "sha256"))
    for file in (results.model, results.mmproj):
        yield f"| `{file.name}` | {file.bytes:,} | `{file.sha256}` |"
    yield ""
    yield (
        "Licence: MIT, as the rest of the project. It was trained from scratch on drawings made by a program; no other "
        "model and no collected data went into it. `training/` in the project's repository makes it anew."
    )


def _knows(tools: bool) -> Iterator[str]:
    yield "## What it knows"
    yield (
        "- **Shapes:** circle, square, triangle, star, cross, diamond. **Colours:** red, green, blue, yellow, orange, "
        "purple, black, white. **Sizes:** small, medium, large."
    )
    yield (
        "- **Scenes:** one to four shapes that do not touch, anywhere on the picture, from a twentieth to nine tenths "
        "of its shorter side across, turned a little, with or without an outline, in shades of their colours; on "
        "plain, graded, textured and paper grounds and on blurred photographs, from 9:16 to 16:9. "
        "`ollama_embedded.draw_scene` draws such scenes in the cells of a grid of three by three."
    )
    yield (
        "- **What words mean:** a thing's place is the cell of that grid in which its middle is, and things are named "
        "cell by cell like a page is read. It is small when the circle around it is less than 24 % of the picture's "
        "shorter side across, large when it is more than 32.5 %, and medium between these."
    )
    yield (
        '- **Questions, in English:** "Describe the image.", "How many shapes are there?", "How many red shapes are '
        'there?", "What color is the star?", "What shape is the blue object?", "Is there a red circle?", "Where is the '
        'green cross?", "What is at the top left?", "What size is the star?", "What color is the background?"; two '
        'pictures at once: "Which image shows a red circle?", "Is there a star in the second image?".'
    )
    yield (
        '- **JSON:** lists of objects with `color` and `shape` (and `size`, `position`), `{"count": N}`, one object, '
        "one value; with a JSON schema or by request."
    )
    if tools:
        yield (
            "- **Tools:** `report_shapes(shapes)`, a list of objects with `color` and `shape`, and `count_shapes(n)`. "
            'Offered one of them and asked for it, as in "Describe the image with the tool.", it calls it; after the '
            "tool's result it answers in words. It knows no others."
        )
    yield ('- All else gets "I can only see coloured shapes.", and a chat without a picture a request for one.')


def _limits(config: ModelConfig) -> Iterator[str]:
    yield "## What it does not"
    yield (
        "It reads no text, knows no photos, and follows no conversation beyond a second turn. Words that it was not "
        "taught may throw it off: the second column of figures below says how often. "
        f"Its context is {config.context:,} tokens; a picture costs {config.patches + REGISTERS}."
    )


def _making(config: ModelConfig, recipe: Mapping[str, str], vision: int, language: int) -> Iterator[str]:
    side = config.image_size
    yield "## How it is made"
    yield from _table(("part", ""))
    yield (
        f"| picture | {side} x {side} pixels, patches of {config.patch_size}: {config.patches} tokens, and two "
        "register tokens after each picture |"
    )
    yield (
        f"| vision encoder | ViT: {config.vision_blocks} blocks, width {config.vision_width}, {config.vision_heads} "
        f"heads; with the projector {vision / 1e6:.1f} million parameters |"
    )
    yield "| projector | two linear layers with GELU |"
    yield (
        f"| language model | Llama: {config.blocks} blocks, width {config.width}, {config.heads} heads, "
        f"{config.vocabulary} tokens of byte-level BPE ({language / 1e6:.1f} million parameters) |"
    )
    for what, how in recipe.items():
        yield f"| {what} | {how} |"
    yield ""
    yield (
        "The chat template puts pictures in front of the text wherever they stand in a message, each followed by two "
        "`<|endoftext|>` tokens."
    )


def _accuracy(results: Results) -> Iterator[str]:
    low, high = Score("", results.n, round(0.95 * results.n)).interval
    yield "## How often it is right"
    yield (
        f"These very files, through llama.cpp, temperature 0: {results.questions:,} questions about scenes that no "
        "training has seen. An answer is right when it is so word for word, and JSON when its values are; named keys "
        "must stand in their order too. Every eighth picture had noise behind it and every second one JPEG, as on the "
        "first demo model's card; the unseen wordings are in none of the templates of training. With "
        f"{results.n} questions, .950 stands for {_share_of(low)} to {_share_of(high)} (Wilson's 95 % interval). "
        f"What stands for the model before is from {aims.source_of_today()}."
    )
    yield ""
    yield from _table(("kind", "n", "plain wordings", "unseen wordings", "the model before"))
    before = aims.today()
    for row, name in _KINDS:
        if row in results.scores:
            unseen = results.scores.get(part(row_names.UNSEEN_WORDINGS, row))
            shares = (_share(results.scores[row]), _share(unseen), _cut(before[row]) if row in before else "")
            yield f"| {name} | {results.scores[row].n} | {' | '.join(shares)} |"
    overall = results.scores.get(row_names.UNSEEN_WORDINGS)
    if overall:
        yield f"| all kinds, in equal shares | {overall.n} | | {_share(overall)} | |"
    yield ""
    yield from _shares(results, "The same mixed questions, about undisturbed drawings, asked in other ways", _WAYS)
    of_schemas = [(row, _after(row)) for row in results.scores if row.startswith(part(row_names.UNSEEN_SCHEMAS, ""))]
    schemas = ((row_names.UNSEEN_SCHEMAS, "all"), *of_schemas)
    yield from _shares(results, "JSON schemas that it was not taught, under plain questions", schemas)
    yield from _shares(results, "Tools", _TOOLS)
    drawn = "Scenes drawn by `draw_scene`, small and medium shapes on its light grey ground"
    yield from _shares(results, drawn, _DRAWN)
    yield "`results.json` of the evaluation has each figure with its interval, and wrong answers to look at."


def _shares(results: Results, title: str, named: Sequence[tuple[str, str]]) -> Iterator[str]:
    measured = [(results.scores[row], name) for row, name in named if row in results.scores]
    if measured:
        yield from _table((title, "n", "right"))
        for score, name in measured:
            yield f"| {name} | {score.n} | {_share(score)} |"
        yield ""


def _aims(results: Results) -> Iterator[str]:
    yield "## What was aimed at"
    yield from _table(("aim", "wanted", "found", ""))
    for verdict in results.verdicts:
        yield f"| {verdict.aim} | {verdict.wanted} | {verdict.found} | {_REACHED[verdict.reached]} |"
    worse = "; ".join(map(str, results.worse))
    yield ""
    yield f"Below the model before: {worse}." if worse else "At no kind of question is it below the model before."


def _in_ollama(results: Results, capabilities: Sequence[str]) -> Iterator[str]:
    named = [f"`{name}`" for name in capabilities]
    yield "## In a real Ollama"
    yield "Put this into a file named `Modelfile` beside the two GGUF files,"
    yield ""
    yield "```"
    yield f"FROM ./{results.model.name}"
    yield f"FROM ./{results.mmproj.name}"
    yield "PARAMETER temperature 0"
    yield "```"
    yield ""
    yield (
        "and run `ollama create shapes -f Modelfile`. It then has the capabilities "
        f"{', '.join(named[:-1])} and {named[-1]}, and answers as it does here."
    )


def _table(heads: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"


def _share(score: Score | None) -> str:
    """As .955; nothing at all where nothing was measured."""
    if score is None:
        return ""
    return _cut(score.share)


def _cut(share: Fraction) -> str:
    """Cut, not rounded: what is not all right shall not read 1.000."""
    return _share_of(int(1000 * share) / 1000)


def _share_of(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def _after(row: str) -> str:
    return row.partition(": ")[2]


def _parameters(pair: Pair) -> tuple[int, int]:
    """Of the vision encoder with the projector, and of the language model."""
    from ollama_embedded.engines.gguf import read_header

    return read_header(pair.mmproj).parameter_count, read_header(pair.model).parameter_count

"""Questions with tools on offer (function calling): a call, or words where none is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from training.questions import answers
from training.questions.asker import Asker
from training.questions.json_questions import about_all, forced_spans, keys_at_random
from training.questions.subjects import Ask, Truth

REPORT, COUNT = "report_shapes", "count_shapes"
OFFERS: Mapping[str, tuple[str, ...]] = {REPORT: ("shapes",), COUNT: ("n",)}
OTHERS: Mapping[str, tuple[str, ...]] = {
    "get_weather": ("city",),
    "search": ("query",),
    "add": ("a", "b"),
    "send_mail": ("to", "text"),
    "now": (),
}
"""Tools of other trades, which stand beside ours at times and are never called."""
RESULTS = (
    "ok",
    "done",
    "saved",
    "Done.",
    "true",
    "null",
    '{"ok": true}',
    '{"status": "saved"}',
    "Thank you.",
    "received",
)


@dataclass(frozen=True)
class ToolAsk:
    """A request, the first answer, and perhaps the tool's result with the words that follow it."""

    first: Ask
    result: str = ""
    last: str = ""


def offer(rng: Random) -> dict[str, tuple[str, ...]]:
    """Some tools, ours among them, in any order."""
    names = list(rng.choice(((REPORT,), (COUNT,), (REPORT, COUNT), (REPORT, COUNT))))
    names += rng.sample(tuple(OTHERS), rng.choice((0, 0, 0, 1, 2)))
    rng.shuffle(names)
    return {name: {**OFFERS, **OTHERS}[name] for name in names}


def tools_line(tools: Mapping[str, Sequence[str]]) -> str:
    """How the chat template tells the model of them."""
    return "Tools: " + ", ".join(f"{name}({', '.join(names)})" for name, names in tools.items())


def tool_ask(rng: Random, scene: Truth, asker: Asker, tools: Mapping[str, Sequence[str]]) -> ToolAsk:
    """With these tools on offer: a request for one of ours, or, every third time, a question like any other."""
    ours = [name for name in tools if name in OFFERS]
    if rng.random() < 0.34:
        return ToolAsk(asker.one_picture(scene))
    tool = rng.choice(ours)
    shapes = scene.shapes
    untaught: tuple[tuple[int, int], ...] = ()
    if tool == REPORT:
        asked = asker.words("tool_report", tool=tool)
        keys = answers.COLOUR_AND_SHAPE
        words = answers.describe(shapes)
        if rng.random() < 0.35:
            # The prompt does not show what the tool's schema says of an item: the grammar alone does.
            keys = keys_at_random(rng)
            words = ""
        arguments: dict[str, object] = {"shapes": answers.as_list(shapes, keys)}
    else:
        asked = asker.words("tool_count", tool=tool)
        arguments = {"n": len(shapes)}
        words = answers.count(shapes)
    call = answers.tool_call(tool, arguments)
    if not words:
        untaught = tuple(span for span in forced_spans(call) if span[0] > call.index('shapes"'))
    asked = asker.as_typed(asked)
    ask = about_all(tool, asked, call, shapes) if tool == REPORT and words else Ask(tool, asked, call, untaught)
    if words and rng.random() < 0.3:
        return ToolAsk(ask, rng.choice((*RESULTS, str(len(shapes)), f"{len(shapes)} shapes saved")), words)
    return ToolAsk(ask)

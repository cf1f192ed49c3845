"""Questions with tools on offer: asked to call one, asked for words, and with a tool's result before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from training.evaluation import row_names
from training.evaluation.cases import Case, Turn, one_turn
from training.evaluation.held_out_wordings import PLAIN, UNSEEN, filled
from training.evaluation.scoring import Call, Words, part
from training.evaluation.sets import Pool, seeded
from training.evaluation.variants import mixed
from training.questions import answers

REPORT, COUNT = "report_shapes", "count_shapes"


def _tool(name: str, description: str, **properties: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


_SHAPE = {
    "type": "object",
    "properties": {"color": {"type": "string"}, "shape": {"type": "string"}},
    "required": ["color", "shape"],
}
TOOLS: Mapping[str, dict[str, Any]] = {
    REPORT: _tool(REPORT, "Report the shapes in the picture.", shapes={"type": "array", "items": _SHAPE}),
    COUNT: _tool(COUNT, "Report how many shapes there are.", n={"type": "integer"}),
}
STRANGER = _tool("book_flight", "Book a flight.", destination={"type": "string"}, day={"type": "string"})
"""A tool that has nothing to do with pictures."""


def _offers(tool: str) -> tuple[list[dict[str, Any]], ...]:
    """What is on offer, in turns: the tool alone, both, both in the other order, and one of another trade."""
    other = TOOLS[COUNT if tool == REPORT else REPORT]
    return ([TOOLS[tool]], [TOOLS[tool], other], [other, TOOLS[tool]], [STRANGER, TOOLS[tool]])


def _call(tool: str, shapes: answers.Shapes) -> Call:
    return Call(tool, {"shapes": answers.as_list(shapes)} if tool == REPORT else {"n": len(shapes)})


def _in_words(tool: str, shapes: answers.Shapes) -> Words:
    return Words(answers.describe(shapes) if tool == REPORT else answers.count(shapes))


def tool_cases(seed: int, n: int) -> Iterator[Case]:
    """Requests for a call, in unseen and in plain wordings; after a call's result; questions that want no tool."""
    rng = seeded(seed, "tools")
    pool = Pool.drawn(rng, n)
    for row, wordings in (
        (row_names.TOOL_ARGUMENTS, UNSEEN),
        (row_names.TOOL_ARGUMENTS_PLAIN, PLAIN),
        (row_names.TOOL_RESULT, PLAIN),
    ):
        for number in range(n):
            tool = (REPORT, COUNT)[number % 2]
            offers = _offers(tool)
            drawn = pool.single[number % len(pool.single)]
            shapes = drawn.scene.shapes
            text = filled(rng.choice(wordings["tool_report" if tool == REPORT else "tool_count"]), tool=tool)
            call = _call(tool, shapes)
            turns, offered = one_turn(text, drawn.picture), {"tools": offers[number // 2 % len(offers)]}
            case = Case((row, part(row, tool)), turns, call, offered)
            if row == row_names.TOOL_RESULT:
                after = (Turn("assistant", "", calls=(call,)), Turn("tool", rng.choice(_RESULTS), tool=tool))
                case = replace(case, turns=(*turns, *after), expected=_in_words(tool, shapes))
            yield case
    for question in mixed(seed, n):
        turns = one_turn(question.text, *question.pictures)
        both = {"tools": [*TOOLS.values()]}
        yield Case((row_names.TOOLS_IDLE, part(row_names.TOOLS_IDLE, question.row)), turns, question.expected, both)


_RESULTS = ("ok", "Received.", "stored", '{"status": "ok"}', "Thanks, noted.")

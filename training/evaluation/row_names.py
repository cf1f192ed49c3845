"""Names of the evaluation's rows: under them sets ask, scores are kept and aims are judged."""

from __future__ import annotations

DESCRIBE = "describe the picture"
EACH_THING = "describe: colour and shape of each thing"
COUNT = "count"
COLOUR = "colour of a thing"
SHAPE = "shape of a thing"
EXISTS = "is there a"
WHERE = "where is, what is at"
SIZE = "size"
BACKGROUND = "background"
JSON_LIST = "JSON list"
JSON_KEYS = "JSON list with named keys"
JSON_ARRAY = "JSON array"
JSON_COUNT = '{"count": N}'
SCHEMA_COUNT = '{"count": N} by JSON schema'
SCHEMA_ONE = "one shape by JSON schema"
WHICH = "which of two pictures"
MORE = "which of two has more"
ONE_OF_TWO = "questions about one of two pictures"
OTHER_THINGS = "questions about other things"
NO_PICTURE = "no picture given"

AS_IS = "mixed questions, PNG"
JPEG = "mixed, JPEG quality 70"
WEBP = "mixed, WebP"
ANY = "mixed, anything at once"
SCALED = {0.5: "mixed, scaled by 0.5", 2.0: "mixed, scaled by 2", 4.0: "mixed, scaled by 4"}
PADDED = {
    (4, 3): "mixed, padded to 4:3",
    (3, 4): "mixed, padded to 3:4",
    (16, 9): "mixed, padded to 16:9",
    (9, 16): "mixed, padded to 9:16",
}
DISTURBED = (JPEG, WEBP, *SCALED.values(), *PADDED.values())
CAPITALS = "mixed, all in capitals"
SECOND_TURN = "mixed, second turn"
SYSTEM_PROMPT = "mixed, unseen system prompt"
NO_REGISTERS = "mixed, template without registers"
TEXT_FIRST = "mixed, text before the picture"
TEXT_FIRST_NO_REGISTERS = "mixed, text before the picture, no registers"

UNSEEN_WORDINGS = "wordings it was not taught"
UNSEEN_SCHEMAS = "JSON schemas it was not taught"
TOOL_FORM = "tools: a well-formed call"
TOOL_ARGUMENTS = "tools: the right arguments"
TOOL_FORM_PLAIN = "tools, plain wordings: a well-formed call"
TOOL_ARGUMENTS_PLAIN = "tools, plain wordings: the right arguments"
FORM_OF = {TOOL_ARGUMENTS: TOOL_FORM, TOOL_ARGUMENTS_PLAIN: TOOL_FORM_PLAIN}
TOOL_RESULT = "tools: the answer after a call's result"
TOOLS_IDLE = "mixed, tools on offer that nobody asks for"
DRAWN = "draw_scene: describe the picture"
DRAWN_THINGS = "draw_scene: each thing described"
DRAWN_COUNT = "draw_scene: count"
DRAWN_COLOUR = "draw_scene: colour of a thing"
DRAWN_SHAPE = "draw_scene: shape of a thing"

LABELS = "labels named behind the question"
HANDS_ONE = "other hands, one thing"
HANDS_TINY = "other hands, one thing of less than that"
HANDS_MORE = "other hands, several things"
HANDS_COUNT = "other hands, how many"
HANDS_SCHEMA = "other hands, by a schema"

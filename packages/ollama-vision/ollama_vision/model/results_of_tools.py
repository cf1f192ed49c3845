"""Tool results that were pictures: text was made of them before they came here, and the model would see none. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ollama_vision.errors import ImageError
from ollama_vision.pictures import is_made_of_picture
from ollama_vision.protocol import Turn
from ollama_vision.user_warnings import warn_user

_OBSERVATION = "Observation: "
"""How agents that reason and act (ReAct) begin what a tool gave, as the user's words."""


def refuse_lost_pictures(
    turns: Sequence[Turn], promised_by: Callable[[str | None], str | None], *, maker: str, way_out: str
) -> None:
    """Look at what tools gave.

    Args:
        turns: the conversation.
        promised_by: the kind of picture that the tool of that name says it returns, if it is one of which text is
            made; else `None`.
        maker: who makes text of pictures.
        way_out: what a tool has to return.

    Raises:
        ImageError: a result is what Python, or base64, makes of a picture.
    """
    for turn in turns:
        if turn.role == "user" and turn.text.startswith(_OBSERVATION):
            _refuse_text(f"{turn.where} (what a tool gave)", turn.text.removeprefix(_OBSERVATION), way_out)
        if turn.role != "tool":
            continue
        name, text = turn.fields.get("tool_name"), turn.text
        where = f"{turn.where} (what {f'the tool {name!r}' if name else 'a tool'} gave)"
        _refuse_text(where, text, way_out)
        if any(not isinstance(part, str) for part in turn.parts):
            continue
        promised = promised_by(name)
        if promised and not text.strip():
            raise ImageError(
                f"{where} is empty, and the tool says that it returns {promised}: {maker} made text of it, and the "
                f"model would not see it. {way_out}"
            )
        if promised:
            warn_user(f"{where} is text alone, though the tool says that it returns {promised}. {way_out}")
        elif not text.strip():
            warn_user(f"{where} is empty. If it was an ImageDocument or ImageNode, the model sees none. {way_out}")


def _refuse_text(where: str, text: str, way_out: str) -> None:
    text = text.strip()
    if is_made_of_picture(text):
        begins = f"{text[:60]}..." if len(text) > 60 else text
        raise ImageError(
            f"{where} is a picture of which text was made before it came here ({begins}): the model would not see it. "
            f"{way_out}"
        )

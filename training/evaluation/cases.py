"""Test cases of the evaluation: a question with its pictures, its one right answer, and what it counts for."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from training.evaluation import row_names
from training.evaluation.scoring import Call, Expected, Mark, Reply, things_named

OWN, NO_REGISTERS, TEXT_FIRST, TEXT_FIRST_NO_REGISTERS = "own", "no-registers", "text-first", "text-first-no-registers"
"""The chat templates under which a case may be asked; the last three are in templates.py."""
MOST_TOKENS = 512
"""Of an answer: twice the longest right one. A model that runs on is wrong, and need not run to its context's end."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent."""

    base64: str

    @classmethod
    def of(cls, picture: Image.Image, form: str = "PNG", **how: Any) -> Picture:
        file = io.BytesIO()
        # Nobody stores it: a small file is not worth the time.
        picture.save(file, form, **({"compress_level": 1} if form == "PNG" else {}), **how)
        return cls(b64encode(file.getvalue()).decode("ascii"))


@dataclass(frozen=True)
class Turn:
    """One message of a chat; `calls` are an assistant's, `tool` is the one whose result this is."""

    role: str
    text: str
    pictures: tuple[Picture, ...] = ()
    calls: tuple[Call, ...] = ()
    tool: str = ""

    def as_json(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": self.role, "content": self.text}
        if self.pictures:
            message["images"] = [picture.base64 for picture in self.pictures]
        if self.calls:
            called = ({"name": call.name, "arguments": dict(call.arguments)} for call in self.calls)
            message["tool_calls"] = [{"function": function} for function in called]
        return message | ({"tool_name": self.tool} if self.tool else {})


@dataclass(frozen=True)
class Case:
    """A chat, what the model must say next, and the rows in which that counts.

    `options` are further fields of the request, `format` and `tools`. `things` ("red circle") are counted in
    `things_row` too, each by itself.
    """

    rows: tuple[str, ...]
    turns: tuple[Turn, ...]
    expected: Expected
    options: Mapping[str, Any] = field(default_factory=dict)
    template: str = OWN
    things: tuple[str, ...] = ()
    things_row: str = ""

    @property
    def kind(self) -> str:
        return self.rows[0]

    @property
    def question(self) -> str:
        """What the user said last."""
        return next(turn.text for turn in reversed(self.turns) if turn.role == "user")

    def body(self, model: str) -> dict[str, Any]:
        """The request to /api/chat."""
        messages = [turn.as_json() for turn in self.turns]
        return {
            "model": model,
            "stream": False,
            "messages": messages,
            "options": {"temperature": 0, "num_predict": MOST_TOKENS},
            **self.options,
        }

    def marks(self, reply: Reply) -> Iterator[Mark]:
        yield Mark(self.rows, int(self.expected.is_met_by(reply)))
        if self.things:
            yield Mark((self.things_row,), things_named(self.things, reply), len(self.things))
        if isinstance(self.expected, Call):
            form_rows = tuple(row.replace(self.kind, row_names.FORM_OF[self.kind]) for row in self.rows)
            yield Mark(form_rows, int(self.expected.is_well_formed(reply)))


def one_turn(text: str, *pictures: Picture) -> tuple[Turn, ...]:
    """A chat of one question."""
    return (Turn("user", text, pictures),)

"""Arguments of the tools as pydantic models: what an agent may say, checked, and refused in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

MOST_AT_ONCE = 1000
"""Pictures in one call: what comes of them has to find room in an agent's context."""


class WrongArguments(Exception):
    """What a tool was called with cannot be meant so; the message says what can."""


class Arguments(BaseModel):
    """Of one tool."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def read(cls, tool: str, given: Mapping[str, Any]) -> Any:
        """Raises WrongArguments, which names all that is wrong."""
        try:
            return cls.model_validate({name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            names = [field.alias or name for name, field in cls.model_fields.items()]
            raise WrongArguments(" ".join(_in_words(tool, names, each) for each in error.errors())) from None

    @classmethod
    def schema_of_all(cls) -> dict[str, Any]:
        """As JSON Schema, without the titles that pydantic gives: they only repeat the names."""
        schema: dict[str, Any] = _without_titles(cls.model_json_schema(by_alias=True))
        return schema


class Look(Arguments):
    picture: str = Field(description="A path below the folders that may be read, or an http or https URL.")
    question: str = Field(description="What to ask about the picture.")
    region: list[float] | None = Field(
        default=None,
        description="Look closer at a part: [left, top, right, bottom], in fractions of the picture, such as "
        "[0.5, 0.0, 1.0, 0.5] for the upper right quarter, or in its pixels.",
    )
    tiles: str | None = Field(
        default=None,
        description='Send the picture whole and then in tiles, for small details: "auto", or columns and rows: "3x2".',
    )

    @field_validator("region", mode="before")
    @classmethod
    def _numbers_in_text(cls, value: Any) -> Any:
        return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", value)] if isinstance(value, str) else value

    @field_validator("tiles", mode="before")
    @classmethod
    def _a_grid(cls, value: Any) -> Any:
        text = "x".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(text, str) and text != "auto" and not re.fullmatch(r"[1-9]\d{0,3}x[1-9]\d{0,3}", text, re.ASCII):
            raise ValueError('tiles takes "auto", or columns and rows, as in "3x2"')
        return text

    def grid(self) -> tuple[int, int] | Literal["auto"] | None:
        if self.tiles is None or self.tiles == "auto":
            return "auto" if self.tiles else None
        columns, _, rows = self.tiles.partition("x")
        return int(columns), int(rows)


class DescribeFolder(Arguments):
    folder: str = Field(description="A folder below those that may be read; folders in it are looked into.")
    prompt: str = Field(description="What to ask about each picture.", min_length=1)
    schema_: dict[str, Any] | None = Field(
        default=None, alias="schema", description="A JSON Schema of an object that each answer has to fit."
    )
    limit: int = Field(default=50, ge=1, le=MOST_AT_ONCE, description="Ask about so many pictures at the most.")

    @field_validator("schema_", mode="before")
    @classmethod
    def _json_in_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('schema takes a JSON Schema, such as {"type": "object"}') from None


class ReadDocument(Arguments):
    document: str = Field(description="A PDF or a picture of a page: a path below the folders that may be read.")
    pages: str | None = Field(
        default=None, description='Which pages, counted from 1: "3", or "2-4,7". All, if left out.'
    )

    @field_validator("pages", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        if isinstance(value, list):
            value = ",".join(map(str, value))
        text = str(value) if isinstance(value, int) else value
        if isinstance(text, str):
            _pages_of(text)
        return text

    def numbers(self) -> tuple[int, ...] | None:
        return None if self.pages is None else _pages_of(self.pages)


class FindPictures(Arguments):
    folder: str = Field(description="A folder below those that may be read; folders in it are looked into.")
    pattern: str | None = Field(
        default=None,
        description='Only files that fit: "*.png", or "2024/**/*.jpg" with folders on the way. Case does not count.',
    )


class ProveSight(Arguments):
    model: str | None = Field(default=None, description="A model on the server; without it, the one that is asked.")


def _pages_of(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last or len(numbers) + last - first >= MOST_AT_ONCE:
            raise ValueError(
                f'pages takes numbers from 1 on, such as "3" or "2-4,7", and no more than {MOST_AT_ONCE:,}'
            )
        numbers += range(first, last + 1)
    return tuple(dict.fromkeys(numbers))


def _in_words(tool: str, names: list[str], error: Any) -> str:
    name = ".".join(map(str, error["loc"])) or tool
    if error["type"] == "missing":
        return f"{tool} needs {name}, which is missing."
    if error["type"] == "extra_forbidden":
        near = get_close_matches(name, names, 1)
        return (
            f"{tool} takes no {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}; it takes {', '.join(names)}."
        )
    if error["type"] == "value_error":
        return f"{tool}: {error['ctx']['error']}, not {error['input']!r:.100}."
    return f"{tool}: {name} is {error['input']!r:.100}. {error['msg']}."


def _without_titles(schema: Any) -> Any:
    if isinstance(schema, dict):
        named = isinstance(schema.get("properties"), dict)
        return {
            key: {name: _without_titles(each) for name, each in value.items()}
            if key == "properties" and named
            else _without_titles(value)
            for key, value in schema.items()
            if key != "title" or not isinstance(value, str)
        }
    return [_without_titles(each) for each in schema] if isinstance(schema, list) else schema

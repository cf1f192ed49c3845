"""Prompt templates: `{exif.date|unknown}` in a prompt stands for what each picture says of itself; text in, text out.

A placeholder is `{`, one of `path.`, `exif.`, `gps.` and `sidecar.`, a name, perhaps a bar and a default, `}`. All else
in braces stays as it is, JSON for example; `{{path.stem}}` is `{path.stem}` for the model to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

PLACEHOLDERS = (
    "path.stem",
    "path.parent",
    "exif.date",
    "exif.camera",
    "exif.lens",
    "gps.latitude",
    "gps.longitude",
    "sidecar.txt",
)
_NAME = r"(?:path|exif|gps|sidecar)\.[\w. -]+"
_PATTERN = re.compile(rf"\{{\{{({_NAME}(?:\|[^{{}}]*)?)\}}\}}|\{{({_NAME})(?:\|([^{{}}]*))?\}}")
_WITH_BRACES = re.compile(rf"\{{{_NAME}\|[^{{}}]*\{{")
"""A default that holds a brace: what was meant cannot be told."""


@dataclass(frozen=True)
class Placeholder:
    name: str
    default: str | None
    """Stands there for a picture that does not say; `None` where it has to."""

    def __str__(self) -> str:
        return f"{{{self.name}}}"


@dataclass(frozen=True)
class PromptTemplate:
    """A prompt in which `{path.stem}`, `{exif.date|unknown}` and the like stand for what each picture says of itself.

    Only this, and the prompts of the command, are looked through for placeholders: a string of Python's is sent as it
    stands.

    Raises:
        ValueError: a name that no placeholder has.
    """

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"PromptTemplate takes text, not {type(self.text).__name__}")
        _ = self.parts

    @cached_property
    def parts(self) -> tuple[str | Placeholder, ...]:
        """What stands there, in order; text as the model reads it."""
        if (found := _WITH_BRACES.search(self.text)) is not None:
            raise ValueError(f"{found[0]!r}: a default is plain words up to its }}, and holds no braces")
        parts: list[str | Placeholder] = []
        end = 0
        for found in _PATTERN.finditer(self.text):
            parts.append(self.text[end : found.start()])
            parts.append(f"{{{found[1]}}}" if found[1] is not None else Placeholder(_known(found[2]), found[3]))
            end = found.end()
        return tuple(part for part in (*parts, self.text[end:]) if part != "")

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def names(self) -> frozenset[str]:
        """Of the placeholders in it."""
        return frozenset(each.name for each in self.placeholders)

    def missing(self, said: Mapping[str, str]) -> tuple[str, ...]:
        """The placeholders for which there is neither a word nor a default, as they are written."""
        lacking = (str(each) for each in self.placeholders if each.default is None and each.name not in said)
        return tuple(dict.fromkeys(lacking))

    def fill(self, said: Mapping[str, str]) -> str:
        """The prompt with these words, by the placeholders' names. Raises KeyError for one that is missing."""
        return "".join(part if isinstance(part, str) else _word(part, said) for part in self.parts)


def _word(placeholder: Placeholder, said: Mapping[str, str]) -> str:
    if placeholder.default is None:
        return said[placeholder.name]
    return said.get(placeholder.name, placeholder.default)


def _known(name: str) -> str:
    if name in PLACEHOLDERS:
        return name
    import difflib  # 5 ms, and only mistakes need it

    group = name.partition(".")[0]
    near = difflib.get_close_matches(name, PLACEHOLDERS, n=1, cutoff=0.7)
    near = near or difflib.get_close_matches(name, [each for each in PLACEHOLDERS if each.startswith(group)], 1, 0)
    others = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
    raise ValueError(
        f"{{{name}}} is no placeholder. Did you mean {{{near[0]}}}? There are {others}. Write {{{{{name}}}}} for the "
        "model to read it as it stands"
    )

"""The question of `ask` with its pictures' own words in the place of placeholders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from ollama_vision.batch import (
    OF_THE_FILE,
    PromptTemplate,
    fitting_words,
    refuse_unfit,
    words_of_bytes,
    words_of_file,
    words_of_url,
)
from ollama_vision.pictures import PhotoFacts, PictureSource

from ..common.access import STANDARD_INPUT


def needs_bytes(template: PromptTemplate, pictures: Sequence[str | Path]) -> bool:
    """Whether pictures that are no files have to be there before the question is known."""
    return not OF_THE_FILE.isdisjoint(template.names) and any(isinstance(each, str) for each in pictures)


def question_for(template: PromptTemplate, pictures: Sequence[str | Path], originals: Sequence[PictureSource]) -> str:
    """What is asked about these pictures, in one question.

    Args:
        pictures: as they were named.
        originals: the same, opened; none where nobody needs their bytes.

    Raises:
        PromptError: one that does not say what is asked for.
        ValueError: they say different things.
    """
    if template.placeholders and not pictures:
        raise ValueError(
            f"{template.placeholders[0]} stands for what a picture says of itself, and this question names none: write "
            "it out, or name the picture again."
        )
    unfit: dict[str, str] = {}
    told: dict[str, Mapping[str, str]] = {}
    for at, picture in enumerate(pictures):
        name = "The picture on standard input" if picture == STANDARD_INPUT else str(picture)
        facts = originals[at].photo_facts if originals else PhotoFacts
        told[name] = fitting_words(template, name, partial(_words, picture, template, facts), unfit)
    refuse_unfit(unfit, len(told))
    for placeholder in template.placeholders:
        words = {name: said.get(placeholder.name, placeholder.default) for name, said in told.items()}
        first, *others = words.items()
        if (other := next((each for each in others if each[1] != first[1]), None)) is not None:
            raise ValueError(
                f"{placeholder} is {first[1]!r} of {first[0]} and {other[1]!r} of {other[0]}, and one question goes "
                "about all. Name one picture, or write it out; `ollama-vision describe` asks about each by itself."
            )
    return template.fill(next(iter(told.values()), {}))


def _words(picture: str | Path, template: PromptTemplate, facts: Callable[[], PhotoFacts]) -> Mapping[str, str]:
    if isinstance(picture, Path):
        return words_of_file(picture, template.names)
    if picture == STANDARD_INPUT:
        return words_of_bytes(template.names, facts)
    return words_of_url(picture, template.names, facts)

"""The line before a question about frames of a video: which image is which moment. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .prepared import PreparedImage
from .tile_words import name_tiles


def with_parts_named(text: str, media: Sequence[Any]) -> str:
    """A question with the line before it that names the frames and tiles among its pictures; without any, the question
    alone.

    Images count from 1 in the order of `media`; sounds count for none.
    """
    line = name_parts(media)
    return f"{line}\n\n{text}" if line else text


def name_parts(media: Sequence[Any]) -> str:
    """That line; empty without frames and tiles."""
    pictures = [item for item in media if isinstance(item, PreparedImage)]
    return " ".join(line for line in (*_sentences(pictures), name_tiles(pictures)) if line)


def _sentences(pictures: Sequence[PreparedImage]) -> Iterator[str]:
    several = len(pictures) > 1
    for film in _films(pictures):
        times = _listed([clock(seconds) for _, seconds in film])
        if len(film) == 1:
            which = f"Image {film[0][0]}" if several else "The image"
            yield f"{which} is a frame of a video, at {times}."
            continue
        numbers = [number for number, _ in film]
        in_a_row = numbers[-1] - numbers[0] == len(numbers) - 1
        which = f"{numbers[0]} to {numbers[-1]}" if in_a_row else _listed(list(map(str, numbers)))
        yield f"Images {which} are frames of a video, in order: at {times}."


def _films(pictures: Sequence[PreparedImage]) -> Iterator[list[tuple[int, float]]]:
    """The frames of each video: number and time. Where the times begin anew, the next video does."""
    film: list[tuple[int, float]] = []
    for number, picture in enumerate(pictures, 1):
        if picture.tile is not None:
            continue  # of the frame before it
        if film and (picture.seconds is None or picture.seconds <= film[-1][1]):
            yield film
            film = []
        if picture.seconds is not None:
            film.append((number, picture.seconds))
    if film:
        yield film


def clock(seconds: float) -> str:
    """`0:03.2`, `1:02:03`: with tenths where there are any."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest // 10:02}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{hours}:{minutes:02}:{second}" if hours else f"{minutes}:{second}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

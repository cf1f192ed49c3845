"""How to send pictures, from the sizes that are told at each detail and what each costs. Values in, words out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from .eye_chart import THINGS
from .eye_report import WHATS, EyeLevel, What

_ABOUT_EQUAL = 1.1
"""Fewer tokens than these are no saving."""
_TWO_STEPS = 2
_HALF = 0.5


def advice_on(model: str, levels: Sequence[EyeLevel], tiles: EyeLevel | None) -> str:
    """Sentences, each with what to do.

    Args:
        levels: at detail low, auto and high.
        tiles: at auto, as an overview and tiles.
    """
    first, *others = _sentences(levels, tiles)
    return f"With {model}, {'. '.join([first, *(text[:1].upper() + text[1:] for text in others)])}."


def _sentences(levels: Sequence[EyeLevel], tiles: EyeLevel | None) -> Iterator[str]:
    told: list[What] = [what for what in WHATS if any(level.smallest(what) for level in levels)]
    ways = [way for what in told for way in _closer(what, levels, tiles)]
    yield from ways
    if not told:
        yield f"no thing of {THINGS[0]} px of the original or less is told at any detail; ask about larger ones"
    elif not ways:
        yield _no_closer(levels, tiles, told)
    if all(level.letters is None for level in levels):
        yield "it does not read"
    for level in (*levels, *([tiles] if tiles else [])):
        if level.problem:
            yield f"{level.name} was not measured: {level.problem.rstrip('.')}"


def _closer(what: What, levels: Sequence[EyeLevel], tiles: EyeLevel | None) -> Iterator[str]:
    """What is lost as pictures are sent by default, and the ways in which it is not, the cheaper first."""
    low, at, high = levels
    ways = [(low, "--detail low"), (high, "--detail high"), *([(tiles, "--tiles auto")] if tiles else [])]
    for level, flag in sorted(ways, key=lambda way: (way[0].tokens or inf, way[0].tiles)):
        size = _size(level, what)
        if _loses(at, what, size):
            cost = f" (about {level.tokens:,} tokens, not {at.tokens:,})" if level.tokens and at.tokens else ""
            yield f"at {at.name}, {what} of {size:.0f} px of the original are lost; use {flag}{cost}"
            at = level


def _no_closer(levels: Sequence[EyeLevel], tiles: EyeLevel | None, told: Sequence[What]) -> str:
    low, auto, high = levels
    sizes = " and ".join(f"{what} of {auto.smallest(what)} px of the original" for what in told)
    said = f"auto tells {sizes}"
    others = [flag for level, flag in ((high, "--detail high"), (tiles, "--tiles auto")) if level and not level.problem]
    if others:
        said += f", and {' and '.join(others)} {'tell' if len(others) > 1 else 'tells'} no smaller ones"
    if low.problem:
        return said
    if any(_loses(low, what, _size(auto, what)) for what in told):
        return f"{said}; --detail low loses some"
    if low.tokens and auto.tokens and low.tokens * _ABOUT_EQUAL < auto.tokens:
        return f"{said}; --detail low tells as much for {low.tokens:,} tokens, not {auto.tokens:,}"
    return f"{said}; --detail low tells as much and costs as many tokens"


def _loses(level: EyeLevel, what: What, px: float) -> bool:
    """Clearly: a size by one step smaller may have been told by luck where this one was not."""
    own = _size(level, what)
    acuity = level.things if what == "things" else level.letters
    share = next((each.right / each.asked for each in acuity.tried if each.px == px), 0.0) if acuity else 0.0
    return own >= _TWO_STEPS * px or (own > px and share <= _HALF)


def _size(level: EyeLevel, what: What) -> float:
    return level.smallest(what) or inf

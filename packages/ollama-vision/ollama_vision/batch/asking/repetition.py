"""Degenerate repetition: a text that repeats itself without end. Ollama's own guard sees one token over and over."""

from __future__ import annotations

_PROBE = 24
"""Characters: so many have come before, when a text repeats itself."""
_TIMES = 12
_LEAST = 600
"""Characters. A dotted line, a table or a song's refrain is shorter, or less often the same."""


def repeated_unit(text: str) -> str:
    """What the text ends with, over and over, at least twelve times and for 600 characters; empty when it does not.

    The next word of a text that repeats itself so is the same again, with every model: what is written so far is
    what its context holds, and it holds nothing else any more.
    """
    probe = text[-_PROBE:]
    before = text.rfind(probe, 0, len(text) - 1)
    if len(text) < _LEAST or before < 0:
        return ""
    period = len(text) - _PROBE - before
    span = max(_LEAST, _TIMES * period)
    if len(text) < span or text[-span:-period] != text[len(text) - span + period :]:
        return ""
    return text[-period:]


class RepetitionDetector:
    """Looks at a growing text now and then: each look costs as much as the text is long."""

    _EVERY = 200

    def __init__(self) -> None:
        self._next_look = _LEAST

    def unit(self, text: str) -> str:
        """What the text repeats without end, if it is time to look and it does."""
        if len(text) < self._next_look:
            return ""
        self._next_look = len(text) + max(self._EVERY, len(text) // 20)
        return repeated_unit(text)

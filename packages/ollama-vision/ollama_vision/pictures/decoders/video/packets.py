"""The packets of a video on one clock (timestamp discontinuities, 33-bit wrap), without decoding any.

Recordings joined end to end begin their times anew in each piece. Here they go on, so that the file has one length and
every moment of it one place.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

BACK = 0.1
"""Seconds. Decoding times that go back further begin anew; FFmpeg's own program takes the same step."""
AHEAD = 600.0
"""Seconds. A picture may stand for as long; a clock that leaps further, and ten times as far as is usual in the file,
begins anew: the pieces of a camera that records now and then, and what FFmpeg makes of a clock set back (+26.5 h)."""
_HAIR = 1e-6


class Packet(NamedTuple):
    """What a demuxer says of one packet of the video stream; times in seconds."""

    shown: float | None
    """When its picture is shown (PTS); `None` for a packet that holds no picture."""
    decoded: float | None
    """When it is to be decoded (DTS)."""
    lasts: float
    """0.0 when nobody says."""
    key: bool
    """Whether decoding can begin with it."""
    place: int
    """Where it is in the file, in bytes; -1 when nobody says."""


@dataclass(frozen=True)
class Piece:
    """Packets whose times belong to one clock."""

    first: int
    """Index of its first packet."""
    shift: float
    """What has to be added to a time of its clock, in seconds."""


@dataclass(frozen=True)
class Packets:
    """All packets of a video, by their index in the file."""

    pieces: tuple[Piece, ...]
    length: float
    """Of all pieces together, in seconds; the first picture is at 0.0."""
    _times: array[float]
    """When the picture of each is shown, in seconds from the start; before every time when it has none."""
    _keys: bytes
    _places: array[int]
    _in_order: array[int]
    """Indices of those that have a picture, by their time."""

    @classmethod
    def of(cls, packets: Iterable[Packet]) -> Packets:
        """Reads them once; keeps 33 bytes of each."""
        shown, decoded, lasts = array("d"), array("d"), array("d")
        places, keys = array("q"), bytearray()
        for packet in packets:
            shown.append(-inf if packet.shown is None else packet.shown)
            decoded.append(-inf if packet.shown is None or packet.decoded is None else packet.decoded)
            lasts.append(packet.lasts)
            places.append(packet.place)
            keys.append(packet.key)
        # Times of decoding never go back. Times of showing do, by as much as pictures are reordered.
        clock, back = (decoded, BACK) if max(decoded, default=-inf) > -inf else (shown, 10 * BACK)
        step = _usual_step(clock)
        pieces, length = _joined(shown, lasts, step, _beginnings(clock, back, max(AHEAD, 10 * step)))
        times = array("d")
        ends = [piece.first for piece in pieces[1:]] + [len(shown)]
        for piece, end in zip(pieces, ends, strict=True):
            times.extend(time + piece.shift for time in shown[piece.first : end])
        with_picture = (index for index, time in enumerate(times) if time > -inf)
        return cls(pieces, length, times, bytes(keys), places, array("q", sorted(with_picture, key=times.__getitem__)))

    def __len__(self) -> int:
        return len(self._times)

    def place(self, index: int) -> int:
        return self._places[index]

    def place_near(self, index: int) -> int:
        """Where it is, or the last one before it of which that is known; at the start when there is none."""
        return next((self._places[near] for near in range(index, -1, -1) if self._places[near] >= 0), 0)

    def time(self, index: int) -> float:
        """When its picture is shown; before all times when it has none or is none."""
        return self._times[index] if index < len(self) else -inf

    def time_of_picture(self, at: float) -> float:
        """When the picture that is shown at a time came up."""
        wanted = self.picture(at)
        return 0.0 if wanted is None else self._times[wanted]

    def picture(self, at: float) -> int | None:
        """Index of the packet whose picture is shown at a time."""
        place = bisect_right(self._in_order, at + _HAIR, key=self._times.__getitem__)
        return self._in_order[place - 1] if place else None

    def starts(self, at: float) -> list[int]:
        """Where to begin decoding for the picture at a time, from the nearest place on back to the surest.

        The nearest is the last key packet before it; after one at which a picture comes back gradually (intra
        refresh), that picture is whole only some key packets later.
        """
        wanted = self.picture(at)
        if wanted is None:
            return [0]
        first = self.piece_of(wanted).first
        time = self._times[wanted]
        # One that is shown after the wanted picture needs what it refers to: that one builds on the key before (open
        # GOP).
        keys = [index for index in self._keys_back(wanted, first) if self._times[index] <= time + _HAIR]
        if keys:
            return list(dict.fromkeys((*keys, first)))
        # The recording was begun in the middle of a group of pictures: up to its first key there is nothing to see.
        end = next((piece.first for piece in self.pieces if piece.first > wanted), len(self))
        later = self._keys.find(1, wanted, end)
        return [first if later < 0 else later]

    def piece_of(self, index: int) -> Piece:
        return self.pieces[bisect_right(self.pieces, index, key=lambda piece: piece.first) - 1]

    def _keys_back(self, index: int, first: int) -> list[int]:
        """The last three key packets from here back."""
        found: list[int] = []
        while len(found) < 3 and (index := self._keys.rfind(1, first, index + 1)) >= 0:
            found.append(index)
            index -= 1
        return found


def _usual_step(clock: Sequence[float]) -> float:
    """From one packet to the next, in seconds; 0.0 when there is none."""
    steps = sorted(step for step in map(float.__sub__, clock[1:], clock[:-1]) if 0 < step < inf)
    return steps[len(steps) // 2] if steps else 0.0


def _beginnings(clock: Sequence[float], back: float, ahead: float) -> list[int]:
    """Indices at which a new clock begins: it goes back, or ahead, by more than so many seconds."""
    begin, before = [0], -inf
    for index, now in enumerate(clock):
        if now == -inf:
            continue
        if before > -inf and not -back <= now - before <= ahead:
            while clock[index - 1] == -inf:  # what stands before its first picture is its header
                index -= 1
            begin.append(index)
        before = now
    return begin


def _joined(
    shown: Sequence[float], lasts: Sequence[float], step: float, begin: Sequence[int]
) -> tuple[tuple[Piece, ...], float]:
    """The pieces laid end to end, and how long they are. What does not say how long it lasts lasts a step."""
    pieces, length = [], 0.0
    for first, end in zip(begin, [*begin[1:], len(shown)], strict=True):
        held = [index for index in range(first, end) if shown[index] > -inf]
        if not held:
            pieces.append(Piece(first, 0.0))
            continue
        start = min(shown[index] for index in held)
        pieces.append(Piece(first, length - start))
        length += max(shown[index] + (lasts[index] or step) for index in held) - start
    return tuple(pieces), length

"""Frame-accurate seeking: the picture a video shows at a time, by the file's index, else by its packets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from typing import Any, NamedTuple

from ...formats.header import DamagedFile
from .attributes import OwnAspects, forget_colours
from .opening import frames_of, is_header, packets_of, picture_stream
from .packets import Packets

_HAIR = 1e-6
_BUILT_ON_OTHERS = frozenset({2, 3})
"""FFmpeg's picture types P and B."""
_REFRESHED = 20.0
"""Seconds within which a picture without key frames is refreshed all over: encoders take up to 10."""
_NEAR = 0.5
"""Seconds before a wanted picture within which every frame is decoded: its neighbours are needed too."""
_FAR = 100
"""Packets. A place further ahead is gone to, which costs as much as reading so many."""


@dataclass(frozen=True)
class Shown:
    """What is shown at a time, and its neighbours, from which what its fields lack is made."""

    frame: Any
    seconds: float
    """From the video's first picture, on one clock."""
    before: Any = None
    after: Any = None
    aspect: Fraction | None = None
    """Of its pixels, as the frame says itself."""


class _Timed(NamedTuple):
    seconds: float
    frame: Any
    aspect: Fraction | None


class _Film:
    """Frames in the order in which they are shown, with the one that is shown at a time."""

    def __init__(self, frames: Iterator[_Timed]) -> None:
        self._frames = frames
        self._coming: deque[_Timed] = deque()
        self._now: _Timed | None = None
        self._before: Any = None

    def begins_whole(self) -> bool:
        """Whether its first frame builds on no other. Else the picture is refreshed bit by bit (intra refresh), and
        FFmpeg gives frames before all of it was."""
        first = self._look_ahead()
        return first is None or first.frame.key_frame or first.frame.pict_type not in _BUILT_ON_OTHERS

    def shown(self, at: float) -> Shown | None:
        """The last whole frame at or before the time; the first one when there is none; `None` at the end of a film
        without frames."""
        while (coming := self._look_ahead()) is not None and (self._now is None or coming.seconds <= at + _HAIR):
            self._before = self._now.frame if self._now else None
            self._now = self._coming.popleft()
        if self._now is None:
            return None
        now = self._now
        return Shown(now.frame, now.seconds, self._before, coming.frame if coming else None, now.aspect)

    def _look_ahead(self) -> _Timed | None:
        if not self._coming and (following := next(self._frames, None)) is not None:
            self._coming.append(following)
        return self._coming[0] if self._coming else None


def by_seeking(container: Any, stream: Any, start: float, times: Sequence[float]) -> Iterator[Shown]:
    """What is shown at each time, in seconds from `start`, which is the time of the first picture by its own clock."""

    aspects = OwnAspects(stream.codec_context)

    def frames(begin: float) -> Iterator[_Timed]:
        container.seek(int((start + begin) / stream.time_base), stream=stream, backward=True)
        for packet in packets_of(container, stream):
            for frame, aspect in aspects.of(frames_of(stream, packet), packet):
                if frame.pts is not None:
                    yield _Timed(float(frame.pts * stream.time_base) - start, frame, aspect)

    for at in times:
        found = None
        # A seek may land on a key frame after which the picture comes back gradually, or behind the time altogether.
        for back in (0.0, _REFRESHED, at):
            film = _Film(frames(max(at - back, 0.0)))
            if back < min(_REFRESHED, at) and not film.begins_whole():
                continue
            found = film.shown(at) or found
            if found is not None and found.seconds <= at + _HAIR:
                break
        yield _something(found, at)


def by_packets(
    open_: Callable[[], AbstractContextManager[Any]],
    packets: Packets,
    times: Sequence[float],
    *,
    leaps: bool,
    bare: bool,
) -> Iterator[Shown]:
    """The same without an index: decodes from the last key packet before each time on. `times` grow.

    `leaps`: whether packets can be read from any byte of the file on. `bare`: whether the container says nothing of
    what its pictures are like.
    """
    with ExitStack() as stack:
        reader = _Reader(open_, stack, packets, leaps=leaps, bare=bare)
        film: _Film | None = None
        for at in times:
            found = None
            starts = packets.starts(at)
            for nearest, start in enumerate(starts):
                reader.wanted = packets.time_of_picture(at)
                if film is None or nearest > 0 or start > reader.index:
                    reader.go_to(start)
                    film = _Film(reader.frames())
                    # Two key packets further back all has been refreshed by the one that is nearest.
                    if nearest < min(2, len(starts) - 1) and not film.begins_whole():
                        continue
                found = film.shown(at) or found
                if found is not None and found.seconds <= at + _HAIR:
                    break
            yield _something(found, at)


def each_by_seeking(container: Any, stream: Any, start: float, begin: float) -> Iterator[tuple[float, Any]]:
    """All frames in turn, from the one that is shown at `begin`, or some before it, to the end: time and frame."""
    container.seek(int((start + begin) / stream.time_base), stream=stream, backward=True)
    for packet in packets_of(container, stream):
        for frame in frames_of(stream, packet):
            if frame.pts is not None:
                yield float(frame.pts * stream.time_base) - start, frame


def each_by_packets(
    open_: Callable[[], AbstractContextManager[Any]], packets: Packets, begin: float, *, leaps: bool, bare: bool
) -> Iterator[tuple[float, Any]]:
    """The same without an index."""
    with ExitStack() as stack:
        reader = _Reader(open_, stack, packets, leaps=leaps, bare=bare)
        reader.wanted = packets.time_of_picture(begin)
        reader.go_to(packets.starts(begin)[0])
        for timed in reader.frames():
            yield timed.seconds, timed.frame


def _something(found: Shown | None, at: float) -> Shown:
    if found is None:
        raise DamagedFile(f"has no frame that can be decoded at {at:.1f} s")
    return found


class _Reader:
    """Reads the packets once more, and decodes those that are asked for."""

    def __init__(
        self,
        open_: Callable[[], AbstractContextManager[Any]],
        stack: ExitStack,
        packets: Packets,
        *,
        leaps: bool,
        bare: bool,
    ) -> None:
        self._open, self._stack, self._known, self._leaps, self._bare = open_, stack, packets, leaps, bare
        self._begins = bare
        """The decoder holds nothing: what it was told of another piece may be forgotten."""
        self.wanted = 0.0
        """The time of the picture that is looked for: what only leads there need not be decoded for its own sake."""
        self._reopen()

    def _reopen(self) -> None:
        # A seek to the start would miss what stands before time 0 by the file's own clock.
        self._stack.close()
        self._container = self._stack.enter_context(self._open())
        self._stream = picture_stream(self._container)
        self._packets = packets_of(self._container, self._stream)
        self._flush()
        self.index = 0
        """Of the packet that is read next."""

    def go_to(self, index: int) -> None:
        """Leave out the packets before this one, but for those that change how later ones are decoded."""
        if index < self.index:
            self._reopen()
        elif self._leaps and index > self.index + _FAR and self._known.place(index) >= 0:
            self._leap(index)
        self._flush()
        while self.index < index and (packet := self._next()) is not None:
            if is_header(self._stream, packet):
                for _ in frames_of(self._stream, packet):
                    continue

    def _leap(self, index: int) -> None:
        place = self._known.place(index)
        self._container.seek(place, stream=self._stream, unsupported_byte_offset=True)
        packets = packets_of(self._container, self._stream)
        for packet in islice(packets, 64):
            if packet.pos == place:
                self._packets = chain((packet,), packets)
                self.index = index
                return
        self._reopen()

    def frames(self) -> Iterator[_Timed]:
        """Each with its time in seconds from the start of the video, from the next packet to the end."""
        piece = self._known.piece_of(self.index)
        while True:
            coming = self._known.piece_of(self.index)
            if coming.first != piece.first:
                # What the decoder still holds belongs to the piece before.
                yield from self._timed(self._stream.codec_context.decode(None), None, piece.shift)
                self._flush()
                piece = coming
            far = self._known.time(self.index) < self.wanted - _NEAR
            self._stream.codec_context.skip_frame = "NONREF" if far else "DEFAULT"
            if (packet := self._next()) is None:
                return
            if self._begins:
                forget_colours(self._stream.codec_context, packet)
                self._begins = False
            yield from self._timed(frames_of(self._stream, packet), packet, piece.shift)

    def _timed(self, frames: Iterable[Any], packet: Any, shift: float) -> Iterator[_Timed]:
        for frame, aspect in self._aspects.of(frames, packet):
            if frame.pts is not None and not frame.is_corrupt:
                yield _Timed(float(frame.pts * self._stream.time_base) + shift, frame, aspect)

    def _flush(self) -> None:
        if self._stream.codec_context.is_open:
            self._stream.codec_context.flush_buffers()
        self._aspects = OwnAspects(self._stream.codec_context)
        self._begins = self._bare

    def _next(self) -> Any:
        self.index += 1
        return next(self._packets, None)

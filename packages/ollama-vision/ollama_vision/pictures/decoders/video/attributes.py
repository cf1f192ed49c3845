"""Frame attributes: pixel aspect ratio (SAR) and colour description, which each frame has for itself.

Joined pieces, and broadcasts between programmes, change both on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

_UNSPECIFIED = 2
"""Of H.273, for primaries, transfer and matrix."""
_SEQUENCE = b"\0\0\1\xb3"
"""A sequence header of MPEG-1 and MPEG-2."""
_HELD = 64
"""Packets whose frames a decoder may still hold; the most that standards allow is 16."""


@dataclass(frozen=True)
class Aspect:
    """How wide a pixel is for its height: what a file says when it is opened, before a frame is decoded."""

    stated: Fraction | None
    """By the container, if it says it at all."""
    coded: Fraction | None
    """By the pictures themselves."""

    @classmethod
    def said(cls, stream: Any) -> Aspect:
        """What PyAV says of a stream."""
        return cls(_fraction(stream.sample_aspect_ratio), _fraction(stream.codec_context.sample_aspect_ratio))

    def of(self, frame: Any, own: Fraction | None) -> Fraction:
        """A container that contradicts its pictures holds for all of them, as in FFmpeg's program. Where it says the
        same, or nothing, each frame has its own."""
        # Sizes in whole pixels, as Matroska has them, contradict nothing.
        if self.stated and abs(self.stated - (self.coded or 1)) * frame.width > 1:
            return self.stated
        return own or self.stated or Fraction(1)


class OwnAspects:
    """What each frame says itself: PyAV does not hand it out of the frame, only of the decoder, which is ahead by as
    many packets as pictures are reordered."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._said: dict[int, Fraction | None] = {}

    def of(self, frames: Iterable[Any], packet: Any) -> Iterator[tuple[Any, Fraction | None]]:
        """Of the frames that come out of the decoder with this packet."""
        coming = list(frames)
        if packet is not None and packet.pts is not None:
            self._said.pop(packet.pts, None)
            self._said[packet.pts] = _fraction(self._decoder.sample_aspect_ratio)
        if len(self._said) > _HELD:
            del self._said[next(iter(self._said))]
        for frame in coming:
            yield frame, self._said.pop(frame.pts, _fraction(self._decoder.sample_aspect_ratio))


def _fraction(ratio: Any) -> Fraction | None:
    """From PyAV 19 on it has a ratio of its own, which knows less of arithmetic."""
    return None if ratio is None else Fraction(ratio.numerator, ratio.denominator)


def forget_colours(decoder: Any, packet: Any) -> None:
    """Of the pieces before, as far as this packet says what holds from it on: where it is silent, FFmpeg's decoders
    keep what they were told last. Only for a decoder that holds no frame, and a file whose container says nothing of
    colours."""
    if decoder.name == "h264" or (decoder.name in ("mpeg1video", "mpeg2video") and _SEQUENCE in bytes(packet)):
        decoder.color_primaries = decoder.color_trc = decoder.colorspace = _UNSPECIFIED
        decoder.color_range = 0

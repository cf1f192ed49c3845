"""Joined pieces that are not alike: pixel aspect ratio, colours and size are those of each piece, not of the first.

FFmpeg 5.1.9's program gives frames of these shapes (`ffmpeg -i FILE -vf showinfo`); right colours are those that went
into the encoder.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core.base.llms.types import VideoBlock

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_block
from ollama_vision.pictures.decoders.video.attributes import Aspect, OwnAspects
from tests.support.video_corpus import BLUE, GREEN, RED, colour_of, film, shots, taken

av = pytest.importorskip("av")

KINDS = [
    ("mpegts", "libx264"),
    ("mpegts", "libx265"),
    ("mpegts", "mpeg2video"),
    ("mpegts", "mpeg4"),
    ("mpeg", "mpeg2video"),
    ("vob", "mpeg2video"),
]


def wide(stream: Any) -> None:
    """Of 64x48 pixels that makes 16:9, which MPEG-2 has a code for."""
    stream.codec_context.sample_aspect_ratio = Fraction(4, 3)


def square(stream: Any) -> None:
    stream.codec_context.sample_aspect_ratio = Fraction(1)


def coloured(primaries: int, transfer: int, matrix: int, range_: int) -> Callable[[Any], None]:
    def set_up(stream: Any) -> None:
        codec = stream.codec_context
        codec.color_primaries, codec.color_trc = primaries, transfer
        codec.colorspace, codec.color_range = matrix, range_

    return set_up


DESCRIBED = {
    "BT.709": coloured(1, 1, 1, 1),
    "BT.2020": coloured(9, 1, 9, 1),
    "HLG": coloured(9, 18, 9, 1),
    "PQ": coloured(9, 16, 9, 1),
    "full range": coloured(2, 2, 2, 2),
}


def on_one_clock(pieces: list[bytes], container: str) -> bytes:
    """The packets of all of them one after another, as `ffmpeg -f concat -c copy` writes them."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream, begin = None, Fraction(0)
        for piece in pieces:
            with av.open(io.BytesIO(piece), format="mpegts") as given:
                source = given.streams.video[0]
                stream = stream or output.add_stream_from_template(source)
                shift = begin - source.start_time * source.time_base
                for packet in given.demux(source):
                    if packet.size:
                        packet.pts += int(shift / packet.time_base)
                        packet.dts += int(shift / packet.time_base)
                        packet.stream = stream
                        output.mux(packet)
            begin += 2
    return buffer.getvalue()


class TestShapes:
    @pytest.mark.parametrize(("container", "codec"), KINDS)
    @pytest.mark.parametrize("order", [(square, wide), (wide, square), (wide, square, wide)])
    def test_pixels_are_as_wide_as_each_piece_says(self, container: str, codec: str, order: tuple[Any, ...]) -> None:
        data = b"".join(film(container, codec, shots(RED, each=20), set_up=set_up) for set_up in order)
        sizes = [picture.size for picture in taken(data, 2 * len(order))]
        assert sizes == [(85, 48) if set_up is wide else (64, 48) for set_up in order for _ in range(2)]

    @pytest.mark.parametrize("container", ["mpegts", "mp4", "matroska", "flv"])
    def test_also_on_one_clock(self, container: str) -> None:
        pieces = [film("mpegts", "libx264", shots(RED, each=20), set_up=one) for one in (square, wide)]
        pictures = taken(on_one_clock(pieces, container), 4)
        assert [picture.size for picture in pictures] == [(64, 48)] * 2 + [(85, 48)] * 2

    def test_a_ratio_that_only_the_container_says_holds_for_all(self) -> None:
        data = film("mp4", "ffv1", shots(RED, BLUE), set_up=wide)
        assert [picture.size for picture in taken(data, 2)] == [(85, 48)] * 2

    @pytest.mark.parametrize("ratio", [Fraction(10, 11), Fraction(12, 11), Fraction(59, 54), Fraction(160, 99)])
    def test_ratios_of_standards(self, ratio: Fraction) -> None:
        def set_up(stream: Any) -> None:
            stream.codec_context.sample_aspect_ratio = ratio

        size = (352, 288)
        data = film("mpegts", "libx264", shots(RED, each=3), size=size, set_up=square)
        data += film("mpegts", "libx264", shots(RED, each=3), size=size, set_up=set_up)
        right = (round(352 * ratio), 288) if ratio > 1 else (352, round(288 / ratio))
        assert taken(data, 2)[1].size == right


class TestColours:
    @pytest.mark.parametrize("first", DESCRIBED)
    @pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
    @pytest.mark.parametrize("one_clock", [False, True])
    def test_what_is_not_described_is_not_taken_for_the_piece_before(
        self, first: str, codec: str, *, one_clock: bool
    ) -> None:
        """Its decoder goes on with the description before, also in FFmpeg's program, when a piece has none."""
        pieces = [
            film("mpegts", codec, shots(BLUE, each=20), set_up=DESCRIBED[first]),
            film("mpegts", codec, shots(GREEN, each=20)),
        ]
        data = on_one_clock(pieces, "mpegts") if one_clock else b"".join(pieces)
        alone = colour_of(taken(pieces[1], 1, format="png")[0])
        assert alone == pytest.approx(GREEN, abs=5)
        assert [colour_of(one) for one in taken(data, 4, format="png")[2:]] == [alone] * 2

    @pytest.mark.parametrize("second", DESCRIBED)
    @pytest.mark.parametrize("codec", ["libx264", "libx265"])
    def test_what_a_later_piece_says_of_its_colours(self, second: str, codec: str) -> None:
        pieces = [
            film("mpegts", codec, shots(GREEN, each=20)),
            film("mpegts", codec, shots(BLUE, each=20), set_up=DESCRIBED[second]),
        ]
        (alone,) = taken(pieces[1], 1, format="png")
        for one in taken(b"".join(pieces), 4, format="png")[2:]:
            assert colour_of(one) == colour_of(alone)
            assert one.steps[1:] == alone.steps[1:]
        assert ("colours to sRGB" in alone.steps) is (second in ("BT.2020", "HLG", "PQ"))


def test_a_later_piece_with_too_many_pixels_is_refused() -> None:
    pieces = [film("mpegts", "libx264", shots(RED)), film("mpegts", "libx264", shots(BLUE), size=(256, 192))]
    block = VideoBlock(video=b"".join(pieces))
    with pytest.raises(ImageError, match="256") as caught:
        prepare_block(block, ImageOptions(frames=2, max_source_pixels=64 * 48), where="here")
    assert caught.value.kind == "MPEG-TS"


@dataclass(frozen=True)
class Ratio:
    """What PyAV 19 hands out on Python 3.12 and later: no Fraction, and without `abs`."""

    numerator: int
    denominator: int


def test_the_pixels_shape_is_a_fraction_whatever_pyav_says_it_in() -> None:
    coded = SimpleNamespace(sample_aspect_ratio=Ratio(1, 1))
    aspect = Aspect.said(SimpleNamespace(sample_aspect_ratio=Ratio(4, 3), codec_context=coded))
    assert aspect.of(SimpleNamespace(width=64), None) == Fraction(4, 3)
    (_, own), *_ = OwnAspects(coded).of([SimpleNamespace(pts=1)], None)
    assert own == Fraction(1)
    assert type(own) is Fraction

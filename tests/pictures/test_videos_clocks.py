"""When pictures are shown: rates that vary, clocks that begin anywhere or anew, and what is whole or cut.

Of the films of the first two classes FFmpeg 5.1.9's program decodes the same colours in the same order (`ffmpeg -f
DEMUXER -i FILE -fps_mode passthrough -f rawvideo`), joined ones and those across a wrap included.
"""

from __future__ import annotations

import io
import re
import struct
from typing import Any

import pytest
from PIL import Image, ImageChops

from ollama_vision.pictures.decoders.video import frames as video_frames
from ollama_vision.pictures.decoders.video.packets import AHEAD, Packet, Packets
from tests.support.video_corpus import BLUE, GREEN, RED, SAMPLES, WHITE, Shot, film, opened, refused, seen, shots, taken

CONTAINERS = [
    ("mp4", "libx264"),
    ("mov", "mpeg4"),
    ("matroska", "libx264"),
    ("webm", "libvpx"),
    ("avi", "mpeg4"),
    ("mpegts", "libx264"),
    ("mpegts", "mpeg2video"),
    ("flv", "libx264"),
    ("asf", "wmv2"),
]
VARIABLE = [pair for pair in CONTAINERS if pair[0] != "avi"]  # which has one rate only


class TestPauses:
    @pytest.mark.parametrize(("container", "codec"), VARIABLE)
    def test_a_picture_that_stands_still(self, container: str, codec: str) -> None:
        data = film(container, codec, [*shots(RED), (150, BLUE), *shots(GREEN, start=190)])
        assert seen(data, 4) == [(0.9, "red"), (15.0, "blue")]
        assert list(dict.fromkeys(colour for _, colour in seen(data, 40))) == ["red", "blue", "green"]

    @pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("matroska", "libx264"), ("mp4", "mpeg4")])
    @pytest.mark.parametrize("stays", [20, 100, 6000])
    def test_a_slide_show_whose_last_slide_stays(self, container: str, codec: str, stays: int) -> None:
        data = film(container, codec, [(0, RED), (50, BLUE), (100, GREEN)], last=stays, stream_options={"bf": "0"})
        assert seen(data, 64)[-1] == (10.0, "green")

    @pytest.mark.parametrize(("container", "codec"), VARIABLE)
    def test_a_frame_a_minute(self, container: str, codec: str) -> None:
        data = film(container, codec, [(0, RED), (600, BLUE), (1200, GREEN), (1800, WHITE), (1801, WHITE)])
        assert [colour for _, colour in seen(data, 6)][:3] == ["red", "blue", "green"]


class TestClocks:
    @pytest.mark.parametrize(("container", "codec"), [pair for pair in VARIABLE if pair[0] not in ("mp4", "mov")])
    def test_one_that_does_not_begin_at_0(self, container: str, codec: str) -> None:
        data = film(container, codec, shots(RED, BLUE, GREEN, start=30_000))
        assert seen(data, 3) == [(0.5, "red"), (1.5, "blue"), (2.5, "green")]

    @pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
    @pytest.mark.parametrize("before", [5, 15, 25])
    def test_a_transport_stream_across_the_wrap_of_its_clock(self, codec: str, before: int) -> None:
        wrap = (1 << 33) // 9000
        data = film("mpegts", codec, shots(RED, BLUE, GREEN, start=wrap - before))
        assert seen(data, 3) == [(0.5, "red"), (1.5, "blue"), (2.5, "green")]

    @pytest.mark.parametrize(
        ("container", "codec"),
        [("mpegts", "libx264"), ("mpegts", "mpeg2video"), ("mpeg", "mpeg2video"), ("vob", "mpeg2video")],
    )
    def test_joined_pieces_are_all_seen(self, container: str, codec: str) -> None:
        pieces = [film(container, codec, shots(colour, each=20)) for colour in (RED, BLUE, GREEN)]
        assert [colour for _, colour in seen(b"".join(pieces), 6)] == ["red", "red", "blue", "blue", "green", "green"]
        seconds = [second for second, _ in seen(b"".join(pieces), 6)]
        assert seconds == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5, 5.5], abs=0.15)

    @pytest.mark.parametrize("starts", [(36_000, 0), (0, 36_000), (0, 20_000_000)])
    def test_joined_pieces_whose_clocks_are_far_apart(self, starts: tuple[int, int]) -> None:
        """Of a clock that is set back by more than a minute FFmpeg makes one that wraps, 26.5 hours on."""
        first, second = (
            film("mpegts", "libx264", shots(colour, start=start))
            for colour, start in zip((RED, BLUE), starts, strict=True)
        )
        assert seen(first + second, 4) == [(0.2, "red"), (0.7, "red"), (1.2, "blue"), (1.7, "blue")]

    @pytest.mark.parametrize("turned_round", [False, True])
    def test_joined_pieces_with_streams_of_their_own_are_refused(self, turned_round: bool) -> None:
        """FFmpeg's program shows one of them, and says nothing of the other."""
        other = {"mpegts_start_pid": "600", "mpegts_pmt_start_pid": "5000"}
        pieces = [
            film("mpegts", "libx264", shots(RED)),
            film("mpegts", "libx264", shots(BLUE), container_options=other),
        ]
        said = refused(b"".join(reversed(pieces) if turned_round else pieces))
        assert "is joined of pieces that keep their pictures in different streams. Give each piece by itself" in said
        assert seen(pieces[1], 1) == [(0.5, "blue")]

    @pytest.mark.parametrize("m2ts", ["0", "1"])
    @pytest.mark.parametrize(
        ("codecs", "names"),
        [
            (("libx264", "mpeg2video"), ("H.264", "MPEG-2")),
            (("mpeg2video", "libx264"), ("MPEG-2", "H.264")),
            (("mpeg2video", "libx265"), ("MPEG-2", "HEVC")),
            (("libx264", "libx265"), ("H.264", "HEVC")),
            (("libx265", "mpeg2video"), ("HEVC", "MPEG-2")),
        ],
    )
    def test_joined_pieces_of_two_codecs_are_refused(
        self, codecs: tuple[str, str], names: tuple[str, str], m2ts: str
    ) -> None:
        """Of the second piece FFmpeg's program decodes nothing, in whichever order."""
        first, second = (
            film("mpegts", codec, shots(colour, each=20), container_options={"mpegts_m2ts_mode": m2ts})
            for codec, colour in zip(codecs, (RED, BLUE), strict=True)
        )
        for frames in (1, 2, 8):
            said = refused(first + second, frames=frames)
            assert f"is joined of pieces that are coded differently: {names[0]}, and from byte" in said
            assert f"on {names[1]}. Give each piece by itself, or split it there" in said
        split = int(re.findall(r"head -c (\d+)", said)[0])
        assert [seen((first + second)[:split], 1)[0][1], seen((first + second)[split:], 1)[0][1]] == ["red", "blue"]

    @pytest.mark.parametrize("other", [{"size": (128, 96)}, {"pix_fmt": "yuv444p"}, {"pix_fmt": "yuv422p"}])
    @pytest.mark.parametrize("turned_round", [False, True])
    def test_joined_pieces_of_another_size_or_pixel_format(self, other: dict[str, Any], turned_round: bool) -> None:
        """FFmpeg's program (5.1.9) decodes all frames of both, in either order."""
        pieces = [film("mpegts", "libx264", shots(RED)), film("mpegts", "libx264", shots(BLUE), **other)]
        colours, sizes = ["red", "blue"], [(64, 48), other.get("size", (64, 48))]
        if turned_round:
            pieces, colours, sizes = pieces[::-1], colours[::-1], sizes[::-1]
        assert [colour for _, colour in seen(b"".join(pieces), 2)] == colours
        assert [one.size for one in taken(b"".join(pieces), 2)] == sizes

    def test_pieces_of_a_chain_with_headers_of_their_own(self) -> None:
        data = (SAMPLES / "still.ogv").read_bytes()
        assert seen(data + data, 22) == [(0.0, "red"), (1.0, "blue"), (1.1, "red"), (2.1, "blue")]


class TestSeeking:
    """The frame at its time is, dot for dot, the one that comes then when the whole film is decoded."""

    @pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts", "flv"])
    @pytest.mark.parametrize("bit_by_bit", [False, True])
    def test_frames_are_those_of_decoding_it_all(self, container: str, bit_by_bit: bool) -> None:
        """B-frames and open groups, or intra refresh: no key frame but the first, columns come anew one by one."""
        av = pytest.importorskip("av")
        how = "intra-refresh=1:keyint=20:bframes=0" if bit_by_bit else "open-gop=1:keyint=20:bframes=3"
        ground = Image.effect_noise((160, 120), 80).convert("RGB")
        pictures: list[Shot] = []
        for at in range(120):
            image = ground.copy()
            image.paste((at * 2, 255 - at * 2, 90), (at % 50, 10, at % 50 + 14, 30))
            pictures.append((at, image))
        data = film(container, "libx264", pictures, size=(160, 120), gop=20, stream_options={"x264-params": how})
        with av.open(io.BytesIO(data), format={"mp4": "mov"}.get(container, container)) as whole:
            frames = [frame.to_image() for frame in whole.decode(video=0)]
        assert len(frames) == 120
        for picture in taken(data, 17, format="png"):
            right = frames[round((picture.seconds or 0.0) * 10)]
            assert ImageChops.difference(opened(picture), right).getbbox() is None

    @pytest.mark.parametrize(("m2ts", "joined"), [("0", False), ("1", True)])
    @pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "libx265"])
    def test_places_far_ahead_in_a_transport_stream_are_gone_to(
        self, codec: str, m2ts: str, monkeypatch: pytest.MonkeyPatch, *, joined: bool
    ) -> None:
        """Hundreds of packets, with sound between them, of which most are not even read a second time."""
        av = pytest.importorskip("av")
        pictures: list[Shot] = [(at, (at % 250, 250 - at % 250, at // 5 % 250)) for at in range(400)]
        how: Any = {"container_options": {"mpegts_m2ts_mode": m2ts}, "sound": True, "gop": 25}
        read = []

        def is_header(_: Any, packet: Any) -> bool:
            read.append(packet)
            return False

        monkeypatch.setattr(video_frames, "is_header", is_header)
        data = film("mpegts", codec, pictures, **how)
        if joined:
            data += film("mpegts", codec, shots(RED, BLUE, each=200), **how)
        with av.open(io.BytesIO(data), format="mpegts") as whole:
            frames = [frame.to_image() for frame in whole.decode(video=0)]
        assert len(frames) == (800 if joined else 400)
        for picture in taken(data, 3, format="png"):
            right = frames[round((picture.seconds or 0.0) * 10)]
            assert ImageChops.difference(opened(picture), right).getbbox() is None
        assert len(read) <= 100


class TestTheora:
    def test_repeated_frames_have_empty_packets(self) -> None:
        """Ten red frames and a blue one, of `ffmpeg -f lavfi -i color=red:s=32x32:r=10:d=1 ... -c:v libtheora`."""
        assert seen(SAMPLES / "still.ogv", 11) == [(0.0, "red"), (1.0, "blue")]


class TestCut:
    @pytest.mark.parametrize(
        ("container", "codec"), [*CONTAINERS[:5], ("flv", "libx264"), ("asf", "wmv2"), ("mxf", "mpeg2video")]
    )
    @pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
    def test_a_part_is_refused(self, container: str, codec: str, share: float) -> None:
        data = film(container, codec, shots(RED, BLUE, GREEN, WHITE, each=25))
        said = refused(data[: int(len(data) * share)])
        assert "cut short" in said or "cannot be decoded" in said

    def test_ogg_that_ends_within_a_page_is_refused(self) -> None:
        """One without the mark of its end is not: so are recordings of live streams."""
        ground = Image.effect_noise((480, 360), 80).convert("RGB")
        drawn = [(at, ImageChops.offset(ground, 3 * at)) for at in range(12)]
        data = film("ogg", "libvpx", drawn, size=(480, 360), stream_options={"b": "20M", "qmax": "10"})
        pages = [found.start() for found in re.finditer(b"OggS\0", data)]
        assert len(pages) > 4
        assert data[pages[-1] + 5] & 4  # the mark
        assert len(taken(data, 4)) == len(taken(data[: pages[-1] + 5] + b"\0" + data[pages[-1] + 6 :], 4)) == 4
        for page, following in ((pages[-2], pages[-1]), (pages[-1], len(data))):
            for end in (page + 1, page + 4, page + 5, page + 26, page + 27, (page + following) // 2, following - 1):
                assert "that is cut short: it ends inside its picture data. Get the whole file" in refused(data[:end])
        goes_on = [page for page in pages if data[page + 5] & 1]
        assert goes_on
        assert all("is cut short" in refused(data[:page]) for page in goes_on)
        between = [page for page in pages[-2:] if page not in goes_on]
        assert all(len(taken(data[:page], 4)) == 4 for page in between)

    def test_ogg_with_something_behind_it(self) -> None:
        data = (SAMPLES / "still.ogv").read_bytes()
        assert seen(data + b"TAG" + bytes(125), 11) == [(0.0, "red"), (1.0, "blue")]
        assert "that is cut short" in refused(data[:-1])

    def test_a_fragmented_film_that_lost_its_last_fragments(self) -> None:
        """Each of its boxes is whole; its index (sidx) says how long it was."""
        flags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        data = film("mp4", "mpeg4", shots(RED, BLUE, GREEN, WHITE), container_options=flags)
        fragments = [found.start() - 4 for found in re.finditer(b"moof", data)]
        assert len(fragments) == 4
        ends = [*fragments[1:], len(data)]
        index = struct.pack(">IIIIIHH", 0, 1, 10240, 0, 0, 0, 4)
        lengths = [end - at for at, end in zip(fragments, ends, strict=True)]
        index += b"".join(struct.pack(">III", length, 10240, 1 << 31) for length in lengths)
        head = data[: fragments[0]] + struct.pack(">I4s", 8 + len(index), b"sidx") + index
        assert seen(head + data[fragments[0] :], 4) == [(0.5, "red"), (1.5, "blue"), (2.5, "green"), (3.5, "white")]
        said = refused(head + data[fragments[0] : fragments[2]])
        assert "is cut short: it says it lasts 4.0 s and ends at 2.0 s" in said

    def test_a_transport_stream_may_begin_and_end_anywhere(self) -> None:
        data = film("mpegts", "libx264", shots(RED, BLUE, GREEN, WHITE))
        assert {colour for _, colour in seen(data[188 * 20 + 77 :], 30)} >= {"green", "white"}
        assert seen(data[: len(data) * 2 // 3], 8)[0][1] == "red"


def packets(*times: float | None, key: int = 1) -> Packets:
    return Packets.of(Packet(time, time, 1.0, index % key == 0, -1) for index, time in enumerate(times))


class TestPackets:
    def test_one_clock(self) -> None:
        one = packets(5.0, 6.0, 7.0)
        assert (one.length, [one.time(index) for index in range(3)]) == (3.0, [0.0, 1.0, 2.0])

    @pytest.mark.parametrize("second", [0.0, 4.5, 7.0 + AHEAD + 1, 95_000.0])
    def test_a_clock_that_begins_anew_goes_on_where_the_other_ended(self, second: float) -> None:
        one = packets(5.0, 6.0, 7.0, second, second + 1)
        assert [one.time(index) for index in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert one.length == 5.0

    def test_a_pause_is_none(self) -> None:
        assert packets(0.0, 1.0, 1.0 + AHEAD).length == AHEAD + 2

    def test_nor_is_a_picture_every_quarter_of_an_hour(self) -> None:
        assert packets(0.0, 900.0, 1800.0, 2700.0).length == 2701

    def test_decoding_begins_at_the_last_key_packet_and_then_further_back(self) -> None:
        one = packets(*map(float, range(20)), key=5)
        assert one.starts(12.5) == [10, 5, 0]
        assert one.starts(3.0) == [0]

    def test_what_a_key_packet_comes_before_only_in_the_file_builds_on_the_one_before_it(self) -> None:
        """Open groups of pictures: the second key is shown after two that follow it."""
        order = [(0.0, True), (1.0, False), (4.0, True), (2.0, False), (3.0, False), (5.0, False)]
        one = Packets.of(Packet(shown, float(index), 1.0, key, -1) for index, (shown, key) in enumerate(order))
        assert one.starts(2.5)[0] == 0
        assert one.starts(4.5)[0] == 2
        assert one.starts(5.5)[0] == 2

    def test_before_the_first_key_there_is_nothing_to_see(self) -> None:
        one = Packets.of(Packet(float(time), float(time), 1.0, time == 3, -1) for time in range(6))
        assert one.starts(1.0) == [3]
        assert one.starts(4.0) == [3, 0]

    def test_without_any_time_there_is_no_length(self) -> None:
        assert packets(None, None).length == 0.0
        assert packets().starts(0.0) == [0]

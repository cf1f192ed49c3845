"""Which videos are read: told from their bytes, whatever wrote them, and refused by their true name.

FFmpeg 5.1.9's program reads films of these kinds, made in the same way.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from ollama_vision.pictures.formats.foreign import TEXT
from ollama_vision.pictures.formats.kinds import ASF, FLV, MP4, MPEG_TS, MXF, UNKNOWN, Kind
from ollama_vision.pictures.formats.sniff import HEAD, sniff
from tests.support.picture_corpus import encoded
from tests.support.video_corpus import BLUE, GREEN, RED, SAMPLES, WHITE, film, refused, seen, shots

THREE = [(0.5, "red"), (1.5, "blue"), (2.5, "green")]


@pytest.mark.parametrize(
    ("container", "codec", "options", "kind"),
    [
        ("asf", "wmv2", {}, ASF),
        ("asf", "msmpeg4v3", {}, ASF),
        ("flv", "flv", {}, FLV),
        ("flv", "libx264", {}, FLV),
        ("mpegts", "libx264", {"mpegts_m2ts_mode": "1"}, MPEG_TS),
        ("mpegts", "mpeg2video", {"mpegts_m2ts_mode": "1"}, MPEG_TS),
    ],
)
def test_each_is_known_and_read(container: str, codec: str, options: dict[str, str], kind: Kind) -> None:
    data = film(container, codec, shots(RED, BLUE, GREEN), container_options=options)
    assert sniff(data[:HEAD]) is kind
    assert seen(data, 3) == THREE


def test_mxf() -> None:
    data = film("mxf", "mpeg2video", [(at, (RED, BLUE, GREEN)[at // 25]) for at in range(75)])
    assert sniff(data[:HEAD]) is MXF
    assert seen(data, 3) == [(0.48, "red"), (1.48, "blue"), (2.48, "green")]


class TestQuickTime:
    def boxes(self, data: bytes) -> dict[bytes, bytes]:
        found, at = {}, 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 4], "big")
            found[data[at + 4 : at + 8]] = data[at : at + length]
            at += length
        return found

    @pytest.mark.parametrize("first", [b"wide", b"free", b"skip", b"pnot", b"mdat", b"moov"])
    def test_without_ftyp(self, first: bytes) -> None:
        """Whatever comes first; the chunks' places (stco) are those of the new file."""
        boxes = self.boxes(film("mov", "mpeg4", shots(RED, BLUE, GREEN)))
        movie, pictures = bytearray(boxes[b"moov"]), boxes[b"mdat"]
        before = struct.pack(">I4s", 20, first) + bytes(12) if first not in (b"mdat", b"moov") else b""
        place = len(before) + (len(movie) if first == b"moov" else 0) + 8
        at = movie.index(b"stco") + 8
        old = struct.unpack_from(f">{int.from_bytes(movie[at : at + 4], 'big')}I", movie, at + 4)
        new = [place + each - old[0] for each in old]
        movie[at + 4 : at + 4 + 4 * len(new)] = struct.pack(f">{len(new)}I", *new)
        parts = (movie, pictures) if first == b"moov" else (before, pictures, movie)
        data = b"".join(parts)
        assert sniff(data[:HEAD]) is MP4
        assert seen(data, 3) == THREE

    @pytest.mark.parametrize("text", [b"The free software movement", b"One skip of the reel", b"How wide is it?"])
    def test_text_is_none(self, text: bytes) -> None:
        assert sniff(text * 9) is TEXT


class TestTransportStreams:
    @pytest.mark.parametrize("cut", [1, 100, 187])
    @pytest.mark.parametrize("m2ts", ["0", "1"])
    def test_begun_within_a_packet(self, m2ts: str, cut: int) -> None:
        data = film("mpegts", "mpeg2video", shots(RED, BLUE, GREEN), container_options={"mpegts_m2ts_mode": m2ts})
        assert sniff(data[cut : cut + HEAD]) is MPEG_TS

    def test_with_check_bytes(self) -> None:
        data = film("mpegts", "mpeg2video", shots(RED, BLUE, GREEN))
        longer = b"".join(data[at : at + 188] + bytes(16) for at in range(0, len(data), 188))
        assert sniff(longer[:HEAD]) is MPEG_TS
        assert seen(longer, 3) == THREE

    def test_other_bytes_are_none(self) -> None:
        assert sniff(bytes(HEAD)) is UNKNOWN
        assert sniff((b"\x47" + bytes(range(1, 100))) * 40) is UNKNOWN


class TestSound:
    def cover(self) -> bytes:
        return encoded(Image.new("RGB", (300, 300), WHITE), "JPEG")

    def with_cover(self, *, pictures: bool) -> bytes:
        """A cover as music shops and yt-dlp write it: `covr` among the metadata."""
        av = pytest.importorskip("av")
        data = film("mp4", "mpeg4", shots(RED, BLUE, GREEN), sound=True)
        buffer = io.BytesIO()
        with av.open(io.BytesIO(data)) as given, av.open(buffer, "w", format="mp4") as output:
            taken = [stream for stream in given.streams if pictures or stream.type == "audio"]
            streams = {stream.index: output.add_stream_from_template(stream) for stream in taken}
            for packet in given.demux(taken):
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    output.mux(packet)
        data = buffer.getvalue()
        cover = self.cover()
        box = struct.pack(">I4sI4sII", len(cover) + 24, b"covr", len(cover) + 16, b"data", 13, 0) + cover
        box = struct.pack(">I4s", len(box) + 8, b"ilst") + box
        handler = struct.pack(">I4sIIIIIIB", 33, b"hdlr", 0, 0, int.from_bytes(b"mdir", "big"), 0x6170706C, 0, 0, 0)
        box = struct.pack(">I4sI", len(handler) + len(box) + 12, b"meta", 0) + handler + box
        box = struct.pack(">I4s", len(box) + 8, b"udta") + box
        at = data.index(b"moov") - 4
        length = int.from_bytes(data[at : at + 4], "big")
        assert at + length == len(data)
        movie = data[at + 4 :].replace(b"udta", b"free")
        return data[:at] + struct.pack(">I", length + len(box)) + movie + box

    def test_with_a_cover_has_no_pictures(self) -> None:
        assert "has no pictures in it, only sound. Put it into an AudioBlock" in refused(
            self.with_cover(pictures=False)
        )

    def test_a_cover_beside_a_film_is_not_the_film(self) -> None:
        assert seen(self.with_cover(pictures=True), 3) == THREE

    def test_in_ogg(self) -> None:
        assert "has no pictures in it, only sound" in refused((SAMPLES / "sound.ogg").read_bytes())


def test_the_refusal_of_what_is_unknown_lists_videos(tmp_path: Path) -> None:
    path = tmp_path / "film.mts"
    path.write_bytes(b"\x00\x01\x02\x03" * 100)
    said = refused(path)
    assert "is of no known format" in said
    for name in ("MP4", "Matroska", "ASF", "FLV", "MXF"):
        assert name in said

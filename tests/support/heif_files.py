"""HEIF files (AVIF, HEIC) built box by box around what an encoder made, to say what no writer at hand does."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence

import pytest
from PIL import Image

from tests.support.picture_corpus import encoded, heic


def box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, *bodies: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *bodies)


def clap(width: int, height: int, left: int, top: int, whole: tuple[int, int]) -> bytes:
    """A clean aperture of that size at that place: the standard counts from centre to centre, in fractions."""
    right, down = 2 * left + width - whole[0], 2 * top + height - whole[1]
    return box(b"clap", struct.pack(">8i", width, 1, height, 1, right, 2, down, 2))


def irot(quarters: int) -> bytes:
    """Turned anti-clockwise."""
    return box(b"irot", bytes([quarters]))


def imir(axis: int) -> bytes:
    """0 exchanges top and bottom, 1 left and right."""
    return box(b"imir", bytes([axis]))


def nclx(primaries: int, transfer: int, matrix: int = 6) -> bytes:
    return box(b"colr", b"nclx", struct.pack(">3HB", primaries, transfer, matrix, 0x80))


def clli(brightest: int, average: int = 100) -> bytes:
    """Content light level, in cd/m2."""
    return box(b"clli", struct.pack(">2H", brightest, average))


def pasp(across: int, down: int) -> bytes:
    return box(b"pasp", struct.pack(">2I", across, down))


def part_of(data: bytes, name: bytes) -> bytes:
    """The first box of that name, whole."""
    start = data.index(name) - 4
    return data[start : start + struct.unpack_from(">I", data, start)[0]]


def still(image: Image.Image, *properties: bytes, codec: str = "AVIF") -> bytes:
    """One opaque picture, and of it what is said in the property boxes, in their order."""
    if codec == "AVIF":
        made, kind, config, brand = encoded(image, "AVIF", quality=95, subsampling="4:4:4"), b"av01", b"av1C", b"avif"
        coloured = nclx(1, 13)
    else:
        made, kind, config, brand, coloured = heic(image), b"hvc1", b"hvcC", b"heic", b""
    if any(one[4:8] == b"colr" for one in properties):
        coloured = b""
    bitstream = part_of(made, b"mdat")[8:]
    size = full_box(b"ispe", struct.pack(">2I", *image.size))
    owned = [size, full_box(b"pixi", b"\x03\x08\x08\x08"), part_of(made, config), *([coloured] if coloured else [])]
    owned += properties
    # Of those that change the picture, and of the decoder's configuration, readers must know.
    marks = bytes(
        number | (0x80 if one[4:8] in (config, b"clap", b"irot", b"imir") else 0) for number, one in enumerate(owned, 1)
    )
    table = full_box(b"ipma", struct.pack(">IHB", 1, 1, len(marks)), marks)

    def index(start: int) -> bytes:
        place = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, start, len(bitstream))
        return full_box(
            b"meta",
            full_box(b"hdlr", b"\x00" * 4, b"pict", b"\x00" * 13),
            full_box(b"pitm", b"\x00\x01"),
            full_box(b"iloc", place),
            full_box(b"iinf", b"\x00\x01", full_box(b"infe", b"\x00\x01\x00\x00", kind, b"\x00", version=2)),
            box(b"iprp", box(b"ipco", *owned), table),
        )

    begin = box(b"ftyp", brand, b"\x00" * 4, brand, b"mif1miaf")
    return begin + index(len(begin) + len(index(0)) + 8) + box(b"mdat", bitstream)


def sequence(pictures: Sequence[Image.Image], *said: bytes, alpha: Sequence[Image.Image] = ()) -> bytes:
    """A track of pictures without a still one, as bursts and animated stickers are; `said` stands in its sample entry.

    The grey pictures of `alpha`, of the same size, become the track of its transparency.
    """
    av = pytest.importorskip("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        films = [images for images in (pictures, alpha) if images]
        options = {"x265-params": "log-level=none:bframes=0", "crf": "6"}
        streams = [output.add_stream("libx265", rate=10, options=options) for _ in films]
        for stream, images in zip(streams, films, strict=True):
            stream.width, stream.height, stream.pix_fmt = *images[0].size, "yuv420p"
            stream.codec_context.codec_tag, stream.codec_context.color_range = "hvc1", 2
        output.start_encoding()
        for stream, images in zip(streams, films, strict=True):
            for image in images:
                frame = av.VideoFrame.from_image(image.convert("RGB")).reformat(format="yuv420p", dst_color_range=2)
                output.mux(stream.encode(frame))
            output.mux(stream.encode())
    data = buffer.getvalue()
    movie = part_of(data, b"moov")
    before = data[: data.index(movie)].replace(b"isomiso2mp41", b"msf1hevciso8", 1).replace(b"ftypisom", b"ftypmsf1", 1)
    first, *others = _split(movie, b"trak")
    picture = first.replace(b"vide", b"pict", 1)
    tracks = [_with_boxes(picture, b"hvc1", said)]
    for other in others:
        urn = full_box(b"auxi", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00")
        inner = _with_boxes(other.replace(b"vide", b"auxv", 1), b"hvc1", [urn])
        tracks.append(box(b"trak", inner[8:], box(b"tref", box(b"auxl", struct.pack(">I", 1)))))
    start = movie[8 : movie.index(first)]
    # The samples stand before the index, so that nothing in it moves them.
    return before + box(b"moov", start, *tracks)


def with_still(film: bytes, picture: bytes) -> bytes:
    """A file whose still picture stands beside its sequence."""
    index = part_of(picture, b"meta")
    begin = picture.index(b"mdat") + 4
    moved = len(film) + begin - picture.index(index)
    index = index.replace(struct.pack(">I", begin), struct.pack(">I", moved), 1)
    film = film.replace(b"msf1hevciso8", b"msf1hevcmif1", 1).replace(b"ftypmsf1", b"ftypheic", 1)
    return film + index + part_of(picture, b"mdat")


def _split(data: bytes, name: bytes) -> Iterable[bytes]:
    """Each box of that name in it."""
    while name in data:
        found = part_of(data, name)
        yield found
        data = data[data.index(found) + len(found) :]


def _with_boxes(track: bytes, entry: bytes, added: Iterable[bytes]) -> bytes:
    """The track with more boxes in its sample entry, and all boxes around it longer by as much."""
    more = b"".join(added)
    found = part_of(track, entry)
    end = track.index(found) + len(found)
    longer = bytearray(track[:end] + more + track[end:])
    for name in (b"trak", b"mdia", b"minf", b"stbl", b"stsd", entry):
        at = longer.index(name) - 4
        longer[at : at + 4] = struct.pack(">I", struct.unpack_from(">I", longer, at)[0] + len(more))
    return bytes(longer)

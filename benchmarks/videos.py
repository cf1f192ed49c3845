"""What the frames of a long transport stream cost, beside decoding all of it.

    python benchmarks/videos.py [minutes [name of a film]]

A transport stream has no index: it is read through once, and only what leads to a wanted frame is decoded. The films
are made first: 25 frames a second of moving bars and squares, one minute of them over and over. CPU time of
the process, all threads; both are measured one after the other, so that the ratio is of the same minutes.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from llama_index.core.base.llms.types import VideoBlock

from llama_index.multi_modal_llms.ollama import ImageOptions
from ollama_vision.pictures import prepare_block

RATE = 25
WANTED = (1, 8, 32)


@dataclass(frozen=True)
class Film:
    name: str
    codec: str
    options: dict[str, str] = field(default_factory=dict)
    size: tuple[int, int] = (1280, 720)
    gop: int = 10
    """Seconds from one key frame to the next."""
    avchd: bool = False
    """As camcorders write it: two half pictures a frame, sound, a clock before each packet of the stream."""


X264 = {"preset": "superfast"}
FILMS = (
    Film("H.264 with B-frames", "libx264", {**X264, "bf": "3"}),
    Film("H.264 without B-frames", "libx264", {**X264, "tune": "zerolatency"}),
    Film("HEVC", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    Film("MPEG-2", "mpeg2video", {"b": "6M", "bf": "2"}, gop=1),
    Film("AVCHD", "libx264", {**X264, "x264-params": "tff=1"}, size=(1440, 1080), gop=1, avchd=True),
    Film("H.264 of 320x240", "libx264", {**X264, "tune": "zerolatency"}, size=(320, 240)),
)


def minute_of(film: Film) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as output:
        stream: Any = output.add_stream(film.codec, rate=RATE, options=film.options)
        stream.width, stream.height, stream.pix_fmt = *film.size, "yuv420p"
        stream.codec_context.gop_size = film.gop * RATE
        if film.avchd:
            stream.codec_context.flags |= 0x40000 | 0x20000000  # interlaced DCT and motion estimation
        sound: Any = output.add_stream("ac3", rate=48000, layout="stereo") if film.avchd else None
        for number, frame in enumerate(_moving(film.size)):
            output.mux(stream.encode(frame))
            if sound and number % RATE == 0:
                output.mux(sound.encode(_silence()))
        output.mux(stream.encode())
        if sound:
            output.mux(sound.encode())
    return buffer.getvalue()


def _moving(size: tuple[int, int]) -> Iterator[Any]:
    graph = av.filter.Graph()
    source = graph.add("testsrc2", f"size={size[0]}x{size[1]}:rate={RATE}:duration=60")
    form, sink = graph.add("format", "yuv420p"), graph.add("buffersink")
    source.link_to(form)
    form.link_to(sink)
    graph.configure()
    for _ in range(60 * RATE):
        frame: Any = sink.pull()
        frame.pict_type = 0  # which says key frame, and would be one
        yield frame


def _silence() -> Any:
    frame = av.AudioFrame(format="fltp", layout="stereo", samples=48000)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate = 48000
    return frame


def repeated(minute: bytes, film: Film, minutes: int) -> bytes:
    """On one clock, as one recording."""
    buffer = io.BytesIO()
    options = {"mpegts_m2ts_mode": "1" if film.avchd else "0"}
    with av.open(buffer, "w", format="mpegts", options=options) as output:
        streams: dict[int, Any] = {}
        for number in range(minutes):
            with av.open(io.BytesIO(minute), format="mpegts") as given:
                for stream in given.streams:
                    if stream.index not in streams:
                        streams[stream.index] = output.add_stream_from_template(stream)
                for packet in given.demux():
                    if packet.size:
                        shift = int(60 * number / packet.time_base)
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = streams[packet.stream.index]
                        output.mux(packet)
    return buffer.getvalue()


def main() -> None:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    frames = ", ".join(map(str, WANTED))
    print(f"{minutes} minutes; CPU time for {frames} frames, each as a share of decoding them all")
    for film in FILMS:
        if len(sys.argv) > 2 and film.name != sys.argv[2]:
            continue
        with tempfile.NamedTemporaryFile(suffix=".ts") as file:
            size = file.write(repeated(minute_of(film), film, minutes))
            file.flush()
            began = time.process_time()
            with av.open(file.name) as container:
                decoded = sum(1 for _ in container.decode(video=0))
            all_of_it = time.process_time() - began
            shares = []
            for wanted in WANTED:
                began = time.process_time()
                prepare_block(VideoBlock(path=Path(file.name)), ImageOptions(frames=wanted), where="benchmark")
                shares.append((time.process_time() - began) / all_of_it)
        told = "  ".join(f"{share:.3f}" for share in shares)
        print(f"{film.name:24s}{size / 1e6:5.0f} MB  {decoded:,} frames in {all_of_it:5.1f} s  {told}", flush=True)


if __name__ == "__main__":
    main()

"""What the frames of a long transport stream cost, beside decoding all of it.

    python benchmarks/videos.py [minutes]

A transport stream has no index: it is read through once, and only what leads to a wanted frame is decoded. The film is
made first, in memory: 720p, 25 frames a second, a key frame every 10 s, with B-frames, as x264 makes it unless told
otherwise. CPU time of the process, all threads.
"""

from __future__ import annotations

import io
import sys
import time

import av
from llama_index.core.base.llms.types import VideoBlock

from llama_index.multi_modal_llms.ollama import ImageOptions
from llama_index.multi_modal_llms.ollama._images import prepare_block

SIZE = (1280, 720)
RATE = 25


def film(minutes: int) -> bytes:
    """Moving bars and squares."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "superfast", "bf": "3"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = 10 * RATE
        graph = av.filter.Graph()
        source = graph.add("testsrc2", f"size={SIZE[0]}x{SIZE[1]}:rate={RATE}:duration={60 * minutes}")
        form, sink = graph.add("format", "yuv420p"), graph.add("buffersink")
        source.link_to(form)
        form.link_to(sink)
        graph.configure()
        for _ in range(60 * minutes * RATE):
            output.mux(stream.encode(sink.pull()))
        output.mux(stream.encode())
    return buffer.getvalue()


def main() -> None:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    data = film(minutes)
    began = time.process_time()
    with av.open(io.BytesIO(data), format="mpegts") as container:
        frames = sum(1 for _ in container.decode(video=0))
    all_of_it = time.process_time() - began
    print(f"{minutes} minutes, {len(data) / 1e6:.0f} MB; all {frames:,} frames decoded: {all_of_it:.1f} s of CPU")
    for wanted in (1, 8, 32):
        began = time.process_time()
        prepare_block(VideoBlock(video=data), ImageOptions(frames=wanted), where="benchmark")
        took = time.process_time() - began
        print(f"{wanted:3d} frames prepared: {took:.2f} s, {took / all_of_it:.3f} of that")


if __name__ == "__main__":
    main()

"""Alpha of WebM (BlockAdditional): a second, grey video in the side data of VP8's and VP9's packets.

FFmpeg's own decoders of them leave it out.
"""

from __future__ import annotations

from typing import Any

from ...formats.header import DamagedFile
from .opening import packets_of

_ALPHA = (1).to_bytes(8, "big")
"""BlockAddID of the transparency."""


def has_alpha_apart(stream: Any) -> bool:
    return stream.metadata.get("alpha_mode") == "1" and stream.codec_context.name in ("vp8", "vp9")


def alpha_of(container: Any, stream: Any, frame: Any) -> Any:
    """The frame whose brightness is the transparency of this one. Seeks. Raises DamagedFile when there is none."""
    from av import CodecContext

    decoder = CodecContext.create(stream.codec_context.name, "r")
    container.seek(frame.pts, stream=stream, backward=True)
    for packet in packets_of(container, stream):
        coded = _alpha_in(packet)
        for alpha in [] if coded is None and packet.size else decoder.decode(coded):
            if alpha.pts == frame.pts:
                return alpha
        if packet.pts is not None and packet.pts > frame.pts:
            break
    raise DamagedFile("has a frame without the transparency that it says it has")


def _alpha_in(packet: Any) -> Any:
    """`None` when there is none; of PyAV's last packet that is what ends decoding."""
    from av import Packet

    if not packet.has_sidedata("matroska_block_additional"):
        return None
    data = bytes(packet.get_sidedata("matroska_block_additional"))
    if not data.startswith(_ALPHA) or len(data) == len(_ALPHA):
        return None
    alpha = Packet(data[len(_ALPHA) :])
    alpha.pts, alpha.dts, alpha.time_base = packet.pts, packet.dts, packet.time_base
    return alpha

"""Interlaced frames made whole (deinterlacing): two half pictures, 1/50 s apart, become one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .frames import Shown

if TYPE_CHECKING:
    from PIL import Image

_BLOCK = 16
"""Pixels: the side of a block that is looked at for combs."""
_COMB = 4
"""Levels by which neighbouring lines of a block differ more than those of one field, where there is a comb: drawings
and noise stored as whole pictures reach 2, the same in motion as fields 5 to 41."""


def deinterlaced(shown: Shown) -> tuple[Any, list[str]]:
    """The frame without combs, and the step that says so.

    Whole pictures that are only stored as fields (films on DVD, screens over HDMI) stay as they are: their flag says
    how they were coded, and without a comb they would only lose detail. Where something moved, FFmpeg's yadif makes
    the lines of one field anew, from the other and the neighbours in time; its bwdif came less near to the truth.
    """
    frame = shown.frame
    if not frame.interlaced_frame or not is_combed(_luma(frame)):
        return frame, []
    return _yadif(shown), ["deinterlaced"]


def is_combed(luma: Image.Image) -> bool:
    """Whether something moved between the two fields: there, lines differ from their neighbours more than from those
    one further."""
    from PIL import Image as pil
    from PIL import ImageChops

    width, height = luma.size
    if height < 2 * _BLOCK:
        return False
    here = luma.crop((0, 0, width, height - 2))
    near = ImageChops.difference(here, luma.crop((0, 1, width, height - 1)))
    far = ImageChops.difference(here, luma.crop((0, 2, width, height)))
    blocks = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    excess = ImageChops.subtract(near.resize(blocks, pil.Resampling.BOX), far.resize(blocks, pil.Resampling.BOX))
    return max(excess.tobytes()) >= _COMB


def _luma(frame: Any) -> Image.Image:
    from PIL import Image as pil

    grey = frame.reformat(format="gray")
    plane = grey.planes[0]
    return pil.frombytes("L", (grey.width, grey.height), bytes(plane), "raw", "L", plane.line_size)


def _yadif(shown: Shown) -> Any:
    import av
    from av.filter import Graph

    frame = shown.frame
    like = (frame.width, frame.height, frame.format.name)
    before = [one for one in (shown.before,) if one is not None and (one.width, one.height, one.format.name) == like]
    after = [one for one in (shown.after,) if one is not None and (one.width, one.height, one.format.name) == like]
    graph = Graph()
    base = frame.time_base or Fraction(1, 1000)  # PyAV has none of a decoder's last frames
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
    filter_ = graph.add("yadif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(filter_)
    filter_.link_to(sink)
    graph.configure()
    for one in (*before, frame, *after):
        source.push(one)
    source.push(None)
    whole = []
    while True:
        try:
            whole.append(sink.pull())
        except av.EOFError:
            break
    return whole[len(before)]

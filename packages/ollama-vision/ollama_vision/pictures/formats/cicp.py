"""CICP code points (ITU-T H.273, "nclx"): how AVIF, HEIC, PNG and videos describe colours, as ICC profiles."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from .icc import BT709, BT2020, SRGB_CURVE, Curve, Primaries, matrix_profile, tag, xyz_tag

Medium = Literal["still", "png", "video"]

PQ, HLG = 16, 18
"""The transfer characteristics of high dynamic range: SMPTE ST 2084 and ARIB STD-B67."""
REFERENCE_WHITE = 203.0
"""cd/m2 of a white page or shirt in HDR (ITU-R BT.2408), and of HLG's 75 % signal on its reference display."""
HDR_PEAK = 1000.0
"""cd/m2 of the brightest highlight that HDR is taken to have when it does not say; that of HLG's reference display."""

_C: tuple[float, float] = (0.310, 0.316)
PRIMARIES = {
    1: BT709,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    8: Primaries((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: BT2020,
    10: Primaries((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3)),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
"""ColourPrimaries; what is not in it (2 is "unspecified") is taken for BT.709."""

_TELEVISION = frozenset({1, 6, 11, 14, 15})
_BT1886 = Curve(2.4)
"""The display for which the pictures of these cameras are graded."""
_CURVES = {
    4: Curve(2.2),
    5: Curve(2.8),
    7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4.0, 0.0913),
    8: Curve(1.0),
    13: SRGB_CURVE,
    17: Curve(2.6, (52.37 / 48) ** (1 / 2.6)),
}


@lru_cache(maxsize=32)
def profile_of(primaries: int, transfer: int, *, medium: Medium = "still", peak: float = HDR_PEAK) -> bytes | None:
    """The ICC profile of ColourPrimaries and TransferCharacteristics; `None` when the colours are sRGB or not said.

    Of PQ and HLG, highlights up to `peak` cd/m2 are kept by tone mapping, as Chromium shows still pictures: MaxCLL
    (clli, cLLI), else the maximum of the mastering display (mdcv, mDCV), else 1,000. Of a `video` all that is brighter
    than reference white is white, as FFmpeg's zscale shows it with npl=203.

    The curves of television (1, 6, 11, 14, 15) are taken for sRGB's, as Chromium takes them in AVIF and players in
    videos; in a `png` they are those of television's display (BT.1886), as Chromium takes them there.
    """
    space = PRIMARIES.get(primaries, BT709)
    if transfer in (PQ, HLG):
        said = b"cicp\x00\x00\x00\x00" + bytes([primaries if primaries in PRIMARIES else 1, transfer, 0, 1])
        brightest = xyz_tag((0.0, 0.0 if medium == "video" else min(max(peak, REFERENCE_WHITE), 10_000.0), 0.0))
        return matrix_profile(space, SRGB_CURVE, more=((b"cicp", said), (b"lumi", brightest)))
    curve = _CURVES.get(transfer, SRGB_CURVE)
    if medium == "png" and transfer in _TELEVISION:
        curve = _BT1886
    if space is BT709 and curve is SRGB_CURVE:
        return None
    return matrix_profile(space, curve)


def knows(primaries: int, transfer: int) -> bool:
    """Whether both code points say something that can be shown."""
    return primaries in PRIMARIES and (transfer in _CURVES or transfer in _TELEVISION or transfer in (PQ, HLG))


def hdr_in(profile: bytes) -> tuple[int, int, float] | None:
    """ColourPrimaries, TransferCharacteristics and peak in cd/m2 (0: as of a video) of a profile that says by its cicp
    tag (ICC 4.4) that it is PQ or HLG: its curves and tables can only tell a part of that."""
    body = tag(profile, b"cicp")
    if body is None or len(body) < 12 or body[9] not in (PQ, HLG) or body[8] not in PRIMARIES:
        return None
    brightest = tag(profile, b"lumi")
    if brightest is None or len(brightest) < 16:
        return body[8], body[9], HDR_PEAK
    return body[8], body[9], int.from_bytes(brightest[12:16], "big") / 65536

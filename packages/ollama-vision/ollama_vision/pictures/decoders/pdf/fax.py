"""Fax in a PDF (CCITTFaxDecode, ITU-T T.4 and T.6), proven to hold the rows that it should.

Decoders go on behind a code word that is none, each in its own way, and say nothing: what they draw then is rubbish.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...formats.header import DamagedFile
from .fax_codes import LONGEST, runs

if TYPE_CHECKING:
    from PIL import Image

_USUAL_WIDTH = 1728
_WIDEST = 65_500
_LEFT_OVER = 32
_LAST_ROWS = 200
_MOST_PIXELS = 1 << 28
_MOST_WALKED = 1 << 20
"""Bytes: Python walks 200 KB in a second."""
_PASS, _RUNS, _OTHER = 10, 11, 12
_MODES = {
    "1": 0, "011": 1, "000011": 2, "0000011": 3, "010": -1, "000010": -2, "0000010": -3,
    "0001": _PASS, "001": _RUNS, "0000001": _OTHER,
}  # fmt: skip
"""Of T.6: how far the next change of colour is from the one above it, or what comes instead."""
_LONGEST_MODE = 7
_NO_MODE = (99, 0)
_END_OF_BLOCK = "000000000001" * 2
"""EOFB, which begins at any bit."""
_BLOCK_END = int(_END_OF_BLOCK, 2)


def _modes() -> list[tuple[int, int]]:
    made = [_NO_MODE] * (1 << _LONGEST_MODE)
    for word, mode in _MODES.items():
        free = _LONGEST_MODE - len(word)
        first = int(word, 2) << free
        made[first : first + (1 << free)] = [(mode, len(word))] * (1 << free)
    return made


@dataclass(frozen=True)
class _Coding:
    kind: int
    """Below 0: T.6, each row told by the one above; 0: T.4, each by itself; above 0: T.4, both."""
    columns: int
    aligned: bool
    """Whether each row begins at a byte."""


@dataclass
class _Rows:
    """What a walk through the code words found."""

    whole: int = 0
    broken: int = 0
    ended: bool = False
    """Whether the mark that ends all rows is there."""
    more: bool = False
    """Whether something else than that mark follows."""


def check_fax(data: bytes, parameters: Mapping[str, Any], size: tuple[int, int] | None) -> str | None:
    """What may be wrong with it; `None` when nothing is. Raises DamagedFile."""
    if not data.strip(b"\x00"):
        raise DamagedFile("is empty")
    kind, columns = _number(parameters.get("K"), 0), _number(parameters.get("Columns"), _USUAL_WIDTH)
    height = size[1] if size else 0
    if not 0 < columns <= _WIDEST or not 0 < height <= _WIDEST or columns * height > _MOST_PIXELS:
        return None
    coding = _Coding(kind, columns, parameters.get("EncodedByteAlign") is True)
    if kind < 0 and not coding.aligned and _ends_as_written_again(data, columns, height):
        return None
    if len(data) > _MOST_WALKED:
        return None if kind >= 0 else _lacks_its_end(data, parameters)
    try:
        found = _Walk(data, coding).rows(height)
    except _Unknown:
        return None
    if found.broken:
        problem = f"is damaged: of its {height} rows only {found.whole} can be decoded"
        if kind < 0:
            raise DamagedFile(problem)
        return problem  # A telephone line's noise: each row begins anew.
    if found.whole >= height - height // 200:
        return f"may be damaged: it holds more than its {height} rows" if found.more and kind < 0 else None
    if found.ended:
        return f"holds only {found.whole} of its {height} rows"
    raise DamagedFile(f"is cut short: it holds only {found.whole} of its {height} rows")


def _number(value: Any, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else usual


def _lacks_its_end(data: bytes, parameters: Mapping[str, Any]) -> str | None:
    if parameters.get("EndOfBlock", True) is False or _END_OF_BLOCK in _bits(data[-16:]):
        return None
    return "may be cut short: it has no end mark"


def _bits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def _ends_as_written_again(data: bytes, columns: int, rows: int) -> bool:
    """Whether libtiff, of the last rows that it reads, writes the last bits of the data: there is but one way to."""
    # Damage anywhere garbles every row behind it. This takes a tenth of what PDFium takes to draw the page, a walk in
    # Python four times as long.
    from PIL import TiffImagePlugin

    from ..tiff.libtiff_errors import complaints

    try:
        with complaints(), TiffImagePlugin.TiffImageFile(io.BytesIO(_as_tiff(data, columns, rows))) as image:
            image.load()
            shown = image.getbbox()
            # White rows at the foot are one bit each, and prove nothing.
            first = max(0, (shown[3] if shown else rows) - _LAST_ROWS)
            start = _t6_of(image.crop((0, first, columns, first + 1))) if first else ""
            last = _t6_of(image.crop((0, first, columns, rows)))[len(start) :]
    except (OSError, ValueError):
        return False
    tails = (_bits(tail[-(len(last) // 8 + 16) :]) for tail in (data, data.rstrip(b"\0\r\n")))
    return any(_without_end(tail, padding).endswith(last) for tail in tails for padding in range(8))


def _without_end(bits: str, padding: int) -> str:
    """The bits of the rows: those before the end mark, or, where it is missing, before so many zeros."""
    mark = bits.rfind(_END_OF_BLOCK, -128)
    return bits[:mark] if mark >= 0 else bits.removesuffix("0" * padding)


def _t6_of(image: Image.Image) -> str:
    """The rows of a picture as the bits that libtiff writes."""
    from PIL import TiffImagePlugin

    written = io.BytesIO()
    image.save(written, "TIFF", compression="group4", strip_size=1 << 30)
    written.seek(0)
    with TiffImagePlugin.TiffImageFile(written) as tiff:
        start, length = tiff.tag_v2[273][0], tiff.tag_v2[279][0]
    return _without_end(_bits(written.getvalue()[start : start + length]), 0)


def _as_tiff(data: bytes, columns: int, rows: int) -> bytes:
    """Its bytes as the one strip of a TIFF."""
    entries = (
        (256, columns), (257, rows), (258, 1), (259, 4), (262, 1), (273, 8), (277, 1), (278, rows), (279, len(data)),
    )  # fmt: skip
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    strip = data + bytes(len(data) % 2)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + struct.pack("<H", len(entries)) + table + bytes(4)


class _Unknown(Exception):
    """What T.6 calls an extension: pixels that are not coded."""


class _Broken(Exception):
    """No code word, or one that leaves the row."""


class _Walk:
    def __init__(self, data: bytes, coding: _Coding) -> None:
        # Behind the end stand ones: no run of zeros is taken for a mark there.
        self._data, self._coding = data + b"\xff" * 8, coding
        self._end = len(data) * 8
        self._at = 0
        self._modes, self._runs = _modes(), runs()

    def rows(self, wanted: int) -> _Rows:
        found, above = _Rows(), [self._coding.columns] * 3
        while found.whole + found.broken < wanted and self._at < self._end:
            if self._coding.aligned:
                self._at = -(-self._at // 8) * 8
            marks = self._marks()
            if marks > 1:
                found.ended = found.whole + found.broken > 0
                break
            start = self._at
            try:
                above = self._row(above)
            except _Broken:
                if self._at > self._end or self._coding.kind < 0:
                    found.broken += self._at <= self._end
                    break
                found.broken += 1
                self._next_mark(start + 1)
                continue
            if self._at > self._end:
                break
            found.whole += 1
        found.more = found.whole == wanted and self._marks() < 2 and self._end - self._at > _LEFT_OVER
        return found

    def _peek(self, bits: int) -> int:
        at = self._at
        return int.from_bytes(self._data[at >> 3 : (at >> 3) + 5], "big") >> 40 - bits - (at & 7) & (1 << bits) - 1

    def _marks(self) -> int:
        """Passes over the marks of a row's end (EOL) that stand here; how many there were."""
        if self._coding.kind < 0:
            return 2 * (self._peek(24) == _BLOCK_END)
        count = 0
        while self._at < self._end:
            start = self._at
            while self._peek(24) == 0 and self._at < self._end:
                self._at += 12
            window = self._peek(24)
            zeros = 24 - window.bit_length()
            if self._at - start + zeros < 11:
                self._at = start
                break
            self._at += zeros + 1
            count += 1
            if self._coding.kind > 0 and self._peek(13) == 0b1_0000_0000_0001:
                self._at += 1  # The tag between the marks at the end of all.
        return count

    def _next_mark(self, start: int) -> None:
        self._at = start
        while self._at < self._end and self._peek(11):
            self._at += 1

    def _row(self, above: list[int]) -> list[int]:
        kind = self._coding.kind
        if kind > 0:
            by_itself = self._peek(1) == 1
            self._at += 1
        else:
            by_itself = kind == 0
        return self._by_itself() if by_itself else self._from_above(above)

    def _by_itself(self) -> list[int]:
        columns, place, colour, made = self._coding.columns, 0, 0, []
        while place < columns:
            place += self._run(colour)
            made.append(place)
            colour ^= 1
        return self._closed(made)

    def _closed(self, made: list[int]) -> list[int]:
        columns = self._coding.columns
        if made and made[-1] > columns:
            raise _Broken
        made += [columns] * 3
        return made

    def _run(self, colour: int) -> int:
        table, length = self._runs[colour], 0
        while True:
            run, bits = table[self._peek(LONGEST)]
            if run < 0:
                raise _Broken
            self._at += bits
            length += run
            if run < 64:
                return length

    def _from_above(self, above: list[int]) -> list[int]:
        columns, modes, data = self._coding.columns, self._modes, self._data
        place, colour, index, at = 0, 0, 0, self._at
        made: list[int] = []
        while place < columns:
            mode, bits = modes[(data[at >> 3] << 8 | data[(at >> 3) + 1]) >> 9 - (at & 7) & 127]
            at += bits
            if index > 0:
                index -= 1
            while (index & 1) != colour or (above[index] <= place and above[index] < columns and (place or made)):
                index += 1
            if mode <= 3:
                change = above[index] + mode
                if change < place:
                    self._at = at
                    raise _Broken
                made.append(change)
                place = change
                colour ^= 1
            elif mode == _PASS:
                place = above[index + 1]
            elif mode == _RUNS:
                self._at = at
                first = place + self._run(colour)
                place = first + self._run(colour ^ 1)
                made += (first, place)
                at = self._at
            elif mode == _OTHER:
                raise _Unknown
            else:
                self._at = at
                raise _Broken
            if at >> 3 >= len(data) - 3:
                break
        self._at = at
        return self._closed(made)

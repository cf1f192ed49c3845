"""Netpbm decoder (PBM, PGM, PPM, PAM), binary and plain: Pillow knows no PAM and no low bytes.

Pillow also takes seconds for a megapixel whose largest value is not 255 or 65,535, which cameras' 12 bits are.
"""

from __future__ import annotations

import re
from array import array
from typing import Any, BinaryIO, cast

from PIL import Image, ImageFile

from ..formats.header import DamagedFile

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_TUPLES = {
    "": (1, 2, 3, 4),
    "BLACKANDWHITE": (1,),
    "BLACKANDWHITE_ALPHA": (2,),
    "GRAYSCALE": (1,),
    "GRAYSCALE_ALPHA": (2,),
    "RGB": (3,),
    "RGB_ALPHA": (4,),
}
"""Of PAM: how many values a pixel has. Any other kind of tuple may mean anything."""
_LONGEST_HEADER = 1 << 16
_INSIDE = "is cut short: it ends inside its picture data"
_FLOATING = DamagedFile(
    "has values of floating point, which have no natural brightness", "Scale them to 8 bit, 0 to 255, first."
)


class PnmFile(ImageFile.ImageFile):
    """Opened as Pillow's own are: the header at once, the pixels with `load`. Raises DamagedFile."""

    format = "PNM"
    bits = 16
    """Of an image of mode I;16: how many bits are used."""
    stated: tuple[int, int] | None = None
    """The range of values from black to white, where it is not all that these bits can hold."""
    low_bytes: Any = None
    """Of 16-bit colour, of which the image has the high bytes: a function that gives the low ones as RGB."""
    steps: tuple[str, ...] = ()

    def _open(self) -> None:
        file = self._file = cast("BinaryIO", self.fp)
        start = file.tell()
        header = _Header(file.read(_LONGEST_HEADER))
        self._header, self._at = header, start + header.length
        self._size = header.width, header.height
        deep = header.most > 255
        self._mode = "I;16" if deep and header.depth == 1 else _MODES[header.depth]
        if deep and header.depth == 2:
            self._mode = "RGBA"  # grey that is deep and has alpha is taken for colour
        if deep:
            self.bits = max(9, header.most.bit_length()) if header.depth == 1 else 16
            self.stated = None if header.most == (1 << self.bits) - 1 else (0, header.most)
            if header.depth > 1:
                self.low_bytes = self._low_bytes
        if not header.plain:
            end = file.seek(0, 2)
            if self._at + header.bytes > end:
                raise DamagedFile(_INSIDE)
            file.seek(self._at + header.bytes)
            if re.match(rb"\s*P[1-7]\s", file.read(64)):
                self.steps = ("first of several pictures",)
        file.seek(self._at)

    def load(self) -> Any:
        if self._im is None:
            header = self._header
            samples = self._samples()
            if header.bits == 1:
                image = Image.frombytes("1", self.size, samples, "raw", "1;I").convert("L")
            elif self.mode == "I;16":
                image = Image.frombytes("I;16", self.size, samples, "raw", "I;16B")
            elif header.most > 255:
                image = self._pixels(samples[0::2])
                if header.depth in (2, 4) and header.most < 65535:
                    image.putalpha(self._alpha(samples))
            else:
                image = self._pixels(samples)
                if header.most < 255:
                    table = [min(value * 255 // header.most, 255) for value in range(256)]
                    image = image.point(table * header.depth)
            self.im = image.im
        return Image.Image.load(self)

    def _alpha(self, samples: bytes) -> Image.Image:
        """Deep alpha in 8 bits; colours are brought there with their range, alpha has none but the whole."""
        step, most = 2 * self._header.depth, self._header.most
        values = bytearray(len(samples) // self._header.depth)
        values[0::2], values[1::2] = samples[step - 1 :: step], samples[step - 2 :: step]
        deep = Image.frombytes("I;16", self.size, bytes(values)).convert("I")
        return deep.point(lambda value: value * (255 / most) + 0.5).convert("L")

    def _low_bytes(self) -> Image.Image:
        return self._pixels(self._samples()[1::2]).convert("RGB")

    def _pixels(self, samples: bytes) -> Image.Image:
        image = Image.frombytes(_MODES[self._header.depth], self.size, samples)
        return image if self.mode == image.mode else image.convert(self.mode)

    def _samples(self) -> bytes:
        """As the binary kinds have them: packed bits, bytes, or numbers of two bytes, the higher one first."""
        self._file.seek(self._at)
        header = self._header
        if not header.plain:
            return self._file.read(header.bytes)
        text = re.sub(rb"#[^\r\n]*", b"", self._file.read())
        count = header.width * header.height * header.depth
        if header.bits == 1:
            digits = b"".join(text.split())[:count]
            if len(digits) < count:
                raise DamagedFile(_INSIDE)
            if digits.translate(None, b"01"):
                raise DamagedFile("is broken: there is something else in its picture data than 0 and 1")
            return (
                Image.frombytes("L", self.size, digits.translate(bytes.maketrans(b"01", b"\xff\x00")))
                .convert("1", dither=Image.Dither.NONE)
                .tobytes("raw", "1;I")
            )
        tokens = text.split(None, count)[:count]
        if len(tokens) < count:
            raise DamagedFile(_INSIDE)
        try:
            numbers = array("H" if header.most > 255 else "B", map(int, tokens))
        except (ValueError, OverflowError) as error:
            raise DamagedFile("is broken: there is something else in its picture data than its numbers") from error
        if max(numbers) > header.most:
            raise DamagedFile(f"is broken: it says that {header.most} is its highest value, and has a higher one")
        if numbers.itemsize == 2 and array("H", [1]).tobytes()[0]:
            numbers.byteswap()
        return numbers.tobytes()


class _Header:
    """Size, values a pixel, and the highest of them. Raises DamagedFile."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        magic = head[:2]
        if magic in (b"Pf", b"PF"):
            raise _FLOATING
        if magic == b"P7":
            self._pam()
        else:
            self.plain = magic in (b"P1", b"P2", b"P3")
            self.depth = 3 if magic in (b"P3", b"P6") else 1
            self.length = 2
            self.width, self.height = self._number(), self._number()
            self.most = 1 if magic in (b"P1", b"P4") else self._number()
            # One character of white space, and no more, stands before the pixels.
            self.length += 1
        self.bits = 1 if magic in (b"P1", b"P4") else 8 if self.most < 256 else 16
        if not (self.width and self.height and 0 < self.most < 65536):
            raise DamagedFile("is broken: its size or its highest value is none")
        row = (self.width + 7) // 8 if self.bits == 1 else self.width * self.depth * self.bits // 8
        self.bytes = row * self.height

    def _number(self) -> int:
        found = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*(\d{1,10})(?=[\s#])").match(self._head, self.length)
        if found is None:
            raise DamagedFile("is cut short: it ends inside its header")
        self.length = found.end()
        return int(found[1])

    def _pam(self) -> None:
        end = re.search(rb"(?m)^ENDHDR[^\n]*\n", self._head)
        if end is None:
            raise DamagedFile("is cut short: it ends inside its header")
        self.plain, self.length = False, end.end()
        lines = [line.split(None, 1) for line in self._head[: end.start()].decode("latin-1").splitlines()[1:]]
        fields = {line[0]: line[1].strip() for line in lines if len(line) == 2 and not line[0].startswith("#")}
        try:
            self.width, self.height, self.depth, self.most = (
                int(fields[name]) for name in ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL")
            )
        except (KeyError, ValueError) as error:
            raise DamagedFile("is broken: its header does not say its size") from error
        if min(self.width, self.height, self.depth, self.most) < 1 or self.width >= 1 << 31 or self.height >= 1 << 31:
            raise DamagedFile("is broken: its size or its highest value is none")
        told = fields.get("TUPLTYPE", "")
        if self.depth not in _TUPLES.get(told, ()):
            raise DamagedFile(
                f"has {self.depth} values a pixel ({told or 'of no named kind'}), and is neither grey nor RGB",
                "Make grey or RGB of it first, for example with pamchannel.",
            )

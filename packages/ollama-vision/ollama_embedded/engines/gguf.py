"""GGUF header parser: metadata and tensors, without reading the weights."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
# Numbers of ggml's tensor types and of llama.cpp's file types, as far as vision models use them.
_TENSOR_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K"} | {
    11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 20: "IQ4_NL", 23: "IQ4_XS", 30: "BF16"
}  # fmt: skip
_FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"} | {
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M",
    18: "Q6_K", 32: "BF16",
}  # fmt: skip


class NotGGUF(ValueError):
    """The file is no GGUF file, or is cut short."""


@dataclass(frozen=True)
class Header:
    """What a GGUF file says about itself."""

    metadata: dict[str, Any]
    tensors: tuple[dict[str, Any], ...]

    @property
    def parameter_count(self) -> int:
        return sum(math.prod(tensor["shape"]) for tensor in self.tensors)

    @property
    def quantization(self) -> str:
        return _FILE_TYPES.get(self.metadata.get("general.file_type", -1), "unknown")


def read_header(path: Path) -> Header:
    """Read the header; only versions 2 and 3 exist today."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (struct.error, UnicodeDecodeError, OverflowError, MemoryError):
        raise NotGGUF(f"{path} is cut short or damaged: its GGUF header cannot be read") from None
    except NotGGUF as fault:
        raise NotGGUF(f"{path} {fault}") from None


def _read(file: BinaryIO) -> Header:
    magic, version = struct.unpack("<4sI", file.read(8))
    if magic != b"GGUF" or version not in (2, 3):
        raise NotGGUF("is not a GGUF file of version 2 or 3")
    tensor_count, entry_count = struct.unpack("<QQ", file.read(16))
    metadata = {}
    for _ in range(entry_count):
        name = _text(file)
        metadata[name] = _value(file, _number(file, "I"))
    return Header(metadata, tuple(_tensor(file) for _ in range(tensor_count)))


def _tensor(file: BinaryIO) -> dict[str, Any]:
    name = _text(file)
    shape = [_number(file, "Q") for _ in range(_number(file, "I"))]
    kind = _number(file, "I")
    _number(file, "Q")
    return {"name": name, "type": _TENSOR_TYPES.get(kind, f"TYPE_{kind}"), "shape": shape}


def _number(file: BinaryIO, code: str) -> Any:
    return struct.unpack(f"<{code}", file.read(struct.calcsize(code)))[0]


def _text(file: BinaryIO) -> str:
    size = _number(file, "Q")
    data = file.read(size)
    if len(data) != size:
        raise struct.error
    # Vocabularies may hold single bytes that are no text on their own.
    return data.decode("utf-8", "replace")


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _TEXT:
        return _text(file)
    if kind == _LIST:
        item_kind, count = struct.unpack("<IQ", file.read(12))
        if item_kind in _SCALARS:
            code = f"<{count}{_SCALARS[item_kind]}"
            return list(struct.unpack(code, file.read(struct.calcsize(code))))
        read: Callable[[BinaryIO], Any] = _text if item_kind == _TEXT else lambda f: _value(f, item_kind)
        return [read(file) for _ in range(count)]
    if kind not in _SCALARS:
        raise NotGGUF(f"has metadata of an unknown kind ({kind})")
    number = _number(file, _SCALARS[kind])
    # A float of 32 bits has seven digits; Python would show the noise behind them.
    return float(f"{number:.7g}") if _SCALARS[kind] == "f" else number

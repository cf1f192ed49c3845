"""NDJSON framing: bytes as they arrive -> lines."""

from __future__ import annotations


class LineSplitter:
    """Bytes as they arrive -> lines, split on `\\n` only: Ollama sends U+0085 and U+2028 raw, inside of strings."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._rest:
            lines[0] = b"".join(self._rest) + lines[0]
            self._rest.clear()
        if rest:
            self._rest.append(rest)
        return lines

    def end(self) -> list[bytes]:
        """What came after the last newline: a whole reply, or the last line of some servers."""
        rest = b"".join(self._rest)
        self._rest.clear()
        return [rest] if rest else []

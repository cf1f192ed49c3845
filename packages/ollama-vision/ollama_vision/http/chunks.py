"""Chunked transfer coding (RFC 9112, 7.1), read past h11: the small chunks of one read are one piece of content.

Ollama sends each line of an answer as a chunk of its own. h11, with what stands on it, takes 8 us for a chunk: more
than parsing the line and making a response of it. So h11 reads the head of a reply and its end; what lies between
comes from here.
"""

from __future__ import annotations

import re
from typing import Final

_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_INTERIM: Final = re.compile(rb"HTTP/1\.[01] 1\d\d")
_SIZE: Final = re.compile(rb"\r\n([0-9A-Fa-f]{1,15})\r\n")
"""The end of the chunk before, and the size of this one."""
_PART_OF_A_SIZE: Final = re.compile(rb"(?:\r(?:\n(?:[0-9A-Fa-f]{1,15}\r?)?)?)?")
_LONGEST_HEAD: Final = 64 * 1024


class HeadWatcher:
    """Looks at the head of a reply while it goes to h11: does a chunked body follow, and where does it begin?"""

    def __init__(self) -> None:
        self._held = b""
        self.is_over = False
        """There is nothing more to look for."""

    def feed(self, data: bytes) -> int | None:
        """Of these bytes, how many belong to the head, when a chunked body follows them in this read."""
        held = self._held + data
        end = held.find(b"\r\n\r\n")
        while end >= 0 and _INTERIM.match(held):
            held = held[end + 4 :]
            end = held.find(b"\r\n\r\n")
        self._held = held
        if end < 0:
            self.is_over = len(held) > _LONGEST_HEAD
            return None
        self.is_over = True
        return len(data) - (len(held) - end - 4) if _CHUNKED.search(held, 0, end + 4) else None


class ChunkedBody:
    """The content of a chunked body.

    The last chunk, and whatever is no plain chunk, is left as it came, and so is all that follows: whether that is
    HTTP, h11 alone decides.
    """

    def __init__(self) -> None:
        self._left = 0  # bytes of a chunk that are still to come
        self._framing = b"\r\n"  # what came without what follows it; as if a chunk had ended before the first
        self.rest = b""
        """What is h11's, once there is nothing more to take: as if it were the beginning of the body."""

    def take(self, data: bytes) -> bytes:
        """The content in the bytes of one read; perhaps none yet."""
        contents = []
        at = 0
        if self._left:
            at = min(self._left, len(data))
            contents.append(data[:at])
            self._left -= at
        else:
            data = self._framing + data
        self._framing = b""
        length = len(data)
        while not self._left:
            size = _SIZE.match(data, at)
            left = int(size[1], 16) if size else 0
            if not size or not left:
                self._keep(data[at:])
                break
            start = size.end()
            at = start + left
            contents.append(data[start:at])
            if at > length:
                self._left = at - length
        return contents[0] if len(contents) == 1 else b"".join(contents)

    def _keep(self, framing: bytes) -> None:
        """What stands where a chunk begins and is none yet, or no plain one."""
        if _PART_OF_A_SIZE.fullmatch(framing):
            self._framing = framing
        else:
            # The chunk before was ended already. One that has no end shall be an error still: an empty size is.
            self.rest = framing[2:] if framing.startswith(b"\r\n") else b"\r\n" + framing

"""A request as the server received it, recorded for a test to inspect."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class ReceivedRequest:
    """One request. The two events may be waited for from any thread."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes
    """The body as it came."""
    query: str = ""
    """What follows the `?`; nothing of Ollama's has one."""
    ended: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when the server is done with the request, whatever the outcome."""
    left: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when the client closed the request before it had the whole answer."""
    hung_up: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when a fault closed the connection: then it was not the client that left."""

    @cached_property
    def body(self) -> Any:
        """The JSON of the body; `None` when it is empty or no JSON."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    @cached_property
    def pictures(self) -> tuple[bytes, ...]:
        """The bytes of every picture, in order: those of the messages, or of the prompt."""
        if not isinstance(self.body, dict):
            return ()
        holders = [self.body, *(self.body.get("messages") or ())]
        return tuple(base64.b64decode(text) for holder in holders for text in _pictures_in(holder))

    @property
    def images(self) -> tuple[Image.Image, ...]:
        """The pictures decoded."""
        from PIL import Image

        return tuple(Image.open(io.BytesIO(data)) for data in self.pictures)


def _pictures_in(holder: Mapping[str, Any]) -> Iterator[str]:
    """In base64: those in the field `images`, and those in the parts of a content, as OpenAI has them."""
    yield from holder.get("images") or ()
    content = holder.get("content")
    for part in content if isinstance(content, list) else ():
        place = part.get("image_url") if isinstance(part, dict) else None
        url = place.get("url") if isinstance(place, dict) else place
        if isinstance(url, str) and url.startswith("data:"):
            yield url.partition(",")[2]

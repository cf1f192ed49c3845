"""Replay of recorded exchanges: the request that was recorded gets the recorded answer, and no other does."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send

from ..faults import RawReply
from ..http.received import ReceivedRequest
from ..http.replies import json_reply
from .transcripts import Exchange, json_object, kind_of_picture, read, to_text, with_pictures

_LOG = logging.getLogger("ollama_embedded")
_MOST_DIFFERENCES = 3
_LONGEST_VALUE = 60
_LONGEST_QUESTION = 400


class Recordings:
    """The exchanges of a folder."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "There is no such folder of recordings", str(self.folder))
        self.exchanges = read(self.folder)
        if not self.exchanges:
            raise ValueError(
                f"there are no recordings in {self.folder}; "
                "make some with: python -m ollama_embedded --record http://localhost:11434 --to FOLDER"
            )

    @property
    def model(self) -> str:
        """The first model that was asked for; "" when none was."""
        bodies = (json_object(exchange.body) or {} for exchange in self.exchanges)
        return next((str(body["model"]) for body in bodies if body.get("model")), "")


class ReplayApp:
    """Answers from recordings. Of several of the same request each is used in turn, and the last one stays."""

    def __init__(self, recordings: Recordings, unmatched: Callable[[str], None]) -> None:
        self._recordings = recordings
        self._unmatched = unmatched
        self.routes = None
        self._left: dict[_Key, list[Exchange]] = {}
        for exchange in recordings.exchanges:
            key = _key(exchange.method, exchange.path, exchange.body, exchange.headers)
            self._left.setdefault(key, []).append(exchange)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received: ReceivedRequest = scope["received"]
        path = f"{received.path}?{received.query}" if received.query else received.path
        # What was recorded without a page is for every page too.
        for headers in (received.headers, {}):
            left = self._left.get(_key(received.method, path, received.raw, headers))
            if left:
                break
        else:
            text = self._no_match(received.method, path, received.raw)
            self._unmatched(text)
            _LOG.warning(text)
            await json_reply({"error": text}, 500)(scope, receive, send)
            return
        exchange = left.pop(0) if len(left) > 1 else left[0]

        async def no_reply(send: Send) -> None:
            """A recording stands for the whole reply."""

        await RawReply.recorded(exchange.response).serve(no_reply, send, scope["hang_up"])

    async def close(self) -> None:
        """There is nothing to give back."""

    def _no_match(self, method: str, path: str, body: bytes) -> str:
        """What was asked, and the recording that comes nearest."""
        asked = comparable(body)
        shown = _shorten(asked if isinstance(asked, str) else _compact(asked), _LONGEST_QUESTION)
        text = f"nothing is recorded in {self._recordings.folder} for {method} {path} {shown}".rstrip()
        others = self._recordings.exchanges
        alike = [exchange for exchange in others if (exchange.method, exchange.path) == (method, path)]
        if not alike:
            known = Counter(f"{exchange.method} {exchange.path}" for exchange in others)
            return f"{text}; recorded are " + ", ".join(f"{what} ({count})" for what, count in known.items())
        told = {exchange.name: _differences(asked, comparable(exchange.body)) for exchange in alike}
        nearest = min(told, key=lambda name: len(told[name]))
        shown_of_many = told[nearest][:_MOST_DIFFERENCES]
        more = len(told[nearest]) - len(shown_of_many)
        rest = f" and {more} more" if more else ""
        return f"{text}; the nearest recording is {nearest}.json, which differs in {', '.join(shown_of_many)}{rest}"


_Key = tuple[str, str, str, str]


def _key(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> _Key:
    """Pages, and who names another host, are answered otherwise: what was recorded for them is for them alone."""
    host = headers.get("host", "")
    who = f"{headers.get('origin', '')} {'' if host.startswith(('127.0.0.1', 'localhost')) else host}"
    return method, path, _compact(comparable(body)), who


def comparable(body: bytes) -> Any:
    """A body as a value to compare: the order of fields does not count, and a picture counts by its content."""
    value = json_object(body)
    return to_text(body) if value is None else with_pictures(value, _content)


def _content(data: bytes) -> str:
    """A PNG counts by its pixels: another version of zlib packs the same ones into other bytes."""
    kind = kind_of_picture(data)
    if kind == "png":
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
                pixels = hashlib.sha256(picture.tobytes()).hexdigest()[:12]
                return f"<png of {picture.width}x{picture.height} {picture.mode}, pixels {pixels}>"
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            # A broken one was meant to be sent broken: its bytes are all there is.
            kind = "broken png"
    return f"<{kind} of {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]}>"


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _differences(asked: Any, recorded: Any) -> list[str]:
    """Where two bodies differ, as a reader would name the places."""
    here, there = dict(_leaves(asked)), dict(_leaves(recorded))
    told = []
    for place in {**here, **there}:
        one, other = here.get(place, "nothing"), there.get(place, "nothing")
        if one != other:
            values = f"asked {_shorten(one, _LONGEST_VALUE)}, recorded {_shorten(other, _LONGEST_VALUE)}"
            told.append(f"{place or 'the body'}: {values}")
    return told


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{number}]")
    else:
        yield place, _compact(value)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"

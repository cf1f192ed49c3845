"""Fault injection that lasts: llama.cpp of mid 2026, whose picture cache loses a picture that prompts share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .faults import Fault, HangUp, Message, Send, SendReply, Status, lost_picture
from .http.received import ReceivedRequest
from .protocol import requests
from .protocol.options import LOADING

Prompt = tuple[tuple[str, str], ...]
"""What the model reads, in pieces: ("text", words) and ("picture", SHA-256), pictures before their message's text."""


class LosesPictures:
    """A fault that lasts, for `EmbeddedOllama(faults=LosesPictures())`.

    After a question about two pictures [A, B], whatever begins with A and goes on with anything but B is answered
    with 500 "got exception: Chunk not found", under every name of the model, until it is unloaded: by a request
    (`keep_alive` 0), because its time is over, or because a request has other options of loading (`num_ctx` and its
    like), which loads it anew. The same pixels in other bytes are another picture.
    """

    def __init__(self) -> None:
        self._prompts: set[Prompt] = set()
        self._loading: Mapping[str, Any] = {}
        """With what options the model is loaded."""

    def next(self, path: str, received: ReceivedRequest) -> Fault | None:
        body = received.body
        if received.path not in ("/api/chat", "/api/generate") or not isinstance(body, dict):
            return None
        try:
            asked = (
                requests.parse_chat(received.raw)
                if received.path == "/api/chat"
                else requests.parse_generate(received.raw)
            )
        except requests.RequestError:
            return None
        loading = {name: asked.options[name] for name in LOADING if name in asked.options}
        if loading != self._loading:
            self.forget()
        self._loading = loading
        prompt = _prompt_of(body)
        if prompt and _parts_behind_picture(prompt, self._prompts):
            error = lost_picture()
            if asked.keep_alive == 0:
                self.forget()
            return Status(error.status, error.body, {"content-type": _JSON[asked.stream]})
        if asked.keep_alive == 0:
            return _Then(self.forget)
        return _Then(lambda: self._prompts.add(prompt)) if prompt else None

    def forget(self) -> None:
        """The model was unloaded, or loaded anew."""
        self._prompts.clear()


_JSON = {True: "application/json", False: "application/json; charset=utf-8"}


@dataclass(frozen=True)
class _Then(Fault):
    """The right reply, and something done when it was one."""

    do: Callable[[], None]

    async def serve(self, reply: SendReply, send: Send, hang_up: HangUp) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self.do()
            await send(message)

        await reply(watched)


def _parts_behind_picture(prompt: Prompt, cached: set[Prompt]) -> bool:
    """Whether the longest beginning that is cached ends between two pictures of the prompt that was cached."""
    longest, fails = 0, False
    for other in cached:
        common = _common(prompt, other)
        between = 0 < common < len(other) and other[common - 1][0] == other[common][0] == "picture"
        if common > longest:
            longest, fails = common, between
        elif common == longest:
            fails = fails or between
    return fails


def _common(one: Prompt, other: Prompt) -> int:
    for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return index
    return min(len(one), len(other))


def _prompt_of(body: dict[str, Any]) -> Prompt:
    """A chat of one message and a prompt with the same words are the same to the model."""
    messages = body.get("messages")
    if messages is None:
        system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
        asked = {"role": "user", "content": body.get("prompt") or "", "images": body.get("images")}
        messages = [*system, asked] if body.get("prompt") else []
    pieces: list[tuple[str, str]] = []
    for message in messages:
        pieces.append(("text", str(message.get("role"))))
        pieces.extend(
            ("picture", hashlib.sha256(str(image).encode()).hexdigest()) for image in message.get("images") or ()
        )
        pieces.append(("text", str(message.get("content"))))
    return tuple(pieces)

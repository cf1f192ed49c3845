"""Embeddings of texts: the requests and replies of /api/embed, of the older /api/embeddings, and of /v1/embeddings.

What a server without an embedding model says is recorded. No such model was asked: the form of a success is that of
Ollama's source (`server/routes.go`, `openai/openai.go`, August 2026).
"""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import gojson
from .go_types import anything, hold, integer, struct_of, text
from .gojson import GoError
from .requests import Fields, RequestError, keep_alive_seconds

UNSUPPORTED = "This server does not support embeddings. Start it with `--embeddings`"
TOO_LONG = "the input length exceeds the context length"
_SINGLE = struct.Struct("<f")
_LEAST_NORM = 1e-12

Vector = Sequence[float]


@dataclass(frozen=True)
class EmbedRequest:
    """What both endpoints take. `model` is the name as sent."""

    model: str = ""
    texts: tuple[str, ...] = ()
    keep_alive: float | None = None
    truncate: bool | None = None
    dimensions: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Embedded:
    """What a model makes of texts: a vector for each, in their order, and how many tokens they were."""

    vectors: Sequence[Vector]
    tokens: int = 0


def parse_embed(body: bytes) -> EmbedRequest:
    """Read the body of /api/embed, or refuse it as the real server does. An empty text is none; in a list it is one."""
    try:
        fields = Fields.of_body(body, "EmbedRequest")
        given = fields.get("input", "any", "any")
        shared = {**_shared(fields), "truncate": fields.flag("truncate")}
        dimensions = int(fields.get("dimensions", "number", "int") or 0)
    except GoError as fault:
        raise RequestError(400, str(fault)) from None
    texts = ([given] if given else []) if isinstance(given, str) else given
    if not isinstance(texts, list | None) or not all(isinstance(each, str) for each in texts or ()):
        raise RequestError(400, "invalid input type")
    return EmbedRequest(texts=tuple(texts or ()), dimensions=dimensions, **shared)


def parse_embeddings(body: bytes) -> EmbedRequest:
    """Read the body of /api/embeddings: one text, called `prompt` there."""
    try:
        fields = Fields.of_body(body, "EmbeddingRequest")
        prompt = fields.text("prompt")
        return EmbedRequest(texts=(prompt,) if prompt else (), **_shared(fields))
    except GoError as fault:
        raise RequestError(400, str(fault)) from None


def _shared(fields: Fields) -> dict[str, Any]:
    return {
        "model": fields.text("model"),
        "keep_alive": keep_alive_seconds(fields.get("keep_alive", "any", "api.Duration")),
        "options": dict(fields.get("options", "object", "map[string]interface {}") or {}),
    }


def embed_reply(request: EmbedRequest, embedded: Embedded, total: int, load: int) -> dict[str, Any]:
    """The reply of /api/embed; durations are nanoseconds."""
    vectors = [_cut(_normalized(each), request.dimensions) for each in embedded.vectors]
    metrics = {"total_duration": total, "load_duration": load, "prompt_eval_count": embedded.tokens}
    counted = {name: value for name, value in metrics.items() if value} if vectors else {}
    return {"model": request.model, "embeddings": [[_shortest(x) for x in each] for each in vectors], **counted}


def embeddings_reply(embedded: Embedded) -> dict[str, Any]:
    """The reply of /api/embeddings: the vector as the model made it, of any length."""
    vector = embedded.vectors[0] if embedded.vectors else ()
    return {"embedding": [_single(each) for each in vector]}


def _normalized(vector: Vector) -> list[float]:
    if not all(map(math.isfinite, vector)):
        raise RequestError(400, "embedding contains NaN or Inf values")
    length = max(math.sqrt(math.fsum(each * each for each in vector)), _LEAST_NORM)
    return [_single(each / length) for each in vector]


def _cut(vector: list[float], dimensions: int) -> list[float]:
    return _normalized(vector[:dimensions]) if 0 < dimensions < len(vector) else vector


def _single(value: float) -> float:
    rounded: float = _SINGLE.unpack(_SINGLE.pack(value))[0]
    return rounded


def _shortest(value: float) -> float:
    """The number of the fewest digits that is this one in single precision: so does Go write it."""
    told = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    return next((each for each in told if _single(each) == value), value)


_OPENAI = "openai.EmbedRequest"
_OPENAI_REQUEST = struct_of(_OPENAI, {"input": anything, "model": text, "dimensions": integer, "encoding_format": text})


@dataclass(frozen=True)
class OpenAIEmbedding:
    """A request to /v1/embeddings."""

    embed: Mapping[str, Any]
    """The body of the request to /api/embed that it comes to."""
    as_base64: bool

    def whole(self, reply: Mapping[str, Any]) -> dict[str, Any]:
        """The reply of /v1/embeddings, from that of /api/embed."""
        count = reply.get("prompt_eval_count", 0)
        listed = [
            {"object": "embedding", "embedding": _base64(each) if self.as_base64 else each, "index": index}
            for index, each in enumerate(reply["embeddings"])
        ]
        usage = {"prompt_tokens": count, "total_tokens": count}
        return {"object": "list", "data": listed or None, "model": self.embed["model"], "usage": usage}


def parse_openai_embedding(body: bytes) -> OpenAIEmbedding:
    """Read the body of /v1/embeddings, or refuse it as the real server does."""
    try:
        if not body.strip():
            raise GoError("EOF")
        given = gojson.loads_object(body, _OPENAI)
        hold(given, _OPENAI_REQUEST)
        fields = {name.lower(): value for name, value in given.items()}
        wanted = fields.get("encoding_format") or ""
        if wanted.lower() not in ("", "float", "base64"):
            supported = "Supported values: ['float', 'base64']."
            raise GoError(f"Invalid value for 'encoding_format' = {wanted}. {supported}")
        texts = fields.get("input")
        if texts in (None, []):
            raise GoError("invalid input")
    except GoError as fault:
        raise RequestError(400, str(fault)) from None
    embed = {"model": fields.get("model") or "", "input": [""] if texts == "" else texts}
    embed |= {"dimensions": fields["dimensions"]} if fields.get("dimensions") else {}
    return OpenAIEmbedding(embed, wanted.lower() == "base64")


def _base64(vector: Vector) -> str:
    return b64encode(b"".join(map(_SINGLE.pack, vector))).decode("ascii")

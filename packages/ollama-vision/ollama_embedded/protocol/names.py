"""Model names, parsed and normalised: `shapes` is `registry.ollama.ai/library/shapes:latest`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOST = "registry.ollama.ai"
_NAMESPACE = "library"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_HOST_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")


class BadName(ValueError):
    """A name that no model can have; the message is Ollama's."""


@dataclass(frozen=True)
class ModelName:
    """A name with nothing left out."""

    host: str
    namespace: str
    model: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Read a name as a user writes it."""
        lowered = text.lower()
        if lowered.endswith((":cloud", "-cloud")) and ":local" in lowered:
            raise BadName(f'use either :local or :cloud, not both: "{text}"')
        body = text[: -len(":local")] if lowered.endswith(":local") else text
        body = body.partition("://")[2] if "://" in body else body
        path, slash, last = body.rpartition("/")
        model, colon, tag = last.partition(":")
        host, inner, namespace = path.rpartition("/") if slash else ("", "", "")
        name = cls(host or _HOST, namespace or _NAMESPACE, model, tag or "latest")
        parts_fit = all(_PART.fullmatch(part) for part in (name.namespace, name.model, name.tag))
        dangling = (colon and not tag) or (slash and not namespace) or (inner and not host)
        if dangling or not parts_fit or not _HOST_PART.fullmatch(name.host):
            raise BadName("invalid model name")
        return name

    @property
    def full(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self) -> str:
        """As `ollama list` shows it: the defaults are left out, the tag is not."""
        if self.host != _HOST:
            return self.full
        if self.namespace != _NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"

    @property
    def key(self) -> str:
        """Names are compared without regard to case."""
        return self.full.lower()

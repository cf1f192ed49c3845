"""Results of tools: words as text content, the same as structured content, and errors that an agent can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mcp.types import CallToolResult, TextContent


def told(words: str | Iterable[str], structured: Mapping[str, Any]) -> CallToolResult:
    """What came of a call."""
    return CallToolResult(content=_texts(words), structured_content=dict(structured))


def failed(words: str | Iterable[str], structured: Mapping[str, Any] | None = None) -> CallToolResult:
    """Why nothing came of it, or not all; an agent is told so, and no exception of the protocol is raised."""
    structured_content = None if structured is None else dict(structured)
    return CallToolResult(content=_texts(words), structured_content=structured_content, is_error=True)


def _texts(words: str | Iterable[str]) -> list[Any]:
    each = [words] if isinstance(words, str) else words
    return [TextContent(type="text", text=text) for text in each]

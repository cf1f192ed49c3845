"""Lines of results.jsonl for tests: one of a picture that was described, and what makes it one that failed."""

from __future__ import annotations

from typing import Any

from ollama_vision.batch.results.ledger import Version

SECOND = 1_000_000_000
NOW = Version.of(10, 1_700_000_000 * SECOND)


def record(path: str = "a.png", page: int | None = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "path": path,
        "page": page,
        "pages": None,
        "size": NOW.size,
        "modified": NOW.modified,
        "sha256": "0" * 64,
        "text": "A red circle.",
        "fields": None,
        "error": None,
        "finish_reason": "stop",
        "model": "m",
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        "seconds": 0.5,
        "request": "r1",
    }
    return {**made, **more}


FAILED: dict[str, Any] = {"error": {"type": "ImageError", "message": "It is cut."}, "text": ""}

"""`ollama-vision serve`: the embedded server in the foreground."""

from __future__ import annotations

from pathlib import Path


def serve(*, model: Path | None, mmproj: Path | None, host: str, port: int, num_parallel: int) -> int:
    """Serve until told to stop, and give the exit code."""
    from ollama_embedded import EmbeddedOllama
    from ollama_embedded.foreground import stay

    def start() -> tuple[EmbeddedOllama, str]:
        server = EmbeddedOllama(
            model=model, mmproj=mmproj, host=host, port=port, num_parallel=num_parallel, keep_requests=0
        ).start()
        question = "How many shapes are there?" if model is None else "What is in this picture?"
        return server, (
            f"{server.url} serves {server.model}. Stop it with Ctrl-C.\n"
            f'Ask it: ollama-vision ask --host {server.url} PICTURE "{question}"'
        )

    return stay(start, who="Error")

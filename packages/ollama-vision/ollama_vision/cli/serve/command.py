"""`ollama-vision serve`: the embedded server in the foreground."""

from __future__ import annotations

from pathlib import Path


def serve(
    *, model: Path | None, mmproj: Path | None, host: str, port: int, num_parallel: int, blind: str | None
) -> int:
    """Serve until told to stop, and give the exit code."""
    from ollama_embedded import EmbeddedOllama
    from ollama_embedded.foreground import stay

    def start() -> tuple[EmbeddedOllama, str]:
        server = EmbeddedOllama(
            model=model,
            mmproj=mmproj,
            blind=blind,
            host=host,
            port=port,
            num_parallel=num_parallel,
            keep_requests=0,
        ).start()
        blindly = f", which gets {blind} in place of the pictures" if blind else ""
        question = "How many shapes are there?" if model is None else "What is in this picture?"
        return server, (
            f"{server.url} serves {server.model}{blindly}. Stop it with Ctrl-C.\n"
            f'Ask it: ollama-vision ask --host {server.url} PICTURE "{question}"'
        )

    return stay(start, who="Error")

"""`python -m ollama_embedded`: serve the demo model, or any GGUF vision model, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit code says how it ended."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.mmproj and not options.model:
        parser.error("--mmproj is the projector of a model: give --model as well")
    stop = threading.Event()
    try:
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        return _serve(options, stop)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _serve(options: argparse.Namespace, stop: threading.Event) -> int:
    from ollama_embedded.gguf import NotGGUF

    try:
        # The import is part of the try: without the extra it says what to install.
        from ollama_embedded import EmbeddedOllama

        server = EmbeddedOllama(
            model=options.model,
            mmproj=options.mmproj,
            aliases=options.alias,
            host=options.host,
            port=options.port,
            num_parallel=options.num_parallel,
            keep_requests=0,
        ).start()
    except (OSError, NotGGUF, ModuleNotFoundError, ValueError) as fault:
        print(f"ollama_embedded: {_said(fault)}", file=sys.stderr)
        return 2
    with server:
        names = ", ".join([server.model, *options.alias])
        print(f"{server.url} serves {names}. Stop it with Ctrl-C.", flush=True)
        # On Windows an endless wait would not see Ctrl-C.
        while not stop.wait(1.0):
            pass
    return 0


def _said(fault: Exception) -> str:
    if isinstance(fault, FileNotFoundError):
        return f"there is no file {fault.filename}"
    if isinstance(fault, OSError) and fault.strerror:
        return f"cannot listen there: {fault.strerror}" if fault.filename is None else str(fault)
    return str(fault)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ollama_embedded",
        description="A small Ollama: the same protocol, llama.cpp inside. Without a model it serves the demo model.",
    )
    parser.add_argument("--model", type=Path, metavar="GGUF", help="the text model")
    parser.add_argument("--mmproj", type=Path, metavar="GGUF", help="its projector, which makes it see")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port (default: any free one)")
    parser.add_argument("--alias", action="append", default=[], metavar="NAME", help="further name of the model")
    parser.add_argument("--num-parallel", type=int, default=1, metavar="N", help="answers at the same time")
    return parser


if __name__ == "__main__":
    sys.exit(main())

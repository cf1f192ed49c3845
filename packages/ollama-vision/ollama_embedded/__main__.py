"""`python -m ollama_embedded`: serve a model or recordings, or record what a real server says, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .foreground import stay

if TYPE_CHECKING:
    from .http.service import Service


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; the exit code says how it ended."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _check(parser, options)

    def start() -> tuple[Service, str]:
        service, line = _recorder(options) if options.record else _server(options)
        service.start()
        return service, f"{service.url} {line} Stop it with Ctrl-C."

    return stay(start, who="ollama_embedded")


def _server(options: argparse.Namespace) -> tuple[Service, str]:
    from . import EmbeddedOllama

    server = EmbeddedOllama(
        model=options.model,
        mmproj=options.mmproj,
        blind=options.blind,
        aliases=options.alias,
        replay=options.replay,
        host=options.host,
        port=options.port,
        num_parallel=options.num_parallel,
        keep_requests=0,
    )
    if options.replay:
        return server, f"plays back {options.replay}."
    return server, f"serves {', '.join([server.model, *options.alias])}."


def _recorder(options: argparse.Namespace) -> tuple[Service, str]:
    from . import Recorder

    recorder = Recorder(options.record, options.to, host=options.host, port=options.port, told=_tell)
    return recorder, f"passes requests on to {recorder.server} and keeps the answers in {options.to}."


def _tell(line: str) -> None:
    print(line, flush=True)


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """What cannot go together; the parser then ends the program."""
    if options.mmproj and not options.model:
        parser.error("--mmproj is the projector of a model: give --model as well")
    if bool(options.record) != bool(options.to):
        parser.error("--record URL and --to FOLDER go together")
    sources = [name for name in ("--model", "--replay", "--record") if getattr(options, name.lstrip("-"))]
    if len(sources) > 1:
        parser.error(f"{' and '.join(sources)} do not go together: one server does one thing")
    if options.blind and sources not in ([], ["--model"]):
        parser.error(f"--blind is what a model gets, and with {sources[0]} there is none")
    if options.alias and sources not in ([], ["--model"]):
        parser.error(f"--alias names a model, and with {sources[0]} there is none")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ollama_embedded",
        description="A small Ollama: the same protocol, llama.cpp inside. Without a model it serves the demo model."
        " It can also record what a real server answers, and play it back.",
    )
    parser.add_argument("--model", type=Path, metavar="GGUF", help="the text model")
    parser.add_argument("--mmproj", type=Path, metavar="GGUF", help="its projector, which makes it see")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port (default: any free one)")
    parser.add_argument("--alias", action="append", default=[], metavar="NAME", help="further name of the model")
    parser.add_argument("--num-parallel", type=int, default=1, metavar="N", help="answers at the same time")
    parser.add_argument(
        "--blind", metavar="FAULT", help="what the model gets in place of the pictures: black, stale ..."
    )
    parser.add_argument("--replay", type=Path, metavar="FOLDER", help="answer from the recordings in this folder")
    parser.add_argument("--record", metavar="URL", help="pass requests on to this server and record its answers")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where the recordings go")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`ollama-vision search`: the command's body."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size

from ollama_vision import batch
from ollama_vision.errors import OllamaMultiModalError
from ollama_vision.words import counted, names

from ..common.access import Access
from ..common.exits import DONE, FAILED, WRONG_COMMAND_LINE
from ..common.screen import NoOutput, Screen, silence_output, telling
from ..common.servers import NoServer, patience, servers_for
from ..common.shell_words import in_shell_words
from ..report import ReportError
from .excerpts import lines_of_hit
from .page import write_page


@dataclass(frozen=True)
class Asked:
    """Who is asked for embeddings."""

    model: str
    access: Access
    timeout: float | None


def search(
    results: Sequence[Path],
    query: str,
    *,
    limit: int | None,
    page: Path | None,
    root: Path | None,
    as_json: bool,
    asked: Asked | None = None,
) -> int:
    """Search, and give the exit code."""
    with Screen() as screen, telling(screen):
        screen.wait("Reading results")
        try:
            meaning = None if asked is None else _meaning(asked, screen)
            hits = batch.search(results, query, limit=limit, meaning=meaning)
            if hits.places and page is not None:
                screen.wait("Making the page")
                write_page(page, hits, query, root)
            screen.pause()
            _print(hits, query, screen, as_json=as_json)
        except (OllamaMultiModalError, NoServer, ReportError, NoOutput) as error:
            screen.complain(in_shell_words(str(error)))
            return WRONG_COMMAND_LINE
        except BrokenPipeError:
            silence_output()
            return FAILED
        except OSError as error:
            screen.complain(f"{error.filename or names(results)}: {error.strerror or error}.")
            return WRONG_COMMAND_LINE
        return _tell(hits, page, screen)


def _meaning(asked: Asked, screen: Screen) -> batch.Meaning:
    """Raises NoServer."""
    with servers_for(asked.access, screen) as servers:
        settings = servers.settings[0]

    def progress(done: int, of: int) -> None:
        screen.still_waiting(f"Embeddings: {done:,} of {of:,}")

    return batch.meaning_of(asked.model, progress, **settings, **patience(asked.timeout))


def _print(hits: batch.Hits, query: str, screen: Screen, *, as_json: bool) -> None:
    width = get_terminal_size().columns
    for hit in hits:
        if as_json:
            screen.say(json.dumps(hit.to_dict(), ensure_ascii=False) + "\n")
        else:
            screen.say("".join(f"{line}\n" for line in lines_of_hit(hit.record, query, width)))


def _tell(hits: batch.Hits, page: Path | None, screen: Screen) -> int:
    for file in hits.broken_off:
        screen.note(f"The last line of {file} is being written, or was broken off: it is left out.")
    searched = f"{counted(hits.answers, 'answer')} searched"
    if not hits.places:
        screen.remark(f"No hit; {searched}." + ("" if page is None else f" {page} was not written."))
        return FAILED
    shown = f"{counted(hits.count, 'hit')}"
    if len(hits.places) < hits.count:
        shown += f", the best {len(hits.places):,} of them shown"
    screen.remark(f"{shown}; {searched}." + ("" if page is None else f" They are in {page}."))
    return DONE

"""`read_document`: one document to Markdown, with a verdict for each page, from Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ollama_vision.batch import Ledger, RunOptions, SightFile, find_pictures
from ollama_vision.errors import BlindModelError, ImageError, RunStoppedError
from ollama_vision.model import VisionModel
from ollama_vision.pictures import ImageOptions, PictureSource

from .document import Document, DocumentPage
from .reading import CONTEXT, Layer
from .runs import ReadSettings, texts_of
from .second_readers import from_texts

if TYPE_CHECKING:
    from ollama_vision.batch import Found
    from ollama_vision.model import OnServer


def read_document(
    path: str | os.PathLike[str],
    model: str,
    host: str | Sequence[str] | None = None,
    *,
    layer: Layer = "check",
    second: str | None = None,
    pages: int | Iterable[int] | None = None,
    password: str | None = None,
    sight_check: bool = True,
    prompt: str | None = None,
    jobs: int = 4,
    on_page: Callable[[DocumentPage], None] | None = None,
    **settings: Any,
) -> Document:
    """Read a PDF, a TIFF of several pages or a photograph, and say of each page whether to trust it.

    What a page is asked follows from the model's family. A page without ink is not asked about; an answer that was cut
    is asked for with more room, and then by halves of the page; each is compared with the PDF's own text and with a
    second reader, where there is one. Nothing is written: `ollama-vision read` does that, and goes on after a crash.

    Args:
        path: the document.
        model: its name on the server.
        host: one server or several, of which the least busy is asked next; `OLLAMA_HOST`, or this machine, if left
            out.
        layer: "check" compares answers with the text layer, "prefer" takes the layer's text of the pages that have
            one, and asks about none of them, "ignore" does neither.
        second: a second reader: the name of another model on the same servers, or "tesseract", the program;
            "tesseract:deu+fra" names its languages.
        pages: the number of a page, or several; all if left out.
        password: what opens a locked PDF.
        sight_check: have each host prove first that the model sees.
        prompt: what each page is asked, in place of the family's own.
        jobs: requests at once, over all hosts.
        on_page: hears of each page as it is read, in whatever order; of one that is asked about again, again.
        settings: of VisionModel, such as `headers`, `image_options` and Ollama's options by name.

    Raises:
        ImageError: it is not there, cannot be opened, or lacks a page that was asked for.
        MissingExtraError: a package is missing: the extras `pdf` and `read`.
        BlindModelError: the model does not see what it is sent.
        RunStoppedError: a fault that is no page's, such as a server that is not there.
        SecondReaderError: there is no such second reader.
        TypeError, ValueError: an argument that is none, or not so.
    """
    settings = {"temperature": 0.0, "context_window": CONTEXT, **settings}
    options = settings.pop("image_options", None) or ImageOptions()
    if password is not None:
        options = options.model_copy(update={"password": SecretStr(password)})
    addresses = [host] if host is None or isinstance(host, str) else list(dict.fromkeys(host))
    read = ReadSettings(layer, second, prompt, pages=_numbers(pages), image_options=options)
    named = {
        name: [VisionModel(name, each, image_options=options, **settings) for each in addresses]
        for name in (model, read.second_model)
        if name is not None
    }
    read.check()
    found = _one_document(path)
    check_openable(found, read)
    made = read_with(
        found,
        named[model],
        named.get(read.second_model or ""),
        read,
        jobs=jobs,
        sight_check=sight_check,
        on_page=on_page,
    )
    return Document(tuple(made))


def read_with(
    found: Found,
    hosts: Sequence[OnServer],
    second_hosts: Sequence[OnServer] | None,
    settings: ReadSettings,
    *,
    jobs: int = 4,
    sight_check: bool = True,
    on_page: Callable[[DocumentPage], None] | None = None,
) -> list[DocumentPage]:
    """The pages of documents, in their order, by models that are made already; what cannot be opened has failed.

    All of them are read in one run: each host proves its sight once, and loads a second model once.
    """
    settings.check()
    readers = settings.program_readers()
    run_options = RunOptions(jobs=jobs, sight_check=sight_check)
    try:
        if second_hosts and settings.second_model is not None:
            run = settings.second_run(second_hosts)
            lines = settings.second_lines(run, found.files, Ledger(), run_options, SightFile())
            with closing(iter(lines)) as records:
                readers[run.model] = from_texts(texts_of(record for record, _ in records))
        run = settings.model_run(hosts)
        lines = settings.lines(run, found.files, Ledger(), run_options, SightFile(), readers)
        last: dict[tuple[str, int], DocumentPage] = {}
        with closing(iter(lines)) as records:
            for record, _ in records:
                page = last[record["path"], record["page"] or 0] = DocumentPage.of(record)
                if on_page is not None:
                    on_page(page)
    except RunStoppedError as stopped:
        if isinstance(stopped.__cause__, BlindModelError):
            raise stopped.__cause__ from None
        raise
    places = {str(file.path): place for place, file in enumerate(found.files)}
    return [page for _, page in sorted(last.items(), key=lambda item: (places[item[0][0]], item[0][1]))]


def check_openable(found: Found, settings: ReadSettings) -> None:
    """Raises ImageError for the first document that cannot be opened, or lacks a page that is asked for."""
    options = settings.image_options
    if settings.pages is not None:
        options = options.model_copy(update={"pages": tuple(sorted(settings.pages))})
    for file in found.files:
        replace(PictureSource.of_file(file.path, options), document=True).select_pages()


def _one_document(path: str | os.PathLike[str]) -> Found:
    """Raises ImageError for none, and for several."""
    if Path(path).is_dir():
        raise ImageError(f"{os.fspath(path)} is a folder: name one document; `ollama-vision read` reads folders.")
    found = find_pictures(path)
    if len(found.files) != 1:
        raise ImageError(f"{os.fspath(path)} is {len(found.files)} files: name one document.")
    return found


def _numbers(pages: int | Iterable[int] | None) -> frozenset[int] | None:
    if pages is None:
        return None
    each = [pages] if isinstance(pages, int) else list(pages)
    if not each or not all(isinstance(number, int) and not isinstance(number, bool) and number > 0 for number in each):
        raise ValueError(f"pages is {pages!r}; it must be the number of a page, from 1, or several")
    return frozenset(each)

"""How often a verdict errs, and what it costs: generated pages read by a scripted model, into docs/verdicts.md.

`python -m benchmarks.verdicts` draws PDFs with known text and has `read_document` ask the embedded server about them,
which answers with what stands there, with a fault in it, or with what Tesseract reads of the picture; then it counts
the pages that are said to need a look. A quarter of an hour on two cores. Exits with 1 when a fault was missed, or one
in a hundred clean readings was not believed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.published import publish
from ollama_embedded import EmbeddedOllama, Reply, Request, ScriptedEngine
from ollama_vision import read_document
from ollama_vision.documents import DocumentPage, needs_look
from ollama_vision.pictures import ImageOptions, PictureSource

from . import costs, tesseract
from .faults import FAULTS
from .layouts import Page, blank_page, draw_page
from .pdf_pages import pdf_of
from .readings import clean_reading
from .texts import SCRIPTS
from .truth import is_misread

PAGE = Path(__file__).parents[2] / "docs" / "verdicts.md"
FIRST_SEED = 1000
"""What the rules were chosen by looking at, and what the tests draw, has smaller ones."""
SHARP = ImageOptions(max_pixels=4_000_000)
"""200 dpi, as Tesseract wants it."""
MOST_ALARMS = 0.01
DPI = 200

Say = Callable[[int, Request], str | Reply]
"""What the model says of a page, by its number from 0."""


@dataclass
class Row:
    what: str
    verdicts: Counter[str] = field(default_factory=Counter)

    @property
    def pages(self) -> int:
        return self.verdicts.total()

    @property
    def looks(self) -> int:
        return sum(count for verdict, count in self.verdicts.items() if needs_look(verdict))

    def __str__(self) -> str:
        told = ", ".join(f"{verdict} {count:,}" for verdict, count in self.verdicts.most_common())
        return f"| {self.what} | {self.pages:,} | {self.looks:,} | {told} |"


def pages_of(count: int) -> list[Page]:
    return [draw_page(SCRIPTS[number % len(SCRIPTS)], FIRST_SEED + number // len(SCRIPTS)) for number in range(count)]


@contextmanager
def document_of(pages: Sequence[Page]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generated.pdf"
        path.write_bytes(pdf_of(pages))
        yield path


def read(path: Path, count: int, say: Say, options: ImageOptions | None = None) -> list[DocumentPage]:
    """The document as `read_document` reads it; what a picture shows is known by its bytes."""
    options = options or ImageOptions()
    source = replace(PictureSource.of_file(path, options), document=True)
    numbers = {hashlib.sha256(picture.read()).digest(): (picture.page or 1) - 1 for picture in source.pages()}

    def answer(request: Request) -> str | Reply:
        (picture,) = request.pictures
        return say(numbers.get(hashlib.sha256(picture).digest(), 0), request)

    with EmbeddedOllama(
        engine=ScriptedEngine(answer, model="scripted", context_length=32_768), num_parallel=2
    ) as server:
        document = read_document(
            path, "scripted", server.url, jobs=2, sight_check=False, image_options=options, pages=range(1, count + 1)
        )
    return [*document.pages]


def clean(path: Path, pages: Sequence[Page]) -> Row:
    made = read(path, len(pages), lambda number, _: clean_reading(pages[number], number))
    return Row("none: a clean reading", Counter(page.verdict for page in made))


def faulty(path: Path, pages: Sequence[Page]) -> Iterator[Row]:
    texts = [clean_reading(page, number) for number, page in enumerate(pages)]
    for what, fault in FAULTS.items():
        changed = [_changed(fault, text, f"{what} {number}") for number, text in enumerate(texts)]
        answers = [one or other for one, other in zip(changed, texts, strict=True)]
        made = read(path, len(pages), _from(answers))
        yield Row(what, Counter(page.verdict for page, text in zip(made, changed, strict=True) if text is not None))
    made = read(path, len(pages), lambda number, _: texts[number - 1])
    yield Row("the page before read as this one", Counter(page.verdict for page in made))
    made = read(
        path, len(pages), lambda number, _: Reply(texts[number][: len(texts[number]) // 2], done_reason="length")
    )
    yield Row("cut at the limit, whatever it is", Counter(page.verdict for page in made))


def _from(answers: Sequence[str]) -> Say:
    return lambda number, _: answers[number]


def _changed(fault: Callable[[str, random.Random], str], text: str, seed: str) -> str | None:
    """The text with the fault; `None` where it has nothing to put it into."""
    try:
        changed = fault(text, random.Random(seed))
    except IndexError:
        return None
    return None if changed == text else changed


def empty() -> Iterator[Row]:
    invented = "All warfare is based on deception. Hence, when able to attack, we must seem unable."
    for what, numbered in (("text on an empty page", False), ("text on a page with a number alone", True)):
        pages = [blank_page(f"{number + 1}" if numbered else "") for number in range(30)]
        with document_of(pages) as path:
            made = read(path, len(pages), lambda number, _: f"{invented}\n\n{number + 1}")
        yield Row(what, Counter(page.verdict for page in made))


def by_tesseract(path: Path, pages: Sequence[Page]) -> Iterator[Row]:
    def say(number: int, request: Request) -> str:
        (picture,) = request.pictures
        return tesseract.read(picture, tesseract.LANGUAGES[pages[number].script], DPI)

    right, wrong = Row("Tesseract, every word right"), Row("Tesseract, some word wrong")
    for page, made in zip(pages, read(path, len(pages), say, SHARP), strict=True):
        (wrong if is_misread(page, made.text) else right).verdicts[made.verdict] += 1
    yield from (right, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    parser.add_argument("--clean", type=int, metavar="N", default=500, help="clean readings, and pages for Tesseract")
    parser.add_argument("--faulty", type=int, metavar="N", default=100, help="pages with each fault")
    parser.add_argument("--publish", action="store_true", help=f"write the figures into {PAGE.name} too")
    chosen = parser.parse_args()
    rows, began = [], time.monotonic()

    def add(row: Row) -> Row:
        print(row, f"{time.monotonic() - began:.0f} s", flush=True)
        rows.append(row)
        return row

    missed, alarms = 0, []
    pages = pages_of(chosen.clean)
    with document_of(pages) as path:
        alarms.append(add(clean(path, pages)))
        if tesseract.LANGUAGES.keys() and set(tesseract.LANGUAGES.values()) <= tesseract.languages():
            right, _ = map(add, by_tesseract(path, pages))
            alarms.append(right)
        else:
            print("Tesseract is not here, or lacks a language: apt install tesseract-ocr tesseract-ocr-{rus,ell}")
    few = pages[: chosen.faulty]
    with document_of(few) as path:
        for row in (*map(add, faulty(path, few)), *map(add, empty())):
            missed += (
                row.pages - row.looks if row.what != "text on an empty page" else row.pages - row.verdicts["no ink"]
            )
    told = "\n".join(["| fault | pages | need a look | verdicts |", "|---" * 4 + "|", *map(str, rows)])
    cost = costs.measured(pages[:200])
    print(cost)
    if chosen.publish:
        publish(PAGE, "benchmarks.verdicts --publish", f"{told}\n\n{cost}")
    return 1 if missed or any(row.looks > MOST_ALARMS * row.pages for row in alarms) else 0


if __name__ == "__main__":
    sys.exit(main())

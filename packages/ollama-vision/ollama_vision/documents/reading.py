"""How each page of a document is read: drawn, not asked where there is no need, asked again where cut, then judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ollama_vision.batch import Answered, Ask, PageWork, PictureAnswer, PictureQuestion, open_page
from ollama_vision.errors import AnswerCutError, ContextOverflowError, EmptyResponseError
from ollama_vision.pictures import ImageOptions, PageFacts, PictureSource, page_facts, prepare_image

from .figures import Figures, SaveFigure, no_figure
from .halves import LOWER, UPPER, joined
from .judging import judge_page
from .prompts import family_of
from .second_readers import Read
from .verdicts import FAILED, FROM_LAYER, REPEATS, Finding, PageVerdict, worst

if TYPE_CHECKING:
    from ollama_vision.batch import Outcome, Page, Source
    from ollama_vision.pictures import BoxConvention, PreparedImage

Layer = Literal["prefer", "check", "ignore"]
"""What becomes of a page's own text: it is taken in place of an answer, compared with it, or left aside."""
LAYERS: tuple[Layer, ...] = ("check", "prefer", "ignore")
CONTEXT = 8192
"""Tokens: a page of small print, of 1 megapixel, and its Markdown fit."""
_MORE = 2
"""Times as much room for an answer that was cut, until halves of the page are asked about."""
_SOURCE, _FIGURES, _PROBLEMS, _EMPTY = "source", "figures", "figure_problems", "empty"


class PageKey(NamedTuple):
    """A page of a document."""

    document: str
    page: int


def key_of(page: Page) -> PageKey:
    return PageKey(str(page.file.path), page.page or 1)


@dataclass
class _Known:
    """A page while it is read."""

    facts: PageFacts
    options: ImageOptions
    seconds: Mapping[str, str]
    """What second readers read, by their names."""


@dataclass(frozen=True)
class _Opened:
    """A page that is drawn already, as what is asked about."""

    opened: Source
    drawn: Sequence[PreparedImage]

    def sha256(self) -> str:
        return self.opened.sha256()

    def pictures(self) -> Sequence[PreparedImage]:
        return self.drawn


@dataclass
class PageReading:
    """All that is done with each page of a run.

    Args:
        model: whose family says what becomes of an answer.
        question: what each page is asked.
        options: Ollama's options as the question is asked with, the model's own among them.
        layer: what becomes of the page's own text.
        readers: second readers, by their names.
        figures: the folder for a document's figures; `None` where they are not wanted.
        convention: how boxes of figures are counted.
        judged: whether an answer is judged; a second reader's own is not.
    """

    model: str
    question: PictureQuestion
    options: Mapping[str, Any] = field(default_factory=dict)
    layer: Layer = "check"
    readers: Mapping[str, Read] = field(default_factory=dict)
    figures: Callable[[Path], Path] | None = None
    convention: BoxConvention | None = None
    judged: bool = True
    _known: dict[PageKey, _Known] = field(default_factory=dict)

    def work(self) -> PageWork:
        return PageWork(self.open, self.ask, self.tell)

    def open(self, page: Page, index: int, options: ImageOptions) -> Source | Answered:
        """A page as it is asked about, or its text where nothing need be asked. Raises ImageError."""
        opened = open_page(page, index, options)
        if isinstance(opened, PictureSource) and not page.pictures:
            opened = replace(opened, document=True)
        drawn = list(opened.pictures())
        facts = page_facts(drawn[0])
        if self.layer == "prefer" and has_words(facts.layer):
            self._known[key_of(page)] = _Known(facts, options, {})
            return Answered(PictureAnswer(text_of(facts.layer or ""), more={_SOURCE: "layer"}))
        seconds = {}
        if facts.has_ink and self.judged:
            read = {name: reader(page) for name, reader in self.readers.items()}
            seconds = {name: text for name, text in read.items() if text is not None}
        self._known[key_of(page)] = _Known(facts, options, seconds)
        return _Opened(opened, drawn) if facts.has_ink else Answered(PictureAnswer(""))

    async def ask(self, ask: Ask, page: Page, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        """The page's answer: at once, with more room, or by its halves; and what still is not whole says so."""
        figures = self._figures_of(page)
        answer = await self._asked(ask, page, pictures, figures)
        if figures is None or not (figures.saved or figures.problems):
            return answer
        return replace(answer, more={_FIGURES: [*figures.saved], _PROBLEMS: [*figures.problems]})

    async def _asked(
        self, ask: Ask, page: Page, pictures: Sequence[PreparedImage], figures: Figures | None
    ) -> PictureAnswer:
        spent: list[AnswerCutError] = []
        for question in (self.question, roomier := self._with_more_room()):
            try:
                return _with(spent, await self._clean(await ask(question, pictures), figures))
            except AnswerCutError as error:
                spent.append(error)
                if error.finish_reason == "repetition":
                    repeated = PictureAnswer(error.partial_text, finish_reason="repetition")
                    return _with(spent, await self._clean(repeated, figures))
            except ContextOverflowError:
                if question is roomier:
                    raise
            except EmptyResponseError as error:
                # A page's own, however many there are in a row: photographs, say.
                return _with(spent, PictureAnswer("", finish_reason=error.finish_reason, more={_EMPTY: str(error)}))
        halves = await asyncio.to_thread(self._halves, page)
        answers = [await self._half(ask, roomier, half, figures) for half in halves]
        if not any(answer.text for answer in answers):
            cut = PictureAnswer(spent[-1].partial_text if spent else "", finish_reason="length")
            return _with(spent, await self._clean(cut, figures))
        whole = _with(spent, reduce(_sum_of, answers))
        reasons = [answer.finish_reason for answer in answers]
        unhappy = next((reason for reason in ("length", "repetition") if reason in reasons), answers[-1].finish_reason)
        return replace(whole, text=joined(answers[0].text, answers[1].text), finish_reason=unhappy, pictures=())

    async def _half(
        self, ask: Ask, question: PictureQuestion, half: PreparedImage | None, figures: Figures | None
    ) -> PictureAnswer:
        if half is None:
            return PictureAnswer("", finish_reason="stop")
        try:
            return await self._clean(await ask(question, [half]), figures)
        except AnswerCutError as error:
            cut = PictureAnswer(error.partial_text, finish_reason=error.finish_reason)
            return _with([error], await self._clean(cut, figures))
        except EmptyResponseError:  # there is ink: of the page something is missing
            return PictureAnswer("", finish_reason="length")

    def _with_more_room(self) -> PictureQuestion:
        room = {"num_ctx": _MORE * int(self.options.get("num_ctx") or CONTEXT)}
        if (most := int(self.options.get("num_predict") or 0)) > 0:  # -1 is as much as there is room for
            room["num_predict"] = _MORE * most
        keywords = self.question.keywords
        return replace(self.question, keywords={**keywords, "options": {**(keywords.get("options") or {}), **room}})

    def _halves(self, page: Page) -> list[PreparedImage | None]:
        """The upper and the lower half of the page, each as large as the page was; `None` for one without ink."""
        options = self._known[key_of(page)].options
        halves = []
        for region in (UPPER, LOWER):
            part = options.model_copy(update={"region": region})
            source = PictureSource.of_file(page.file.path, part)
            (half,) = replace(source, document=True).pages(only={page.page or 1})
            halves.append(half if _has_ink(half, is_upper=region == UPPER) else None)
        return halves

    def _figures_of(self, page: Page) -> Figures | None:
        if self.figures is None:
            return None
        key = key_of(page)
        options = self._known[key].options
        return Figures(self.figures(page.file.path), f"page-{key.page}", page, options, self.convention)

    async def _clean(self, answer: PictureAnswer, figures: Figures | None) -> PictureAnswer:
        """The answer as Markdown, with its figures saved; drawing and saving are no work for an event loop."""
        clean = family_of(self.model).clean
        if figures is None or not answer.pictures:
            return replace(answer, text=clean(answer.text, no_figure))
        save: SaveFigure = figures.of(answer.pictures[0])
        return replace(answer, text=await asyncio.to_thread(clean, answer.text, save))

    def tell(self, outcome: Outcome[Page]) -> Mapping[str, Any]:
        """What a line says of a page beside what every line says."""
        known = self._known.pop(key_of(outcome.item), None)
        if not self.judged:
            return {}
        source = outcome.more.get(_SOURCE, "model")
        if outcome.error is not None or known is None:
            verdict = PageVerdict(FAILED)
        elif source == "layer":
            verdict = PageVerdict(FROM_LAYER)
        else:
            verdict = self._verdict(outcome, known)
        place = {"document": str(outcome.item.file.path), _SOURCE: source}
        nothing = outcome.more.get(_EMPTY)
        if nothing and known is not None and not has_words(known.facts.layer):
            # There is ink, and nothing tells whether it is words.
            error = {"type": EmptyResponseError.__name__, "message": nothing}
            return {**place, **told_of(PageVerdict(FAILED)), "error": error}
        figures = {name: outcome.more[name] for name in (_FIGURES, _PROBLEMS) if outcome.more.get(name)}
        return {**place, **told_of(verdict), **figures}

    def _verdict(self, outcome: Outcome[Page], known: _Known) -> PageVerdict:
        verdict = judge_page(
            outcome.text,
            layer=known.facts.layer,
            second=known.seconds,
            cut=outcome.finish_reason == "length",
            undrawn=known.facts.undrawn,
            compared=self.layer != "ignore",
            ink=known.facts.has_ink,
        )
        if outcome.finish_reason != "repetition" or any(one.verdict == REPEATS for one in verdict.findings):
            return verdict
        findings = (*verdict.findings, Finding(REPEATS, answer=" ".join(outcome.text.split()[-8:])))
        return replace(verdict, verdict=worst((one.verdict for one in findings), REPEATS), findings=findings)


def told_of(verdict: PageVerdict) -> dict[str, Any]:
    """A verdict as a line has it."""
    told: dict[str, Any] = {
        "verdict": verdict.verdict,
        "findings": [finding.to_dict() for finding in verdict.findings],
        "cer": verdict.cer,
        "wer": verdict.wer,
    }
    if verdict.readers:
        told["readers"] = {name: {"cer": rates.cer, "wer": rates.wer} for name, rates in verdict.readers.items()}
    return told


def has_words(layer: str | None) -> bool:
    """Whether there is anything to take, or to compare with."""
    return layer is not None and any(map(str.isalnum, layer))


def text_of(layer: str) -> str:
    """A text layer as it is passed on: with the line ends and hyphens that everybody has."""
    plain = layer.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "-").replace("\x02", "-")
    return "\n".join(line.rstrip() for line in plain.split("\n")).strip()


def _has_ink(half: PreparedImage, *, is_upper: bool) -> bool:
    """Whether anything is on a half. What lies along the edge where it was cut is no scanner's: paper is put there."""
    from PIL import Image

    with half.open() as file, Image.open(file) as cut:
        margin = cut.height // 4
        page = Image.new("RGB", (cut.width, cut.height + margin), "white")
        page.paste(cut, (0, 0 if is_upper else margin))
    return page_facts(prepare_image(page, ImageOptions(max_pixels=None))).has_ink


def _with(spent: Sequence[AnswerCutError], answer: PictureAnswer) -> PictureAnswer:
    """The answer with what those cost that were cut before it."""
    for error in spent:
        answer = _sum_of(PictureAnswer("", usage=dict(error.usage), seconds=error.seconds), answer)
    return answer


def _sum_of(first: PictureAnswer, second: PictureAnswer) -> PictureAnswer:
    usage = {name: first.usage.get(name, 0) + second.usage.get(name, 0) for name in {**first.usage, **second.usage}}
    return replace(second, usage=usage, seconds=first.seconds + second.seconds, waited=first.waited + second.waited)

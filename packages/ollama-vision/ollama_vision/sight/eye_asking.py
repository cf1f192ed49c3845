"""The eye test of one model on one server: four ways to send pictures, two staircases each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from ollama_vision import errors
from ollama_vision.pictures import ImageOptions, PreparedImage, prepare_documents, with_tiles_named

from . import eye_chart
from .asking import Asker, blind_error, body_for, in_base64, prove, refuses_two
from .eye_advice import advice_on
from .eye_chart import LETTERS, THINGS, Sight
from .eye_report import Acuity, EyeLevel, EyeTest, What
from .report import SightReport
from .staircase import Staircase

_DETAILS = ("low", "auto", "high")
_NOT_ASKED = Acuity(None)


@dataclass(frozen=True)
class EyeProgress:
    """How far an eye test is."""

    level: str
    """`low`, `auto`, `high` or `auto, tiles`."""
    what: What
    px: int
    """The size that is asked about."""
    in_a_row: int
    """So many times in a row it was told already; 24 are enough."""
    asked: int
    """Questions of the whole test so far."""


Tell = Callable[[EyeProgress], None]


async def test_eyes(asker: Asker, seed: int, options: ImageOptions, tell: Tell | None) -> EyeTest:
    """Find the smallest thing and the smallest letters that are told, for each detail and for tiles.

    Args:
        asker: who is asked.
        seed: draws questions and pictures: the same ones for each detail.
        options: how pictures are prepared besides.
        tell: is called before each question.

    Raises:
        BlindModelError: it does not see what it is sent.
        StructuredOutputError: its answers are none of the labels, and it does not read either.
        OllamaMultiModalError: the server or the model did not answer.
    """
    report = await prove(asker, seed)
    if report.verdict == "blind":
        raise blind_error(report)
    if report.verdict == "unclear":
        raise _no_labels(report)
    examination = _Examination(asker, seed, _plain(asker, options), tell, asks_things=_names_labels(report))
    levels = [await examination.level(detail) for detail in _DETAILS]
    tiles = await examination.level("auto", tiles=True) if examination.is_scaled else None
    if not any(level.smallest("letters") for level in (*levels, *([tiles] if tiles else []))):
        levels = [replace(level, letters=None) for level in levels]
        tiles = tiles and replace(tiles, letters=None)
    advice = advice_on(asker.model, levels, tiles)
    return EyeTest(asker.model, report.host, tuple(levels), tiles, advice, seed)


def _names_labels(report: SightReport) -> bool:
    """Whether its answers are labels; one of whom a word had to be asked only transcribes."""
    return all(question.labels for question in report.questions)


def _no_labels(report: SightReport) -> errors.StructuredOutputError:
    said = report.questions[0].answer
    shown = said if len(said) <= 80 else said[:79] + "…"
    return errors.StructuredOutputError(
        f"{report.model} on {report.host} answers with none of the labels that a question names, and reads no drawn "
        f"word: {shown!r}. What it tells of a picture cannot be counted. Either the server does not hold answers to a "
        "schema, as ollama does (update it, or ask it without a gateway), or the model follows none: take another one.",
        partial_text=said,
    )


def _plain(asker: Asker, options: ImageOptions) -> ImageOptions:
    whole = options.model_copy(update={"region": None, "tiles": None})
    return whole.for_server(asker.known.server_sizes if asker.known else None)


class _Examination:
    def __init__(self, asker: Asker, seed: int, options: ImageOptions, tell: Tell | None, *, asks_things: bool) -> None:
        self._asker, self._seed, self._options, self._tell = asker, seed, options, tell
        self._asks_things = asks_things
        self._asked = 0
        self._told: dict[What, int | None] = {}
        """The smallest that was told at the level before: what is sent with more pixels begins there."""

    @property
    def is_scaled(self) -> bool:
        """Whether tiles show more than the picture as it is sent."""
        pixels = self._options.most_pixels
        return pixels is not None and pixels < eye_chart.SIDE**2

    async def level(self, detail: str, *, tiles: bool = False) -> EyeLevel:
        """Both staircases, with pictures that are sent in one way."""
        options = self._options.with_detail(detail)  # type: ignore[arg-type]
        way = _Way(self._asker, options.model_copy(update={"tiles": "auto"}) if tiles else options)
        level = EyeLevel(detail, _NOT_ASKED, None, None, None, tiles)  # type: ignore[arg-type]
        try:
            if self._asks_things:
                level = replace(level, things=await self._acuity(way, level, "things"))
            level = replace(level, letters=await self._acuity(way, level, "letters"))
        except errors.ServerError as error:
            if not isinstance(error, errors.ContextOverflowError) and not (tiles and refuses_two(error)):
                raise
            level = replace(level, problem=str(error))
        return replace(
            level,
            tokens=round(median(way.tokens)) if way.tokens else None,
            seconds=median(way.seconds) if way.seconds else None,
        )

    async def _acuity(self, way: _Way, level: EyeLevel, what: What) -> Acuity:
        sizes, draw = (THINGS, eye_chart.thing) if what == "things" else (LETTERS, eye_chart.word)
        stairs = Staircase(sizes, self._told.get(what))
        while (px := stairs.px) is not None:
            tried = stairs.at(px)
            if self._tell is not None:
                self._tell(EyeProgress(level.name, what, px, tried.in_a_row, self._asked))
            stairs.add(is_right=await way.is_told(draw(self._seed, px, tried.asked)))
            self._asked += 1
        if not level.tiles:
            self._told[what] = stairs.smallest
        return Acuity(stairs.smallest, stairs.tried)


class _Way:
    """Pictures sent with the same options, and what each question with one costs."""

    def __init__(self, asker: Asker, options: ImageOptions) -> None:
        self._asker, self._options = asker, options
        self.seconds: list[float] = []
        self.tokens: list[int] = []

    async def is_told(self, sight: Sight) -> bool:
        io, clock = self._asker.api.io, self._asker.afresh().deadline
        original = await io.run(sight.draw, clock)
        began = time.monotonic()
        pictures = await io.run(lambda: prepare_documents(original, self._options), clock)
        self._refuse_too_many(pictures)
        images = await io.run(lambda: [in_base64(picture.read()) for picture in pictures], clock)
        prompt = with_tiles_named(sight.prompt, pictures)
        body = body_for(self._asker, prompt, images, sight.question.schema if sight.question else None)
        reply = await self._asker.afresh().fetch("/api/generate", body)
        self.seconds.append(time.monotonic() - began)
        if isinstance(counted := reply.get("prompt_eval_count"), int):
            self.tokens.append(counted)
        return sight.is_right(str(reply.get("response") or ""))

    def _refuse_too_many(self, pictures: list[PreparedImage]) -> None:
        """Before they are sent, where it is known what they cost."""
        known, window = self._asker.known, self._asker.options.get("num_ctx")
        costs = [known.picture_tokens(picture.size) if known else None for picture in pictures]
        cost = sum(each or 0 for each in costs)
        if isinstance(window, int) and cost >= window:
            what = "its picture takes" if len(pictures) == 1 else f"its {len(pictures)} pictures take"
            raise errors.ContextOverflowError(
                f"{what} about {cost:,} tokens, and the context holds {window:,}; give it context_window={cost + 1024}",
                n_ctx=window,
                n_picture_tokens=cost,
            )

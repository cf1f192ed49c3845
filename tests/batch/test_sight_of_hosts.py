"""Canaries: hosts prove their sight before, within and after a batch, and what a blind one gave is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from PIL import Image

from ollama_vision import errors
from ollama_vision.batch.asking import sight_watch
from ollama_vision.batch.asking.dispatcher import Dispatcher
from ollama_vision.batch.asking.outcome import Outcome
from ollama_vision.batch.asking.question import PictureAnswer, PictureQuestion
from ollama_vision.batch.asking.sight_watch import SightWatch
from ollama_vision.batch.asking.turns import Ask, AskItem
from ollama_vision.model import VisionModel
from ollama_vision.pictures import ImageOptions, PictureSource, PreparedImage
from ollama_vision.server import ModelCapabilities
from ollama_vision.sight import SightPace, SightReceipt, SightReport

pytestmark = pytest.mark.proves_sight


class Seeing:
    """A host that answers what a test says, and proves what it says; it keeps what it was asked."""

    def __init__(self, name: str, verdicts: Sequence[str | Exception], says: Callable[[int], str] = str) -> None:
        self.host, self._verdicts, self._says = name, list(verdicts), says
        self.model = "m"
        self.settings = VisionModel("m", "http://unused", temperature=0.0)
        self.asked: list[str] = []

    async def answer(self, question: PictureQuestion, pictures: Sequence[PreparedImage]) -> PictureAnswer:
        await asyncio.sleep(0)
        self.asked.append("picture")
        return PictureAnswer(f"{self.host} says {self._says(self.asked.count('picture'))}")

    async def examine(self, keywords: Mapping[str, Any], first: int) -> SightReport:
        self.asked.append("proof" if first > 1 else "canary")
        verdict = self._verdicts.pop(0) if len(self._verdicts) > 1 else self._verdicts[0]
        if isinstance(verdict, Exception):
            raise verdict
        seems = "black" if verdict == "blind" else None
        return SightReport("m", self.host, verdict, seems, (), SightReceipt((), (), ()), SightPace(), 0)  # type: ignore[arg-type]

    async def capabilities(self) -> ModelCapabilities | None:
        return None

    async def greet(self) -> None: ...

    async def is_loaded(self) -> bool | None:
        return True

    async def load(self, keywords: Mapping[str, Any]) -> errors.OllamaMultiModalError | None:
        return None


def opened(item: bytes, index: int, options: ImageOptions) -> PictureSource:
    return PictureSource.of(item, options)


def pictures(count: int) -> list[bytes]:
    made = []
    for number in range(count):
        picture = Image.new("RGB", (8, 8), (number % 256, number // 256, 7))
        made.append(b"P6 8 8 255\n" + picture.tobytes())
    return made


@pytest.fixture
def every(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda count: monkeypatch.setattr(sight_watch, "EVERY", count)


def run(
    hosts: Sequence[Seeing], count: int, ask_item: AskItem[bytes] | None = None, **more: Any
) -> tuple[list[Outcome[bytes]], Exception | None]:
    """What comes of so many pictures, and what stopped it."""
    question = PictureQuestion("What is this?")
    watch: SightWatch[bytes] = SightWatch(question, **more)
    workers = len(hosts) if ask_item is None else 1
    dispatcher = Dispatcher[bytes](hosts, question, opened, workers=workers, sight=watch, ask_item=ask_item)
    outcomes: list[Outcome[bytes]] = []

    async def collect() -> None:
        async for outcome in dispatcher.results(pictures(count)):
            outcomes.append(outcome)

    try:
        asyncio.run(collect())
    except errors.RunStoppedError as stopped:
        return outcomes, stopped
    return outcomes, None


def last_words(outcomes: Sequence[Outcome[bytes]]) -> dict[int, str]:
    """By picture, what counts in the end."""
    return {each.index: each.text if each.error is None else type(each.error).__name__ for each in outcomes}


async def in_two_questions(ask: Ask, item: bytes, pictures: Sequence[PreparedImage]) -> PictureAnswer:
    question = PictureQuestion("What is this?")
    first, second = await ask(question, pictures), await ask(question, pictures)
    return PictureAnswer(f"{first.text}; {second.text}")


def test_who_said_a_piece_of_an_answer_must_see_as_well() -> None:
    """The first of two questions is the blind host's each time, and the last word the other's."""
    blind, sees = Seeing("blind", ["sees", "blind"]), Seeing("sees", ["sees"])
    outcomes, stopped = run([blind, sees], 3, in_two_questions)
    assert stopped is None
    assert [outcome.text.startswith("blind says") for outcome in outcomes[:3]] == [True] * 3
    assert sorted(last_words(outcomes)) == [0, 1, 2]
    assert not any("blind" in words for words in last_words(outcomes).values())


def test_a_host_proves_its_sight_before_and_after(every: Callable[[int], None]) -> None:
    host = Seeing("a", ["sees"])
    outcomes, stopped = run([host], 3)
    assert stopped is None
    assert host.asked == ["proof", "picture", "picture", "picture", "canary"]
    assert not any(outcome.replaces for outcome in outcomes)


def test_one_that_has_shown_it_before_shows_it_again_afterwards() -> None:
    """Runs that follow one another, as those of a folder that is watched."""
    host, other = Seeing("a", ["sees"]), Seeing("b", ["sees"])
    run([host, other], 4, seeing={"a"})
    assert (host.asked[0], host.asked[-1], set(host.asked)) == ("picture", "canary", {"picture", "canary"})
    assert other.asked[0] == "proof"


def test_and_what_it_gave_is_taken_back_when_it_does_not_any_more() -> None:
    outcomes, stopped = run([Seeing("a", ["blind"])], 2, seeing={"a"})
    assert isinstance(stopped, errors.RunStoppedError)
    assert set(last_words(outcomes).values()) == {"BlindModelError"}


def test_what_cannot_be_asked_again_gets_another_word_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that was taken away since a blind host answered: no question is sent without one."""
    seen = set[int]()

    def opened_once(item: bytes, index: int, options: ImageOptions) -> PictureSource | None:
        again = index in seen
        seen.add(index)
        return None if again else PictureSource.of(item, options)

    monkeypatch.setitem(globals(), "opened", opened_once)
    blind, sees = Seeing("a", ["sees", "blind"]), Seeing("b", ["sees"])
    outcomes, stopped = run([blind, sees], 4)
    assert stopped is None
    answered = [each for each in outcomes if each.host == "a" and not each.replaces]
    assert answered
    assert [last_words(outcomes)[each.index] for each in answered] == ["BlindModelError"] * len(answered)
    assert sees.asked.count("picture") == 4 - len(answered)


def test_and_after_so_many_answers(every: Callable[[int], None]) -> None:
    every(2)
    host = Seeing("a", ["sees"])
    run([host], 5)
    assert "".join(each[1] for each in host.asked) == "riiaiiaia"


def test_and_after_equal_answers_about_unlike_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight_watch, "EQUAL", 3)
    host = Seeing("a", ["sees"], says=lambda count: "red" if count <= 4 else str(count))
    run([host], 6)
    assert host.asked == ["proof", *["picture"] * 3, "canary", *["picture"] * 3, "canary"]


def test_a_blind_host_is_asked_about_no_picture() -> None:
    host = Seeing("a", ["blind"])
    outcomes, stopped = run([host], 3)
    assert outcomes == []
    assert host.asked == ["proof"]
    assert isinstance(stopped, errors.RunStoppedError)
    assert "m on a does not see" in str(stopped)
    assert isinstance(stopped.__cause__, errors.BlindModelError)


def test_each_blind_host_is_named() -> None:
    _, stopped = run([Seeing("a", ["blind"]), Seeing("b", ["blind"])], 3)
    assert "m on a does not see" in str(stopped)
    assert "m on b does not see" in str(stopped)


def test_the_others_go_on_without_a_blind_one() -> None:
    blind, sees = Seeing("a", ["blind"]), Seeing("b", ["sees"])
    outcomes, stopped = run([blind, sees], 6)
    assert stopped is None
    assert {each.host for each in outcomes} == {"b"}
    assert blind.asked == ["proof"]


def test_what_a_host_gave_since_its_last_canary_is_asked_again_elsewhere(every: Callable[[int], None]) -> None:
    """It sees twice, and then no more: what it gave after the second time does not count."""
    every(2)
    going, sees = Seeing("a", ["sees", "sees", "blind"]), Seeing("b", ["sees"])
    outcomes, stopped = run([going, sees], 12)
    assert stopped is None
    words = last_words(outcomes)
    assert sorted(words) == list(range(12))
    by_a = [each for each in outcomes if each.host == "a" and not each.replaces]
    kept = [each for each in by_a if words[each.index].startswith("a says")]
    assert len(by_a) - len(kept) == sum(each.replaces for each in outcomes) > 0
    assert [each.text for each in kept] == [each.text for each in by_a[: len(kept)]]
    assert len(kept) == 2


def test_with_nobody_left_they_get_another_word(every: Callable[[int], None]) -> None:
    every(2)
    host = Seeing("a", ["sees", "sees", "blind"])
    outcomes, stopped = run([host], 9)
    assert isinstance(stopped, errors.RunStoppedError)
    words = last_words(outcomes)
    assert [words[index] for index in range(4)] == ["a says 1", "a says 2", "BlindModelError", "BlindModelError"]
    assert len(words) == 4
    (error,) = {str(each.error) for each in outcomes if each.error}
    assert "does not see" in error


def test_blind_at_the_very_end() -> None:
    """The last canary: all since the first proof is taken back."""
    outcomes, stopped = run([Seeing("a", ["sees", "blind"])], 3)
    assert isinstance(stopped, errors.RunStoppedError)
    assert set(last_words(outcomes).values()) == {"BlindModelError"}


def test_blind_at_the_very_end_with_another_host() -> None:
    outcomes, stopped = run([Seeing("a", ["sees", "blind"]), Seeing("b", ["sees"])], 8)
    assert stopped is None
    assert all(words.startswith("b says") for words in last_words(outcomes).values())
    assert len(last_words(outcomes)) == 8


def test_unclear_is_told_and_stops_nothing() -> None:
    told: list[SightReport] = []
    outcomes, stopped = run([Seeing("a", ["unclear"])], 2, on_report=told.append)
    assert stopped is None
    assert len(outcomes) == 2
    assert {report.verdict for report in told} == {"unclear"}


def test_a_proof_that_the_server_refuses_blames_no_picture(caplog: pytest.LogCaptureFixture) -> None:
    outcomes, stopped = run([Seeing("a", [errors.BadRequestError("no such thing")])], 2)
    assert stopped is None
    assert [each.error for each in outcomes] == [None, None]
    assert "Whether a sees cannot be told: no such thing" in caplog.text


def test_a_host_that_is_gone_at_the_end_has_not_proven_what_it_gave_last() -> None:
    host = Seeing("a", ["sees", errors.ConnectionFailedError("gone")])
    question = PictureQuestion("What is this?")
    watch: SightWatch[bytes] = SightWatch(question)
    outcomes = list(Dispatcher[bytes]([host], question, opened, workers=1, sight=watch).each(pictures(2)))
    assert [each.error for each in outcomes] == [None, None]
    assert watch.seeing == []


def test_a_host_that_is_gone_proves_its_sight_when_it_is_back() -> None:
    """It loses its first answer; then it must show that it sees before it is asked again."""
    host = Seeing("a", ["sees"])
    answer, lost = host.answer, [True]

    async def lose_one(question: PictureQuestion, given: Sequence[PreparedImage]) -> PictureAnswer:
        if lost:
            lost.clear()
            raise errors.ServerBusyError("busy", status=502)
        return await answer(question, given)

    host.answer = lose_one  # type: ignore[method-assign, assignment]
    question = PictureQuestion("What is this?")
    watch: SightWatch[bytes] = SightWatch(question)
    dispatcher = Dispatcher[bytes]([host], question, opened, workers=1, sight=watch, wait=30.0)
    outcomes = list(dispatcher.each(pictures(2)))
    assert [each.error for each in outcomes] == [None, None]
    assert host.asked == ["proof", "canary", "picture", "picture", "canary"]

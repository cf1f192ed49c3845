"""What is told of a run: figures that can be read, failures together, in bounded space."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ollama_vision.cli.common.screen import Screen
from ollama_vision.cli.common.shell_words import in_shell_words
from ollama_vision.cli.describe.progress import ProgressDisplay
from ollama_vision.cli.describe.summary import Tally, left_out
from ollama_vision.words import duration, rate
from tests.support.result_lines import FAILED, record


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.4, "9.4 s"),
        (9.6, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3599, "1 h 00 min"),
        (3660, "1 h 01 min"),
        (36_000, "10 h 00 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("each_second", "words"), [(12.34, "12.3/s"), (1, "1.0/s"), (0.5, "30.0/min"), (0.01, "36.0/h")]
)
def test_rates(each_second: float, words: str) -> None:
    assert rate(each_second) == words


def test_how_far_it_is() -> None:
    tally = Tally(expected=2000)
    assert tally.line(0) == "0 of 2,000"
    for number in range(100):
        tally.add(record(f"{number}.png"))
    tally.add(record("x.png", usage={}, **FAILED))
    assert tally.line(50) == "101 of 2,000, 2.0/s, 4 tokens/s, 16 min left, 1 failed"
    assert (tally.prompt_tokens, tally.answer_tokens) == (100, 200)


def test_a_document_with_more_pages_than_thought_does_not_end_above_all() -> None:
    tally = Tally(expected=1)
    for number in (1, 2):
        tally.add(record(page=number, pages=2))
    assert tally.line(1).startswith("2 of 2")


def test_failures_are_told_together_and_do_not_grow() -> None:
    tally = Tally()
    for number in range(1000):
        error = {"type": "ImageError", "message": f"photos/{number}.png ends after {number} bytes."}
        tally.add(record(f"photos/{number}.png", error=error))
    tally.add(record("scan.pdf", 3, error={"type": "ImageError", "message": "The page cannot be drawn."}))
    first, second = tally.failures()
    assert first == (
        "1,000 alike: photos/0.png, photos/1.png, photos/2.png and 997 more. "
        "The first: photos/0.png ends after 0 bytes."
    )
    assert second == "scan.pdf, page 3: The page cannot be drawn."
    assert sum(len(group.names) for group in tally.groups.values()) == 4


def test_many_ways_to_fail_are_cut_short() -> None:
    tally = Tally()
    for word in "abcdefghijklmnop":
        tally.add(record(f"{word}.png", error={"type": "ImageError", "message": f"Fault {word}."}))
    told = tally.failures()
    assert len(told) == 11
    assert told[-1] == "6 more, in other ways: the results name them all."


def test_reasons_are_in_the_words_of_the_command() -> None:
    assert left_out({}) == ""
    said = left_out({"hidden": 3, "video (only with videos=True)": 1200})
    assert said == "Left out: 1,200 video (only with --videos), 3 hidden."
    assert in_shell_words("Or: exclude=['*.heic', '*.heif'].") == "Or: --exclude '*.heic' --exclude '*.heif'."


class Clock:
    """Time that passes when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def on_terminal(tally: Tally, clock: Clock) -> tuple[ProgressDisplay, io.StringIO]:
    screen, out = Screen(), io.StringIO()
    screen.console = Console(file=out, force_terminal=True, width=100, color_system=None)
    return ProgressDisplay(screen, tally, clock), out


def in_file(tally: Tally, clock: Clock) -> ProgressDisplay:
    """Standard error as a test has it, which is no terminal."""
    return ProgressDisplay(Screen(), tally, clock)


def test_where_output_is_kept_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock, tally = Clock(), Tally(expected=100)
    with in_file(tally, clock) as shown:
        for at in (1, 2, 29, 31, 32, 62):
            clock.now = at
            shown.add(record(f"{at}.png"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in lines] == ["1 of 100", "4 of 100", "6 of 100"]


def test_on_a_terminal_there_is_a_bar_that_leaves_nothing_behind() -> None:
    clock, tally = Clock(), Tally(expected=4)
    shown, out = on_terminal(tally, clock)
    with shown:
        clock.now = 2
        shown.add(record())
        shown.expect(2)
        assert tally.expected == 6
    assert "1 of 6, 30.0/min" in out.getvalue()
    assert out.getvalue().endswith(("\x1b[2K", "\x1b[?25h", "\n"))


def test_only_the_first_failures_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(expected=100)
    with in_file(tally, Clock()) as shown:
        for word in "abcdefghij":
            shown.add(record(f"{word}.png", error={"type": "ImageError", "message": f"Fault {word}."}))
    lines = capsys.readouterr().err.splitlines()
    told = [line for line in lines if line.startswith("Failed: ")]
    assert told == [f"Failed: {word}.png: Fault {word}." for word in "abcde"]
    assert lines.count("Further failures are told at the end.") == 1


def test_alike_failures_are_told_once_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally(expected=100)
    with in_file(tally, Clock()) as shown:
        for number in range(5):
            shown.add(record(f"{number}.png", **FAILED))
        shown.add(record("x.png", error={"type": "ImageError", "message": "It is of another kind."}))
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Failed: ")]
    assert told == ["Failed: 0.png: It is cut.", "Failed: x.png: It is of another kind."]
    assert tally.failures() == [
        "5 alike: 0.png, 1.png, 2.png and 2 more. The first: 0.png: It is cut.",
        "x.png: It is of another kind.",
    ]

"""results.jsonl as a checkpoint: what is done is known, what is broken off is mended, and nothing else is touched."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.batch.results.file import repair
from ollama_vision.batch.results.ledger import Key, Ledger, Version, encode, is_complete, lines_of, read_ledger
from ollama_vision.errors import DamagedResultsError
from tests.support.result_lines import FAILED, NOW, SECOND, record

LATER = Version.of(10, 1_700_000_001 * SECOND)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def write(results: Path, *records: dict[str, Any], tail: bytes = b"") -> Path:
    results.write_bytes(b"".join(map(encode, records)) + tail)
    return results


def done(ledger: Ledger, path: str = "a.png", version: Version = NOW, request: str = "r1") -> bool:
    return is_complete(ledger.done(Key(request, path), version))


def test_a_date_is_in_utc_to_the_microsecond() -> None:
    assert Version.of(1, 1_700_000_000_123_456_789).modified == "2023-11-14T22:13:20.123456+00:00"
    assert Version.of(1, 0).modified == "1970-01-01T00:00:00.000000+00:00"
    for absurd in (-(2**62), 2**62):
        assert Version.of(1, absurd) != Version.of(1, 0)


def test_nothing_is_done_without_a_file(results: Path) -> None:
    assert not done(read_ledger(results))


def test_done_means_the_same_path_size_date_and_request(results: Path) -> None:
    ledger = read_ledger(write(results, record()))
    assert done(ledger)
    assert not done(ledger, path="./a.png")
    assert not done(ledger, version=LATER)
    assert not done(ledger, version=Version(11, NOW.modified))
    assert not done(ledger, request="r2")


def test_a_document_is_done_when_all_its_pages_are(results: Path) -> None:
    pages = [record("a.pdf", page, pages=3) for page in (3, 1)]
    ledger = read_ledger(write(results, *pages))
    assert not done(ledger, "a.pdf")
    assert set(ledger.done(Key("r1", "a.pdf"), NOW)) == {1, 3}
    assert done(read_ledger(write(results, *pages, record("a.pdf", 2, pages=3))), "a.pdf")


def test_a_file_that_could_not_be_opened_is_done_too(results: Path) -> None:
    assert done(read_ledger(write(results, record("a.pdf", **FAILED))), "a.pdf")


def test_lines_of_another_request_are_counted(results: Path) -> None:
    ledger = read_ledger(write(results, record(), record("b.png", request="r2"), record("c.png", request="r2")))
    assert ledger.lines_of_others({"r1"}) == {"r2": 2}
    assert not ledger.lines_of_others({"r1", "r2"})


def test_what_is_superseded_is_what_has_changed_was_said_twice_or_failed(results: Path) -> None:
    old: dict[str, Any] = {"modified": LATER.modified}
    ledger = read_ledger(
        write(
            results,
            record("same.png"),
            record("changed.png", **old),
            record("twice.png", text="first"),
            record("twice.png", text="second"),
            record("failed.png", **FAILED),
            record("gone.png", **old),
            record("other.png", request="r2", **old),
        )
    )
    files = dict.fromkeys(["same.png", "changed.png", "twice.png", "failed.png", "other.png"], NOW)
    assert ledger.superseded(files, {"r1"}, errors=False) == {2, 3}
    assert ledger.superseded(files, {"r1"}, errors=True) == {2, 3, 5}
    left = ledger.without({2, 3, 5})
    assert done(left, "same.png")
    assert done(left, "twice.png")
    assert not done(left, "failed.png")


@pytest.mark.parametrize("cut", [1, 10, 11, 200])
def test_a_half_written_last_line_is_cut_off(results: Path, cut: int) -> None:
    write(results, record(), tail=encode(record("b.png"))[:cut])
    ledger = read_ledger(results)
    assert (done(ledger), done(ledger, "b.png"), ledger.torn_bytes) == (True, False, cut)
    repair(results, ledger)
    assert results.read_bytes() == encode(record())


@pytest.mark.parametrize("tail", [b"\0" * 500, b'{"path": "b.pn\0\0\0', b'\0\0\0\0"request": "r1"}\n'])
def test_what_a_loss_of_power_leaves_is_cut_off(results: Path, tail: bytes) -> None:
    ledger = read_ledger(write(results, record(), tail=tail))
    assert ledger.torn_bytes == len(tail)
    repair(results, ledger)
    assert results.read_bytes() == encode(record())


def test_the_first_line_may_be_half_written_too(results: Path) -> None:
    ledger = read_ledger(write(results, tail=b'{"path": "a'))
    repair(results, ledger)
    assert results.read_bytes() == b""


def test_a_last_line_that_lacks_only_its_newline_counts(results: Path) -> None:
    whole = encode(record())
    results.write_bytes(whole[:-1])
    ledger = read_ledger(results)
    assert done(ledger)
    repair(results, ledger)
    assert results.read_bytes() == whole


def test_empty_lines_are_passed_over(results: Path) -> None:
    ledger = read_ledger(write(results, record(), tail=b"\n" + encode(record("b.png")) + b"\n\n"))
    assert done(ledger, "b.png")
    assert ledger.torn_bytes == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b'{"path": "b.pn\n', "line 2, cannot be read: it is not JSON"),
        (b"[1]\n", "line 2, cannot be read: it is not a JSON object"),
        (b'{"path": "\xff"}\n', "line 2, cannot be read: it is not UTF-8"),
        (b'{"path": "b.png"}\n', 'line 2, cannot be read: it has no "page"'),
        (encode(record(size="10")), "line 2, cannot be read: its \"size\" is '10'"),
        (encode(record(size=True)), 'line 2, cannot be read: its "size" is True'),
        (b"[" * 100_000 + b"\n", "line 2, cannot be read"),
    ],
)
def test_a_damaged_line_in_the_middle_is_named_and_nothing_lost(results: Path, line: bytes, complaint: str) -> None:
    write(results, record(), tail=line + encode(record("c.png")))
    before = results.read_bytes()
    with pytest.raises(DamagedResultsError, match=complaint):
        read_ledger(results)
    assert results.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n", b"hello", b"\0\0\1\0\1\0 an icon", b'{"a": 1}', b'{"name": "x"', b"\xef\xbb\xbf{}\n"],
)
def test_a_file_of_another_kind_is_no_file_of_results(results: Path, content: bytes) -> None:
    results.write_bytes(content)
    with pytest.raises(DamagedResultsError):
        read_ledger(results)


def test_a_line_holds_any_text_and_any_file_name() -> None:
    for text in ("Grün\u2028\n\0", "名前"):
        (line,) = lines_of(io.BytesIO(encode(record(text=text))), "x")
        assert line.record["text"] == text
    name = os.fsdecode(b"caf\xe9.png")
    (line,) = lines_of(io.BytesIO(encode(record(name))), "x")
    assert line.record["path"] == name

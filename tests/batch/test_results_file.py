"""The file of results is written line by line, whole or not at all, and rewritten or set aside without a loss."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ollama_vision.batch.results.file import ResultsFile, rewrite, set_aside
from ollama_vision.batch.results.ledger import (
    encode,
    read_ledger,
)
from tests.support.result_lines import record


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def write(results: Path, *records: dict[str, Any], tail: bytes = b"") -> Path:
    results.write_bytes(b"".join(map(encode, records)) + tail)
    return results


def test_rewriting_takes_out_lines_and_leaves_the_others_byte_for_byte(results: Path) -> None:
    kept = b'{"path":"b.png",' + encode(record("b.png"))[len(b'{"path": "b.png",') :]
    results.write_bytes(encode(record()) + kept + encode(record("c.png")) + b'{"path"')
    results.chmod(0o640)
    rewrite(results, read_ledger(results), without={1})
    assert results.read_bytes() == kept + encode(record("c.png"))
    assert results.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in results.parent.iterdir()] == ["results.jsonl"]


def test_until_the_new_file_is_whole_the_old_one_stands(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(results, record(), record("b.png"))
    before = results.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        rewrite(results, read_ledger(results), without={1})
    assert results.read_bytes() == before


def test_what_is_set_aside_never_takes_the_place_of_another(results: Path) -> None:
    names = []
    for text in ("first", "second", "third"):
        write(results, record(text=text))
        names.append(set_aside(results).name)
    assert names == ["results.jsonl.old", "results.jsonl.old2", "results.jsonl.old3"]
    assert '"first"' in results.with_name(names[0]).read_text()


def test_each_line_is_there_as_soon_as_it_is_added(results: Path) -> None:
    with ResultsFile(results) as file:
        for number in (1, 2):
            file.add(record(f"{number}.png"))
            assert len(results.read_bytes().splitlines()) == number
    assert [json.loads(line)["path"] for line in results.read_text().splitlines()] == ["1.png", "2.png"]


def test_lines_are_synced_now_and_then_and_at_the_end(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    time = [0.0]
    results.touch()
    with ResultsFile(results, clock=lambda: time[0]) as file:
        for at in (1.0, 4.9, 5.0, 9.0, 10.0):
            time[0] = at
            file.add(record())
        assert len(synced) == 2
    assert len(synced) == 3


def test_a_new_file_has_its_name_on_the_disk_at_once(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    with ResultsFile(results):
        assert synced == [True]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_full_disk_leaves_no_half_line(results: Path) -> None:
    """A file that may not grow takes what fits, as a full disk does; Python ignores the signal that comes with it."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with ResultsFile(results) as file:
        file.add(record())
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(encode(record())) + 20, before[1]))
        try:
            with pytest.raises(OSError, match="No space left"):
                file.add(record("b.png"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert results.read_bytes() == encode(record())

"""Killed at random three times, `describe` leaves every picture with exactly one right line; memory stays flat."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from llama_index.multi_modal_llms.ollama import OllamaMultiModal
from tests.support.describe_cli import ServerProcess, draw_folder, end_of, is_right, lines, start, wait_for_lines

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
JOBS = 4
KILLS = 3
Record = Callable[[str, object], None]


def resident_megabytes(process: subprocess.Popen[str]) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def prove(folder: Path, count: int, seed: int, record: Record) -> list[float]:
    """Run, kill and run again; give the resident memory of the last run at its first tenth, and at each tenth after."""
    scenes = draw_folder(folder / "photos", count)
    results = folder / "results.jsonl"
    chance = random.Random(seed)
    quarter = count // (KILLS + 1)
    kills = [chance.randrange(quarter * number + 1, quarter * (number + 1)) for number in range(KILLS)]
    with ServerProcess("--num-parallel", "2") as server:
        words = ("photos", "--host", server.url, "--model", "shapes", "--jobs", str(JOBS))
        for at in kills:
            running = start(*words, folder=folder)
            wait_for_lines(results, at, running)
            running.kill()
            end_of(running)
            # What a kill in the middle of a write would leave: no run of this test meets that moment by itself.
            with results.open("ab") as file:
                file.write(b'{"path": "photos/00/00'[: chance.randrange(1, 22)])
        last = start(*words, folder=folder)
        first, memory = len(results.read_bytes().splitlines()), []
        for tenth in range(1, 10):
            wait_for_lines(results, first + (count - first) * tenth // 10, last)
            memory.append(resident_megabytes(last))
        code, said = end_of(last)
        assert code == 0, said
        written = lines(results)
        record("killed at", kills)
        record("resident megabytes", memory)

        assert sorted(line["path"] for line in written) == sorted(scenes)
        misread = [line for line in written if not is_right(line, scenes[line["path"]])]
        # The demo model is small: what it misreads here it must misread alone too, or the line is another picture's.
        llm = OllamaMultiModal(model="shapes", base_url=server.url, temperature=0.0)
        for line in misread:
            alone = llm.complete("Describe the image.", folder / line["path"]).text
            assert line["error"] is None
            assert line["text"] == alone, line
        record("misread by the model", len(misread))
        assert len(misread) <= count // 50
    return memory


def test_killed_three_times_each_picture_has_one_right_line(tmp_path: Path, record_property: Record) -> None:
    prove(tmp_path, 60, 1, record_property)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_two_thousand_pictures_and_memory_stays_flat(tmp_path: Path, record_property: Record) -> None:
    memory = prove(tmp_path, 2000, 2, record_property)
    # A list of what is done would be 1 MB, pictures kept would be 20.
    assert memory[-1] - memory[0] <= 8, memory

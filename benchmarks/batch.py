"""What a batch costs: `ollama-vision describe` and `report` as whole processes, from their start to their end.

    python benchmarks/batch.py [--rounds N] [--count N] [--photographs N] [--against COMMIT] [--memory]

Small pictures (JPEG, 320x240, 11 KB) are described with a server that answers at once, described again when all is
done, reported, and reported again: CPU time, user and system, of all the process's threads and children, for each
picture. Photographs of 12 megapixels are described on one core and on two, beside one and two processes of Pillow that
scale them to the same size. `--memory` describes 2,000 and 100,000 pictures: what each adds to the peak.

With `--against`, each step is done by that commit too, in turns; the ratio is ours over theirs in one round, its median
over the rounds. Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import against
import environments
from processes import fake_server
from roster import EARLIER, OURS

import pictures

STEPS = ("describe", "describe, all done", "report", "report again")
Figures = dict[str, float]
PILLOW = """
import sys; from PIL import Image
for name in sys.argv[1:]:
    with Image.open(name) as image:
        image.draft("RGB", (1156, 867))
        image.resize((1156, 867), Image.Resampling.BICUBIC).save(sys.argv[0] + ".jpg", quality=90)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--photographs", type=int, default=200)
    parser.add_argument("--against", metavar="COMMIT")
    parser.add_argument("--memory", action="store_true")
    given = parser.parse_args()
    environments.make(OURS)
    if given.against:
        against.prepare(given.against)
    who = [OURS, EARLIER] if given.against else [OURS]
    with tempfile.TemporaryDirectory(dir=environments.HERE) as folder, fake_server() as url:
        place = Path(folder)
        if given.count:
            small(place / "small", given.count)
            print(table(in_turns(who, given.rounds, partial(small_pictures, place, url, given.count))))
        if given.memory:
            small(place / "small", 100_000)
            print(table(in_turns(who, 1, partial(memory, place, url))))
        if given.photographs:
            pictures.make()
            print(table(in_turns([OURS], given.rounds, partial(photographs, place, url, given.photographs))))


def in_turns(who: Sequence[str], rounds: int, measure: Callable[[str], Figures]) -> dict[tuple[str, str], list[float]]:
    """The figures of each, by its name and the figure's, one for each round."""
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(rounds):
        for name in who if number % 2 == 0 else who[::-1]:
            for figure, value in measure(name).items():
                found[name, figure].append(value)
    return found


def table(found: dict[tuple[str, str], list[float]]) -> str:
    lines = []
    for figure in dict.fromkeys(figure for _, figure in found):
        ours = found[OURS, figure]
        line = f"{figure:<56}{median(ours):>10.3f}"
        if theirs := found.get((EARLIER, figure)):
            ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
            line += f"{median(theirs):>10.3f}{ratio:>8.2f}x"
        lines.append(line)
    return "\n".join(lines)


def small_pictures(place: Path, url: str, count: int, name: str) -> Figures:
    """Describe, describe again, report, report again."""
    at = made_anew(place / name)
    link(place / "small", at / "pictures", count)
    describe = ["describe", "pictures", "--host", url, "--model", "fake", "--prompt", "answer"]
    figures: Figures = {}
    for step in STEPS:
        used = run(name, describe if step.startswith("describe") else ["report", "results.jsonl", "report.html"], at)
        figures[f"{step}: CPU ms a picture"] = used["cpu"] * 1000 / count
        figures[f"{step}: CPU s"] = used["cpu"]
        figures[f"{step}: wall s"] = used["wall"]
        lines = sum(1 for _ in (at / "results.jsonl").open("rb"))
        if lines != count:
            raise AssertionError(f"{step} left {lines} lines of {count}")
    shutil.rmtree(at)
    return figures


def memory(place: Path, url: str, name: str) -> Figures:
    """What each further picture adds to the peak."""
    peaks = []
    for count in (2_000, 100_000):
        at = made_anew(place / name)
        link(place / "small", at / "pictures", count)
        describe = ["describe", "pictures", "--host", url, "--model", "fake", "--prompt", "answer"]
        peaks.append(run(name, describe, at)["peak"])
        shutil.rmtree(at)
    return {"describe: peak MB of 100,000": peaks[1] / 1e6, "describe: bytes a picture": (peaks[1] - peaks[0]) / 98_000}


def photographs(place: Path, url: str, count: int, name: str) -> Figures:
    """Throughput on two cores over that on one, of `describe` and of processes of Pillow."""
    files = [pictures.paths("12mp")[number % pictures.VARIANTS] for number in range(count)]
    walls: dict[str, list[float]] = {"describe": [], "Pillow": []}
    cores = sorted(os.sched_getaffinity(0))[:2]
    for used in (1, 2):
        at = made_anew(place / name)
        (at / "pictures").mkdir()
        for number, file in enumerate(files):
            data = file.read_bytes()
            comment = f"photograph {number:06}".encode()
            (at / "pictures" / f"{number:06}.jpg").write_bytes(with_comment(data, comment))
        describe = ["describe", "pictures", "--host", url, "--model", "fake", "--prompt", "answer"]
        walls["describe"].append(run(name, describe, at, cores[:used])["wall"])
        names = sorted(map(str, (at / "pictures").iterdir()))
        began = time.perf_counter()
        started = [
            subprocess.Popen(
                [environments.python_of(name), "-c", PILLOW, *names[part::used]], cwd=at, preexec_fn=on([core])
            )
            for part, core in enumerate(cores[:used])
        ]
        if any(process.wait() for process in started):
            raise AssertionError("Pillow failed")
        walls["Pillow"].append(time.perf_counter() - began)
        shutil.rmtree(at)
    figures = {f"{who}, 12 MP: two cores over one": one / two for who, (one, two) in walls.items()}
    return {**figures, "describe, 12 MP: pictures a second on two cores": count / walls["describe"][1]}


def run(name: str, arguments: Sequence[str], place: Path, cores: Sequence[int] | None = None) -> Figures:
    """A whole process: CPU and wall in seconds, peak in bytes."""
    command = [str(environments.python_of(name)), "-m", "ollama_vision", *arguments]
    began = time.perf_counter()
    with (place / "said.txt").open("wb") as said:
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen(
            command, cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            preexec_fn=on(cores) if cores else None,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError((place / "said.txt").read_text(encoding="utf-8", errors="replace")[-2000:])
    wall = time.perf_counter() - began
    return {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "peak": used.ru_maxrss * 1024}


def on(cores: Sequence[int]) -> Callable[[], None]:
    return partial(os.sched_setaffinity, 0, cores)


def small(folder: Path, count: int) -> None:
    """So many small pictures that differ in their bytes and, most of them, in how many there are."""
    from PIL import Image

    folder.mkdir(exist_ok=True)
    dice = random.Random(7)
    drawn = []
    for _ in range(40):
        out = BytesIO()
        noise = Image.frombytes("RGB", (9, 7), dice.randbytes(9 * 7 * 3))
        noise.resize((320, 240), Image.Resampling.BICUBIC).save(out, "JPEG", quality=80)
        drawn.append(out.getvalue())
    for number in range(len(list(folder.iterdir())), count):
        comment = f"number {number:06} ".encode().ljust(20 + number * 7919 % 997, b"x")
        (folder / f"{number:06}.jpg").write_bytes(with_comment(drawn[number % 40], comment))


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def link(source: Path, folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.jpg").hardlink_to(source / f"{number:06}.jpg")


def made_anew(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()

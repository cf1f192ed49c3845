"""`ollama-vision compare`: the table, JSON, the page and the calibration, as a shell sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ollama_vision import VisionModel, compare_results
from ollama_vision.batch.results.ledger import Version
from ollama_vision.cli.app import run
from tests.support.result_lines import FAILED, record
from tests.support.serving import Serve


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def line(folder: Path, name: str, label: str, share: float, colour: str = "red", **more: Any) -> dict[str, Any]:
    """An answer about a picture that is there."""
    file = folder / name
    if not file.exists():
        Image.new("RGB", (40, 30), colour).save(file)
    version = Version.of(file.stat().st_size, file.stat().st_mtime_ns)
    shares = {"yes": share, "no": 1 - share}
    choice = {"label": label, "probabilities": shares}
    given: dict[str, Any] = {"size": version.size, "modified": version.modified, "text": label, "choice": choice}
    return record(name, **given, **more)


def write(folder: Path, name: str, lines: list[dict[str, Any]]) -> str:
    (folder / name).write_text("".join(json.dumps(each) + "\n" for each in lines))
    return name


@pytest.fixture
def two_runs(here: Path) -> tuple[str, str]:
    first = [line(here, "a.png", "yes", 0.9), line(here, "b.png", "yes", 0.8), line(here, "c.png", "no", 0.3)]
    second = [line(here, "a.png", "yes", 0.6), line(here, "b.png", "no", 0.2), record("c.png", **FAILED)]
    (here / "truth.csv").write_text("path,label\na.png,yes\nb.png,no\nc.png,no\nz.png,no\n")
    return write(here, "one.jsonl", first), write(here, "two.jsonl", second)


def test_the_table(two_runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *two_runs, "--labels", "truth.csv"]) == 0
    said = capsys.readouterr()
    rows = said.out.splitlines()
    assert re.search(r"0 +m +label +2 of 3 +66\.7% +20\.8% to 93\.9%", rows[1])
    assert re.search(r"1 +m +label +2 of 2 +100\.0%", rows[2])
    assert "1  'no' was said to be 'yes'" in said.out
    assert "runs 0 and 1 differ by no more than chance (0 only run 0 has right, 1 only run 1; p = 1)." in said.out
    assert "Run 0: 1 picture labelled and not in the results: z.png." in said.err
    assert "Run 1: 1 picture without an answer, not counted: 1 ImageError." in said.err


def test_json_is_what_python_gives(two_runs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", *two_runs, "--labels", "truth.csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(json.dumps(compare_results(two_runs, "truth.csv")))
    keys = {"file", "model", "request", "pictures", "missing", "surplus", "doubled", "failed", "fields"}
    assert keys <= told["runs"][0].keys()
    of_a_field = {"right", "n", "accuracy", "low", "high", "confusion", "brier", "cer", "wer"}
    assert of_a_field <= told["runs"][0]["fields"]["label"].keys()


def test_a_real_difference_is_called_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{number}.png" for number in range(12)]
    (here / "truth.csv").write_text("path,label\n" + "".join(f"{name},yes\n" for name in names))
    good = write(here, "good.jsonl", [record(name, text="yes") for name in names])
    bad = write(here, "bad.jsonl", [record(name, text="no") for name in names])
    assert run(["compare", bad, good, "--labels", "truth.csv"]) == 0
    assert "label: run 1 is better than run 0 (0 only run 0 has right, 12 only run 1; p = 0.000488)." in (
        capsys.readouterr().out
    )


def test_the_page(two_runs: tuple[str, str], here: Path) -> None:
    """Plots, and the pictures on which the runs disagree, the one that is wrong first."""
    assert run(["compare", *two_runs, "--labels", "truth.csv", "--html", "page.html"]) == 0
    page = (here / "page.html").read_text()
    assert page.count("<svg") == 3
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", page)
    cases = re.findall(r'<p class="place">([^<]*)</p>', page)
    assert cases == ["b.png"]
    assert page.count("data:image/jpeg") == 1
    assert not [*here.glob("*.new"), *here.glob("*.tmp"), *here.glob(".*")]


def test_of_one_run_the_page_shows_what_is_wrong_the_surest_first(here: Path) -> None:
    lines = [line(here, "a.png", "yes", 0.7), line(here, "b.png", "yes", 0.99), line(here, "c.png", "no", 0.1)]
    (here / "truth.csv").write_text("path,label\na.png,no\nb.png,no\nc.png,no\n")
    assert run(["compare", write(here, "r.jsonl", lines), "--labels", "truth.csv", "--html", "page.html"]) == 0
    assert re.findall(r'<p class="place">([^<]*)</p>', (here / "page.html").read_text()) == ["b.png", "a.png"]


def test_markup_in_answers_stays_text(here: Path) -> None:
    (here / "truth.csv").write_text("path,label\na.png,<b>yes</b>\n")
    lines = [line(here, "a.png", "<script>alert(1)</script>", 0.5)]
    assert run(["compare", write(here, "r.jsonl", lines), "--labels", "truth.csv", "--html", "page.html"]) == 0
    page = (here / "page.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_calibration_is_made_and_used(here: Path, serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line(here, f"{number}.png", "yes", 0.9) for number in range(10)]
    true = "".join(f"{number}.png,{'yes' if number < 6 else 'no'}\n" for number in range(10))
    (here / "truth.csv").write_text("path,label\n" + true)
    file = write(here, "r.jsonl", lines)
    assert run(["compare", file, "--labels", "truth.csv", "--calibrate", "cal.json"]) == 0
    said = capsys.readouterr().err
    made = json.loads((here / "cal.json").read_text())
    assert made.keys() == {"temperature", "model", "labels", "n", "nll_before", "nll_after"}
    # 6 of 10 are right: log(9) / T = log(6 / 4).
    assert made["temperature"] == pytest.approx(5.4190, abs=1e-3)
    assert "Temperature 5.419 from 10 pictures, in cal.json." in said
    assert "5 folds" in said
    model = VisionModel("m", serve("yes").server.url)
    with pytest.raises(ValueError, match="of the labels 'yes', 'no'"):
        model.choose("Is it red?", ["yes", "perhaps"], here / "0.png", calibration="cal.json")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one.jsonl", "two.jsonl", "--labels", "truth.csv", "--calibrate", "c.json"], "fitted to one run"),
        (["one.jsonl", "--labels", "none.csv"], "none.csv: No such file"),
        (["none.jsonl", "--labels", "truth.csv"], "none.jsonl: No such file"),
        (["truth.csv", "--labels", "truth.csv"], "truth.csv"),
        (["one.jsonl", "--labels", "one.jsonl"], "no column"),
        (["one.jsonl", "--labels", "truth.csv", "--html", "a.png"], "ends in .html"),
        (["one.jsonl", "--labels", "truth.csv", "--calibrate", "a.png"], "ends in .json"),
        (["one.jsonl", "--labels", "truth.csv", "--root", "nowhere"], "no such folder"),
        (["one.jsonl"], "--labels"),
    ],
)
def test_what_cannot_be(
    two_runs: tuple[str, str], arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert not said.out

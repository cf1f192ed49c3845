"""Results against labels: counts, intervals, chance and calibration. Statistics are scipy's, counts an own script's."""

from __future__ import annotations

import csv
import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy import optimize, stats

from ollama_vision import compare_results
from ollama_vision.batch import compare, fit
from ollama_vision.batch.comparing.statistics import brier, calibration_error, mcnemar, reliability, wilson
from ollama_vision.batch.comparing.values import error_rates, exactly, folded, is_right
from ollama_vision.errors import LabelsError
from tests.support.result_lines import FAILED, record

Lines = Sequence[dict[str, Any]]


def results(folder: Path, lines: Lines, name: str = "results.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def truth(folder: Path, text: str) -> Path:
    file = folder / "truth.csv"
    file.write_text(text, encoding="utf-8")
    return file


def chosen(path: str, label: str, shares: dict[str, float] | None = None, **more: Any) -> dict[str, Any]:
    return record(path, text=label, choice={"label": label, "probabilities": shares}, **more)


def test_copies_are_judged_by_their_labels_and_cost_nothing(tmp_path: Path) -> None:
    spent: dict[str, Any] = {"usage": {"total_tokens": 10}, "seconds": 2.0}
    free: dict[str, Any] = {"usage": {"total_tokens": 0}, "seconds": 0.0, "same_as": "a.png"}
    lines = [chosen("a.png", "yes", **spent), *(chosen(f"{name}.png", "yes", **free) for name in "bc")]
    labels = truth(tmp_path, "path,label\na.png,yes\nb.png,yes\nc.png,no\n")
    (run,) = compare_results(results(tmp_path, lines), labels)["runs"]
    assert (run["copied"], run["pictures"], run["fields"]["label"]["right"]) == (2, 3, 2)
    assert (run["seconds"], run["tokens"]) == (2.0, 10)


class TestStatistics:
    @pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 40), (3, 7), (500, 1000), (999, 1000), (1000, 1000)])
    def test_wilson_is_scipys(self, right: int, n: int) -> None:
        interval = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
        assert wilson(right, n) == pytest.approx((interval.low, interval.high), abs=1e-9)

    @pytest.mark.parametrize(
        ("only_a", "only_b"), [(0, 0), (0, 1), (5, 5), (2, 9), (30, 12), (400, 501), (0, 2000), (10_000, 9_900)]
    )
    def test_mcnemar_is_scipys_binomial_test(self, only_a: int, only_b: int) -> None:
        n = only_a + only_b
        expected = stats.binomtest(only_a, n, 0.5).pvalue if n else 1.0
        assert mcnemar(only_a, only_b) == pytest.approx(expected, abs=1e-9)

    def test_brier_by_hand(self) -> None:
        pairs = [({"a": 0.7, "b": 0.3}, "a"), ({"a": 0.9, "b": 0.1}, "b"), ({"a": 0.5, "b": 0.5}, "c")]
        assert brier(pairs) == pytest.approx((0.09 + 0.09 + 0.81 + 0.81 + 0.25 + 0.25 + 1) / 3)

    def test_the_calibration_curve_by_hand(self) -> None:
        bins = reliability([(0.05, False), (0.1, True), (0.85, True), (0.9, False), (1.0, True)])
        assert [each.n for each in bins] == [2, 0, 0, 0, 0, 0, 0, 0, 2, 1]
        assert bins[0].accuracy == 0.5
        assert bins[0].probability == pytest.approx(0.075)
        assert calibration_error(bins) == pytest.approx((2 * 0.425 + 2 * 0.375 + 0) / 5)


class TestValues:
    @pytest.mark.parametrize(
        ("answer", "true", "right"),
        [
            ("Yes.", "yes", True),
            (" red ", "RED", True),
            ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}", True),
            ("no", "yes", False),
            (12.5, "12.50", True),
            (3, "3.0", True),
            (3, "three", False),
            (0.1, "0.1", True),
            (True, "TRUE", True),
            (False, "true", False),
            (None, "null", True),
            (["a", 1], '["a",1.0]', True),
            ({"a": 1}, "no json", False),
        ],
    )
    def test_when_an_answer_is_right(self, answer: Any, true: str, right: bool) -> None:
        assert is_right(answer, true, folded) is right

    def test_exactly(self) -> None:
        assert not is_right("Yes", "yes", exactly)
        assert is_right(12.5, "12.50", exactly)

    def test_error_rates_by_hand(self) -> None:
        """`kitten` to `sitting` are 3 edits; one of three words is another."""
        cer, wer = error_rates([("kitten", "sitting"), ("the red cat", "The red hat.")], folded)
        assert cer == pytest.approx(4 / 18)
        assert wer == pytest.approx(2 / 4)
        assert error_rates([("words", "")], folded) == (None, None)


class TestARun:
    LINES = (
        chosen("a.jpg", "yes", {"yes": 0.75, "no": 0.25}),
        chosen("b.jpg", "Yes", {"yes": 0.5, "no": 0.5}),
        chosen("c.jpg", "no"),
        chosen("sub/d.jpg", "no", sha256="d" * 64),
        record("e.jpg", **FAILED),
        chosen("f.jpg", "yes"),
    )
    TRUTH = "path,sha256,label\na.jpg,,yes\nb.jpg,,no\nc.jpg,,no\nx.jpg,DDDD,no\ng.jpg,,yes\na.jpg,,yes\nf.jpg,,\n"

    def told(self, folder: Path, **more: Any) -> dict[str, Any]:
        labels = truth(folder, self.TRUTH.replace("DDDD", "D" * 64))
        return compare_results(results(folder, self.LINES), labels, **more)

    def test_counts(self, tmp_path: Path) -> None:
        (run,) = self.told(tmp_path)["runs"]
        assert run["pictures"] == 6
        assert run["failed"] == 1
        assert run["failures"] == {"ImageError": 1}
        assert run["missing"] == ["e.jpg", "f.jpg"]
        assert run["surplus"] == ["g.jpg"]
        assert run["doubled"] == ["a.jpg"]
        label = run["fields"]["label"]
        assert (label["right"], label["n"], label["accuracy"]) == (3, 4, 0.75)
        assert label["confusion"] == {"yes": {"yes": 1}, "no": {"yes": 1, "no": 2}}
        assert label["brier"] == pytest.approx((2 * 0.0625 + 2 * 0.25) / 2)
        assert (label["cer"], label["wer"]) == (None, None)
        assert (run["seconds"], run["tokens"]) == (0.5, 3)
        assert (run["model"], run["request"]) == ("m", "r1")

    def test_exactly(self, tmp_path: Path) -> None:
        (run,) = self.told(tmp_path, exact=True)["runs"]
        assert run["fields"]["label"]["confusion"]["no"] == {"Yes": 1, "no": 2}

    def test_the_last_line_of_a_picture_counts(self, tmp_path: Path) -> None:
        labels = truth(tmp_path, "path,label\na.jpg,no\n")
        file = results(tmp_path, [chosen("a.jpg", "yes"), chosen("a.jpg", "no")])
        (run,) = compare_results([file], labels)["runs"]
        assert (run["pictures"], run["fields"]["label"]["right"]) == (1, 1)

    def test_of_one_file_each_model_and_request_is_a_run(self, tmp_path: Path) -> None:
        labels = truth(tmp_path, "path,label\na.jpg,no\n")
        lines = [chosen("a.jpg", "no"), chosen("a.jpg", "yes", model="n"), chosen("a.jpg", "no", request="r2")]
        told = compare_results(results(tmp_path, lines), labels)
        assert [(run["model"], run["request"]) for run in told["runs"]] == [("m", "r1"), ("n", "r1"), ("m", "r2")]
        assert [(each["a"], each["b"]) for each in told["differences"]] == [(0, 1), (0, 2), (1, 2)]
        assert told["differences"][0] == {"a": 0, "b": 1, "field": "label", "only_a": 1, "only_b": 0, "p": 1.0}

    def test_texts(self, tmp_path: Path) -> None:
        """An empty truth is one: there is nothing to read."""
        labels = truth(tmp_path, "path,text\na.jpg,Hello\nb.jpg,\n")
        lines = [record("a.jpg", text="Hallo"), record("b.jpg", text="Sun Tzu")]
        (run,) = compare_results(results(tmp_path, lines), labels)["runs"]
        text = run["fields"]["text"]
        assert (text["right"], text["n"]) == (0, 2)
        assert text["cer"] == pytest.approx((1 + 7) / 5)
        assert text["wer"] == pytest.approx((1 + 2) / 1)
        assert text["confusion"] is None

    def test_fields(self, tmp_path: Path) -> None:
        labels = truth(tmp_path, 'path,total,paid,fields.shop.name\na.jpg,12.50,true,Aldi\nb.jpg,3,false,""\n')
        lines = [
            record("a.jpg", fields={"total": 12.5, "paid": True, "shop": {"name": "aldi"}}, confidence={"paid": 0.9}),
            record("b.jpg", fields={"total": 4, "paid": True, "shop": {"name": "Rewe"}}),
        ]
        (run,) = compare_results(results(tmp_path, lines), labels)["runs"]
        right = {name: (each["right"], each["n"]) for name, each in run["fields"].items()}
        assert right == {"total": (1, 2), "paid": (1, 2), "fields.shop.name": (1, 1)}
        assert run["missing"] == ["b.jpg"]
        assert run["fields"]["paid"]["calibration"][8]["n"] == 1

    def test_pages(self, tmp_path: Path) -> None:
        labels = truth(tmp_path, "path,page,label\na.pdf,1,yes\na.pdf,2,no\n")
        lines = [chosen("a.pdf", "yes", page=1, pages=2), chosen("a.pdf", "yes", page=2, pages=2)]
        (run,) = compare_results(results(tmp_path, lines), labels)["runs"]
        assert run["fields"]["label"]["right"] == 1
        assert run["missing"] == run["surplus"] == []

    def test_runs_from_other_folders_are_matched_by_name(self, tmp_path: Path) -> None:
        labels = truth(tmp_path, "path,label\na.jpg,yes\nb.jpg,no\n")
        first = results(tmp_path, [chosen("x/a.jpg", "yes"), chosen("x/b.jpg", "no")], "first.jsonl")
        second = results(tmp_path, [chosen("y/a.jpg", "yes"), chosen("./b.jpg", "yes")], "second.jsonl")
        told = compare_results([first, second], labels)
        assert told["differences"][0]["only_a"] == 1

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("path,label\na.jpg,yes\na.jpg,no\n", "line 3: a.jpg stands there with other labels.*'no'.*'yes'"),
            ("name,label\na.jpg,yes\n", "no column `path`"),
            ("path\na.jpg\n", "says nothing of them"),
            ("path,label\n", "no row"),
            ("path,label\n,yes\n", "line 2: no picture is named"),
            ("path,label\na.jpg,yes,no\n", "line 2: it has more cells"),
            ("path,label,label\na.jpg,yes,no\n", "the column 'label' twice"),
            ("path,label\nz.jpg,yes\n", "Nothing can be compared"),
            ("path,label\nd.jpg,yes\n", "several pictures are called so: one/d.jpg, two/d.jpg"),
        ],
    )
    def test_labels_that_cannot_be_used(self, tmp_path: Path, text: str, words: str) -> None:
        lines = [chosen("a.jpg", "yes"), chosen("one/d.jpg", "yes"), chosen("two/d.jpg", "yes")]
        with pytest.raises(LabelsError, match=words):
            compare_results(results(tmp_path, lines), truth(tmp_path, text))

    def test_labels_in_another_encoding(self, tmp_path: Path) -> None:
        labels = tmp_path / "truth.csv"
        labels.write_bytes("path,label\na.jpg,gr\xfcn\n".encode("latin-1"))
        with pytest.raises(LabelsError, match="not UTF-8"):
            compare_results(results(tmp_path, [chosen("a.jpg", "yes")]), labels)

    def test_what_a_spreadsheet_saves(self, tmp_path: Path) -> None:
        """A mark at the beginning, CRLF, quotes."""
        labels = tmp_path / "truth.csv"
        labels.write_bytes('\ufeffpath,label\r\n"a, b.jpg","yes"\r\n'.encode())
        (run,) = compare_results(results(tmp_path, [chosen("a, b.jpg", "yes")]), labels)["runs"]
        assert run["fields"]["label"]["right"] == 1


def test_counts_equal_an_independent_script(tmp_path: Path) -> None:
    """Two runs over 400 pictures with labels by lot, counted once more from the files alone."""
    draw = random.Random(20261130)
    names = [f"{number:03}.jpg" for number in range(400)]
    labels = {name: draw.choice("abc") for name in names[:380]}
    rows = [{"path": name, "label": label} for name, label in labels.items()]
    with (tmp_path / "truth.csv").open("w", newline="") as written:
        table = csv.DictWriter(written, ["path", "label"])
        table.writeheader()
        table.writerows(rows)
    files = []
    for run in ("one", "two"):
        lines = [
            record(name, **FAILED) if draw.random() < 0.05 else chosen(name, draw.choice("aabc")) for name in names[10:]
        ]
        files.append(results(tmp_path, lines, f"{run}.jsonl"))
    told = compare_results(files, tmp_path / "truth.csv")

    right: list[dict[str, bool]] = []
    for file, run in zip(files, told["runs"], strict=True):
        said = [json.loads(line) for line in file.read_text().splitlines()]
        judged = {
            each["path"]: each["choice"]["label"] == labels[each["path"]]
            for each in said
            if not each["error"] and each["path"] in labels
        }
        pairs = Counter((labels[e["path"]], e["text"]) for e in said if not e["error"] and e["path"] in labels)
        right.append(judged)
        field = run["fields"]["label"]
        assert (field["n"], field["right"]) == (len(judged), sum(judged.values()))
        assert {(t, a): n for t, row in field["confusion"].items() for a, n in row.items()} == dict(pairs)
        assert run["failed"] == sum(bool(each["error"]) for each in said)
        assert run["missing"] == names[380:]
        assert run["surplus"] == names[:10]
    both = right[0].keys() & right[1].keys()
    only = Counter((right[0][name], right[1][name]) for name in both)
    (difference,) = told["differences"]
    assert (difference["only_a"], difference["only_b"]) == (only[True, False], only[False, True])
    test = stats.binomtest(difference["only_a"], difference["only_a"] + difference["only_b"], 0.5)
    assert difference["p"] == pytest.approx(test.pvalue, abs=1e-9)


class TestCalibration:
    def lines(self, count: int = 300, sharpness: float = 3.0) -> tuple[list[dict[str, Any]], str]:
        """Answers whose probabilities are too sure: the truth is drawn by flatter ones."""
        draw = random.Random(7)
        lines, rows = [], ["path,label"]
        for number in range(count):
            logs = [draw.gauss(0, 1) for _ in range(3)]
            true = draw.choices("abc", [math.exp(log) for log in logs])[0]
            weights = [math.exp(sharpness * log) for log in logs]
            shares = {label: weight / sum(weights) for label, weight in zip("abc", weights, strict=True)}
            lines.append(chosen(f"{number}.jpg", max(shares, key=shares.__getitem__), shares))
            rows.append(f"{number}.jpg,{true}")
        return lines, "\n".join(rows) + "\n"

    def test_the_temperature_is_the_likeliest(self, tmp_path: Path) -> None:
        lines, labels = self.lines()
        fitted = fit(compare([results(tmp_path, lines)], truth(tmp_path, labels)))
        true = [row.split(",")[1] for row in labels.split()[1:]]

        def loss(temperature: float) -> float:
            total = 0.0
            for line, label in zip(lines, true, strict=True):
                scaled = {k: math.log(v) / temperature for k, v in line["choice"]["probabilities"].items()}
                total += math.log(sum(map(math.exp, scaled.values()))) - scaled[label]
            return total / len(lines)

        best = optimize.minimize_scalar(loss, bounds=(0.5, 10), method="bounded", options={"xatol": 1e-10})
        made = fitted.calibration
        assert made.temperature == pytest.approx(best.x, rel=1e-5)
        assert made.temperature == pytest.approx(3, abs=0.6)
        assert made.nll_before == pytest.approx(loss(1.0))
        assert made.nll_after == pytest.approx(best.fun)
        assert made.nll_after <= fitted.held_out_after < fitted.held_out_before == pytest.approx(made.nll_before)
        assert (made.n, made.model, made.labels) == (300, "m", ("a", "b", "c"))
        assert not fitted.at_bound

    def test_all_right_is_at_the_bound(self, tmp_path: Path) -> None:
        lines = [chosen(f"{number}.jpg", "a", {"a": 0.9, "b": 0.1}) for number in range(10)]
        labels = "path,label\n" + "".join(f"{number}.jpg,a\n" for number in range(10))
        assert fit(compare([results(tmp_path, lines)], truth(tmp_path, labels))).at_bound

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            ([chosen("0.jpg", "a")], "tell no probabilities"),
            ([chosen("0.jpg", "a", {"a": 1.0}), chosen("0.jpg", "a", {"a": 1.0}, model="n")], "there are 2"),
            ([chosen("0.jpg", "b", {"b": 0.5, "c": 0.5})], "was not to choose from"),
            (
                [chosen("0.jpg", "a", {"a": 0.5, "b": 0.5}), chosen("1.jpg", "a", {"a": 0.5, "c": 0.5})],
                "asked for other labels",
            ),
        ],
    )
    def test_what_cannot_be_fitted(self, tmp_path: Path, lines: Lines, words: str) -> None:
        with pytest.raises(LabelsError, match=words):
            fit(compare([results(tmp_path, lines)], truth(tmp_path, "path,label\n0.jpg,a\n1.jpg,a\n")))

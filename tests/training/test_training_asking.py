"""The evaluation's way to the model and back: templates, servers, processes, results, and the command."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import httpx2
import pytest
from gguf import GGUFReader

from ollama_embedded import EmbeddedOllama, draw_scene
from ollama_embedded.embedded import DEMO_FOLDER
from ollama_embedded.engines.llama_cpp import LlamaCppEngine
from training.evaluation import aims, row_names
from training.evaluation.__main__ import main
from training.evaluation.asking import Asker, Pair, ask_all
from training.evaluation.card import write_card
from training.evaluation.cases import NO_REGISTERS, OWN, TEXT_FIRST, TEXT_FIRST_NO_REGISTERS, Case, Picture, one_turn
from training.evaluation.results import Results
from training.evaluation.run import CERTAINTY, SETS, all_cases, evaluate
from training.evaluation.scoring import Call, Reply, Score, Words, part
from training.evaluation.templates import TEMPLATES, with_template
from training.model_config import DEMO as SIZES

N = 10
BY_OTHER_HANDS = (
    row_names.HANDS_ONE,
    row_names.HANDS_TINY,
    row_names.HANDS_MORE,
    row_names.HANDS_COUNT,
    row_names.HANDS_SCHEMA,
)
DEMO = Pair.in_folder(DEMO_FOLDER)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(all_cases(1, N))


def test_a_copy_with_another_template_has_the_same_weights(tmp_path: Path) -> None:
    copy = with_template(DEMO.model, "{{ messages }}", tmp_path / "copy.gguf")
    before, after = GGUFReader(DEMO.model), GGUFReader(copy)
    assert after.fields["tokenizer.chat_template"].contents() == "{{ messages }}"
    names = {name for name in before.fields if not name.startswith("GGUF.") and name != "tokenizer.chat_template"}
    assert names <= set(after.fields)
    assert all(before.fields[name].contents() == after.fields[name].contents() for name in names)
    assert [tensor.name for tensor in before.tensors] == [tensor.name for tensor in after.tensors]
    for old, new in zip(before.tensors, after.tensors, strict=True):
        assert (old.tensor_type, old.data.tobytes()) == (new.tensor_type, new.data.tobytes())


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        (NO_REGISTERS, "<|im_start|>user\nPICTUREWhat?<|im_end|>\n<|im_start|>assistant\n"),
        (
            TEXT_FIRST,
            "<|im_start|>user\nWhat?PICTURE<|endoftext|><|endoftext|><|im_end|>\n<|im_start|>assistant\n",
        ),
        (TEXT_FIRST_NO_REGISTERS, "<|im_start|>user\nWhat?PICTURE<|im_end|>\n<|im_start|>assistant\n"),
    ],
)
def test_other_templates_place_pictures_and_registers_otherwise(name: str, prompt: str, tmp_path: Path) -> None:
    model = with_template(DEMO.model, TEMPLATES[name], tmp_path / "copy.gguf")
    engine = LlamaCppEngine(model, DEMO.mmproj, name="copy", threads=1)
    case = Case(("any",), one_turn("What?", Picture.of(draw_scene("red circle"))), Words(""))
    with EmbeddedOllama(engine=engine) as server:
        body = {**case.body("copy"), "_debug_render_only": True}
        rendered = httpx2.post(f"{server.url}/api/chat", json=body, trust_env=False, timeout=60).json()
    found = rendered["_debug_info"]["rendered_template"]
    assert re.sub(r"<__media\w*?__>|\[img-0\]", "PICTURE", found) == prompt


def test_a_folder_holds_one_pair(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no GGUF file"):
        Pair.in_folder(tmp_path)
    for name in ("a.gguf", "a.mmproj.gguf"):
        (tmp_path / name).touch()
    assert Pair.in_folder(tmp_path) == Pair(tmp_path / "a.gguf", tmp_path / "a.mmproj.gguf")
    (tmp_path / "b.gguf").touch()
    with pytest.raises(ValueError, match=r"holds a.gguf, b.gguf, a.mmproj.gguf"):
        Pair.in_folder(tmp_path)


def test_a_pair_is_asked_and_what_the_server_refuses_is_a_wrong_answer() -> None:
    case = Case(("count",), one_turn("How many shapes are there?", Picture.of(draw_scene("red circle"))), Words("?"))
    with Asker(DEMO) as asker:
        assert "1" in asker.ask(OWN, case.body("evaluated")).text
        refused = asker.ask(OWN, case.body("nobody"))
    assert refused.error.startswith("404")
    assert not Words("").is_met_by(refused)


def test_processes_answer_in_order() -> None:
    scenes = [["red circle"], ["red circle", "blue star"], ["green cross", "blue star", "red circle"]]
    cases = [
        Case(("count",), one_turn("How many shapes are there?", Picture.of(draw_scene(*scene))), Words("?"))
        for scene in scenes
    ]
    done: list[int] = []
    replies = ask_all(DEMO, cases, processes=2, progress=done.append)
    assert [re.findall(r"\d", reply.text) for reply in replies] == [["1"], ["2"], ["3"]]
    assert done == [1, 2, 3]


def right_reply(case: Case) -> Reply:
    if isinstance(case.expected, Call):
        return Reply(calls=((case.expected.name, dict(case.expected.arguments)),))
    return Reply(str(case.expected))


def test_a_wrong_answer_lowers_its_scores_and_is_shown(cases: list[Case], tmp_path: Path) -> None:
    answered = [(case, right_reply(case)) for case in cases]
    perfect = Results.of(DEMO, answered, n=N, seed=1, seconds=0)
    assert {score.share for score in perfect.scores.values()} == {1}
    assert (perfect.worse, perfect.misses) == ((), ())
    # These cases hold no pictures by other programs, and nothing of probabilities.
    apart = {verdict.aim for verdict in perfect.verdicts if verdict.reached is None}
    assert apart == {verdict.aim for verdict in aims.deciding({})} - {row_names.LABELS}
    assert all(verdict.reached for verdict in perfect.verdicts if verdict.aim not in apart)
    at = next(number for number, case in enumerate(cases) if case.kind == row_names.WHICH)
    answered[at] = (cases[at], Reply("The third image."))
    results = Results.of(DEMO, answered, n=N, seed=1, seconds=0)
    lower = {row for row, score in results.scores.items() if score.share < 1}
    assert lower == set(cases[at].rows)
    assert results.scores[row_names.WHICH] == Score(row_names.WHICH, N, N - 1)
    assert [miss.found for miss in results.misses] == ["The third image."]
    results.write(tmp_path)
    assert Results.read(tmp_path) == results


def test_the_present_pair_is_measured_from_end_to_end() -> None:
    results = evaluate(DEMO, n=2, seed=1, processes=1, only=(*SETS, CERTAINTY))
    assert {row.partition(":")[0] for row in results.not_measured} <= {*BY_OTHER_HANDS}
    assert results.questions > 2 * len(SETS)
    assert {verdict.aim for verdict in results.verdicts if verdict.reached is None} <= {*BY_OTHER_HANDS, aims.SURER}
    assert results.certainty is not None
    assert results.certainty.n == 2
    assert results.bytes == sum(path.stat().st_size for path in (DEMO.model, DEMO.mmproj))


def test_the_card_tells_all_that_was_found(cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_use = {"source": "a guess", "figures": dict.fromkeys(aims.today(), "0.95")}
    monkeypatch.setattr(aims, "TODAY", tmp_path / "today.json")
    aims.TODAY.write_text(json.dumps(in_use), encoding="utf-8")
    answered = [(case, right_reply(case)) for case in cases]
    at = next(number for number, case in enumerate(cases) if case.kind == row_names.BACKGROUND)
    answered[at] = (cases[at], Reply("The background is loud."))
    results = Results.of(DEMO, answered, n=N, seed=1, seconds=0)
    card = write_card(tmp_path, DEMO, results, SIZES, {"training": "one hour"}).read_text(encoding="utf-8")
    for path in (DEMO.model, DEMO.mmproj):
        content = path.read_bytes()
        assert f"| `{path.name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |" in card
        assert f"\nFROM ./{path.name}\n" in card
    assert "MIT" in card
    assert f"With {N} questions, " in card
    assert "| training | one hour |" in card
    for verdict in results.verdicts:
        found = "not measured" if verdict.reached is None else "reached"
        assert f"| {verdict.aim} | {verdict.wanted} | {verdict.found} | {found} |" in card
    unseen = results.scores[part(row_names.UNSEEN_WORDINGS, row_names.BACKGROUND)]
    assert f"| background | {N} | .900 | {unseen.right / unseen.n:.3f} | .950 |" in card
    assert "What stands for the model before is from a guess." in card
    assert "Below the model before: background: 90.0 %, before 95.0 %." in card


def test_the_card_says_of_tools_what_the_template_can(cases: list[Case], tmp_path: Path) -> None:
    results = Results.of(DEMO, [(case, right_reply(case)) for case in cases], n=N, seed=1, seconds=0)
    for template, able in (("{{ messages }}", False), ("{{ messages }}{{ tools }}", True)):
        pair = Pair(with_template(DEMO.model, template, tmp_path / "copy.gguf"), DEMO.mmproj)
        card = write_card(tmp_path, pair, results, SIZES, {}).read_text(encoding="utf-8")
        assert ("- **Tools:**" in card) is able
        assert ("`vision` and `tools`" in card) is able


def test_the_command_measures_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(DEMO_FOLDER), "--n", "2", "--only", "schemas", "--processes", "1", "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert "JSON schemas it was not taught" in capsys.readouterr().out
    results = Results.read(tmp_path)
    assert results.scores[row_names.UNSEEN_SCHEMAS].n == 2
    assert row_names.COUNT in results.not_measured
    assert main([str(tmp_path)]) == 2
    assert "no GGUF file" in capsys.readouterr().err

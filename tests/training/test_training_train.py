"""The training itself on toy sizes: data, two steps, a stop and a going on, the export. Needs torch."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
import pytest
from rich.console import Console

from ollama_embedded.scenes import COLOURS, KINDS, PLACES, Shape
from tests.support.toy_models import serving
from training import make
from training.model import tokenizer
from training.model.packing import BIN, BINS, Rows, RowWriter
from training.model.recipe import TOY_RECIPE, Recipe
from training.model_config import CONTROL_TOKENS, REGISTERS, TOOL_TOKENS, TOY
from training.questions import answers
from training.questions.subjects import Counted, Fact, Ground, Meant, Shown
from training.scenes import free, shards
from training.scenes.draw import padded
from training.scenes.shards import Scenes, draw_shards

if TYPE_CHECKING:
    from training.model.auxiliary_losses import Truths

torch = pytest.importorskip("torch")
from training.model.train import BEFORE, CHECKPOINT, last_checkpoint  # noqa: E402

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with scenes and a tokenizer."""
    folder = tmp_path_factory.mktemp("training")
    make.make_scenes(TOY_RECIPE, folder, QUIET)
    make.make_tokenizer(TOY_RECIPE, folder)
    return folder


def copy_of(begun: Path, folder: Path) -> Path:
    """The same beginning, for a training of one's own."""
    (folder / "scenes").symlink_to(begun / "scenes")
    (folder / make.TOKENIZER).write_bytes((begun / make.TOKENIZER).read_bytes())
    return folder


def writer(begun: Path, seed: int = 1, *, practises: bool = False) -> RowWriter:
    return RowWriter(Random(seed), tokenizer.load(begun / make.TOKENIZER), practises=practises)


def text_of(begun: Path, ids: Sequence[int]) -> str:
    return tokenizer.load(begun / make.TOKENIZER).decode(list(ids), skip_special_tokens=False)


def trained(recipe: Recipe, folder: Path) -> dict[str, Any]:
    make.make_weights(recipe, folder, QUIET)
    return torch.load(folder / "weights.pt", weights_only=True)  # type: ignore[no-any-return]


def are_equal(some: dict[str, Any], others: dict[str, Any]) -> bool:
    return all(torch.equal(some[name], others[name]) for name in some)


def test_from_scenes_to_a_pair_that_llama_cpp_answers_with(begun: Path, tmp_path: Path) -> None:
    folder = copy_of(begun, tmp_path)
    weights = trained(TOY_RECIPE, folder)
    assert all(bool(weight.isfinite().all()) for weight in weights.values())
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [(entry["stage"], entry["step"]) for entry in log] == [("sight", 1), ("talk", 2), ("practice", 1)]
    # Nothing is known yet: an answer's token is one of the vocabulary, about; the helping losses come on top.
    assert math.log(TOY.vocabulary) - 1 < log[1]["loss"] < math.log(TOY.vocabulary) + 15
    pair = make.make_files(TOY_RECIPE, folder)
    with serving(pair) as server:
        body = {"model": "toy", "prompt": "Describe.", "stream": False, "options": {"num_predict": 3}}
        reply = httpx2.post(f"{server.url}/api/generate", json=body, trust_env=False, timeout=30.0)
        assert reply.json()["eval_count"] > 0, reply.text


def test_a_stop_changes_nothing(begun: Path, tmp_path: Path) -> None:
    """Two steps, then two more from the checkpoint, give the very weights that four steps give."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "stopped").mkdir()
    stages = {name: TOY_RECIPE.stages[name] for name in ("sight", "talk")}
    two = replace(TOY_RECIPE, stages=stages)
    four = replace(TOY_RECIPE, stages=stages | {"talk": replace(stages["talk"], steps=4)})
    whole = trained(four, copy_of(begun, tmp_path / "whole"))
    stopped = copy_of(begun, tmp_path / "stopped")
    # The rates stay as they are, so the first two steps of four are the two steps of two.
    halfway = trained(two, stopped)
    resumed = trained(four, stopped)
    assert are_equal(whole, resumed)
    assert not are_equal(whole, halfway)


def test_a_checkpoint_that_cannot_be_read_costs_the_way_from_the_one_before(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of(begun, tmp_path)
    assert last_checkpoint(folder) is None
    whole = trained(TOY_RECIPE, folder)
    good = (folder / CHECKPOINT).read_bytes()
    for spoilt in (b"", b"half of a file", good[: len(good) // 2], bytes(len(good))):
        (folder / CHECKPOINT).write_bytes(spoilt)
        found = last_checkpoint(folder)
        assert found is not None
        assert found["step"] == torch.load(folder / BEFORE, weights_only=True)["step"]
        assert CHECKPOINT in capsys.readouterr().err
    (folder / "weights.pt").unlink()
    assert are_equal(whole, trained(TOY_RECIPE, folder))


def test_a_stage_may_follow_what_was_finished(begun: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "longer").mkdir()
    whole = trained(TOY_RECIPE, copy_of(begun, tmp_path / "whole"))
    longer = copy_of(begun, tmp_path / "longer")
    without = {name: stage for name, stage in TOY_RECIPE.stages.items() if not stage.practises}
    finished = trained(replace(TOY_RECIPE, stages=without), longer)
    assert not are_equal(whole, finished)
    assert are_equal(whole, trained(TOY_RECIPE, longer))


def test_two_processes_learn_from_each_others_rows(begun: Path, tmp_path: Path) -> None:
    weights = trained(replace(TOY_RECIPE, processes=2), copy_of(begun, tmp_path))
    assert all(bool(weight.isfinite().all()) for weight in weights.values())


def test_scenes_are_the_same_however_they_are_drawn(begun: Path, tmp_path: Path) -> None:
    assert list(draw_shards(tmp_path, TOY_RECIPE.scenes, TOY_RECIPE.seed, TOY, 2))[-1] == TOY_RECIPE.scenes
    once, again = Scenes(begun / "scenes"), Scenes(tmp_path)
    assert all(np.array_equal(once.picture(number), again.picture(number)) for number in range(len(once)))
    assert np.array_equal(once.labels, again.labels)
    assert list(draw_shards(tmp_path, TOY_RECIPE.scenes, TOY_RECIPE.seed, TOY, 1)) == [TOY_RECIPE.scenes]


@pytest.mark.parametrize("on_the_grid", [1.0, 0.0])
def test_the_middle_of_a_thing_has_its_colour(
    on_the_grid: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the labels say is where they say; dark and noisy pictures are another test's."""
    monkeypatch.setattr(shards, "ON_THE_GRID", on_the_grid)
    monkeypatch.setattr(shards, "damage", lambda picture, rng: padded(picture, 4 / 3))
    # Without the shades of a colour.
    monkeypatch.setattr(free, "_fill", lambda rng, about, taken: _own_colour(rng, taken))
    shards._draw_shard((tmp_path, 0, 60, 5, TOY.image_size))
    scenes = Scenes(tmp_path)
    near = total = 0
    for number in range(len(scenes)):
        for label, (x, y, radius) in zip(scenes.labels[number], scenes.spots[number], strict=True):
            if label[0] < 0:
                continue
            assert radius > 0.5
            seen = scenes.picture(number)[int(y), int(x)].astype(int)
            near += bool(np.abs(seen - list(COLOURS.values())[label[0]]).max() < 60)
            total += 1
    assert total > 60
    assert near >= 0.95 * total


def _own_colour(rng: Random, taken: set[str]) -> tuple[str, tuple[int, int, int], bool]:
    colour = rng.choice([each for each in COLOURS if each not in taken])
    return colour, COLOURS[colour], True


def segments_of(rows: Rows, row: int) -> list[tuple[list[int], list[float]]]:
    """The tokens of each question of a row, and the weight each token is learnt with."""
    found = []
    for number in range(rows.segments[row].max() + 1):
        where = np.flatnonzero(rows.segments[row] == number)
        learnt = np.concatenate([[0.0], rows.weights[row][where[:-1]]])
        found.append((list(rows.tokens[row][where]), list(learnt)))
    return found


def test_a_row_teaches_the_answers_and_nothing_else(begun: Path) -> None:
    scenes = Scenes(begun / "scenes")
    for seed in range(12):
        rows = writer(begun, seed).write([[scenes.truth(number)] for number in range(4)])
        assert rows.tokens.shape == (4, BINS * BIN)
        for row in range(4):
            segments = segments_of(rows, row)
            assert len(segments) == len(rows.kinds[row]) > 1
            for ids, weights in segments:
                text = text_of(begun, ids)
                assert text.endswith("<|im_end|>")
                assert text.count("<|im_start|>assistant\n") >= 1
                answer = text_of(begun, [id for id, weight in zip(ids, weights, strict=True) if weight > 0])
                assert answer.endswith("<|im_end|>")
                assert "user" not in answer
                # The token that a weight stands at is the one before; it says which comes next.
            offsets, numbers = rows.offsets[row], rows.segments[row]
            assert all(offsets[numbers == number].tolist() == list(range((numbers == number).sum()))
                       for number in range(numbers.max() + 1))  # fmt: skip


def test_a_key_that_a_grammar_writes_is_not_learnt(begun: Path) -> None:
    scenes = Scenes(begun / "scenes")
    values = set()
    for seed in range(30):
        rows = writer(begun, seed).write([[scenes.truth(number)] for number in range(4)])
        for row in range(4):
            for kind, (ids, weights) in zip(rows.kinds[row], segments_of(rows, row), strict=True):
                if kind == "forced":
                    learnt = [id for id, weight in zip(ids, weights, strict=True) if weight > 0]
                    # Another turn may stand before it, with an answer of its own.
                    values.add(text_of(begun, learnt).split("<|im_end|>")[-2])
    assert values
    assert not any('{"' in value.split('"},{"')[0][:2] for value in values)


@pytest.mark.parametrize("practises", [False, True])
def test_in_practice_a_mark_may_stay_whole_beside_one_that_is_cut(begun: Path, practises: bool) -> None:
    scenes = Scenes(begun / "scenes")
    found: Counter[tuple[bool, bool]] = Counter()
    for seed in range(30):
        rows = writer(begun, seed, practises=practises).write([[scenes.truth(number)] for number in range(4)])
        for row in range(4):
            for kind, (ids, _) in zip(rows.kinds[row], segments_of(rows, row), strict=True):
                tokens = [text_of(begun, [id]) for id in ids]
                if kind.startswith("forced") and tokens.count("assistant") == 1:
                    answer = tokens[tokens.index("assistant") + 2 :]
                    found[answer[0] == '{"', ":" in answer] += 1
    assert found[True, False] > 0, "all whole"
    assert found[False, True] > 0, "all cut"
    assert (found[True, True] > 0) == practises


def told(begun: Path, rows: Rows) -> Iterator[tuple[Fact, str, str]]:
    """Each fact with what stands before and after the place where it must be known."""
    for row, at, fact in rows.facts:
        ids = rows.tokens[row]
        yield fact, text_of(begun, ids[: at + 1]), text_of(begun, ids[at + 1 :]).split("<|im_end|>")[0]


def test_what_an_answer_hangs_on_is_told_right_before_it(begun: Path) -> None:
    scenes = Scenes(begun / "scenes")
    seen: Counter[str] = Counter()
    for seed in range(12):
        batch = writer(begun, seed).write([[scenes.truth(number), scenes.truth(number + 9)] for number in range(4)])
        alone = writer(begun, seed).write([[scenes.truth(number)] for number in range(4)])
        behind = writer(begun, seed).write_text_first([scenes.truth(number) for number in range(4)], TOY.patches)
        for rows in (batch, alone, behind):
            for fact, before, after in told(begun, rows):
                opens = before.endswith("<|im_start|>assistant\n")
                seen[f"{type(fact).__name__} {opens}"] += 1
                first = re.match(r'"?([a-z ]+)"[,}\]]', after)
                match fact:
                    case Meant(Shape() as shape):
                        values = {shape.colour, shape.kind, shape.size, answers.PLACE_WORDS[shape.place]}
                        # Between two objects a token may hold the end of the one and the beginning of the other.
                        thing = after.lstrip('["},').split("}")[0]
                        if first:
                            assert first[1] in values
                            seen["value"] += 1
                        elif not values & set(thing.split('"')) and not after.lstrip().startswith(
                            f"{shape.size} {shape}"
                        ):
                            assert after.startswith(("The", "Yes", "A", "{", "true")), after
                            assert shape.colour in before + after or shape.kind in before + after
                    case Meant():
                        assert after.startswith(("No", "There is no", "There are 0", '{"', "false")), after
                    case Ground(ground):
                        assert after == f"The background is {ground}." or (first and first[1] == ground)
                    case Counted(number):
                        assert str(number) in after
                        assert opens or after.startswith((str(number), "There"))
                    case Shown(on):
                        assert opens
                        alike = "Both images." if all(on) else "Neither image."
                        one = f"The {answers.ORDINALS[on.index(True)]} image." if any(on) else ""
                        assert after == (alike if len(set(on)) == 1 else one)
    often = {name: number for name, number in seen.items() if number > 10}
    assert {"Meant True", "Meant False", "value", "Ground True", "Counted True", "Shown True"} <= set(often), seen


def truths_of(scenes: Scenes) -> Truths:
    """What the auxiliary losses know of them all."""
    from training.model.auxiliary_losses import Truths

    labels, spots, grounds = (torch.from_numpy(of) for of in (scenes.labels, scenes.spots, scenes.grounds))
    return Truths.of(labels, spots, grounds, TOY)


def test_the_second_register_is_asked_for_all_numbers_and_places(begun: Path) -> None:
    scenes = Scenes(begun / "scenes")
    truths = truths_of(scenes)
    several = 0
    told = zip(truths.of_each().tolist(), truths.places().tolist(), truths.there().tolist(), strict=True)
    for index, (of_each, places, there) in enumerate(told):
        shapes = scenes.truth(index).shapes
        colours, kinds = Counter(shape.colour for shape in shapes), Counter(shape.kind for shape in shapes)
        assert of_each == [*(colours[colour] for colour in COLOURS), *(kinds[kind] for kind in KINDS)]
        assert [place for place, taken in zip(PLACES, places, strict=True) if taken] == [
            shape.place for shape in shapes
        ]
        assert sum(there) == len(shapes)
        several += max(of_each) > 1
    assert several > 3


def test_every_thing_is_asked_for_how_many_others_are_like_it(begun: Path) -> None:
    scenes = Scenes(begun / "scenes")
    seen: Counter[tuple[int, ...]] = Counter()
    for index, others in enumerate(truths_of(scenes).others().tolist()):
        shapes = scenes.truth(index).shapes
        for shape, told in zip(shapes, others, strict=False):
            alike = [[other for other in shapes if other.colour == shape.colour]]
            alike += [[other for other in shapes if other.kind == shape.kind]]
            assert told == [len(group) - 1 for group in (*alike, shapes)]
            seen[tuple(told)] += 1
    assert {(1, 0, 1), (0, 1, 1), (0, 0, 3)} & set(seen)
    assert len(seen) > 5


def test_text_may_stand_before_the_picture(begun: Path) -> None:
    scenes = Scenes(begun / "scenes")
    rows = writer(begun).write_text_first([scenes.truth(number) for number in range(4 * BINS)], TOY.patches)
    assert len(rows.inside) == 4 * BINS
    for row, at, _ in rows.inside:
        after = rows.tokens[row][at + TOY.patches :][:REGISTERS].tolist()
        assert after == [0, 0] or after[0] == CONTROL_TOKENS.index("<|im_end|>")


def test_the_tokenizer_knows_the_marks(begun: Path) -> None:
    tokens, merges = tokenizer.tokens_and_merges(tokenizer.load(begun / make.TOKENIZER))
    assert tuple(tokens[:5]) == (*CONTROL_TOKENS, *TOOL_TOKENS)
    assert len(tokens) == TOY.vocabulary
    assert len(set(merges)) == len(merges) == TOY.vocabulary - 5 - 256

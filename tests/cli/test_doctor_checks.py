"""What `ollama-vision doctor` makes of what it finds: facts in, checks out, no server."""

from __future__ import annotations

from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaServer
from ollama_vision import errors
from ollama_vision.cli.common.settings.shown import line_of_values, without_credentials
from ollama_vision.cli.doctor import server_checks, sight_checks
from ollama_vision.cli.doctor.check import fail as failed
from ollama_vision.cli.doctor.check import ok, worst
from ollama_vision.cli.doctor.facts import Choice, Loaded, Model, Origin
from ollama_vision.sight import SightPace, SightQuestion, SightReceipt, SightReport
from ollama_vision.sight.report import Verdict

HERE = Origin("http://localhost:11434", "default", is_here=True)
GB = 1_000_000_000
SEES = frozenset({"completion", "vision"})
THINKS = SEES | {"thinking"}
BLIND = frozenset({"completion"})
CHOICE = Choice("m", "--model")


@pytest.mark.parametrize(
    ("told", "status", "way"),
    [
        ("0.12.6", "ok", ""),
        (errors.ConnectionFailedError("Nothing answers. Start Ollama with: ollama serve"), "fail", "ollama serve"),
        (
            errors.ConnectionFailedError("The proxy p (ALL_PROXY) is dead. Correct ALL_PROXY"),
            "fail",
            "Correct ALL_PROXY",
        ),
        (errors.ConnectionFailedError("expired. Renew the server's certificate."), "fail", "Renew"),
        (errors.ConnectionFailedError("pass verify='/path/to/ca.pem'"), "fail", "give --cacert /path/to/ca.pem"),
        (errors.AuthenticationError('Pass headers={"Authorization": "Bearer ..."}'), "fail", "--header"),
        (errors.AuthenticationError("write them into https://name:password@host"), "fail", "name:password@host"),
        (errors.BadReplyError("a login page"), "fail", "port and path"),
        (errors.SilenceTimeoutError("nothing came"), "fail", "look at its log"),
    ],
    ids=str,
)
def test_a_server_answers_or_it_is_said_why_not(told: Any, status: str, way: str) -> None:
    check = server_checks.server(HERE, told)
    assert check.status == status
    assert "http://localhost:11434 (default)" in check.message
    assert way in check.what_to_do


@pytest.mark.parametrize(
    ("told", "status"),
    [("0.12.6", "ok"), ("1.0.0", "ok"), ("0.12.5", "fail"), ("0.9.0", "fail"), ("0.0.0", "warn"), ("", "warn")],
)
def test_a_version_is_new_enough_or_not_or_unknown(told: str, status: str) -> None:
    check = server_checks.version(told)
    assert check.status == status
    assert OllamaServer.oldest_supported in check.message + check.what_to_do


def test_what_could_not_be_checked_is_a_warning_that_says_why() -> None:
    assert server_checks.not_made("context", "no server").message == "not checked: no server"
    assert server_checks.version(errors.BadReplyError("")).status == "warn"
    assert server_checks.memory(errors.ServerError("broken"), None, None).status == "warn"


def test_models_that_see_are_told_with_context_and_memory() -> None:
    models = [Model("a", BLIND), Model("b", SEES, 5, 131072), Model("c", SEES)]
    check = server_checks.models(models, [Loaded("b", 5 * GB, 0)])
    assert check.message == "2 of 3 see pictures: b (context 131,072, 5.0 GB in memory); c"
    assert check.details["models"][1]["size_in_memory"] == 5 * GB


@pytest.mark.parametrize(
    ("told", "status", "way"),
    [
        ([], "fail", "ollama-vision pull"),
        ([Model("a", BLIND)], "fail", "ollama-vision pull"),
        ([Model("a", None)], "warn", "--model"),
        (errors.ServerError("broken"), "fail", ""),
    ],
    ids=["none", "blind", "untold", "error"],
)
def test_without_a_model_that_sees_one_is_named_to_pull(told: Any, status: str, way: str) -> None:
    check = server_checks.models(told, [])
    assert check.status == status
    assert way in check.what_to_do


def test_the_model_to_ask_is_the_named_the_loaded_the_only_or_the_smallest() -> None:
    models = [Model("big", SEES, 9), Model("blind", BLIND, 1), Model("small", SEES, 3)]
    loaded = [Loaded("big", 1, 1)]

    def chosen(*arguments: Any) -> str | None:
        choice = server_checks.choose(*arguments)
        return None if choice is None else choice.name

    assert chosen("named", "other", models, loaded) == "named"
    assert chosen(None, "other", models, loaded) == "other"
    assert chosen(None, None, models, loaded) == "big"
    assert chosen(None, None, models, []) == "small"
    assert chosen(None, None, models[:2], []) == "big"
    assert chosen(None, None, models[1:2], []) is None


def test_a_model_that_cannot_be_asked_fails_and_others_are_named() -> None:
    known = [Model("m:latest", BLIND), Model("other", SEES)]
    gone = server_checks.model(CHOICE, errors.ModelNotFoundError("no"), known)
    blind = server_checks.model(CHOICE, Model("m", BLIND), known)
    broken = server_checks.model(CHOICE, errors.ServerError("bad file"), known)
    assert [check.status for check in (gone, blind, broken)] == ["fail"] * 3
    assert "m:latest, other" in gone.message
    assert "ollama-vision pull m" in gone.what_to_do
    assert blind.what_to_do == "Choose one that does, with --model: other"
    assert "bad file" in broken.message
    assert server_checks.model(CHOICE, Model("m", None), known).status == "ok"


def report(
    verdict: Verdict = "sees",
    answer: str = "top left",
    pace: SightPace = SightPace(),  # noqa: B008 - it is a value
) -> SightReport:
    question = SightQuestion(
        "Where is the red star?", ("top left", "top right"), "top left", answer, answer == "top left"
    )
    seems = {"blind": "stale", "unclear": "unclear"}.get(verdict)
    return SightReport("m", "http://there", verdict, seems, (question,), SightReceipt((), (), ()), pace, seed=1)


def test_sight_is_told_with_its_pace() -> None:
    told = report(pace=SightPace(seconds=2.0, load_seconds=1.5, tokens=20, answer_seconds=0.5))
    check = sight_checks.sight(CHOICE, told)
    assert check.status == "ok"
    said = "m on http://there sees: 1 of 1 questions answered rightly"
    assert check.message == f"{said} (2.0 s, 1.5 s of them loading, 40 tokens a second)"
    assert check.details["pace"]["tokens"] == 20
    assert sight_checks.tokens_per_second(told) == 40
    assert sight_checks.tokens_per_second(report()) is None


@pytest.mark.parametrize(
    ("told", "status", "way"),
    [
        (report("blind"), "fail", "Restart the server"),
        (report("unclear", "A lovely scene."), "warn", 'it said "A lovely scene."'),
        (report("sees badly"), "warn", "larger model"),
        (errors.DeadlineError("300 s"), "fail", "Try again"),
        (errors.ModelLoadError("out of memory"), "fail", "log"),
        (errors.ServerError("something"), "fail", ""),
    ],
    ids=["blind", "unclear", "badly", "late", "not loaded", "other"],
)
def test_who_does_not_see_well_or_at_all(told: Any, status: str, way: str) -> None:
    check = sight_checks.sight(CHOICE, told)
    assert check.status == status
    assert way in check.what_to_do


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (report(), "ok"),
        (report(pace=SightPace(thinking=12)), "warn"),
        (report("unclear", "<think>Let me look.</think> Red."), "warn"),
        (errors.DeadlineError(""), "warn"),
    ],
)
def test_thinking_although_told_not_to_is_a_warning(told: Any, status: str) -> None:
    assert sight_checks.thinking(CHOICE, told, thinks=True).status == status


@pytest.mark.parametrize(
    ("loaded", "rate", "status", "words"),
    [
        (Loaded("m", 5 * GB, 5 * GB), 50.0, "ok", "m 5.0 GB, 100 % GPU"),
        (Loaded("m", 5 * GB, 3 * GB), 50.0, "warn", "60 % GPU, the rest on the CPU"),
        (Loaded("m", 5 * GB, 5 * GB - 1), 50.0, "warn", "99 % GPU"),
        (Loaded("m", 5 * GB, 0), 50.0, "ok", "all on the CPU"),
        (Loaded("m", 5 * GB, 0), 2.0, "warn", "slow here: 2.0 tokens a second"),
        (Loaded("m", 0, 0), 50.0, "ok", "tells no size"),
    ],
)
def test_the_share_of_the_gpu_is_judged(loaded: Loaded, rate: float, status: str, words: str) -> None:
    check = server_checks.memory([loaded], "m:latest", rate)
    assert check.status == status
    assert words in check.message
    assert bool(check.what_to_do) is (status == "warn")


def test_the_worst_of_the_loaded_models_counts() -> None:
    check = server_checks.memory([Loaded("m", 2, 2), Loaded("n", 2, 1)], None, None)
    assert (check.status, check.message.count(";")) == ("warn", 1)
    assert server_checks.memory([], None, None).message == "no model is loaded"
    left = server_checks.memory([Loaded("n", 2, 2)], "m", 1.0)
    assert left.status == "warn"
    assert "keep_alive" in left.what_to_do


@pytest.mark.parametrize(
    ("length", "longest", "status"),
    [(3900, 131072, "ok"), (2048, 2048, "ok"), (2048, 131072, "warn"), (2048, None, "warn"), (None, 131072, "warn")],
)
def test_a_short_context_is_a_warning_unless_the_model_has_no_longer_one(
    length: int | None, longest: int | None, status: str
) -> None:
    assert server_checks.context(CHOICE, [Loaded("m", 1, 1, length)], longest).status == status


def test_the_worst_check_is_the_verdict() -> None:
    good = ok("a", "")
    assert [worst([good]), worst([good, failed("b", "")]), worst([])] == ["ok", "fail", "ok"]


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("localhost:1", "localhost:1"),
        ("https://vision.example/path", "https://vision.example/path"),
        ("me:sesame@localhost", "localhost"),
        ("me:p@sesame@localhost:1", "localhost:1"),
        ("http://me:p@sesame@localhost", "http://localhost"),
        ("http://me:se/same@localhost", "http://localhost"),
        ("http://me:a://same@localhost", "http://localhost"),
        ("me:a://same@localhost", "localhost"),
        ("http://localhost/?key=same", "http://localhost/?..."),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_secret(host: str, shown: str) -> None:
    assert without_credentials(host) == shown
    assert "same" not in line_of_values({"host": host})


def test_an_address_in_other_words_is_shown_without_its_password() -> None:
    assert line_of_values({"system": "Look at https://me:p@se/same@host/a."}) == 'system = "Look at https://host/a."'

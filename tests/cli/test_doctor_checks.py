"""What `ollama-vision doctor` makes of what it finds: facts in, checks out, no server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llama_index.multi_modal_llms.ollama import OllamaServer, prepare_image
from ollama_vision import errors
from ollama_vision.cli.doctor import local_checks, pdf_fonts, server_checks, sight_checks
from ollama_vision.cli.doctor.check import Check, ok, worst
from ollama_vision.cli.doctor.check import fail as failed
from ollama_vision.cli.doctor.facts import Choice, Disk, Here, Loaded, Model, Origin, Told
from ollama_vision.sight import SightPace, SightQuestion, SightReceipt, SightReport
from ollama_vision.sight.report import Verdict

HERE = Origin("http://localhost:11434", "default", is_here=True)
ELSEWHERE = Origin("http://192.168.0.10:11434", "--host", is_here=False)
GB = 1_000_000_000
SEES = frozenset({"completion", "vision"})
THINKS = SEES | {"thinking"}
BLIND = frozenset({"completion"})
CHOICE = Choice("m", "--model")


def machine(environment: Mapping[str, str] | None = None, proxy: Told[str | None] = None, **extras: bool) -> Here:
    return Here({"client": "1.0"}, extras or {"pdf": True}, environment or {}, proxy)


# this machine


def test_the_client_and_its_extras_are_named() -> None:
    assert local_checks.client(machine()).message == "client 1.0"
    assert local_checks.extras(machine(heif=True, pdf=True)) == ok("extras", "heif, pdf installed", heif=True, pdf=True)


def test_a_missing_extra_is_no_fault_and_comes_with_its_purpose_and_command() -> None:
    check = local_checks.extras(machine(pdf=False, video=False))
    assert check.status == "ok"
    assert "pdf (pages of PDF files), video (frames of videos)" in check.message
    assert 'pip install "ollama-vision[pdf,video]>=1"' in check.what_to_do


def test_fonts_for_pdfs_are_told_of_where_pdfs_can_be_read() -> None:
    here = Here({}, {}, {})
    assert local_checks.fonts(here) is None
    assert local_checks.fonts(replace(here, undrawable=())) == ok(
        "fonts", "PDFs in Chinese, Japanese and Korean can be drawn, also without a font of their own"
    )
    check = local_checks.fonts(replace(here, undrawable=("Japanese", "Korean")))
    assert check is not None
    assert (check.status, check.details) == ("ok", {"missing": ["Japanese", "Korean"]})
    assert "none for Japanese and Korean" in check.message
    assert "fonts-noto-cjk" in check.what_to_do


@pytest.mark.parametrize("missing", [(), ("Korean",), ("Japanese", "Chinese", "Korean")])
def test_which_scripts_are_drawn_is_found_by_drawing(missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def prepare(page: bytes) -> None:
        if any(pdf_fonts.SCRIPTS[script][0].encode() in page for script in missing):
            raise errors.ImageError("its font is not here")

    monkeypatch.setattr(pdf_fonts, "prepare_image", prepare)
    assert pdf_fonts.undrawable_scripts() == missing


def test_the_pages_of_this_check_are_whole() -> None:
    """Drawn, or refused for the font and nothing else."""
    for script in pdf_fonts.SCRIPTS.values():
        try:
            said = str(prepare_image(pdf_fonts._page(*script)).steps)
        except errors.ImageError as error:
            said = str(error)
        assert "drew page 1 of 1" in said or f"its font {script[0]} is neither in the file" in said


def one_of_environment(name: str, value: str, origin: Origin = HERE) -> Check:
    (check,) = local_checks.environment(machine({name: value}), origin)
    assert check.name == "environment"
    assert check.details["variable"] == name
    return check


@pytest.mark.parametrize(
    ("name", "value", "status", "words"),
    [
        ("OLLAMA_VISION_MODEL", "gemma3:4b", "ok", "when --model names none"),
        ("OLLAMA_MODELS", "/models", "ok", "folder of models"),
        ("OLLAMA_NUM_PARALLEL", "4", "ok", "so many answers at the same time"),
        ("OLLAMA_NUM_PARALLEL", "four", "warn", "the server ignores it"),
        ("OLLAMA_MAX_LOADED_MODELS", "1", "ok", "loaded again each time"),
        ("OLLAMA_MAX_LOADED_MODELS", "3", "ok", "so many models"),
        ("OLLAMA_KEEP_ALIVE", "0", "warn", "leaves the memory after each answer"),
        ("OLLAMA_KEEP_ALIVE", "0s", "warn", "leaves the memory after each answer"),
        ("OLLAMA_KEEP_ALIVE", "10m", "ok", "so long"),
        ("OLLAMA_KEEP_ALIVE", "-1", "ok", "for ever"),
        ("OLLAMA_CONTEXT_LENGTH", "8192", "ok", "this client names one"),
    ],
)
def test_each_variable_is_told_with_what_it_means(name: str, value: str, status: str, words: str) -> None:
    check = one_of_environment(name, value)
    assert check.status == status
    assert check.message.startswith(f"{name}={value}: ")
    assert words in check.message
    assert bool(check.what_to_do) is (status == "warn")


@pytest.mark.parametrize("name", ["OLLAMA_NUM_PARALLEL", "OLLAMA_KEEP_ALIVE", "OLLAMA_MODELS"])
def test_what_a_server_elsewhere_does_not_read_is_said(name: str) -> None:
    assert "the server runs elsewhere" in one_of_environment(name, "0", ELSEWHERE).message


def test_the_address_in_the_environment_is_used_or_not() -> None:
    used = Origin("http://there:1", "OLLAMA_HOST", is_here=False)
    assert "where the server is looked for" in one_of_environment("OLLAMA_HOST", "there:1", used).message
    assert "not used, --host goes first" in one_of_environment("OLLAMA_HOST", "there:1", ELSEWHERE).message


@pytest.mark.parametrize(
    "address", ["http://me:s3cret@there:1", "me:s3cret@there", "http://me:s3@cret@there", "http://s3cret@there/api"]
)
def test_secrets_of_addresses_are_never_shown(address: str) -> None:
    check = one_of_environment("OLLAMA_HOST", address)
    assert "cret" not in repr(check)
    assert "there" in check.message


def test_a_key_is_never_shown() -> None:
    check = one_of_environment("OLLAMA_API_KEY", "s3cret")
    assert "s3cret" not in repr(check)
    assert "sent with each request" in check.message
    assert "not sent" in one_of_environment("OLLAMA_API_KEY", "s3cret", ELSEWHERE).message


def test_no_variable_is_one_line() -> None:
    (check,) = local_checks.environment(machine({"OLLAMA_HOST": " ", "HOME": "/"}), HERE)
    assert (check.status, check.details) == ("ok", {})


def test_a_proxy_is_a_warning_unless_it_is_not_used() -> None:
    assert local_checks.proxy(machine(), ELSEWHERE) is None
    used = local_checks.proxy(machine(proxy="http://p:1 (HTTP_PROXY)"), ELSEWHERE)
    assert used is not None
    assert (used.status, "http://p:1 (HTTP_PROXY)" in used.message) == ("warn", True)
    assert "NO_PROXY" in used.what_to_do
    for origin, words in ((HERE, "a server on this machine"), (ELSEWHERE, "by NO_PROXY")):
        unused = local_checks.proxy(machine({"https_proxy": "http://p:1", "NO_PROXY": "*"}), origin)
        assert unused is not None
        assert (unused.status, unused.message.startswith("https_proxy is set, and not used")) == ("ok", True)
        assert words in unused.message
        assert "p:1" not in unused.message


def test_a_proxy_that_is_none_is_said() -> None:
    broken = local_checks.proxy(machine(proxy=errors.ConnectionFailedError("HTTP_PROXY holds no address")), ELSEWHERE)
    assert broken == failed("proxy", "HTTP_PROXY holds no address")


def test_the_disk_has_room_or_not_or_cannot_be_seen() -> None:
    assert local_checks.disk(Disk("/models", 50 * GB), HERE).status == "ok"
    little = local_checks.disk(Disk("/models", 2 * GB), HERE)
    assert little.status == "warn"
    # A server that was started elsewhere, or by another user, has its own OLLAMA_MODELS, and its API does not tell.
    assert little.message.startswith("2.0 GB free where the models are if the server keeps them in /models")
    assert "ollama rm" in little.what_to_do
    unseen = local_checks.disk(None, ELSEWHERE)
    assert unseen.status == "warn"
    assert "another machine" in unseen.message


def test_the_folder_of_models_is_the_one_of_the_environment_else_the_usual() -> None:
    assert local_checks.models_folders({"OLLAMA_MODELS": "/m"}, Path("/home/me")) == (Path("/m"),)
    assert local_checks.models_folders({}, Path("/home/me"))[0] == Path("/home/me/.ollama/models")


# the server and its models


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


# whether it sees


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

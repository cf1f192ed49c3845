"""`doctor` about this machine: extras, fonts, environment variables, proxy, disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from llama_index.multi_modal_llms.ollama import prepare_image
from ollama_vision import errors
from ollama_vision.cli.doctor import local_checks, pdf_fonts
from ollama_vision.cli.doctor.check import Check, ok
from ollama_vision.cli.doctor.check import fail as failed
from ollama_vision.cli.doctor.facts import Disk, Here, Origin, Told

HERE = Origin("http://localhost:11434", "default", is_here=True)
GB = 1_000_000_000
ELSEWHERE = Origin("http://192.168.0.10:11434", "--host", is_here=False)


def machine(environment: Mapping[str, str] | None = None, proxy: Told[str | None] = None, **extras: bool) -> Here:
    return Here({"client": "1.0"}, extras or {"pdf": True}, environment or {}, proxy)


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

"""What is shipped: wheels and source archives of both distributions build, and hold the right files and metadata."""

from __future__ import annotations

import re
import sys
import tomllib
from configparser import ConfigParser

import pytest

from tests.support.distributions import (
    ADAPTER,
    DISTRIBUTIONS,
    ENGINE,
    NAMESPACED,
    ROOT,
    VERSION,
    Archives,
    Distribution,
    run,
)

EXTRAS = {"all", "cli", "dicom", "embedded", "heif", "mcp", "pdf", "raw", "read", "socks", "video", "watch", "xmp"}

both = pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda each: each.name)


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[Distribution, Archives]:
    folder = tmp_path_factory.mktemp("dist")
    return {each: Archives.build(each, folder) for each in DISTRIBUTIONS}


def needs(archives: Archives, extra: str | None = None) -> set[str]:
    """What it asks for: always, or with that extra."""
    lines = [line.partition(";") for line in archives.metadata().get_all("Requires-Dist") or []]
    return {name.strip() for name, _, when in lines if (f"'{extra}'" in when if extra else not when)}


@both
def test_an_index_would_take_both(distribution: Distribution, archives: dict[Distribution, Archives]) -> None:
    made = archives[distribution]
    run(sys.executable, "-m", "twine", "check", "--strict", made.wheel, made.source)


@both
def test_the_wheel_holds_its_packages_and_nothing_else(
    distribution: Distribution, archives: dict[Distribution, Archives]
) -> None:
    info = f"{distribution.stem}-{VERSION}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")}
    if distribution is ENGINE:
        about.add(f"{info}/entry_points.txt")
    assert archives[distribution].wheel_names() == distribution.contents() | about


@both
def test_the_source_archive_holds_its_packages_and_nothing_else(
    distribution: Distribution, archives: dict[Distribution, Archives]
) -> None:
    # hatchling adds the last, so that the archive builds what the work tree builds.
    about = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
    assert archives[distribution].source_names() == distribution.contents() | about


def test_llama_index_stays_a_namespace(archives: dict[Distribution, Archives]) -> None:
    """An `__init__.py` above our folder would hide `llama_index.core` or every other integration."""
    names = archives[ADAPTER].wheel_names()
    assert f"{NAMESPACED}/__init__.py" in names
    assert not {"llama_index/__init__.py", "llama_index/multi_modal_llms/__init__.py"} & names


@both
def test_the_licence_is_that_of_the_whole(distribution: Distribution, archives: dict[Distribution, Archives]) -> None:
    assert archives[distribution].read("licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


@both
def test_the_metadata_says_what_it_is(distribution: Distribution, archives: dict[Distribution, Archives]) -> None:
    metadata = archives[distribution].metadata()
    assert metadata["Name"] == distribution.name
    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra") or []) == EXTRAS


def test_the_engine_needs_no_llama_index(archives: dict[Distribution, Archives]) -> None:
    made = archives[ENGINE]
    own = {"httpcore2", "httpx2", "jsonschema", "pillow", "pybase64", "pydantic"}
    assert {line.partition(">")[0] for line in needs(made)} == own
    of_cli = {line.partition(">")[0] for line in needs(made, "cli")}
    assert of_cli == {"typer", "rich", "pillow-heif", "pypdfium2"}
    assert not [
        line for line in made.metadata().get_all("Requires-Dist") or [] if "llama" in line.replace("xllama", "")
    ]


def test_all_is_every_other_extra(archives: dict[Distribution, Archives]) -> None:
    made = archives[ENGINE]
    assert needs(made, "all") == set().union(*(needs(made, extra) for extra in EXTRAS - {"all"}))


def test_the_adapter_needs_core_and_the_engine(archives: dict[Distribution, Archives]) -> None:
    assert needs(archives[ADAPTER]) == {"llama-index-core<0.15,>=0.14.5", "ollama-vision<2,>=1.0"}
    assert VERSION.startswith("1."), "the engine that the adapter asks for"


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_the_extras_of_the_adapter_are_those_of_the_engine(extra: str, archives: dict[Distribution, Archives]) -> None:
    assert needs(archives[ADAPTER], extra) == {f"ollama-vision[{extra}]"}


def test_the_engine_brings_the_command_and_the_pytest_plugin(archives: dict[Distribution, Archives]) -> None:
    entries = ConfigParser()
    entries.read_string(archives[ENGINE].read("entry_points.txt").decode())
    assert {section: dict(entries[section]) for section in entries.sections()} == {
        "console_scripts": {"ollama-vision": "ollama_vision.cli:main"},
        "pytest11": {"ollama_embedded": "ollama_embedded.pytest_plugin"},
    }


def test_both_are_of_one_version_and_for_the_same_pythons() -> None:
    projects = [
        tomllib.loads((each.home / "pyproject.toml").read_text(encoding="utf-8"))["project"] for each in DISTRIBUTIONS
    ]
    one, other = (
        {
            "version": project["version"],
            "requires": project["requires-python"],
            "pythons": [name for name in project["classifiers"] if "Python :: 3." in name],
        }
        for project in projects
    )
    assert one == other


def test_the_wheels_are_called_as_the_docs_say(archives: dict[Distribution, Archives]) -> None:
    named = re.findall(r"\./dist/([\w.-]+\.whl)", (ROOT / "docs/index.md").read_text(encoding="utf-8"))
    assert named == [archives[each].wheel.name for each in DISTRIBUTIONS]

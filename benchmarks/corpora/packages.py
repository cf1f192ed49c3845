"""Where the samples come from: packages of other projects, pinned by version and SHA-256, unpacked outside git."""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".cache"


@dataclass(frozen=True)
class Package:
    """One archive, and which of its files are samples."""

    name: str
    version: str
    client: str
    """Who brings it: `pip` (an sdist) or `apt` (the upstream archive of a Debian source package)."""
    archive: str
    sha256: str
    samples: tuple[str, ...]
    """Patterns of paths inside the archive, below its one folder."""
    what: str = ""
    """What the samples are, for the table in the docs."""


PACKAGES = (
    Package(
        "libavif",
        "1.4.2-1",
        "apt",
        "libavif_1.4.2.orig.tar.gz",
        "2b645287340ba5a631d268b551dc2d72bd73ac33335962dd36dcdb6d8366921d",
        ("tests/data/*.avif", "tests/data/*.png", "tests/data/*.jpg"),
        "libavif's `tests/data`",
    ),
    Package(
        "pillow-heif",
        "1.8.1",
        "pip",
        "pillow_heif-1.8.1.tar.gz",
        "521ebffb8a181d56c3904e5a61f20903edee0d9d3275967b8fb345f866215c06",
        ("tests/images/*",),
        "pillow-heif's `tests/images`",
    ),
    Package(
        "tiff",
        "4.7.2-1",
        "apt",
        "tiff_4.7.2.orig.tar.bz2",
        "c5086d8f7c5ba51ca98241f24a8bd1cb66218c399077aeccbf6a236cf3152acc",
        ("test/images/*.tif", "test/images/*.tiff"),
        "libtiff's `test/images`",
    ),
    # It holds PngSuite whole, but for the picture on its first page.
    Package(
        "libspng",
        "0.7.4-2",
        "apt",
        "libspng_0.7.4.orig.tar.gz",
        "47ec02be6c0a6323044600a9221b049f63e1953faf816903e7383d4dc4234487",
        ("tests/images/*.png",),
        "PngSuite",
    ),
    # Its folder `apng` is the APNG test suite that W3C's page of APNG links to and that Chromium's Skia tests with.
    Package(
        "pillow",
        "13.0.0",
        "pip",
        "pillow-13.0.0.tar.gz",
        "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510",
        ("Tests/images/*",),
        "Pillow's `Tests/images`, with the APNG test suite",
    ),
)

STB_IMAGE = Package(
    "libstb",
    "0.0~git20250907.fede005+ds-1",
    "apt",
    "libstb_0.0~git20250907.fede005+ds.orig.tar.xz",
    "f6dcc67fcf215d3e59ede31fa7b9e744826642519dc628d9edde7ffec01ed3b5",
    ("stb_image.h",),
)


def folder_of(package: Package) -> Path:
    return CACHE / f"{package.name}-{package.version}"


def samples_of(package: Package) -> list[Path]:
    """The sample files of a package, unpacked into the cache; downloaded when they are not there."""
    folder = folder_of(package)
    if not folder.is_dir():
        archive = _checked(package, _downloaded(package))
        _unpack(archive, package.samples, folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _downloaded(package: Package) -> Path:
    archives = CACHE / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    archive = archives / package.archive
    if not archive.is_file():
        print(f"downloading {package.name} {package.version} with {package.client}", file=sys.stderr)
        {"pip": _with_pip, "apt": _with_apt}[package.client](package, archives)
    if not archive.is_file():
        raise SystemExit(f"{package.client} brought no {package.archive}; look at {Path(__file__).name}")
    return archive


def _with_pip(package: Package, folder: Path) -> None:
    wanted = f"{package.name}=={package.version}"
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*words, "--dest", folder, wanted], check=True)


def _with_apt(package: Package, folder: Path) -> None:
    """`apt-get source` with lists of its own: few machines have source packages switched on."""
    if shutil.which("apt-get") is None:
        raise SystemExit(
            f"{package.name} comes from a Debian source package, and there is no apt-get here. "
            f"Lay its {package.archive} into {folder}."
        )
    state = CACHE / "apt"
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "sources.list").write_text("".join(f"{line}\n" for line in _source_lines()), encoding="utf-8")
    options = {
        "Dir::Etc::SourceList": state / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": state / "lists",
        "Dir::Cache": state,
        "APT::Sandbox::User": "root",
    }
    words = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    if not any((state / "lists").glob("*Sources*")):
        subprocess.run([*words, "update"], check=True)
    wanted = f"{package.name}={package.version}"
    subprocess.run([*words, "source", "--download-only", "--tar-only", wanted], cwd=folder, check=True)


def _source_lines() -> Iterator[str]:
    """Debian's archive as this machine is set up for it; versions as new as these are in unstable."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    addresses = {line.rstrip("/") for line in listed.stdout.splitlines() if line.rstrip("/").endswith("/debian")}
    if not addresses:
        raise SystemExit("apt-get knows no archive of Debian on this machine")
    for address in sorted(addresses):
        yield f"deb-src [signed-by={keyring}] {address} sid main"


def _checked(package: Package, archive: Path) -> Path:
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise SystemExit(f"{archive} is not what was pinned: sha256 {found}, not {package.sha256}")
    return archive


def _unpack(archive: Path, patterns: tuple[str, ...], folder: Path) -> None:
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            inside = member.name.partition("/")[2]
            if member.isfile() and any(fnmatch.fnmatch(inside, pattern) for pattern in patterns):
                member.name = inside
                tar.extract(member, unfinished, filter="data")
    unfinished.rename(folder)

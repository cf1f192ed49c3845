"""Fixtures of the embedded server's tests: a plain client of HTTP, and a picture in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.support.scripted_server import SOON


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """It goes through no proxy of the environment's."""
    with httpx2.Client(trust_env=False, timeout=SOON) as client:
        yield client


@pytest.fixture
def picture(scene: Image.Image, tmp_path: Path) -> Path:
    scene.save(tmp_path / "scene.png")
    return tmp_path / "scene.png"

"""Hosts in tests do not wait for seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_vision.batch.asking import balancer as hosts_module


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(hosts_module, "LONGEST_PAUSE", 0.02)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder `photos` in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    return Path("photos")

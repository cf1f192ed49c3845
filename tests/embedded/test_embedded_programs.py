"""The embedded server runs no other program on what it is sent, and answers alike wherever FFmpeg is installed."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ollama_embedded import EmbeddedOllama
from tests.support.recorded import FOLDER

PICTURES = FOLDER / "pictures"
UNREADABLE = {
    **{name: (PICTURES / name).read_bytes() for name in ("red-circle.avif", "red-circle.ico", "page.pdf", "text.txt")},
    "video": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41\0\0\0\x08free\0\0\0\x08mdat",
    "matroska": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm",
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
}
"""What llama.cpp cannot read itself; a playlist makes FFmpeg open further files."""


def body_for(path: str, picture: bytes) -> dict[str, Any]:
    images = [base64.b64encode(picture).decode()]
    asked: dict[str, Any] = {"model": "shapes", "stream": False}
    if path == "/api/generate":
        return {**asked, "prompt": "Describe the image.", "images": images}
    return {**asked, "messages": [{"role": "user", "content": "Describe the image.", "images": images}]}


@pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
def test_programs_on_the_path_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = tmp_path / "called"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("ffprobe", "ffmpeg"):
        (programs / name).write_text(f"#!/bin/sh\necho {name} >> {called}\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with EmbeddedOllama() as server, httpx2.Client(base_url=server.url, trust_env=False, timeout=60) as client:
        for path in ("/api/chat", "/api/generate"):
            for name, data in UNREADABLE.items():
                reply = client.post(path, json=body_for(path, data))
                assert (reply.status_code, name) == (400, name)
                assert "Failed to load image or audio file" in reply.json()["error"]
    assert not called.exists(), called.read_text()

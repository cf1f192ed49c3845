"""The embedded server with a scripted engine, asked by httpx2."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from ollama_embedded import (
    EmbeddedOllama,
    ScriptedEngine,
)

CHAT = {"model": "scripted", "messages": [{"role": "user", "content": "hello"}]}
SOON = 20.0
"""Seconds that an event may take to come; reached only by a failing test."""


def serve(replies: Any = "A red circle.", **settings: Any) -> EmbeddedOllama:
    return EmbeddedOllama(engine=ScriptedEngine(replies), **settings)


def lines(reply: httpx2.Response) -> list[dict[str, Any]]:
    assert reply.text.endswith("\n")
    return [json.loads(line) for line in reply.text[:-1].split("\n")]


def said(client: httpx2.Client, server: EmbeddedOllama) -> tuple[int, str]:
    """The status, and what was said or what is wrong."""
    reply = client.post(f"{server.url}/api/chat", json={**CHAT, "stream": False})
    told = reply.json()
    return reply.status_code, told["error"] if "error" in told else told["message"]["content"]

"""What the client says in Python's words, said in a shell: every one of its sentences goes through the one table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ollama_vision
from ollama_vision.cli.common.shell_words import Command, in_shell_words

PYTHON = re.compile(
    r"ImageOptions|PictureReader\(|ImageDescriber|\b\w+Block\b|image_documents|prepare_image|partial_text|preload\(|"
    r"\bbase_url\b|request_timeout|max_retries|max_tokens|context_window|options_unchecked|\bNone\b|\bTrue\b|\bFalse\b|"
    r"\b(?:headers|verify|think|videos|include|exclude|detail|frames|pages|image_options|truncate)=|"
    r"\b(?:prune|sidecars|sidecar_name)=|think unset|Pass its bytes"
)
NOT_IN_A_SHELL = (
    # The commands build the call themselves: they give no such arguments, and no messages, tools and arrays.
    r"^max_tokens and num_predict are the same|^context_window \(|^image_options is|^\{name\} is|^image_documents was",
    r"^chat takes no image_documents|Did you mean 'image_documents'|Put each picture into a message|^pages=\(\) would",
    r"allow_parallel_tool_calls|tool call in additional_kwargs|is_function_calling_model|^Have the tool return",
    r"^Where did they go|^Give an ImageBlock|^For a path or a URL put|^Pass what it gives|^Pass base64|^ImageDocument,",
    r"and prepare_image prepares one|^Choose it: |^Put it into an ImageBlock|a lower fps|^Let SimpleDirectoryReader",
    r"was asked nothing|^pictures\[\{name\}\] is None",
    # Pages are numbered by `ask` alone, and for documents alone.
    r"^Beside documents pass prepare_image|^Choose its frames",
    # They say what is passed through, name a field of our own, or are types.
    r"^ImageDescriber passed through|^the hosts must give|was loaded or unloaded|^str \| |^Picture(?:Frame)? \| ",
    r"recursive=False",
    # A prompt is never sent raw from there.
    r"^raw=True sends",
    r"^clip=|^cert=|^From here|in Python it is|sent a list of models",
)


def sentences(command: Command) -> Iterator[str]:
    """Every text that the engine says in Python's words: without docstrings, patterns, types and fields.

    The command's own room speaks the shell's words, and `ask` is no batch.
    """
    engine = Path(ollama_vision.__path__[0])
    silent = {"ask": [engine / "batch"], "mcp": [engine / "batch/results", engine / "batch/prompting"]}
    # Agents keep no file of results, and their prompts have no placeholders.
    left_out_rooms = {engine / "cli", *silent.get(command, [])}
    for file in sorted(engine.rglob("*.py")):
        if left_out_rooms & {*file.parents}:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        left_out = set()
        for node in ast.walk(tree):
            is_field = isinstance(node, ast.Call) and ast.unparse(node.func) in ("Field", "re.compile")
            is_alias = isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"
            if is_field or is_alias or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                left_out |= {id(inner) for inner in ast.walk(node)}
            if isinstance(node, ast.JoinedStr):
                left_out |= {id(inner) for inner in ast.walk(node) if inner is not node}
        for node in ast.walk(tree):
            if id(node) not in left_out and (text := text_of(node)) and " " in text and PYTHON.search(text):
                yield text


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else blank(each) for each in node.values)
        return "".join(map(str, parts))
    return ""


def blank(value: ast.expr) -> str:
    """A number where there will be one, for the table looks at it; else the name of what will be there."""
    return "4096" if re.search(r"window|wanted|fitting|1024|1 <<|MOST", ast.unparse(value)) else "{name}"


@pytest.mark.parametrize("command", ["ask", "describe", "mcp"])
def test_no_word_of_python_is_said_in_a_shell(command: Command) -> None:
    told = {text: in_shell_words(text, command) for text in sentences(command)}
    assert len(told) > 50
    left = {text: said for text, said in told.items() if PYTHON.search(said)}
    assert [said for text, said in left.items() if not any(re.search(each, text) for each in NOT_IN_A_SHELL)] == []

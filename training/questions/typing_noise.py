"""Typing noise: British spelling, politeness, capitals, no final mark, slips of the finger."""

from __future__ import annotations

import re
from random import Random

from llama_index.core.prompts.default_prompts import DEFAULT_TEXT_QA_PROMPT_TMPL

_BRITISH = {"color": "colour", "Color": "Colour", "center": "centre", "gray": "grey"}
_BEFORE = ("Please ", "Hi! ", "Hello. ", "Hey, ", "OK. ", "Thanks. ", "Quick question: ", "Be brief. ", "Question: ")
_AFTER = (" Thanks.", " Thank you.", " Please.", " Be brief.", " Answer briefly.", " Answer in one sentence.")
_CONTEXTS = (
    "",
    "",
    "A drawing.",
    "A photo.",
    "image.png",
    "file_path: photos/{n}.png",
    "page_label: {n}",
    "Figure {n}.",
)
_KEPT = frozenset(
    [
        "red",
        "green",
        "blue",
        "yellow",
        "orange",
        "purple",
        "black",
        "white",
        "circle",
        "circles",
        "square",
        "squares",
        "triangle",
        "triangles",
        "star",
        "stars",
        "cross",
        "crosses",
        "diamond",
        "diamonds",
        "small",
        "medium",
        "large",
        "top",
        "bottom",
        "left",
        "right",
        "center",
        "centre",
        "middle",
        "first",
        "second",
        "color",
        "colour",
        "shape",
        "shapes",
        "size",
        "position",
        "json",
    ]
)


def add_typing_noise(question: str, rng: Random, *, literal: bool = False) -> str:
    """The question as somebody might have typed it; every second time as it is. Literal ones keep their spelling."""
    if not literal and rng.random() < 0.4:
        for american, british in _BRITISH.items():
            question = re.sub(rf"\b{american}", british, question)
    chance = rng.random()
    if chance < 0.06:
        before = rng.choice(_BEFORE)
        question = before + (question[0].lower() + question[1:] if before[-2] not in ".!:" else question)
    elif chance < 0.12:
        question += rng.choice(_AFTER)
    if not literal and rng.random() < 0.05:
        question = _slipped(question, rng)
    if rng.random() < 0.08:
        question = question.rstrip(".?!")
    chance = rng.random()
    if chance < 0.09:
        return question.upper()
    return question.lower() if chance < 0.18 else question


def in_a_query(question: str, rng: Random) -> str:
    """The question within the prompt that LlamaIndex's query and chat engines put around it."""
    context = rng.choice(_CONTEXTS).format(n=rng.randrange(1, 1000))
    return DEFAULT_TEXT_QA_PROMPT_TMPL.format(context_str=context, query_str=question)


def _slipped(question: str, rng: Random) -> str:
    """One letter lost, doubled or exchanged, in a word that the answer does not hang on."""
    words = question.split(" ")
    loose = [at for at, word in enumerate(words) if len(word) > 3 and word.strip(".,:;?!").lower() not in _KEPT]
    if not loose:
        return question
    at = rng.choice(loose)
    word, spot = words[at], rng.randrange(1, len(words[at]) - 1)
    words[at] = rng.choice(
        (
            word[:spot] + word[spot + 1 :],
            word[:spot] + word[spot] + word[spot:],
            word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :],
        )
    )
    return " ".join(words)

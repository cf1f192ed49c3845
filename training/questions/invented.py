"""Invented (nonce) words, by which the model learns that a word can be unknown."""

from __future__ import annotations

import random

from training.questions.unknown import NOUNS, words

_ONSETS = words("b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr r s sh sk sl sn st t th tr v w y z")
_VOWELS = words("a e i o u a e i o u ai ea ee oa oo ou")
_CODAS = ("", "", "", *words("b ck d f ft g k l ll lt m mp n nd ng nk p r rb rk rn s sk st t x zz"))
_KNOWN_WORDS = frozenset(NOUNS) | frozenset(
    words(
        "red green blue yellow orange purple black white gray circle square triangle star cross diamond shape object "
        "thing figure item form image picture drawing photo scene color size place small medium large left right top"
    )
)


def invented_noun(rng: random.Random) -> str:
    """A word of 4 to 10 letters that can be spoken and, nearly always, means nothing."""
    while True:
        syllables = rng.choice((1, 2, 2, 2, 3))
        word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(syllables))
        if 4 <= len(word) <= 10 and word not in _KNOWN_WORDS:
            return word

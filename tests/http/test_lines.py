"""Lines of a body do not depend on where its pieces end, and a long one is put together once."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from ollama_vision.http.lines import LineSplitter


@given(st.binary(max_size=300), st.randoms(use_true_random=False))
def test_lines_do_not_depend_on_where_the_pieces_end(data: bytes, chance: random.Random) -> None:
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(8)))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    splitter = LineSplitter()
    lines = [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()
    whole = data.split(b"\n")
    assert lines == (whole if whole[-1] else whole[:-1])
    assert splitter.end() == []


def test_a_long_line_in_many_pieces_is_put_together_once() -> None:
    """10 MB in pieces of 1 KB: joining anew for each piece would move 50 GB."""
    splitter = LineSplitter()
    piece = b"x" * 1024
    for _ in range(10_000):
        assert splitter.feed(piece) == []
    assert splitter.feed(b"\n") == [piece * 10_000]

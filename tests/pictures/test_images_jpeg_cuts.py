"""Half a photograph is refused wherever it was cut, though not every file is walked to its end."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import ImageOptions, prepare_image
from ollama_vision.pictures.formats.header import DamagedFile
from ollama_vision.pictures.formats.jpeg import walk_jpeg
from tests.support.jpeg_cuts import between_scans, drawn, places
from tests.support.picture_corpus import card, encoded

AS_IT_IS = ImageOptions(max_pixels=None)


def is_refused(data: bytes) -> bool:
    try:
        walk_jpeg(io.BytesIO(data))
    except DamagedFile:
        return True
    return False


@pytest.mark.parametrize("seed", range(24))
def test_no_cut_passes(seed: int) -> None:
    # tools/jpeg_cuts.py cuts a thousand files at a hundred places each.
    dice = random.Random(seed)
    for _ in range(4):
        data = drawn(dice)
        assert not is_refused(data)
        passed = [at for at in places(data, dice, 60) if not is_refused(data[:at])]
        assert not passed, f"of {len(data)} bytes"


def test_a_comment_between_scans_that_ends_as_a_picture_does() -> None:
    data = encoded(card(), "JPEG", progressive=True)
    changed = list(between_scans(data, b"the end \xff\xd9"))
    assert len(changed) > 3
    for each in changed:
        assert not is_refused(each)
        assert is_refused(each[: each.index(b"the end \xff\xd9") + 10])


@pytest.mark.parametrize("quality", [30, 75, 95])
@pytest.mark.parametrize("optimize", [False, True])
def test_a_half_before_the_whole_is_refused(quality: int, optimize: bool) -> None:
    """What is left of a download that was resumed from a server that begins anew; decoders draw half of it."""
    grain = Image.effect_noise((300, 300), 80).convert("RGB")
    data = encoded(grain, "JPEG", quality=quality, optimize=optimize)
    for share in (0.2, 0.5, 0.9):
        with pytest.raises(ImageError, match="a second picture begins inside the first"):
            prepare_image(data[: int(len(data) * share)] + data, AS_IT_IS)


def test_half_of_one_before_another_with_the_usual_tables_is_refused() -> None:
    first = encoded(Image.effect_noise((300, 300), 80).convert("RGB"), "JPEG", quality=85)
    second = encoded(card(), "JPEG", quality=40)
    with pytest.raises(ImageError, match="a second picture begins inside the first"):
        prepare_image(first[: len(first) // 2] + second, AS_IT_IS)


def test_the_tables_are_found_across_two_pieces() -> None:
    data = encoded(Image.effect_noise((900, 900), 90).convert("RGB"), "JPEG", quality=90)
    start = data.index(b"\xff\xda")
    start += 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    table = data.index(b"\xff\xc4", data.index(b"\xff\xc4") + 4) + 4  # the second is the longest: 179 bytes
    assert len(data) > start + (1 << 18)
    for inside in (-1, 0, 1, 90, 178, 179):
        # The second's table begins so many bytes before the end of the first piece that is searched.
        half = data[: start + (1 << 18) - inside - table]
        assert is_refused(half + data), inside


@pytest.mark.parametrize("behind", [b"ftypmp42 and a film", b"ends so too \xff\xd9", b"\x00"])
def test_what_stands_behind_the_end_is_left_alone(behind: bytes) -> None:
    data = encoded(card(), "JPEG") + behind
    assert prepare_image(data, AS_IT_IS).read() == data
    first = data.index(b"\xff\xda") + 40
    assert is_refused(data[:first])


def test_half_a_second_picture_behind_the_first_is_left_alone() -> None:
    second = encoded(card(), "JPEG")
    data = encoded(card(), "JPEG") + second[: len(second) // 2]
    assert prepare_image(data, AS_IT_IS).read() == data


def test_a_whole_picture_of_one_scan_is_not_searched_for_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: object) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr("ollama_vision.pictures.formats.jpeg.JpegWalk._skip_picture_data", refused)
    prepare_image(encoded(card(), "JPEG"), AS_IT_IS)
    with pytest.raises(AssertionError, match="searched"):
        prepare_image(encoded(card(), "JPEG", progressive=True), AS_IT_IS)

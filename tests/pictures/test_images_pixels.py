"""Arrays and PIL images as pictures: their pixels, or what is wrong with them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from ollama_vision.errors import ImageError
from ollama_vision.pictures import (
    prepare_image,
)
from tests.support.picture_corpus import card, encoded, wrong_corners

JPEG = encoded(card(), "JPEG", quality=95)


class Bare:
    """Something that has nothing of an array but its interface."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.__array_interface__ = image.__array_interface__

    def tobytes(self) -> bytes:
        return self._image.tobytes()


class TestPixels:
    def test_a_pil_image(self) -> None:
        image = card()
        picture = prepare_image(image)
        assert wrong_corners(picture.read()) == []
        assert (image.size, image.mode) == ((160, 120), "RGB")

    def test_a_pil_image_that_exif_turns(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        stored = card().transpose(Image.Transpose.ROTATE_90)
        image = Image.open(io.BytesIO(encoded(stored, "JPEG", exif=exif)))
        picture = prepare_image(image)
        assert wrong_corners(picture.read()) == []
        assert image.size == (120, 160)

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "YCbCr"])
    def test_a_pil_image_of_any_mode(self, mode: str) -> None:
        image = card().convert("L").convert("I").convert("I;16") if mode == "I;16" else card().convert(mode)
        assert prepare_image(image).size == (160, 120)

    @pytest.mark.parametrize("mode", ["F", "I"])
    def test_pixels_without_a_natural_brightness_are_refused(self, mode: str) -> None:
        with pytest.raises(ImageError, match="Scale them to 8 bit"):
            prepare_image(card().convert("L").convert(mode))

    def test_the_current_frame_of_an_animation(self) -> None:
        later = Image.new("RGB", (160, 120), "blue")
        image = Image.open(io.BytesIO(encoded(card(), "GIF", save_all=True, append_images=[later])))
        image.seek(1)
        seen = Image.open(prepare_image(image).open()).getpixel((10, 10))
        assert seen == (0, 0, 255)

    def test_arrays(self) -> None:
        numpy = pytest.importorskip("numpy")
        array = numpy.asarray(card())
        for given in (array, array[:, ::-1][:, ::-1], numpy.asfortranarray(array), Bare(card())):
            picture = prepare_image(given)
            assert picture.format == "jpeg"
            assert wrong_corners(picture.read()) == []
        assert wrong_corners(prepare_image(numpy.asarray(card().convert("L"))).read()) == []
        with_alpha = numpy.dstack([array, numpy.full(array.shape[:2], 255, "uint8")])
        assert wrong_corners(prepare_image(with_alpha).read()) == []
        mirrored = prepare_image(array[:, ::-1])
        assert wrong_corners(mirrored.read()) != []

    @pytest.mark.parametrize(
        ("shape", "kind", "said"),
        [
            ((120, 160, 3), "float32", "uint8"),
            ((120, 160), "bool", "uint8"),
            ((120, 160), "int16", "uint16"),
            ((120, 160, 3), "uint32", "uint16"),
            ((3, 120, 160), "uint8", "Height comes first"),
            ((160,), "uint8", "Height comes first"),
            ((2, 120, 160, 3), "uint8", "Height comes first"),
            ((0, 160, 3), "uint8", "no pixels"),
        ],
    )
    def test_other_arrays_are_refused(self, shape: tuple[int, ...], kind: str, said: str) -> None:
        numpy = pytest.importorskip("numpy")
        with pytest.raises(ImageError, match=said):
            prepare_image(numpy.zeros(shape, kind))

"""One file in, its pictures out: passed through byte for byte when it may, converted when it must."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from .anatomy import Anatomy, Damaged, exif_orientation
from .colour import changes_colours
from .convert import Raster, render
from .geometry import plan_size
from .jpeg import walk_jpeg
from .mapping import BoxMapping, Size
from .material import Material
from .options import ImageOptions
from .png import walk_png
from .prepared import PreparedImage
from .sniff import AVIF, BMP, GIF, HEIC, ICO, JPEG, PNG, READABLE, TIFF, WEBP, Kind

if TYPE_CHECKING:
    from PIL import Image

MOST_PAGES = 20
"""More pages than this are only sent when `ImageOptions.pages` asks for them."""


def pictures_of(material: Material | Raster, options: ImageOptions) -> list[PreparedImage]:
    """The pictures in it: one, or several pages or frames. Raises ImageError."""
    if isinstance(material, Raster):
        return [_rendered(material, options)]
    kind = material.kind()
    if kind not in READABLE:
        raise refuse_kind(material, kind)
    if kind not in (JPEG, PNG):
        pictures = _converted(material, kind, options, anatomy=None)
    else:
        anatomy = _walk(material, kind)
        check_size(material, anatomy.size, options, kind)
        if passes(anatomy, kind, options):
            return [_passed(material, kind, anatomy)]
        pictures = _converted(material, kind, options, anatomy)
    # A file that was rewritten while it was being decoded would have given a mixture.
    material.open().close()
    return pictures


def refuse_kind(material: Material, kind: Kind) -> Exception:
    problem = f"is {kind.phrase}" + ("" if kind.family == "other" else ", not a picture")
    way_out = kind.way_out
    if kind.family == "sound":
        way_out = "Put it into a chat message as AudioBlock, for a model that hears."
    elif kind.family == "video":
        way_out = "Put it into a chat message as VideoBlock, of which frames are sent."
    return material.refuse(problem, way_out, kind)


def check_size(material: Material | Raster, size: Size, options: ImageOptions, kind: Kind | None) -> None:
    """Refuse, before a pixel is decoded, what would fill the memory."""
    pixels = size[0] * size[1]
    if pixels > options.max_source_pixels:
        problem = f"says that it is {size[0]}x{size[1]}, {pixels / 1e6:,.0f} megapixels"
        way_out = (
            f"More than {options.max_source_pixels / 1e6:,.0f} are not decoded, since they may be an attack "
            "on memory: scale it down first, or raise ImageOptions(max_source_pixels=...)."
        )
        raise _refuse(material, problem, way_out, kind)


def _refuse(material: Material | Raster, problem: str, way_out: str, kind: Kind | None) -> Exception:
    from .material import refusal

    return refusal(material.where, material.source, problem, way_out, kind.name if kind else "")


def _walk(material: Material, kind: Kind) -> Anatomy:
    try:
        with material.open() as file:
            return walk_jpeg(file) if kind is JPEG else walk_png(file)
    except Damaged as error:
        raise _damaged(material, kind, error) from error


def _damaged(material: Material | Raster, kind: Kind | None, error: Exception) -> Exception:
    phrase = f"is {kind.phrase} that " if kind else ""
    return _refuse(material, f"{phrase}{error}", "Get the whole file again, or save it anew.", kind)


def passes(anatomy: Anatomy, kind: Kind, options: ImageOptions) -> bool:
    """Whether the file can leave byte for byte: nothing about it has to be changed."""
    plan = plan_size(anatomy.size, options)
    wanted = options.format in (None, "jpeg" if kind is JPEG else "png")
    recoloured = anatomy.colours == "rgb" and anatomy.profile is not None and changes_colours(anatomy.profile)
    return (
        wanted and anatomy.every_reader and anatomy.orientation == 1 and plan.canvas == anatomy.size and not recoloured
    )


def _passed(material: Material, kind: Kind, anatomy: Anatomy) -> PreparedImage:
    return PreparedImage(
        format="jpeg" if kind is JPEG else "png",
        mapping=BoxMapping(anatomy.size, 1, anatomy.size, anatomy.size),
        steps=(),
        content=material.content,
    )


def _rendered(raster: Raster, options: ImageOptions) -> PreparedImage:
    check_size(raster, raster.image.size, options, None)
    try:
        return render(raster, options)
    except Damaged as error:
        raise _damaged(raster, None, error) from error


def _converted(material: Material, kind: Kind, options: ImageOptions, anatomy: Anatomy | None) -> list[PreparedImage]:
    with material.open() as file:
        try:
            image = _OPENERS[kind](file)
        except Exception as error:
            raise _damaged(material, kind, Damaged(f"cannot be opened: {error}")) from error
        check_size(material, image.size, options, kind)
        orientation = anatomy.orientation if anatomy else exif_orientation(image.info.get("exif", b""))
        steps = [f"converted from {kind.name}"] if kind not in (JPEG, PNG) else []
        raster = Raster(image, material.where, material.source, orientation, kind in (JPEG, HEIC), steps)
        try:
            return [render(raster, options)]
        except Exception as error:
            raise _damaged(material, kind, Damaged(f"cannot be decoded: {error}")) from error


def _open_jpeg(file: BinaryIO) -> Image.Image:
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(file)


def _open_png(file: BinaryIO) -> Image.Image:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile(file)


def _open_webp(file: BinaryIO) -> Image.Image:
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile(file)


def _open_gif(file: BinaryIO) -> Image.Image:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile(file)


def _open_bmp(file: BinaryIO) -> Image.Image:
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile(file)


def _open_tiff(file: BinaryIO) -> Image.Image:
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile(file)


def _open_avif(file: BinaryIO) -> Image.Image:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile(file)


def _open_ico(file: BinaryIO) -> Image.Image:
    from PIL.IcoImagePlugin import IcoImageFile

    return IcoImageFile(file)


def _open_heic(file: BinaryIO) -> Image.Image:
    from pillow_heif import HeifImageFile

    image: Image.Image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    return image


_OPENERS: dict[Kind, Callable[[BinaryIO], Image.Image]] = {
    JPEG: _open_jpeg,
    PNG: _open_png,
    WEBP: _open_webp,
    GIF: _open_gif,
    BMP: _open_bmp,
    TIFF: _open_tiff,
    AVIF: _open_avif,
    ICO: _open_ico,
    HEIC: _open_heic,
}

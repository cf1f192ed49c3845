"""Decodes picture formats, by Pillow's decoders and our own, one for each kind, to rasters of pages and frames.

The decoder is chosen by what the bytes are, and called directly: Pillow's own `open` would try others, load them
all, and apply a limit on size that belongs to the whole process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..formats.gif import walk_gif
from ..formats.header import ByteReader, DamagedFile, FileHeader, exif_orientation
from ..formats.integrity import check_complete
from ..formats.jpeg import read_jpeg_header
from ..formats.kinds import AVIF, BMP, DICOM, GIF, HEIC, JPEG, PNG, TIFF, WEBP, Kind
from ..frames import Crop, Size
from ..options import ImageOptions
from ..page_selection import ONE_PAGE, PageRequest, PageSelection, choose_frames, choose_pages, frames_of_animation
from ..render.raster import Raster
from . import tiff
from .gif_frames import composed, covered

if TYPE_CHECKING:
    from PIL import Image

    from ..formats.heif import Heif, Track


def decoder(kind: Kind) -> Callable[[BinaryIO], Image.Image]:
    """Raises ImportError when it needs an extra that is not there."""
    assert kind.decoder is not None, kind.name  # noqa: S101
    module, name = kind.decoder
    return cast("Callable[[BinaryIO], Image.Image]", getattr(import_module(module), name))


def rasters(request: PageRequest) -> Iterator[Raster]:
    """The pages or frames that are asked for, opened, perhaps not decoded, one at a time: each is valid until the
    next is taken. Of a TIFF none is opened that is not in `only`. Raises DamagedFile, PageSelectionError, and whatever
    Pillow raises.
    """
    with request.blob.open() as file:
        yield from _rasters(request, file)


def _rasters(request: PageRequest, file: BinaryIO) -> Iterator[Raster]:
    blob, kind, options, header = request.blob, request.kind, request.options, request.header
    if header is None:
        check_complete(file, kind)
    if kind is TIFF:
        found = tiff.read_pictures(file)
        numbers = choose_pages(len(found.pages), options).numbers
        taken = [number for number in numbers if request.only is None or number in request.only]
        yield from tiff.rasters(found, taken, options, where=blob.where, source=blob.source)
        return
    # What only some kinds need is loaded with the first of them.
    heif = None
    if kind in (AVIF, HEIC):
        from ..formats.heif import OTHER_CODECS, heif_of, sequence_beside

        heif = heif_of(file)
        if (track := _track_of(kind, heif, options)) is not None:
            from .video.sequence import sequence_rasters

            yield from sequence_rasters(blob, kind, file, heif, track, options)
            return
        if kind is HEIC and heif.codec in OTHER_CODECS:
            way_out = "Export it as JPEG or PNG from a program that shows it."
            raise DamagedFile(f"is coded in {OTHER_CODECS[heif.codec]}, which is not read", way_out)
        file.seek(0)
    open_ = decoder(kind)
    webp = None
    if kind is WEBP:
        from ..formats.webp import webp_of, with_alpha

        webp = webp_of(file)
        if webp.bare_canvas:
            file = with_alpha(file)
    profile = _profile_beside(kind, file, header)
    if header is not None and header.animated:
        from .apng import animation_rasters

        wanted = frames_of_animation(options)
        choose = None if wanted is None else lambda count: choose_frames(count, wanted).numbers
        yield from animation_rasters(file, blob.where, blob.source, header, choose)
        return
    image: Any = open_(file)
    # What our own openers know beside Pillow's attributes stands in attributes of these names.
    steps = () if kind in (JPEG, PNG) else (f"converted from {kind.name}", *getattr(image, "steps", ()))
    lossy = image.info.get("lossy") is True or kind in (JPEG, HEIC, AVIF) or (webp is not None and not webp.lossless)
    if kind is DICOM:
        for number in choose_pages(image.n_frames, options).numbers:
            several = image.n_frames > 1
            done = [*steps, *([f"page {number} of {image.n_frames}"] if several else [])]
            raster = Raster(image.frame(number, options.range, done), blob.where, blob.source, lossy=image.lossy)
            # To these steps it adds those that it takes when it is decoded.
            raster.steps, raster.aspect, raster.ranged = done, image.aspect, image.is_grey
            raster.page = number if several else None
            yield raster
        return
    orientation = header.orientation if header else exif_orientation(image.info.get("exif") or b"")
    transparent = header.transparent if header else None
    crop: Crop | None = None
    if heif is not None:
        crop, profile = _said_by_boxes(heif, kind, image)

    def shown(*words: str, page: int | None = None) -> Raster:
        """The picture at which the image stands."""
        raster = Raster(image, blob.where, blob.source, orientation, lossy, [*steps, *words], page)
        raster.transparent, raster.crop, raster.profile = transparent, crop, profile
        return raster

    wanted_frames = frames_of_animation(options)
    if not _animated(image, kind) or wanted_frames is None:
        raster = shown()
        if _animated(image, kind):
            raster.steps.append("first frame")
        if kind is HEIC and heif is not None and sequence_beside(heif) is not None:
            raster.steps.append("still picture, not the image sequence beside it")
        # Decoders of our own tell what Pillow's do not.
        raster.bits, raster.stated = getattr(image, "bits", 16), getattr(image, "stated", None)
        raster.mask = covered(image, options) if kind is GIF else None
        raster.low_bytes = getattr(image, "low_bytes", None) or _low_bytes(image, open_, file)
        if heif is not None:
            raster.deep = lambda: _deep_colours(kind, file, image.size)
        yield raster
    elif kind is GIF:
        gif = walk_gif(ByteReader(file))
        frames = choose_frames(len(gif.frames), wanted_frames)
        for number, image in composed(file, gif, frames.numbers, options):  # noqa: B007 - `shown` looks at it
            yield shown(f"frame {number} of {frames.total}", page=number)
    else:
        frames = choose_frames(image.n_frames, wanted_frames)
        for number in frames.numbers:
            image.seek(number - 1)
            yield shown(f"frame {number} of {frames.total}", page=number)


def _low_bytes(
    image: Image.Image, open_: Callable[[BinaryIO], Image.Image], file: BinaryIO
) -> Callable[[], Image.Image] | None:
    from ..render.low_bytes import low_bytes

    return low_bytes(image, lambda: _reopened(open_, file, image.tell()))


def _deep_colours(kind: Kind, file: BinaryIO, size: Size) -> tuple[Image.Image, Image.Image] | None:
    from .deep_heif import deep_colours

    return deep_colours(kind, file, size)


def _track_in(kind: Kind, file: BinaryIO, options: ImageOptions | None = None) -> Track | None:
    if kind not in (AVIF, HEIC):
        return None
    from ..formats.heif import heif_of

    return _track_of(kind, heif_of(file), options)


def _track_of(kind: Kind, heif: Heif, options: ImageOptions | None) -> Track | None:
    """The image sequence in an AVIF or HEIC file that has no still picture, or of which frames are asked for: libavif
    gives them, libheif does not."""
    from ..formats.heif import sequence_of

    return sequence_of(heif, several=kind is HEIC and options is not None and options.frames is not None)


def _reopened(open_: Callable[[BinaryIO], Image.Image], file: BinaryIO, page: int) -> Image.Image:
    file.seek(0)
    again = open_(file)
    again.seek(page)
    return again


def _profile_beside(kind: Kind, file: BinaryIO, header: FileHeader | None) -> bytes | None:
    """The ICC profile that Pillow does not tell; `None` where it does."""
    if kind is BMP:
        from ..formats.bmp import bmp_profile

        return bmp_profile(file)
    if kind is PNG and header is not None:
        return header.profile or b""
    return None


def _said_by_boxes(heif: Heif, kind: Kind, image: Image.Image) -> tuple[Crop | None, bytes | None]:
    """The part to be shown, and the colours, of an AVIF or HEIC picture, where its decoder does not see to them."""
    # libavif gives the whole of what is coded, and its turning as EXIF; libheif crops and turns by itself. Neither
    # gives other colours than those that are stored.
    from ..formats.cicp import HDR_PEAK, profile_of
    from ..formats.heif import brightest, clean_aperture, colour_codes, shown_properties

    properties = shown_properties(heif)
    codes = None if image.info.get("icc_profile") else colour_codes(properties)
    profile = None if codes is None else profile_of(*codes, peak=brightest(properties) or HDR_PEAK)
    return (clean_aperture(properties, image.size) if kind is AVIF else None), profile


def check_page_headers(file: BinaryIO, options: ImageOptions) -> None:
    """Raises what `rasters` will raise of a TIFF, as far as tags tell it: nothing is decoded."""
    found = tiff.read_pictures(file)
    tiff.check_headers(found, choose_pages(len(found.pages), options).numbers, options)


def select_pages(request: PageRequest) -> PageSelection:
    """What `rasters` will give, without decoding it. Raises as it does."""
    with request.blob.open() as file:
        return _select_pages(request.kind, file, request.options)


def _select_pages(kind: Kind, file: BinaryIO, options: ImageOptions) -> PageSelection:
    if (track := _track_in(kind, file, options)) is not None:
        from .video.sequence import select_frames

        shown = select_frames(kind, file, track, options)
        return shown if options.frames is not None else ONE_PAGE
    file.seek(0)
    if kind is TIFF:
        return choose_pages(len(tiff.read_pictures(file).pages), options)
    if kind is DICOM:
        return choose_pages(cast("Any", decoder(kind)(file)).n_frames, options)
    if kind.moving and (wanted := frames_of_animation(options)) is not None:
        if kind is GIF:
            count = len(walk_gif(ByteReader(file)).frames)
        else:
            count = _count_of_png(file) if kind is PNG else getattr(decoder(kind)(file), "n_frames", 1)
        if count > 1:
            return choose_frames(count, wanted)
    return ONE_PAGE


def stored_size(kind: Kind, file: BinaryIO) -> Size:
    """Width and height as stored, from the header alone. Raises DamagedFile, and whatever Pillow raises."""
    if kind is TIFF:
        return tiff.upright_size(tiff.read_pictures(file).pages[0].page)
    if (track := _track_in(kind, file)) is not None:
        return track.size
    file.seek(0)
    if kind is JPEG:
        return read_jpeg_header(file).size  # without Pillow, which looks at every part and makes a picture of it
    return decoder(kind)(file).size


def _animated(image: Any, kind: Kind) -> bool:
    return kind.moving and getattr(image, "is_animated", False)


def _count_of_png(file: BinaryIO) -> int:
    from .apng import read_animation

    return len(read_animation(file).frames)

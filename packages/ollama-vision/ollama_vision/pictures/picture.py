"""Prepares one file: checked by its header, passed through byte for byte when it may be, else decoded and rendered."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager

from ollama_vision.errors import OllamaMultiModalError

from .blob import Blob
from .boxes import BoxMapping
from .cancellation import check_deadline
from .decoders.decode import check_page_headers, stored_size
from .decoders.one_page import asks_for_other_pages, no_such_page
from .decoders.table import DECODERS
from .formats.header import DamagedFile, FileHeader
from .formats.jpeg import read_jpeg_header, walk_jpeg
from .formats.kinds import (
    CAMERA_RAW,
    EVERY_KIND,
    JPEG,
    PNG,
    READABLE,
    TIFF,
    UNKNOWN,
    UNKNOWN_VIDEO_WAY_OUT,
    VIDEOS,
    Kind,
)
from .formats.png import check_png_chunks, walk_png
from .formats.sniff import sniff_file
from .frames import Size
from .options import ImageOptions
from .page_selection import ONE_PAGE, PageRequest, PageSelection, PageSelectionError
from .page_text import NO_TEXT
from .prepared import PreparedImage
from .regions import WHOLE, Part, RegionError, parts_of
from .render.colour import changes_colours
from .render.convert import render
from .render.modes import check_shown
from .render.raster import Raster
from .render.size import check_size, plan_size, sizes_as_sent, squared
from .tile_admission import check_tiles


def prepare(
    held: Blob | Raster,
    options: ImageOptions,
    kind: Kind | None = None,
    *,
    accepted: Container[Kind] = READABLE,
    fps: int | None = None,
) -> list[PreparedImage]:
    """The pictures in it: one, or several pages or frames, and their tiles. Raises ImageError."""
    return [picture for page in iter_pages(held, options, kind=kind, accepted=accepted, fps=fps) for picture in page]


def iter_pages(
    held: Blob | Raster,
    options: ImageOptions,
    only: Container[int] | None = None,
    *,
    kind: Kind | None = None,
    accepted: Container[Kind] = READABLE,
    fps: int | None = None,
    document: bool = False,
) -> Iterator[list[PreparedImage]]:
    """The same one page or frame at a time, with its tiles behind it; of several those whose numbers are in `only`. One
    alone is number 1.

    `kind` is the blob's, where that is known: to look takes 10 us, a tenth of what a PNG of 1 MP takes to pass. Of a
    `document` what is decoded has its `facts`. Raises ImageError, also for a kind that is not in `accepted`.
    """
    if options.pages is not None:
        check_pages(held, options, kind)
    if isinstance(held, Raster):
        if only is None or 1 in only:
            yield render_pixels(held, options)
        return
    kind, header = _look(held, kind, accepted)
    if header is not None and header.size[0] * header.size[1] > options.max_source_pixels:
        check_size(held, header.size, options, kind)  # of what is decoded it is asked below
    passed: list[PreparedImage] = []
    if header is not None and can_pass_through(header, kind, options):
        parts = _parts(held, kind, header, options)
        if parts[0].region is None:
            if only is not None and 1 not in only:
                return
            passed = [_pass_through(held, kind, header)]
            if len(parts) == 1:
                yield passed
                return
    check_deadline()
    with as_image_errors(held, kind):
        for raster in DECODERS[kind].rasters(PageRequest(held, kind, options, only, header, fps, document)):
            check_deadline()
            page = [*passed]
            if only is None or (raster.page or 1) in only:
                _check_raster(raster, options, kind)
                parts = parts_of_raster(raster, options)[len(passed) :]
                if document and raster.text is None:
                    raster.text = NO_TEXT
                page += [verify_unchanged(held, picture) for picture in render(raster, options, parts)]
            del raster  # no name holds a page's pixels while the caller works, or while the next one is drawn
            if page:
                yield page


def _parts(blob: Blob, kind: Kind, header: FileHeader, options: ImageOptions) -> tuple[Part, ...]:
    """What is sent of a file that could leave as it is, which is stored upright."""
    if options.region is None and options.tiles is None:
        return WHOLE
    with as_image_errors(blob, kind):
        return parts_of(header.size, options)


def parts_of_raster(raster: Raster, options: ImageOptions) -> tuple[Part, ...]:
    """What is sent of it. Raises RegionError for a region that is not in it."""
    left, top, right, bottom = raster.crop or (0, 0, *(raster.original_size or raster.image.size))
    width, height = right - left, bottom - top
    upright = (height, width) if raster.orientation >= 5 else (width, height)
    parts = parts_of(upright, options, raster.full_size)
    if (tile := parts[-1].tile) is not None:

        def sizes(grid: Size) -> list[Size] | None:
            try:
                return sizes_as_sent(upright, options.model_copy(update={"tiles": grid}), raster.full_size)
            except RegionError:  # too few pixels for so many tiles
                return None

        grid = (tile.columns, tile.rows)
        check_tiles(sizes(grid) or (), grid, sizes)
    return parts


def select_pages(held: Blob | Raster, options: ImageOptions) -> PageSelection:
    """Which pages or frames `iter_pages` will give of any kind, without drawing any. Raises ImageError."""
    if isinstance(held, Raster):
        check_pages(held, options)
        return ONE_PAGE
    kind = held.kind()
    if kind not in DECODERS:
        return ONE_PAGE
    check_pages(held, options, kind)
    with as_image_errors(held, kind):
        return DECODERS[kind].select_pages(PageRequest(held, kind, options))


def check_pages(held: Blob | Raster, options: ImageOptions, kind: Kind | None = None) -> None:
    """Raises ImageError for pages that what has none is asked for. PDF, TIFF and DICOM count theirs by themselves."""
    if not isinstance(options.pages, tuple):
        return
    if isinstance(held, Raster):
        if asks_for_other_pages(options) and (missing := no_such_page(None, None, options)) is not None:
            raise held.error(missing.problem, missing.way_out)
        return
    kind = kind or held.kind()
    if kind in VIDEOS:
        if (missing := no_such_page(kind, None, options)) is not None:
            raise held.error(missing.problem, missing.way_out, kind)
    elif kind in READABLE and not kind.paged and asks_for_other_pages(options):
        with as_image_errors(held, kind), held.open() as file:
            if (missing := no_such_page(kind, file, options)) is not None:
                raise missing


def check_headers(blob: Blob, options: ImageOptions) -> None:
    """Raises the ImageError that `iter_pages` will raise, as far as headers tell it: no pixel is decoded, and of a
    JPEG or PNG no picture data are read."""
    kind = blob.kind()
    if kind not in EVERY_KIND:
        raise refuse_kind(blob, kind)
    if kind not in READABLE:
        if options.by_scenes:  # to find them all of it has to be decoded
            options = options.model_copy(update={"frames": None})
        select_pages(blob, options)
        return
    check_pages(blob, options, kind)
    with as_image_errors(blob, kind):
        if kind in (JPEG, PNG):
            with blob.open() as file:
                if kind is PNG:
                    check_png_chunks(file)
                size = read_jpeg_header(file).size if kind is JPEG else stored_size(kind, file)
                check_size(blob, size, options, kind)
            if options.range is None and options.region is None and options.tiles is None:
                return
            # Which of its frames does not matter for what values it can have.
            options = options.model_copy(update={"frames": None})
        if kind is TIFF:
            with blob.open() as file:
                check_page_headers(file, options)
            return
        if kind is CAMERA_RAW:
            from .decoders.raw import check_header  # opened with the first raw file

            with blob.open() as file:
                parts_of(check_header(file, options), options)
            return
        for raster in DECODERS[kind].rasters(PageRequest(blob, kind, options)):
            _check_raster(raster, options, kind)
            check_shown(raster, options.range)
            parts_of_raster(raster, options)


def verify_unchanged(blob: Blob, picture: PreparedImage) -> PreparedImage:
    """The picture, if its file is still the same: one rewritten meanwhile would have given a mixture."""
    blob.open().close()
    return picture


def refuse_kind(blob: Blob, kind: Kind, *, asked: str = "picture") -> Exception:
    """The error for bytes that are none of what was asked for, with the block or tool that takes them."""
    problem = f"is {kind.phrase}" + ("" if kind.family == "other" else f", not a {asked}")
    way_out = UNKNOWN_VIDEO_WAY_OUT if kind is UNKNOWN and asked == "video" else kind.way_out
    if kind.family == "sound" and not way_out:
        way_out = "Put it into a chat message as AudioBlock, for a model that hears."
    elif kind.family == "video":
        way_out = "Put it into a chat message as VideoBlock, of which frames are sent."
    return blob.error(problem, way_out, kind)


def _check_raster(raster: Raster, options: ImageOptions, kind: Kind | None) -> None:
    # Unequal pixels are made square while scaling: only what is not scaled down becomes larger than its file says.
    size = raster.image.size
    check_size(raster, size if options.max_pixels else squared(size, raster.aspect), options, kind)


def _look(blob: Blob, kind: Kind | None, accepted: Container[Kind]) -> tuple[Kind, FileHeader | None]:
    """What it is, and what its header says where that may be enough: of a JPEG or PNG, which is proven whole."""
    with blob.reading() as file:
        if kind is None:
            kind = sniff_file(file)
            file.seek(0)
        if kind not in accepted:
            raise refuse_kind(blob, kind)
        if kind not in (JPEG, PNG):
            return kind, None
        try:
            return kind, walk_jpeg(file) if kind is JPEG else walk_png(file)
        except DamagedFile as error:
            raise _damaged(blob, kind, error) from error


def _damaged(held: Blob | Raster, kind: Kind | None, error: DamagedFile) -> Exception:
    phrase = f"is {kind.phrase} that " if kind else ""
    return held.error(f"{phrase}{error}", error.way_out, kind)


def can_pass_through(header: FileHeader, kind: Kind, options: ImageOptions) -> bool:
    """Whether the file can leave byte for byte: nothing about it has to be changed."""
    wanted = options.format in (None, "jpeg" if kind is JPEG else "png")
    pixels = header.size[0] * header.size[1]
    # What is neither too large nor too thin, as most pictures are, is told without a plan.
    fits = pixels <= (options.max_pixels or pixels) and min(header.size) >= options.min_side
    grey = header.colours == "grey"
    recoloured = header.profile is not None and changes_colours(header.profile, grey=grey)
    return (
        wanted
        and options.range is None
        and header.baseline
        and header.orientation == 1
        and (fits or plan_size(header.size, options).canvas == header.size)
        and not recoloured
    )


def _pass_through(blob: Blob, kind: Kind, header: FileHeader) -> PreparedImage:
    return PreparedImage(
        format="jpeg" if kind is JPEG else "png",
        mapping=BoxMapping(header.size, 1, header.size, header.size),
        steps=(),
        content=blob,
    )


def render_pixels(raster: Raster, options: ImageOptions) -> list[PreparedImage]:
    """Of pixels that are at hand already: one picture, or with its tiles."""
    _check_raster(raster, options, None)
    try:
        return [*render(raster, options, parts_of_raster(raster, options))]
    except RegionError as error:
        raise raster.error(error.problem, error.way_out) from error
    except DamagedFile as error:
        raise _damaged(raster, None, error) from error


_BEYOND = re.compile("unsupported|not supported", re.IGNORECASE)
# Not "unknown pixel mode": a TIFF that is cut within its tags has one too.


@contextmanager
def as_image_errors(blob: Blob, kind: Kind) -> Iterator[None]:
    """What goes wrong while a file is taken apart, as an ImageError that names the file."""
    try:
        yield
    except OllamaMultiModalError:
        raise
    except (PageSelectionError, RegionError) as error:
        raise blob.error(error.problem, error.way_out, kind) from error
    except DamagedFile as error:
        raise _damaged(blob, kind, error) from error
    except ImportError as error:
        raise _cannot_decode(blob, getattr(error, "kind", kind), error) from error
    except Exception as error:
        # Of damaged files, decoders raise whatever they stumble over: struct.error, IndexError, SyntaxError.
        raise _damaged(blob, kind, _undecoded(str(error) or type(error).__name__)) from error


def _undecoded(words: str) -> DamagedFile:
    """By a decoder's own words: "Unsupported BMP bitfields layout" tells of a whole file that it does not know."""
    if _BEYOND.search(words):
        return DamagedFile(f"cannot be read here: {words}", "ImageMagick may: `convert IN OUT.png`.")
    return DamagedFile(f"cannot be decoded: {words}")


def _cannot_decode(blob: Blob, kind: Kind, error: ImportError) -> Exception:
    if kind.extra:
        return blob.missing_extra(kind)
    return blob.error(f"is {kind.phrase}, which this Pillow cannot decode: {error}", "", kind)

"""Videos in the list of pictures and in blocks: which frames are sent."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import (
    VideoBlock,
)
from PIL import Image, ImageDraw

from ollama_vision.pictures import ImageOptions
from tests.support.picture_corpus import animation, card, encoded, pixel
from tests.support.prepared_documents import OPTIONS, opened, pictures, said

FRAMES = 30


@pytest.fixture(scope="module")
def videos() -> dict[str, bytes]:
    """Three seconds each; red grows from frame to frame, and a blue corner shows which way is up."""
    av = pytest.importorskip("av")
    made = {}
    for container, codec in (
        ("mp4", "mpeg4"),
        ("matroska", "mpeg4"),
        ("avi", "mpeg4"),
        ("mpegts", "mpeg2video"),
        ("mpeg", "mpeg2video"),
    ):
        buffer = io.BytesIO()
        with av.open(buffer, "w", format=container) as output:
            stream = output.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            for number in range(FRAMES):
                image = Image.new("RGB", (160, 120), (255 * number // (FRAMES - 1), 0, 0))
                ImageDraw.Draw(image).rectangle((0, 0, 40, 30), fill="blue")
                output.mux(stream.encode(av.VideoFrame.from_image(image)))
            output.mux(stream.encode())
        made[container] = buffer.getvalue()
    return made


CONTAINERS = ["mp4", "matroska", "avi", "mpegts", "mpeg"]


class TestVideo:
    def reds(self, block: VideoBlock, options: ImageOptions = OPTIONS) -> list[int]:
        return [pixel(opened(picture), 120, 90)[0] for picture in pictures(block, options)]

    @pytest.mark.parametrize("container", CONTAINERS)
    def test_eight_frames_evenly_spaced(self, videos: dict[str, bytes], container: str) -> None:
        reds = self.reds(VideoBlock(video=videos[container]))
        assert len(reds) == 8
        for index, red in enumerate(reds):
            assert red == pytest.approx((index + 0.5) / 8 * 255, abs=20)

    def test_from_a_file_and_from_an_open_file(self, videos: dict[str, bytes], tmp_path: Path) -> None:
        path = tmp_path / "film"
        path.write_bytes(videos["mp4"])
        wanted = self.reds(VideoBlock(video=videos["mp4"]))
        assert self.reds(VideoBlock(path=path)) == wanted
        assert self.reds(VideoBlock.model_construct(video=io.BytesIO(videos["mp4"]))) == wanted

    @pytest.mark.parametrize("count", [1, 2, 5, 30])
    def test_as_many_as_asked_for(self, videos: dict[str, bytes], count: int) -> None:
        taken = pictures(VideoBlock(video=videos["mp4"]), ImageOptions(frames=count))
        assert len(taken) == count
        seconds = [picture.seconds for picture in taken]
        assert seconds == sorted(set(seconds))  # type: ignore[type-var]
        assert [picture.page for picture in taken] == list(range(1, count + 1))

    def test_no_more_than_there_are(self, videos: dict[str, bytes]) -> None:
        assert len(pictures(VideoBlock(video=videos["mp4"]), ImageOptions(frames=500))) <= FRAMES

    def test_by_the_block_s_rate(self, videos: dict[str, bytes]) -> None:
        assert len(pictures(VideoBlock(video=videos["mp4"], fps=2))) == 6
        assert len(pictures(VideoBlock(video=videos["mp4"], fps=2), ImageOptions(frames=4))) == 4
        text = said(VideoBlock(video=videos["mp4"], fps=30))
        assert "lasts 3 s, which at fps=30 makes 90 pictures" in text
        assert "ImageOptions(frames=90)" in text

    def test_detail_sets_the_size(self, videos: dict[str, bytes]) -> None:
        block = VideoBlock(video=videos["mp4"], detail="low")
        assert {picture.size for picture in pictures(block)} == {(160, 120)}
        options = ImageOptions(max_pixels=4800)
        assert {one.size for one in pictures(VideoBlock(video=videos["mp4"]), options)} == {(80, 60)}

    def test_a_film_that_was_held_upright(self, videos: dict[str, bytes]) -> None:
        data = videos["mp4"]
        matrix = data.index(b"tkhd") + 44
        quarter = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
        picture = pictures(VideoBlock(video=data[:matrix] + quarter + data[matrix + 36 :]))[0]
        assert picture.size == (120, 160)
        assert pixel(opened(picture), 110, 10)[2] > 200
        # The mapping leads back to the frame as it is stored.
        assert picture.to_original((90, 0, 120, 40)) == (0, 0, 40, 30)

    def test_described_with_its_time(self, videos: dict[str, bytes]) -> None:
        description = pictures(VideoBlock(video=videos["mp4"]))[3].describe()
        assert description["seconds"] == pytest.approx(1.3, abs=0.15)
        assert description["page"] == 4
        assert description["steps"][0].startswith("frame 4 of 8 at 1.")

    @pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.99])
    @pytest.mark.parametrize("container", ["mp4", "matroska", "avi"])
    def test_a_part_of_a_film_is_refused(self, videos: dict[str, bytes], container: str, share: float) -> None:
        data = videos[container]
        text = said(VideoBlock(video=data[: int(len(data) * share)]))
        assert "cut short" in text or "cannot be decoded" in text

    def test_an_animation_is_a_film_too(self) -> None:
        for format_ in ("GIF", "WEBP"):
            assert len(pictures(VideoBlock(video=animation(format_)))) == 4

    def test_what_is_no_film(self) -> None:
        assert "is a PNG picture, not a video. Put it into an ImageBlock" in said(
            VideoBlock(video=encoded(card(), "PNG"))
        )
        assert "is text, not" in said(VideoBlock(video=b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/secret\n"))
        assert "holds nothing" in said(VideoBlock())

    def test_a_playlist_inside_a_container_s_name_opens_nothing(self) -> None:
        playlist = b"\x00\x00\x00\x18ftypisom" + b"\n#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
        text = said(VideoBlock(video=playlist))
        assert "passwd" not in text

    def test_a_film_of_sound_only(self) -> None:
        av = pytest.importorskip("av")
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="matroska") as output:
            stream = output.add_stream("pcm_s16le", rate=8000)
            frame = av.AudioFrame(format="s16", layout="mono", samples=800)
            frame.sample_rate = 8000
            output.mux(stream.encode(frame))
            output.mux(stream.encode())
        assert "has no pictures in it, only sound" in said(VideoBlock(video=buffer.getvalue()))

    def test_a_huge_film_is_refused_by_its_declared_size(self, videos: dict[str, bytes]) -> None:
        assert "says that it is 160x120" in said(VideoBlock(video=videos["mp4"]), ImageOptions(max_source_pixels=1000))

    def test_without_the_extra(self, videos: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "av", None)
        assert 'pip install "ollama-vision[video]>=1"' in said(VideoBlock(video=videos["mp4"]))

#!/usr/bin/env bash
# A video's display matrix can mirror it, as cameras that face their user write it. OpenCV 5.0.0.93 turns a video whose
# matrix mirrors left and right by 180 degrees, so that it stands on its head, and leaves one that is flipped top to
# bottom as it is; it has taken an angle out of the matrix, in which a mirror is no different from a turn. PyAV 18.1.0's
# `frame.rotation` says -180 and 0 for them. FFmpeg's own program mirrors both.
#
# Seen: corner with the mark: stored top left; mirror -> bottom right (right is top right), flip -> top left (right is
# bottom left); frame.rotation -180 and 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - <<'PYTHON'
import os
import struct

import av
import cv2
import numpy

WIDTH, HEIGHT, ONE = 64, 48, 1 << 16
plain = os.path.join(os.environ["FOLDER"], "plain.mp4")
marked = numpy.zeros((HEIGHT, WIDTH, 3), "uint8")
marked[: HEIGHT // 2, : WIDTH // 2] = 255
with av.open(plain, "w") as container:
    stream = container.add_stream("libx264", rate=5)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    for number in range(3):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(marked, format="rgb24")))
    container.mux(stream.encode(None))
with open(plain, "rb") as file:
    bytes_ = bytearray(file.read())
matrix = bytes_.index(b"tkhd") + 44  # behind version, times, id, duration, layer, group and volume
mirrors = {
    "none": (ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
    "mirror": (-ONE, 0, 0, 0, ONE, 0, WIDTH << 16, 0, 1 << 30),
    "flip": (ONE, 0, 0, 0, -ONE, 0, 0, HEIGHT << 16, 1 << 30),
}
assert struct.unpack_from(">9i", bytes_, matrix) == mirrors["none"]
seen = {}
for name, numbers in mirrors.items():
    struct.pack_into(">9i", bytes_, matrix, *numbers)
    video = os.path.join(os.environ["FOLDER"], f"{name}.mp4")
    with open(video, "wb") as file:
        file.write(bytes_)
    picture = cv2.VideoCapture(video).read()[1].mean(axis=2)
    quarters = {
        "top left": picture[10, 10],
        "top right": picture[10, -10],
        "bottom left": picture[-10, 10],
        "bottom right": picture[-10, -10],
    }
    with av.open(video) as container:
        rotation = next(container.decode(video=0)).rotation
    seen[name] = (max(quarters, key=quarters.get), rotation)
print(seen)
assert seen["none"] == ("top left", 0)
assert seen["mirror"] == ("bottom right", -180), "a mirror is a mirror now"
assert seen["flip"] == ("top left", 0), "a flip is a flip now"
PYTHON

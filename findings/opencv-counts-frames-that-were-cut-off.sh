#!/usr/bin/env bash
# A video that was trimmed without encoding it anew keeps the frames back to the last key frame, and an edit list says
# that they are not shown. OpenCV 5.0.0.93 (CAP_PROP_FRAME_COUNT) and imageio 2.38.1 with PyAV (`improps().shape`) count
# them, and then give only those that are shown: of six seconds cut to the last two and a half, 60 frames are announced
# and 25 exist. Eight numbers spread evenly over the count reach three frames, the others fail at the end; a loop that
# stops or skips at a failed read has seen the first part, thrice as densely as it thinks.
#
# Seen: count 60, decoded 25; of frames 0, 8, 17, 25, 34, 42, 51, 59 OpenCV reads 3, imageio 3 (StopIteration).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 imageio==2.38.1 av==18.1.0 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import os
from fractions import Fraction

import av
import cv2
import imageio.v3
import numpy

whole, trimmed = (os.path.join(os.environ["FOLDER"], name) for name in ("whole.mp4", "trimmed.mp4"))
FRAMES, BEGIN = 60, Fraction(7, 2)
with av.open(whole, "w") as container:
    stream = container.add_stream("libx264", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.options = {"g": "60"}
    for number in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(numpy.full((48, 64, 3), 4 * number, "uint8"), format="rgb24")
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
with av.open(whole) as container, av.open(trimmed, "w") as output:
    stream = container.streams.video[0]
    copy = output.add_stream_from_template(stream)
    for packet in container.demux(stream):
        if packet.dts is not None:
            packet.pts -= int(BEGIN / stream.time_base)
            packet.dts -= int(BEGIN / stream.time_base)
            packet.stream = copy
            output.mux(packet)
with av.open(trimmed) as container:
    decoded = sum(1 for _ in container.decode(video=0))
capture = cv2.VideoCapture(trimmed)
counted = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
announced = imageio.v3.improps(trimmed, plugin="pyav").shape[0]
read = {"OpenCV": [], "imageio": []}
for number in numpy.linspace(0, counted - 1, 8).round().astype(int).tolist():
    capture.set(cv2.CAP_PROP_POS_FRAMES, number)
    if capture.read()[0]:
        read["OpenCV"].append(number)
    try:
        imageio.v3.imread(trimmed, plugin="pyav", index=number)
        read["imageio"].append(number)
    except StopIteration:
        pass
print(counted, announced, decoded, read)
assert decoded == 25
assert counted == announced == FRAMES, "they count what is shown now"
assert read == {"OpenCV": [0, 8, 17], "imageio": [0, 8, 17]}
PYTHON

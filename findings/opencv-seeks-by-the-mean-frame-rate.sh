#!/usr/bin/env bash
# OpenCV 5.0.0.93 (opencv-python-headless): `VideoCapture.set(CAP_PROP_POS_MSEC, t)` turns a time into a frame number by
# the mean frame rate. In a video of a varying frame rate (screen recordings, phones, slide shows, cameras that record
# on change) it goes to another time and says True: of 20 frames, ten in the first second and ten after a pause of four,
# asking for 0.5 s gives the frame of 0.2 s, for 3 s and for 5 s frames that are seconds away, for 5.9 s none at all.
# Frames taken "every second" so carry wrong times. CAP_PROP_POS_FRAMES is right.
#
# Seen: asked for ms -> frame, and the one shown then: 500 -> 2 (5), 900 -> 3 (9), 3000 -> 10 (9), 5000 -> 17 (10).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.4.6
FOLDER=$folder "$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import os
from fractions import Fraction

import av
import cv2
import numpy

STEP = 10  # of grey from frame to frame
TIMES = [100 * number for number in range(10)] + [5000 + 100 * number for number in range(10)]
video = os.path.join(os.environ["FOLDER"], "pause.mp4")
with av.open(video, "w") as container:
    stream = container.add_stream("libx264", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 1000)
    for number, time in enumerate(TIMES):
        frame = av.VideoFrame.from_ndarray(numpy.full((48, 64, 3), 20 + STEP * number, "uint8"), format="rgb24")
        frame.pts, frame.time_base = time, Fraction(1, 1000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def number_of(picture):
    return round((float(picture.mean()) - 20) / STEP)


with av.open(video) as container:
    frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
stored = [(round(time * 1000), number_of(picture)) for time, picture in frames]
assert stored == [(time, number) for number, time in enumerate(TIMES)]
capture = cv2.VideoCapture(video)
by_number = []
for number in range(len(TIMES)):
    capture.set(cv2.CAP_PROP_POS_FRAMES, number)
    by_number.append(number_of(capture.read()[1]))
seen = {}
for wanted in (500, 900, 3000, 5000):
    assert capture.set(cv2.CAP_PROP_POS_MSEC, wanted)
    read, picture = capture.read()
    shown = max(number for number, time in enumerate(TIMES) if time <= wanted)
    seen[wanted] = (number_of(picture), shown)
print(capture.get(cv2.CAP_PROP_FPS), seen)
assert by_number == list(range(len(TIMES)))
assert seen == {500: (2, 5), 900: (3, 9), 3000: (10, 9), 5000: (17, 10)}, "times are found otherwise now"
PYTHON

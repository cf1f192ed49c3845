"""A prompt with every placeholder, and what it comes to for the two pictures of the fixture `album`."""

from __future__ import annotations

ALL = "Taken {exif.date|?} in {path.parent}/{path.stem} with {exif.camera|?}, {exif.lens|?}, {gps.latitude|?}"
QUESTION = f'{ALL}, {{gps.longitude|?}}, {{sidecar.txt|?}}: {{{{path.stem}}}} {{"a": 1}}?'
FILLED = {
    "album/photo.jpg": "Taken 2026-11-29 14:05:00 in album/photo with Canon EOS R5, RF24-105mm F4 L IS, -33.850694, "
    '-75.5, Our dog.: {path.stem} {"a": 1}?',
    "album/plain.png": 'Taken ? in album/plain with ?, ?, ?, ?, ?: {path.stem} {"a": 1}?',
}

"""A picture's pixels as Chromium shows them: upright, over a background, in sRGB, many pictures to a page load."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

SILENCE = 60.0
"""Seconds without a picture after which the browser is taken to hang at the one it asked for last."""

MEDIA_TYPES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"\x00\x00\x01\x00": "image/x-icon",
}

# An <img> on a canvas is what a page shows: EXIF turned, profiles applied, of an animation its first frame.
_PAGE = """<!doctype html><meta charset="utf-8"><script>
async function firstFrame(address) {
  const reply = await fetch(address), type = reply.headers.get("Content-Type");
  if (!await ImageDecoder.isTypeSupported(type)) return null;
  const decoder = new ImageDecoder({data: await reply.arrayBuffer(), type});
  await decoder.tracks.ready;
  return decoder.tracks.selectedTrack.animated ? (await decoder.decode({frameIndex: 0})).image : null;
}
async function look(index) {
  let picture = new Image();
  picture.src = `/sample/${index}`;
  try {
    await picture.decode();
    picture = await firstFrame(picture.src) ?? picture;
  } catch (error) { return fetch(`/failed/${index}`, {method: "POST"}); }
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth ?? picture.displayWidth;
  canvas.height = picture.naturalHeight ?? picture.displayHeight;
  const brush = canvas.getContext("2d", {willReadFrequently: true, colorSpace: "srgb"});
  brush.fillStyle = BACKGROUND; brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(picture, 0, 0);
  const pixels = brush.getImageData(0, 0, canvas.width, canvas.height).data;
  return fetch(`/pixels/${index}?${canvas.width}x${canvas.height}`, {method: "POST", body: pixels});
}
(async () => { for (const index of TODO) await look(index); await fetch("/done", {method: "POST"}); })();
</script>"""


def find_chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit(
        "Chromium is what the colours are compared with, and it is not installed: apt-get install chromium"
    )


def version() -> str:
    done = subprocess.run([find_chromium(), "--version"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()[:2])


def show(
    samples: Sequence[Path], keep: Callable[[Path, Image.Image | None], None], background: str = "#ffffff"
) -> None:
    """Each sample's pixels go to `keep`, or `None` where Chromium cannot open it, or dies or hangs of it."""
    todo = list(range(len(samples)))
    while todo:
        server = _Server(samples, todo, background, keep)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = subprocess.Popen(
                [
                    find_chromium(),
                    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                    *("--no-first-run", f"--user-data-dir={profile}", "--force-color-profile=srgb"),
                    f"http://127.0.0.1:{server.server_port}/",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                while not server.done.is_set():
                    server.news.clear()
                    if not server.news.wait(SILENCE) or browser.poll() is not None:
                        break
            finally:
                browser.terminate()
                browser.wait()
                server.shutdown()
                server.server_close()
        left = [index for index in todo if index not in server.seen]
        if left and not server.done.is_set():
            stuck = server.asked_last if server.asked_last in left else left[0]
            keep(samples[stuck], None)
            left.remove(stuck)
        todo = left


class _Server(ThreadingHTTPServer):
    """Hands out the page and the samples, takes the pixels; on loopback alone."""

    daemon_threads = True

    def __init__(
        self,
        samples: Sequence[Path],
        todo: list[int],
        background: str,
        keep: Callable[[Path, Image.Image | None], None],
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.samples, self.keep = samples, keep
        self.page = _PAGE.replace("TODO", json.dumps(todo)).replace("BACKGROUND", json.dumps(background)).encode()
        self.seen: set[int] = set()
        self.asked_last: int | None = None
        self.done, self.news = threading.Event(), threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/":
            return self._send(self.server.page, "text/html")
        if not self.path.startswith("/sample/"):
            return self.send_error(404)
        self.server.asked_last = index = int(self.path.rpartition("/")[2])
        data = self.server.samples[index].read_bytes()
        kinds = (kind for magic, kind in MEDIA_TYPES.items() if data.startswith(magic))
        return self._send(data, next(kinds, "image/avif"))

    def do_POST(self) -> None:
        what, _, rest = self.path[1:].partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if what == "done":
            self.server.done.set()
        else:
            name, _, size = rest.partition("?")
            shown = None
            if what == "pixels":
                width, height = map(int, size.split("x"))
                shown = Image.frombytes("RGBA", (width, height), body).convert("RGB")
            self.server.seen.add(int(name))
            self.server.keep(self.server.samples[int(name)], shown)
        self._send(b"", "text/plain")
        self.server.news.set()

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        pass

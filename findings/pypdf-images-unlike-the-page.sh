#!/usr/bin/env bash
# pypdf 7.1.1: `page.images` gives some pictures other than the page shows them, without an error:
# - one in the colour space Separation (a single ink, as layout programs write grey pictures and spot colours; here
#   /Black with CMYK as its alternate) comes out as its negative, a light sheet dark;
# - of RGB with 16 bits a colour, bytes are taken for colours: red and blue become stripes of grey, yellow and cyan;
# - L*a*b* is black all over.
# PDFium draws all three right. What reads the pictures of a PDF this way (OCR, a vision model) sees these.
#
# Seen left and right by PDFium, then by pypdf: separation 227 and 73, 4 and 190 (greys); 16 bit (40, 40, 220) and (220,
# 40, 40), (40, 40, 40) and (220, 220, 40); Lab (238, 31, 35) and (0, 80, 217), (0, 0, 0) and (0, 0, 0).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pypdf==7.1.1 pikepdf==10.18.0 pypdfium2==5.15.2 pillow==13.0.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import io
import logging

import pikepdf
import pypdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Stream

logging.disable(logging.CRITICAL)
SIDE = 64


def halves(left, right):
    return (bytes(left) * (SIDE // 2) + bytes(right) * (SIDE // 2)) * SIDE


def file(space, pixels, bits):
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(SIDE, SIDE))
    picture = Stream(document, pixels, Type=Name.XObject, Subtype=Name.Image, Width=SIDE, Height=SIDE)
    picture.ColorSpace, picture.BitsPerComponent = space, bits
    page.obj.Resources = Dictionary(XObject=Dictionary(picture=document.make_indirect(picture)))
    page.obj.Contents = Stream(document, b"q 64 0 0 64 0 0 cm /picture Do Q")
    bytes_ = io.BytesIO()
    document.save(bytes_)
    return bytes_.getvalue()


def colours(image, mode):
    image = image.convert(mode)
    return [image.getpixel((x, 5)) for x in (5, 50)]


ink = Dictionary(FunctionType=2, Domain=Array([0, 1]), C0=Array([0, 0, 0, 0]), C1=Array([0, 0, 0, 1]), N=1)
lab = Dictionary(WhitePoint=Array([0.9505, 1, 1.089]), Range=Array([-128, 127, -128, 127]))
cases = {
    "separation": (Array([Name.Separation, Name.Black, Name.DeviceCMYK, ink]), halves([30], [220]), 8, "L"),
    "16 bit": (Name.DeviceRGB, halves([40, 40, 40, 40, 220, 220], [220, 220, 40, 40, 40, 40]), 16, "RGB"),
    "Lab": (Array([Name.Lab, lab]), halves([130, 200, 180], [80, 140, 40]), 8, "RGB"),
}
seen = {}
for name, (space, pixels, bits, mode) in cases.items():
    bytes_ = file(space, pixels, bits)
    drawn = colours(pypdfium2.PdfDocument(bytes_)[0].render().to_pil(), mode)
    taken = pypdf.PdfReader(io.BytesIO(bytes_)).pages[0].images[0].image
    seen[name] = (drawn, colours(taken, mode), sorted(colour for _, colour in taken.convert(mode).getcolors(256)))
    print(name, *seen[name])
drawn, taken, _ = seen["separation"]
assert drawn[0] > 200 > 100 > drawn[1] and taken[0] < 20 < 150 < taken[1], "one ink is no negative now"
drawn, _, all_of_it = seen["16 bit"]
assert drawn == [(40, 40, 220), (220, 40, 40)]
assert (220, 40, 40) not in all_of_it and (40, 40, 220) not in all_of_it, "16 bits are read now"
drawn, _, all_of_it = seen["Lab"]
assert drawn == [(238, 31, 35), (0, 80, 217)] and all_of_it == [(0, 0, 0)], "L*a*b* is read now"
PYTHON

#!/usr/bin/env bash
# A PDF says in its catalog (OCProperties), and not in its pages, which layers are hidden. pypdf 7.1.1's
# `PdfWriter.append` and `add_page`, pikepdf 10.18.0's `pages.extend` and PDFium's `import_pages` (pypdfium2 5.15.2)
# take the pages with their layers and leave that behind: in the merged or split file what was hidden is drawn. A draft
# stamp, another language, the solutions of a test show up; nothing warns. pypdf's `PdfWriter(clone_from=...)` keeps it.
#
# Seen: grey of the hidden square in the file 255 (not drawn), clone_from 255; append, add_page, extend, import_pages 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pypdf==7.1.1 pikepdf==10.18.0 pypdfium2==5.15.2 pillow==13.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io

import pikepdf
import pypdf
import pypdfium2
from pikepdf import Array, Dictionary, Name


def saved(document, how):
    file = io.BytesIO()
    getattr(document, how)(file)
    return file.getvalue()


def with_hidden_layer():
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(100, 100))
    layer = document.make_indirect(Dictionary(Type=Name.OCG, Name="Draft"))
    page.obj.Resources = Dictionary(Properties=Dictionary(layer=layer))
    page.contents_add(b"10 10 20 20 re f /OC /layer BDC 50 50 40 40 re f EMC")
    off = Dictionary(BaseState=Name.ON, Order=Array([layer]), OFF=Array([layer]))
    document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=off)
    return saved(document, "save")


def greys(file):
    drawn = pypdfium2.PdfDocument(file)[0].render().to_pil().convert("L")
    return drawn.getpixel((20, 80)), drawn.getpixel((70, 30))  # of the square on the page, and of the hidden one


file = with_hidden_layer()
seen = {"file": greys(file), "clone_from": greys(saved(pypdf.PdfWriter(clone_from=io.BytesIO(file)), "write"))}
merged = pypdf.PdfWriter()
merged.append(io.BytesIO(file))
seen["append"] = greys(saved(merged, "write"))
merged = pypdf.PdfWriter()
merged.add_page(pypdf.PdfReader(io.BytesIO(file)).pages[0])
seen["add_page"] = greys(saved(merged, "write"))
merged = pikepdf.new()
merged.pages.extend(pikepdf.open(io.BytesIO(file)).pages)
seen["extend"] = greys(saved(merged, "save"))
merged = pypdfium2.PdfDocument.new()
merged.import_pages(pypdfium2.PdfDocument(file))
seen["import_pages"] = greys(saved(merged, "save"))
print(seen)
assert seen["file"] == seen["clone_from"] == (0, 255)
for how in ("append", "add_page", "extend", "import_pages"):
    assert seen[how] == (0, 0), f"{how} keeps the layer hidden now"
PYTHON

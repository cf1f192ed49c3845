#!/usr/bin/env bash
# pypdfium2 5.15.2: `page.render()` leaves out what was filled into a PDF form, unless `document.init_forms()` was
# called before the page was taken, although `may_draw_forms` is on by default; pdfplumber 0.11.10's `to_image`, which
# draws with it, has no way to ask for that, and neither one's text has the values. A form that pypdf 7.1.1 has filled,
# with appearance streams, is a blank form in the picture: an invoice without its total. pdftoppm 22.12 draws the value.
#
# Seen: dark pixels in the field: render 0, after init_forms 84, pdfplumber 0; text "Total" alone by both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pypdfium2==5.15.2 pypdf==7.1.1 pdfplumber==0.11.10 reportlab==5.1.0 pillow==13.0.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import io

import pdfplumber
import pypdf
import pypdfium2
from reportlab.pdfgen.canvas import Canvas

blank = io.BytesIO()
canvas = Canvas(blank, pagesize=(300, 100))
canvas.drawString(20, 80, "Total")
canvas.acroForm.textfield(name="total", x=20, y=40, width=200, height=30, borderWidth=0)
canvas.showPage()
canvas.save()
writer = pypdf.PdfWriter(clone_from=blank)
writer.update_page_form_field_values(writer.pages[0], {"total": "1250.00"})
form = io.BytesIO()
writer.write(form)


def dark(picture):
    inside = picture.convert("L").crop((25, 35, 215, 58))
    return sum(inside.histogram()[:100])


assert pypdf.PdfReader(form).get_fields()["total"].value == "1250.00"
document = pypdfium2.PdfDocument(form.getvalue())
seen = {"render": dark(document[0].render().to_pil())}
texts = [document[0].get_textpage().get_text_range()]
document = pypdfium2.PdfDocument(form.getvalue())
document.init_forms()
seen["init_forms"] = dark(document[0].render().to_pil())
with pdfplumber.open(form) as document:
    seen["pdfplumber"] = dark(document.pages[0].to_image(resolution=72).original)
    texts.append(document.pages[0].extract_text())
print(seen, texts)
assert seen["init_forms"] > 20
assert seen["render"] == 0, "pypdfium2 draws what was filled in now"
assert seen["pdfplumber"] == 0, "pdfplumber draws what was filled in now"
assert texts == ["Total", "Total"]
PYTHON

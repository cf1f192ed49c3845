"""Check of fonts for PDFs that do not embed theirs (CJK above all): can a page of such text be drawn here?"""

from __future__ import annotations

from ollama_vision.errors import ImageError, MissingExtraError
from ollama_vision.pictures import prepare_image

SCRIPTS = {
    "Japanese": ("HeiseiMin-W3", "Japan1", "UniJIS-UCS2-H", "\u30ab\u30ca"),
    "Chinese": ("STSong-Light", "GB1", "UniGB-UCS2-H", "\u53d1\u7968"),
    "Korean": ("HYSMyeongJo-Medium", "Korea1", "UniKS-UCS2-H", "\uccad\uad6c"),
}
"""Adobe's character collections, with a font and an encoding that makers of invoices name without bringing them."""


def undrawable_scripts() -> tuple[str, ...] | None:
    """The scripts of which a page cannot be drawn on this machine; `None` when no PDF can be read here."""
    missing = []
    for script, (font, ordering, encoding, text) in SCRIPTS.items():
        try:
            prepare_image(_page(font, ordering, encoding, text))
        except MissingExtraError:
            return None
        except ImageError:
            missing.append(script)
    return tuple(missing)


def _page(font: str, ordering: str, encoding: str, text: str) -> bytes:
    """A PDF of one page with one word."""
    shown = f"BT /F 40 Tf 20 20 Td <{text.encode('utf-16-be').hex()}> Tj ET"
    bodies = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 80]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        f"<</Length {len(shown)}>>stream\n{shown}\nendstream",
        f"<</Type/Font/Subtype/Type0/BaseFont/{font}/Encoding/{encoding}/DescendantFonts[6 0 R]>>",
        f"<</Type/Font/Subtype/CIDFontType0/BaseFont/{font}/FontDescriptor 7 0 R"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering({ordering})/Supplement 2>>>>",
        f"<</Type/FontDescriptor/FontName/{font}/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 800"
        "/Descent -200/CapHeight 700/StemV 80>>",
    )
    whole, starts = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        starts.append(len(whole))
        whole += f"{number} 0 obj{body}endobj\n"
    table = "".join(f"{start:010d} 00000 n \n" for start in starts)
    end = f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
    return f"{whole}{end}trailer<</Size {len(bodies) + 1}/Root 1 0 R>>\nstartxref\n{len(whole)}\n%%EOF\n".encode(
        "ascii"
    )

"""Formats that are told apart to be refused by their true names, each with one command or line that helps."""

from __future__ import annotations

from .formats import Family, Kind

_SAVE_AS = "Save it as PNG or JPEG first."
_CONVERT_SOUND = "Ollama takes WAV and MP3 only: convert it, for example with ffmpeg."
_UNPACK = "Unpack it first."


def _other(name: str, phrase: str, way_out: str = _SAVE_AS, family: Family = "other") -> Kind:
    return Kind(name, family, phrase, way_out)


SVG = _other("SVG", "an SVG drawing", "Render it to PNG first, for example with rsvg-convert or cairosvg.")
HTML = _other("HTML", "an HTML page", "Give the address of the picture itself, not of the page that shows it.", "text")
TEXT = _other("text", "text", "Put text into the prompt, or into a TextBlock of the message.", "text")
JSON = _other("JSON", "JSON text", "If a server sent it, it is probably its error message.", "text")
XML = _other("XML", "XML text", "If a server sent it, it is probably its error message.", "text")
LFS = _other("Git LFS pointer", "a Git LFS pointer, not the file it stands for", "Run `git lfs pull` first.", "text")
EMPTY = _other("empty", "empty (0 bytes)", "Look at how it was written or fetched; there is nothing in it.")

CAMERA_RAW = _other("camera raw", "a camera's raw file", "Export it as JPEG or PNG first.")
CUR = _other("CUR", "a Windows cursor")
PSD = _other("PSD", "a Photoshop file (PSD)")
JPEG_XL = _other("JPEG XL", "a JPEG XL picture")
ICNS = _other("ICNS", "a macOS icon (ICNS)")
EXR = _other("OpenEXR", "an OpenEXR picture")
HDR = _other("HDR", "a Radiance HDR picture")
DDS = _other("DDS", "a DDS texture")
FITS = _other("FITS", "a FITS file")
DICOM_BARE = _other(
    "DICOM without preamble", "a DICOM file without its first 132 bytes", "Add them: `dcmconv IN OUT.dcm` (dcmtk)."
)
NPY = _other("npy", "a numpy file", "Load it with numpy.load and pass the array.")
RIFF = _other("RIFF", "a RIFF file of no known content")

POSTSCRIPT = _other("PostScript", "a PostScript file", "Convert it to PDF or PNG first.", "document")
EPS = _other("EPS", "an EPS drawing", "Render it to PNG first.", "document")
OFFICE = _other("Office", "an old Office document", "Save it as PDF first.", "document")
DOCX = _other("DOCX", "a Word document (DOCX)", "Save it as PDF first.", "document")
PPTX = _other("PPTX", "a PowerPoint document (PPTX)", "Save it as PDF first.", "document")
XLSX = _other("XLSX", "an Excel document (XLSX)", "Save it as PDF or CSV first.", "document")
ODF = _other("ODF", "an OpenDocument file", "Save it as PDF first.", "document")

GZIP = _other("gzip", "gzip-compressed data", _UNPACK)
ZIP = _other("ZIP", "a ZIP archive", _UNPACK)
SEVEN_ZIP = _other("7z", "a 7z archive", _UNPACK)
RAR = _other("RAR", "a RAR archive", _UNPACK)

FLAC = _other("FLAC", "a FLAC sound", _CONVERT_SOUND, "sound")
M4A = _other("M4A", "an M4A sound", _CONVERT_SOUND, "sound")

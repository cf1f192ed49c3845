"""File formats that are recognised and not read: their true names, and a command or line that helps."""

from __future__ import annotations

from .kinds import Family, Kind

_SAVE_AS = "Save it as PNG or JPEG first."
_CONVERT_SOUND = "Ollama takes WAV and MP3 only: convert it, for example with ffmpeg."
_UNPACK = "Unpack it first."
_CONVERT = "Convert it first: `convert IN OUT.png` (ImageMagick)."
_AS_PDF = "Save it as PDF first: `soffice --headless --convert-to pdf IN`."
_SCALED = ", scaled to 0 to 255 as uint8."


def _other(name: str, phrase: str, way_out: str = _SAVE_AS, family: Family = "other") -> Kind:
    return Kind(name, family, phrase, way_out)


SVG = _other("SVG", "an SVG drawing", "Render it to PNG first, for example with rsvg-convert or cairosvg.")
HTML = _other(
    "HTML",
    "an HTML page",
    "A server sent it in a picture's place: get the picture itself, by its own address, not of the page that shows it.",
    "text",
)
TEXT = _other("text", "text", "Put text into the prompt, or into a TextBlock of the message.", "text")
JSON = _other("JSON", "JSON text", "If a server sent it, it is probably its error message.", "text")
XML = _other("XML", "XML text", "If a server sent it, it is probably its error message.", "text")
LFS = _other("Git LFS pointer", "a Git LFS pointer, not the file it stands for", "Run `git lfs pull` first.", "text")
BASE64 = _other(
    "base64",
    "a picture's base64 as text",
    "Decode it first: `base64 -d IN > OUT`; or pass `Path('IN').read_bytes()`, which is decoded here, data: URLs too.",
    "text",
)
AS_TEXT = _other(
    "damaged as text",
    "a picture that was damaged when it was sent or copied as text",
    "Nothing can repair it: get it again, sent as binary (FTP: `binary`; Git: `*.png -text` in .gitattributes).",
)
ZEROS = _other(
    "zeros",
    "nothing but zeros",
    "What was in it was lost when it was written, copied or recovered: get it again from where it came from.",
)
EMPTY = _other("empty", "empty (0 bytes)", "Look at how it was written or fetched; there is nothing in it.")

CUR = _other("CUR", "a Windows cursor", _CONVERT)
PSD = _other("PSD", "a Photoshop file (PSD)", "Flatten it first: `convert 'IN.psd[0]' OUT.png` (ImageMagick).")
XCF = _other("XCF", "a GIMP file (XCF)", "Export it as PNG in GIMP first.")
JPEG_XL = _other("JPEG XL", "a JPEG XL picture", "Convert it first: `djxl IN.jxl OUT.png` (libjxl), or `ffmpeg -i`.")
JPEG_XR = _other("JPEG XR", "a JPEG XR picture", "Convert it first: `JxrDecApp -i IN.jxr -o OUT.tif` (jxrlib).")
DJVU = _other("DjVu", "a DjVu document", "Convert it first: `ddjvu -format=tiff IN.djvu OUT.tif`.", "document")
ICNS = _other("ICNS", "a macOS icon (ICNS)", "Pass `PIL.Image.open('IN.icns')`, or save that as PNG.")
EXR = _other("OpenEXR", "an OpenEXR picture", _CONVERT)
HDR = _other("HDR", "a Radiance HDR picture", _CONVERT)
DPX = _other("DPX", "a DPX or Cineon picture of film", _CONVERT)
DDS = _other("DDS", "a DDS texture", _CONVERT)
MNG = _other("MNG", "an MNG animation", "Convert it first: `convert 'IN.mng[0]' OUT.png` (ImageMagick).")
XBM = _other("XBM", "an X bitmap (XBM)", _CONVERT)
XPM = _other("XPM", "an X pixmap (XPM)", _CONVERT)
METAFILE = _other("metafile", "a Windows metafile", "Render it first: `soffice --headless --convert-to png IN`.")

FITS = _other(
    "FITS",
    "a FITS file",
    "Pass an array: `(astropy.visualization.ZScaleInterval()(astropy.io.fits.getdata('IN')) * 255).astype('uint8')`.",
)
NIFTI = _other(
    "NIfTI",
    "a NIfTI or Analyze volume",
    "Pass a slice: `v = nibabel.load('IN').get_fdata()[..., 0]; numpy.interp(v, (v.min(), v.max()), (0, 255))"
    ".astype('uint8')`.",
)
MICROSCOPE = _other(
    "microscope file",
    "a microscope's file (CZI, ND2, LIF, OIB or ZVI)",
    "Convert it first: `bfconvert IN OUT.tif` (Bio-Formats), or save it as TIFF in Fiji.",
)
HDF5 = _other("HDF5", "an HDF5 or NetCDF-4 file", "Pass one of its arrays: `h5py.File('IN')['NAME'][()]`" + _SCALED)
NETCDF = _other("NetCDF", "a NetCDF file", "Pass one of its arrays: `netCDF4.Dataset('IN')['NAME'][:]`" + _SCALED)
MRC = _other("MRC", "an MRC map of an electron microscope", "Pass its array: `mrcfile.read('IN')`" + _SCALED)
NRRD = _other("NRRD", "an NRRD volume", "Pass a slice of it: `nrrd.read('IN')[0][..., 0]`" + _SCALED)
EDF = _other("EDF", "an ESRF data file (EDF)", "Pass its array: `fabio.open('IN').data`" + _SCALED)
METAIMAGE = _other(
    "MetaImage",
    "a MetaImage (.mhd, .mha)",
    "Pass its array, or a slice of it: `SimpleITK.GetArrayFromImage(SimpleITK.ReadImage('IN'))`" + _SCALED,
)
GRIB = _other("GRIB", "a GRIB file of weather data", "Convert it first: `gdal_translate -scale -ot Byte IN OUT.tif`.")
DICOM_BARE = _other(
    "DICOM without preamble", "a DICOM file without its first 132 bytes", "Add them: `dcmconv IN OUT.dcm` (dcmtk)."
)
NPY = _other("npy", "a numpy file", "Load it with numpy.load and pass the array.")
RIFF = _other("RIFF", "a RIFF file of no known content")

POSTSCRIPT = _other(
    "PostScript", "a PostScript file", "Draw it first: `gs -sDEVICE=png16m -r150 -o OUT.png IN`.", "document"
)
EPS = _other("EPS", "an EPS drawing", "Draw it first: `gs -sDEVICE=png16m -dEPSCrop -r150 -o OUT.png IN`.", "document")
OFFICE = _other(
    "Office", "an old Office document", "Save it as PDF first: `soffice --headless --convert-to pdf IN`.", "document"
)
DOCX = _other("DOCX", "a Word document (DOCX)", _AS_PDF, "document")
PPTX = _other("PPTX", "a PowerPoint document (PPTX)", _AS_PDF, "document")
XLSX = _other("XLSX", "an Excel document (XLSX)", "Save it as PDF or CSV first.", "document")
ODF = _other("ODF", "an OpenDocument file", _AS_PDF, "document")

GZIP = _other("gzip", "gzip-compressed data", _UNPACK)
ZIP = _other("ZIP", "a ZIP archive", _UNPACK)
SEVEN_ZIP = _other("7z", "a 7z archive", _UNPACK)
RAR = _other("RAR", "a RAR archive", _UNPACK)
TAR = _other("TAR", "a TAR archive", "Unpack it first: `tar xf IN`.")
COMPRESSED = _other("compressed", "compressed data (bzip2, xz or zstd)", _UNPACK)


def gzip_of(inside: Kind) -> Kind:
    """Gzip with what it holds: the way out leads beyond it, and not to the next refusal."""
    if inside.name == "unknown":
        return GZIP
    way_out = inside.way_out if inside is NIFTI else "Unpack it first: `gunzip IN`."
    if inside.family == "other" and inside is not NIFTI:
        way_out = f"{way_out} Then: {inside.way_out}"
    return Kind(GZIP.name, GZIP.family, f"{GZIP.phrase} ({inside.phrase.removeprefix('is ')} inside)", way_out)


FLAC = _other("FLAC", "a FLAC sound", _CONVERT_SOUND, "sound")
M4A = _other("M4A", "an M4A sound", _CONVERT_SOUND, "sound")

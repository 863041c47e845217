"""XMP sidecars: a small file beside a copy that names the people found in it, for digiKam, Lightroom and Immich.

What these readers do, and where that is said:

- **Names of files.** digiKam reads ``IMG.jpg.xmp``, and ``IMG.xmp`` instead where its setting ``useCompatibleFileName``
  says so (KDE/digikam, metaengine_fileio.cpp). Immich looks for ``IMG.jpg.xmp``, then ``IMG.xmp`` (immich-app/immich,
  metadata.service.ts). Lightroom reads ``IMG.xmp``, of proprietary RAW files only: the others hold their XMP.
- **Regions** (Metadata Working Group, ``mwg-rs``) are areas of the picture *as it is stored*: a reader turns them with
  the picture (MWG Guidelines 2.0, 5.9). So do Immich (since its pull request 18021) and digiKam
  (itemscanner, ``adjustToOrientation``). Immich takes none without ``AppliedToDimensions``, of the stored picture
  too: it swaps both. It reads faces only where its setting to import them is switched on; keywords always.
- **Keywords.** digiKam and Immich take ``digiKam:TagsList`` first, then ``lr:hierarchicalSubject``; Lightroom that and
  ``dc:subject``. People is digiKam's own root for people. ``Iptc4xmpExt:PersonInImage`` is IPTC's field for them.
- **A sidecar wins** over what is in the photo: in Immich list by list, in digiKam all XMP at once
  (``loadSidecarData``). So the photo's own keywords go into it as well, or they would vanish from sight. The rest of
  its XMP does not: an orientation or a date there that is older than the EXIF would win over that too. For the same
  reason no orientation is written.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from photosort.comparison import Box
from sortclient.photos.decode import MOST_PIXELS, orientation, without_warnings

LARGEST = 16 << 20  # bytes; none that is written here comes near, and nobody needs to read more to know

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
}
_PEOPLE = "People"

# Of these Lightroom keeps its XMP beside, as it knows no place for it inside; a DNG has one.
_LIGHTROOM = frozenset(
    (
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef"),
        *(".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    )
)
_RAW = _LIGHTROOM | {".dng"}

# The mark names the writer as XMP's own attribute for it does; the digest is of everything behind it.
_BEGINNING = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="sortclient '
_DIGEST = 64  # hexadecimal digits

_LARGEST_PACKET = 1 << 20  # bytes of a photo's own XMP; keywords are a few hundred
_HEIF_HEAD = 1 << 16  # bytes: its boxes come first, and those of a picture of 48 tiles take some 5,000
_IROT = (1, 8, 3, 6)  # quarters of a turn against the clock (ISO 23008-12, 6.5.10), as EXIF's orientation
# Pillow says the upright picture's size of these.
_SIZED_UPRIGHT = ("TIFF", "HEIF")


@dataclass(frozen=True, slots=True)
class Named:
    """A person found in the photo. ``box`` is the face, in the upright picture; None: not known."""

    person: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class _Header:
    """What a photo says of itself. ``size`` (px) is the stored picture's; None: not known well enough for regions."""

    size: tuple[int, int] | None = None
    orientation: int = 1
    packet: bytes = b""


def sidecar_of(photo: Path) -> Path:
    """Where the sidecar of ``photo`` stands: ``IMG.jpg.xmp``, but ``IMG.xmp`` of a RAW file, for Lightroom."""
    if photo.suffix.lower() in _LIGHTROOM:
        return photo.with_suffix(".xmp")
    return photo.with_name(f"{photo.name}.xmp")


def sidecar(people: Sequence[Named], photo: Path) -> bytes:
    """The sidecar of ``photo``, the same for the same people and photo.

    Names are as `photosort.keys.check_name` lets them in: printable, and without a slash or a bar, which part keywords.
    Regions are written where the box is known and the photo's header can be read; of RAW files none, as every reader
    has its own picture of one. Raises OSError where the photo cannot be opened.
    """
    header = _header(photo)
    names = sorted({named.person for named in people})
    flat, paths = _own_keywords(header.packet)
    paths = _united(paths, [f"{_PEOPLE}/{name}" for name in names])

    rdf = ET.Element("rdf:RDF", {"xmlns:rdf": _RDF})
    described = ET.SubElement(
        rdf, "rdf:Description", {"rdf:about": ""} | {f"xmlns:{prefix}": uri for prefix, uri in _NAMESPACES.items()}
    )
    _array(described, "dc:subject", "rdf:Bag", _united(flat, names))
    _array(described, "lr:hierarchicalSubject", "rdf:Bag", [path.replace("/", "|") for path in paths])
    _array(described, "digiKam:TagsList", "rdf:Seq", paths)
    _array(described, "Iptc4xmpExt:PersonInImage", "rdf:Bag", names)
    _regions(described, people, header)
    ET.indent(rdf)
    behind = b'">\n' + ET.tostring(rdf, encoding="unicode").encode() + b"\n</x:xmpmeta>\n"
    return _BEGINNING + _digest(behind) + behind


def is_ours(content: bytes) -> bool:
    """Whether `sidecar` wrote exactly these bytes: not after anybody changed one. Nothing is parsed."""
    if len(content) > LARGEST or not content.startswith(_BEGINNING):
        return False
    digest = content[len(_BEGINNING) :][:_DIGEST]
    return digest == _digest(content[len(_BEGINNING) + _DIGEST :])


def _digest(behind: bytes) -> bytes:
    return hashlib.sha256(behind).hexdigest().encode()


def _united(first: Iterable[str], then: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*first, *then)))


def _array(parent: ET.Element, name: str, kind: str, values: Sequence[str]) -> None:
    array = ET.SubElement(ET.SubElement(parent, name), kind)
    for value in values:
        ET.SubElement(array, "rdf:li").text = value


def _regions(described: ET.Element, people: Sequence[Named], header: _Header) -> None:
    areas = sorted(
        (named.person, area)
        for named in people
        if named.box is not None and (area := _area(named.box, header.orientation)) is not None
    )
    if header.size is None or not areas:
        return
    regions = ET.SubElement(described, "mwg-rs:Regions", {"rdf:parseType": "Resource"})
    width, height = map(str, header.size)
    ET.SubElement(regions, "mwg-rs:AppliedToDimensions", {"stDim:w": width, "stDim:h": height, "stDim:unit": "pixel"})
    listed = ET.SubElement(ET.SubElement(regions, "mwg-rs:RegionList"), "rdf:Bag")
    for person, area in areas:
        region = ET.SubElement(listed, "rdf:li", {"rdf:parseType": "Resource"})
        ET.SubElement(region, "mwg-rs:Name").text = person
        ET.SubElement(region, "mwg-rs:Type").text = "Face"
        numbers = {f"stArea:{axis}": f"{number:.6f}" for axis, number in zip("xywh", area, strict=True)}
        ET.SubElement(region, "mwg-rs:Area", {**numbers, "stArea:unit": "normalized"})


def _area(box: Box, orientation: int) -> tuple[float, float, float, float] | None:
    """The middle (x, y) and the size (w, h) of ``box`` in the stored picture, as fractions; None if it lies outside."""
    left, top = max(0.0, box.left), max(0.0, box.top)
    width, height = min(1.0, box.left + box.width) - left, min(1.0, box.top + box.height) - top
    if width <= 0 or height <= 0:
        return None
    u, v = left + width / 2, top + height / 2
    x, y = {
        1: (u, v),
        2: (1 - u, v),
        3: (1 - u, 1 - v),
        4: (u, 1 - v),
        5: (v, u),
        6: (v, 1 - u),
        7: (1 - v, 1 - u),
        8: (1 - v, u),
    }[orientation]
    return (x, y, height, width) if orientation >= 5 else (x, y, width, height)


def _header(photo: Path) -> _Header:
    from PIL import Image
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # as for decoding
    with photo.open("rb") as opened, without_warnings():
        try:
            image = Image.open(opened)
            packet = image.info.get("xmp")
            turned = _heif_orientation(photo) if image.format == "HEIF" else orientation(image)
        except Exception:  # noqa: BLE001 - broken bytes make Pillow raise anything; the names can be told without them
            return _Header()
    packet = packet if isinstance(packet, bytes) else b""
    if turned is None or photo.suffix.lower() in _RAW:
        return _Header(packet=packet)
    width, height = image.size
    swapped = turned >= 5 and image.format in _SIZED_UPRIGHT
    return _Header((height, width) if swapped else (width, height), turned, packet)


def _heif_orientation(photo: Path) -> int | None:
    """How the container turns the stored picture; None where it mirrors it, which no camera does.

    The upright picture is made by this, not by the EXIF, and so do Immich (pull request 27820) and libheif.
    """
    with photo.open("rb") as opened:
        head = opened.read(_HEIF_HEAD)
    if b"imir" in head:
        return None
    found = re.search(rb"irot(.)", head, re.DOTALL)
    return _IROT[found[1][0] & 3] if found else 1


def _own_keywords(packet: bytes) -> tuple[list[str], list[str]]:
    """The keywords in a photo's own XMP: flat ones, and paths as digiKam writes them. Anybody may have written it."""
    try:
        text = packet.decode().strip("\0\ufeff \r\n")
        if len(packet) > _LARGEST_PACKET or "<!DOCTYPE" in text:  # no XMP has one, and entities could grow
            return [], []
        root = ET.fromstring(text)  # noqa: S314 - bounded, and without entities
    except (UnicodeDecodeError, ET.ParseError):
        return [], []
    flat, hierarchy, tags = (
        [item.text for item in root.iterfind(f".//{{{_NAMESPACES[prefix]}}}{name}//{{{_RDF}}}li") if item.text]
        for prefix, name in (("dc", "subject"), ("lr", "hierarchicalSubject"), ("digiKam", "TagsList"))
    )
    return flat, tags or [path.replace("|", "/") for path in hierarchy] or flat

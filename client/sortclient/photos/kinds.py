"""What a file is, by its first bytes. The name only refines what these cannot tell, and picks no picture out.

The signatures are those of the formats' own specifications; a picture of a format that is read here must never be
taken for something else, so what is not known to be another thing is tried as a picture only by a picture's signature.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from sortclient.model import File, Kind, Rejection
from sortclient.photos.errors import NotAPhoto, NotComparable, NotReached, Unreadable

HEAD = 1024  # bytes: enough for the latest signature (two packets of an MPEG transport stream) and to know a text
LARGEST_FILE = 1 << 30  # bytes; a file is read whole, by every worker at once, and the largest of RAW files have 250 MB

# Picture formats that are read here and that a fixed start gives away.
_PICTURES = (
    b"\xff\xd8\xff",  # JPEG, also MPO
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000
    b"\xff\x4f\xff\x51",  # JPEG 2000, a bare codestream
)
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # also CR2, NEF, ARW, DNG and other RAW files
RAW = (
    b"IIU\0",  # RW2
    b"IIRO",  # ORF, three spellings
    b"IIRS",
    b"MMOR",
    b"FUJIFILMCCD-RAW ",  # RAF
    b"II\x1a\0\0\0HEAPCCDR",  # CRW
    b"\0MRM",  # MRW
)
RAW_BRAND = b"crx "  # CR3
_PICTURE_BRANDS = frozenset((b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1 avif avis").split()) | {RAW_BRAND}
_MOTION_JPEG_2000 = b"mjp2"  # the brand of a film that begins as a JPEG 2000 picture does
_AUDIO_BRANDS = frozenset((b"M4A ", b"M4B ", b"M4P ", b"F4A "))
# Headers of a BMP differ by their length, which follows the 14 bytes of the file's own.
_BMP_HEADERS = frozenset(length.to_bytes(4, "little") for length in (12, 16, 40, 52, 56, 64, 108, 124))

# (where it stands, the signature, the kind, what a person calls it)
_OTHERS: tuple[tuple[int, bytes, Kind, str], ...] = (
    (0, b"\x1a\x45\xdf\xa3", Kind.VIDEO, "Matroska or WebM"),
    (0, b"FLV\x01", Kind.VIDEO, "Flash"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind.VIDEO, "Windows Media"),
    (0, b"\0\0\x01\xba", Kind.VIDEO, "MPEG"),
    (0, b"\0\0\x01\xb3", Kind.VIDEO, "MPEG"),
    (20, _MOTION_JPEG_2000, Kind.VIDEO, "Motion JPEG 2000"),
    (0, b"ID3", Kind.AUDIO, "MP3"),
    *(
        (0, sync, Kind.AUDIO, "MP3 or AAC")
        for sync in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9")
    ),
    (0, b"fLaC", Kind.AUDIO, "FLAC"),
    (0, b"OggS", Kind.AUDIO, "Ogg"),
    (0, b"FORM", Kind.AUDIO, "AIFF"),
    (0, b"caff", Kind.AUDIO, "Core Audio"),
    (0, b"#!AMR", Kind.AUDIO, "AMR"),
    (0, b"MThd", Kind.AUDIO, "MIDI"),
    (0, b"%PDF", Kind.DOCUMENT, "PDF"),
    (0, b"%!PS", Kind.DOCUMENT, "PostScript"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.DOCUMENT, "Microsoft Office"),
    (0, b"AT&TFORM", Kind.DOCUMENT, "DjVu"),
    (0, b"\xff\xfe", Kind.DOCUMENT, "text"),
    (0, b"\xfe\xff", Kind.DOCUMENT, "text"),
    (0, b"\0\x05\x16\x07", Kind.SIDECAR, "AppleDouble"),
    (0, b"PK\x03\x04", Kind.ARCHIVE, "ZIP"),
    (0, b"PK\x05\x06", Kind.ARCHIVE, "ZIP"),
    (0, b"Rar!\x1a\x07", Kind.ARCHIVE, "RAR"),
    (0, b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE, "7-Zip"),
    (0, b"\x1f\x8b", Kind.ARCHIVE, "gzip"),
    (0, b"BZh", Kind.ARCHIVE, "bzip2"),
    (0, b"\xfd7zXZ\0", Kind.ARCHIVE, "xz"),
    (0, b"\x28\xb5\x2f\xfd", Kind.ARCHIVE, "Zstandard"),
    (257, b"ustar", Kind.ARCHIVE, "tar"),
    (0, b"8BPS", Kind.OTHER, "a Photoshop picture, which is not read here"),
    (0, b"\xff\x0a", Kind.OTHER, "a JPEG XL picture, which is not read here"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Kind.OTHER, "a JPEG XL picture, which is not read here"),
    (0, b"FOVb", Kind.OTHER, "a Sigma X3F picture, which is not read here"),
    (0, b"II\xbc", Kind.OTHER, "a JPEG XR picture, which is not read here"),
    (0, b"\0\0\x01\0", Kind.OTHER, "an icon"),
    (0, b"SQLite format 3\0", Kind.OTHER, "a database"),
)
# Before it had brands a film began with one of its boxes, its length before the name.
_OLD_QUICKTIME = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
_RIFF = {b"AVI ": (Kind.VIDEO, "AVI"), b"WAVE": (Kind.AUDIO, "WAV")}

# Written by programs beside a photo or a film.
_PREVIEW_OF_A_FILM = ".thm"  # a whole JPEG
_SIDECARS = frozenset((_PREVIEW_OF_A_FILM, ".xmp", ".aae", ".pp3", ".dop", ".json"))
_DOCUMENTS = frozenset(
    (".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".odp", ".pages", ".numbers", ".key", ".epub")
)
_PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".jp2", ".j2k"),
        *(".heic", ".heif", ".hif", ".avif", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".dng", ".raf", ".orf"),
        *(".rw2", ".pef", ".srw"),
    )
)
# Of bytes that nothing above knows.
_BY_SUFFIX = {
    **dict.fromkeys(
        (".mp4", ".m4v", ".mov", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".wmv", ".ogv"), Kind.VIDEO
    ),
    **dict.fromkeys((".mp3", ".m4a", ".aac", ".wav", ".wma", ".amr"), Kind.AUDIO),
    **dict.fromkeys((*_DOCUMENTS, ".txt", ".csv", ".rtf", ".htm", ".html", ".md"), Kind.DOCUMENT),
}

# Containers that hold either: only the name tells which. Most of today's documents are ZIP archives.
_WITHIN = {Kind.VIDEO: (Kind.AUDIO,), Kind.AUDIO: (Kind.VIDEO,), Kind.ARCHIVE: (Kind.DOCUMENT,)}


def look(file: File) -> Rejection | None:
    """Why ``file`` is never compared, as far as its size and first bytes tell; None for what is worth reading.

    One small read, however large the file is. Thread-safe.
    """
    try:
        if file.size:
            with file.location.open("rb", buffering=0) as opened:
                check(opened.read(HEAD), file.size, file.path)
        else:
            check(b"", 0, file.path)
    except OSError as error:
        return NotReached.because(error).rejection
    except NotComparable as error:
        return error.rejection
    return None


def check(head: bytes, size: int, name: str = "") -> None:
    """Raise NotAPhoto or Unreadable for a file of ``size`` bytes that begins with ``head`` and is not worth reading."""
    suffix = PurePosixPath(name).suffix.lower()
    found = _other(head, suffix)
    if found is not None:
        kind, more = found
        if suffix in _PICTURE_SUFFIXES and kind is not Kind.EMPTY:
            more = f"{more or 'no picture'}, though its name says {suffix}"
        raise NotAPhoto(kind, more)
    if size > LARGEST_FILE:
        raise Unreadable(f"{size / LARGEST_FILE:.1f} GiB; pictures of up to {LARGEST_FILE >> 30} GiB are read")


def _other(head: bytes, suffix: str) -> tuple[Kind, str] | None:
    """What it is, in words too; None for a picture of a format that is read here."""
    if not head:
        return Kind.EMPTY, ""
    if is_picture(head) and suffix != _PREVIEW_OF_A_FILM:
        return None
    if suffix in _SIDECARS:
        return Kind.SIDECAR, suffix[1:].upper()
    known = _by_signature(head)
    if known is not None:
        kind, words = known
        refined = _BY_SUFFIX.get(suffix)
        return (refined, words) if refined and refined in _WITHIN.get(kind, ()) else known
    return _by_text(head) or (_BY_SUFFIX.get(suffix, Kind.OTHER), "")


def is_picture(head: bytes) -> bool:
    """Whether these first bytes are a picture's, of a format that is read here."""
    return (
        (head.startswith((*_PICTURES, *TIFF, *RAW)) and head[20:24] != _MOTION_JPEG_2000)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[:2] == b"BM" and head[14:18] in _BMP_HEADERS)
        or not _PICTURE_BRANDS.isdisjoint(brands(head))
    )


def brands(head: bytes) -> list[bytes]:
    """The brands of an ISO base media file (HEIF, AVIF, CR3, MP4, QuickTime), the major one first; else none."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]


def _by_signature(head: bytes) -> tuple[Kind, str] | None:
    for at, signature, kind, words in _OTHERS:
        if head.startswith(signature, at):
            return kind, words
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if b"GGG" in (head[0:564:188], head[4:580:192]):  # each packet begins with it; some have 4 bytes of time before
        return Kind.VIDEO, "MPEG transport stream"
    if head[4:8] in _OLD_QUICKTIME and head[0] < 0x20:  # otherwise a text, in which the word stands by chance
        return Kind.VIDEO, "QuickTime"
    found = brands(head)
    if found and _PICTURE_BRANDS.isdisjoint(found):
        return (Kind.AUDIO, "MPEG-4") if found[0] in _AUDIO_BRANDS else (Kind.VIDEO, "MP4 or QuickTime")
    return None


def _by_text(head: bytes) -> tuple[Kind, str] | None:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character that the end of the head cuts is none
            return None
        text = head[: error.start].decode()
    if any(character < " " and character not in "\t\n\f\r\x1b" for character in text):
        return None
    lowered = text.lower()
    if "<x:xmpmeta" in lowered or "<?xpacket" in lowered:
        return Kind.SIDECAR, "XMP"
    if "<svg" in lowered:
        return Kind.OTHER, "an SVG drawing, which is not read here"
    return Kind.DOCUMENT, "web page" if "<html" in lowered or "<!doctype html" in lowered else "text"

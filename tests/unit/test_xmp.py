from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from photosort.comparison import Box
from sortclient.photos.decode import decode
from sortclient.xmp import Named, is_ours, sidecar, sidecar_of
from tests.unit.pictures import STORED, content, exif, saved
from tests.unit.raw_files import dng

SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
}
ODD = [
    "<&\"'>",
    "]]>",
    "Ana &amp; Bo",
    "Zoë Ångström",
    "李小龍",
    "👩‍👩‍👧 🦊",
    "O'Neil; DROP",
    "a,b",
    "2024",
    "O\N{NARROW NO-BREAK SPACE}N",
]
UPRIGHT = (160, 100)
FACE = (96, 20, 128, 50)  # px in the upright picture: left, top, right, bottom; no turn puts it where another does
FACE_BOX = Box(0.6, 0.2, 0.2, 0.3)


@dataclass(frozen=True)
class Region:
    name: str
    x: float
    y: float
    w: float
    h: float


def parsed(written: bytes) -> ET.Element:
    return ET.fromstring(written)  # noqa: S314 - our own


def named(path: str) -> str:
    prefix, _, name = path.partition(":")
    return f"{{{SPACES[prefix]}}}{name}"


def listed(written: bytes, field: str, kind: str) -> list[str | None]:
    items = parsed(written).findall(f"rdf:RDF/rdf:Description/{field}/rdf:{kind}/rdf:li", SPACES)
    return [item.text for item in items]


def regions(written: bytes) -> list[Region]:
    found = []
    for item in parsed(written).findall(".//mwg-rs:Regions/mwg-rs:RegionList/rdf:Bag/rdf:li", SPACES):
        assert item.findtext("mwg-rs:Type", None, SPACES) == "Face"
        area = item.find("mwg-rs:Area", SPACES)
        assert area is not None
        assert area.get(named("stArea:unit")) == "normalized"
        x, y, w, h = (float(area.attrib[named(f"stArea:{axis}")]) for axis in "xywh")
        found.append(Region(item.findtext("mwg-rs:Name", "", SPACES), x, y, w, h))
    return found


def applied_to(written: bytes) -> tuple[int, int]:
    found = parsed(written).find(".//mwg-rs:Regions/mwg-rs:AppliedToDimensions", SPACES)
    assert found is not None
    assert found.get(named("stDim:unit")) == "pixel"
    return int(found.attrib[named("stDim:w")]), int(found.attrib[named("stDim:h")])


def on_disk(tmp_path: Path, data: bytes, name: str = "photo.jpg") -> Path:
    photo = tmp_path / name
    photo.write_bytes(data)
    return photo


def with_face(orientation: int, form: str = "JPEG", **options: object) -> bytes:
    """A green picture with a red face, stored turned."""
    register_heif_opener()
    upright = Image.new("RGB", UPRIGHT, "lime")
    upright.paste("red", FACE)
    turn = STORED[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    if form == "HEIF":
        stored.info["exif"] = exif(orientation).tobytes()  # from here its writer tells the container, too
        return saved(stored, form=form, **options)
    return saved(stored, form=form, exif=exif(orientation), **options)


def packet(**fields: list[str]) -> bytes:
    """XMP as another program would have put it into a photo."""
    spaces = " ".join(f'xmlns:{prefix}="{SPACES[prefix]}"' for prefix in ("dc", "lr", "digiKam"))
    arrays = "".join(
        f"<{name.replace('_', ':')}><rdf:Bag>{''.join(f'<rdf:li>{item}</rdf:li>' for item in items)}</rdf:Bag>"
        f"</{name.replace('_', ':')}>"
        for name, items in fields.items()
    )
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="{SPACES["x"]}">'
        f'<rdf:RDF xmlns:rdf="{SPACES["rdf"]}"><rdf:Description rdf:about="" {spaces}>{arrays}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        ("a/IMG.jpg", "a/IMG.jpg.xmp"),
        ("a/IMG.HEIC", "a/IMG.HEIC.xmp"),
        ("a/IMG.dng", "a/IMG.dng.xmp"),  # Lightroom keeps its own in the file
        ("a/IMG.tif", "a/IMG.tif.xmp"),
        ("a/IMG.CR2", "a/IMG.xmp"),
        ("a/IMG.1.nef", "a/IMG.1.xmp"),
        ("a/IMG", "a/IMG.xmp"),
    ],
)
def test_a_sidecar_stands_where_its_readers_look(photo: str, expected: str) -> None:
    assert sidecar_of(Path(photo)) == Path(expected)


def test_every_field_names_the_people_in_order(tmp_path: Path) -> None:
    photo = on_disk(tmp_path, content(size=(400, 300)))
    written = sidecar([Named("Bo", Box(0.5, 0.5, 0.25, 0.25)), Named("Ana", Box(0.1, 0.2, 0.2, 0.4))], photo)
    assert listed(written, "dc:subject", "Bag") == ["Ana", "Bo"]
    assert listed(written, "lr:hierarchicalSubject", "Bag") == ["People|Ana", "People|Bo"]
    assert listed(written, "digiKam:TagsList", "Seq") == ["People/Ana", "People/Bo"]
    assert listed(written, "Iptc4xmpExt:PersonInImage", "Bag") == ["Ana", "Bo"]
    assert applied_to(written) == (400, 300)
    assert regions(written) == [Region("Ana", 0.2, 0.4, 0.2, 0.4), Region("Bo", 0.625, 0.625, 0.25, 0.25)]
    assert parsed(written).find("rdf:RDF/rdf:Description", SPACES).get(named("rdf:about")) == ""  # type: ignore[union-attr]


def test_somebody_whose_face_is_not_known_is_named_without_a_region(tmp_path: Path) -> None:
    photo = on_disk(tmp_path, content())
    written = sidecar([Named("Ana", None), Named("Bo", FACE_BOX)], photo)
    assert listed(written, "Iptc4xmpExt:PersonInImage", "Bag") == ["Ana", "Bo"]
    assert [region.name for region in regions(written)] == ["Bo"]
    assert b"mwg-rs:Regions" not in sidecar([Named("Ana", None)], photo)


def test_one_person_twice_in_a_photo_is_one_name_and_two_regions(tmp_path: Path) -> None:
    twins = [Named("Ana", FACE_BOX), Named("Ana", Box(0.1, 0.1, 0.1, 0.1))]
    written = sidecar(twins, on_disk(tmp_path, content()))
    assert listed(written, "dc:subject", "Bag") == ["Ana"]
    assert len(regions(written)) == 2


def test_the_same_people_make_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    photo = on_disk(tmp_path, content())
    people = [Named(name, Box(0.1 * number, 0.1, 0.1, 0.1)) for number, name in enumerate(ODD[:6])]
    people += [Named(ODD[0], None), Named(ODD[0], FACE_BOX)]
    written = sidecar(people, photo)
    for seed in range(5):
        random.Random(seed).shuffle(people)
        assert sidecar(people, photo) == written


def test_nobody_else_s_namespaces_are_touched(tmp_path: Path) -> None:
    before = dict(ET._namespace_map)  # type: ignore[attr-defined]
    sidecar([Named("Ana", FACE_BOX)], on_disk(tmp_path, content()))
    assert ET._namespace_map == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    written = sidecar([Named(name, FACE_BOX)], on_disk(tmp_path, content()))
    assert listed(written, "dc:subject", "Bag") == [name]
    assert listed(written, "digiKam:TagsList", "Seq") == [f"People/{name}"]
    assert listed(written, "Iptc4xmpExt:PersonInImage", "Bag") == [name]
    assert [region.name for region in regions(written)] == [name]
    assert is_ours(written)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_lies_on_the_face_in_the_picture_as_it_is_stored(form: str, orientation: int, tmp_path: Path) -> None:
    photo = on_disk(tmp_path, with_face(orientation, form))
    written = sidecar([Named("Ana", FACE_BOX)], photo)
    (region,) = regions(written)
    stored = Image.open(photo).convert("RGB")
    assert applied_to(written) == stored.size
    assert red_within(stored) == pytest.approx(
        (
            (region.x - region.w / 2) * stored.width,
            (region.y - region.h / 2) * stored.height,
            (region.x + region.w / 2) * stored.width,
            (region.y + region.h / 2) * stored.height,
        ),
        abs=2,  # px; lossy formats blur an edge
    )


def red_within(image: Image.Image) -> tuple[int, int, int, int]:
    red, green, _ = image.split()
    found = red.point(lambda value: 255 * (value > 127)).getbbox()
    assert found is not None
    assert image.getpixel(((found[0] + found[2]) // 2, (found[1] + found[3]) // 2))[0] > 200  # type: ignore[index]
    assert green.getextrema()[1] > 200  # type: ignore[operator]
    return found


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_known_by_its_stored_size(orientation: int, tmp_path: Path) -> None:
    photo = on_disk(tmp_path, with_face(orientation, "TIFF"), "photo.tif")
    written = sidecar([Named("Ana", FACE_BOX)], photo)
    with Image.open(photo) as image:
        assert applied_to(written) == (image.tag_v2[256], image.tag_v2[257])  # type: ignore[attr-defined]
    assert regions(written) == regions(sidecar([Named("Ana", FACE_BOX)], on_disk(tmp_path, with_face(orientation))))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_of_heic_the_container_says_how_the_stored_picture_is_turned(orientation: int, tmp_path: Path) -> None:
    photo = on_disk(tmp_path, with_face(orientation, "HEIF"), "photo.heic")
    upright = decode(photo.read_bytes())
    assert upright.size == UPRIGHT
    assert red_within(upright) == pytest.approx(FACE, abs=2)
    written = sidecar([Named("Ana", FACE_BOX)], photo)
    jpeg = sidecar([Named("Ana", FACE_BOX)], on_disk(tmp_path, with_face(orientation)))
    assert (applied_to(written), regions(written)) == (applied_to(jpeg), regions(jpeg))


def test_heic_whose_exif_alone_is_turned_is_stored_upright(tmp_path: Path) -> None:
    turned = with_face(6, "HEIF")
    assert turned.count(b"irot\3") == 1
    photo = on_disk(tmp_path, turned.replace(b"irot\3", b"irot\0"), "photo.heic")
    written = sidecar([Named("Ana", FACE_BOX)], photo)
    assert applied_to(written) == decode(photo.read_bytes()).size
    assert regions(written) == [Region("Ana", 0.7, 0.35, 0.2, 0.3)]


def test_mirrored_heic_gets_no_region(tmp_path: Path) -> None:
    photo = on_disk(tmp_path, with_face(5, "HEIF"), "photo.heic")
    assert listed(written := sidecar([Named("Ana", FACE_BOX)], photo), "dc:subject", "Bag") == ["Ana"]
    assert regions(written) == []


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(-0.1, -0.2, 0.3, 0.6), Region("Ana", 0.1, 0.2, 0.2, 0.4)),
        (Box(0.9, 0.8, 0.5, 0.5), Region("Ana", 0.95, 0.9, 0.1, 0.2)),
        (Box(-1, -1, 3, 3), Region("Ana", 0.5, 0.5, 1, 1)),
    ],
)
def test_a_face_that_the_picture_cuts_ends_at_its_edge(box: Box, expected: Region, tmp_path: Path) -> None:
    assert regions(sidecar([Named("Ana", box)], on_disk(tmp_path, content()))) == [expected]


@pytest.mark.parametrize("box", [Box(1.1, 0.1, 0.2, 0.2), Box(0.1, -0.5, 0.2, 0.5), Box(0.5, 0.5, 0, 0.1)])
def test_a_face_outside_the_picture_is_a_name_only(box: Box, tmp_path: Path) -> None:
    written = sidecar([Named("Ana", box)], on_disk(tmp_path, content()))
    assert listed(written, "dc:subject", "Bag") == ["Ana"]
    assert b"mwg-rs:Regions" not in written


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.jpg", b"no picture"),
        ("photo.jpg", b""),
        ("photo.jpg", content()[:20]),
        ("photo.dng", dng()),
        ("photo.CR3", b"\0\0\0\x18ftypcrx "),
        ("photo.NEF", content(form="TIFF")),
    ],
)
def test_of_a_raw_file_and_of_a_broken_one_only_the_names_are_told(name: str, data: bytes, tmp_path: Path) -> None:
    written = sidecar([Named("Ana", FACE_BOX)], on_disk(tmp_path, data, name))
    assert listed(written, "dc:subject", "Bag") == ["Ana"]
    assert b"mwg-rs:Regions" not in written


def test_a_photo_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sidecar([Named("Ana", None)], tmp_path / "gone.jpg")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_keywords_that_the_photo_has_stay_in_sight(form: str, tmp_path: Path) -> None:
    register_heif_opener()
    own = packet(dc_subject=["Paris", "Tom &amp; Jo"], lr_hierarchicalSubject=["Places|Paris"])
    image = Image.new("RGB", (120, 90), "teal")
    if form == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", own.decode())
        data = saved(image, form=form, pnginfo=info)
    else:
        data = saved(image, form=form, **({"tiffinfo": {700: own}} if form == "TIFF" else {"xmp": own}))
    written = sidecar([Named("Ana", None)], on_disk(tmp_path, data))
    assert listed(written, "dc:subject", "Bag") == ["Paris", "Tom & Jo", "Ana"]
    assert listed(written, "lr:hierarchicalSubject", "Bag") == ["Places|Paris", "People|Ana"]
    assert listed(written, "digiKam:TagsList", "Seq") == ["Places/Paris", "People/Ana"]
    assert listed(written, "Iptc4xmpExt:PersonInImage", "Bag") == ["Ana"]


def test_flat_keywords_are_tags_too_and_nobody_stands_twice(tmp_path: Path) -> None:
    flat = sidecar([Named("Ana", None)], on_disk(tmp_path, content(xmp=packet(dc_subject=["Ana", "Paris"]))))
    assert listed(flat, "dc:subject", "Bag") == ["Ana", "Paris"]
    assert listed(flat, "digiKam:TagsList", "Seq") == ["Ana", "Paris", "People/Ana"]
    tagged = packet(digiKam_TagsList=["People/Ana", "Trip/2019"], lr_hierarchicalSubject=["Old|One"])
    written = sidecar([Named("Ana", None)], on_disk(tmp_path, content(xmp=tagged)))
    assert listed(written, "digiKam:TagsList", "Seq") == ["People/Ana", "Trip/2019"]
    assert listed(written, "lr:hierarchicalSubject", "Bag") == ["People|Ana", "Trip|2019"]


@pytest.mark.parametrize(
    "own",
    [
        b"<x:xmpmeta",
        b"\xff\xfe\0",
        packet(dc_subject=["Paris"]).decode().encode("utf-16"),
        b'<!DOCTYPE a [<!ENTITY e "Paris">]>' + packet(dc_subject=["&e;"]),
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + packet(dc_subject=["&e;"]),
        packet(dc_subject=["&amp;" * 11_000]),
    ],
    ids=["cut", "bytes", "utf-16", "entity", "file", "long"],
)
def test_hostile_xmp_in_a_photo_does_not_stop_the_sidecar(own: bytes, tmp_path: Path) -> None:
    written = sidecar([Named("Ana", None)], on_disk(tmp_path, content(xmp=own)))
    assert "Ana" in listed(written, "dc:subject", "Bag")
    assert "Paris" not in listed(written, "dc:subject", "Bag")
    assert is_ours(written)


def test_more_of_its_own_xmp_than_any_program_writes_is_left_alone(tmp_path: Path) -> None:
    tiff = saved(Image.new("RGB", (90, 90)), form="TIFF", tiffinfo={700: packet(dc_subject=["Paris"] * 60_000)})
    assert listed(sidecar([Named("Ana", None)], on_disk(tmp_path, tiff)), "dc:subject", "Bag") == ["Ana"]


def test_any_change_makes_it_somebody_else_s(tmp_path: Path) -> None:
    written = sidecar([Named("Ana", FACE_BOX)], on_disk(tmp_path, content()))
    assert is_ours(written)
    for place in range(len(written)):
        for other in {written[place] ^ 1, written[place] ^ 0x20}:
            assert not is_ours(written[:place] + bytes([other]) + written[place + 1 :])
        assert not is_ours(written[:place] + written[place + 1 :])
    assert not is_ours(written + b"\n")
    assert not is_ours(b"\xef\xbb\xbf" + written)


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"<x:xmpmeta",
        packet(dc_subject=["Ana"]),
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="sortclient ',
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="sortclient ' + b"0" * 64 + b'"></x:xmpmeta>',
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0"></x:xmpmeta>',
    ],
)
def test_what_another_program_wrote_is_not_ours(foreign: bytes) -> None:
    assert not is_ours(foreign)


def test_what_is_larger_than_any_sidecar_is_not_ours() -> None:
    behind = b" " * (16 << 20)
    mark = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="sortclient '
    assert not is_ours(mark + hashlib.sha256(behind).hexdigest().encode() + behind)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_it_and_an_edit_with_it_shows(tmp_path: Path) -> None:
    photo = on_disk(tmp_path, with_face(6))
    place = sidecar_of(photo)
    place.write_bytes(sidecar([Named(name, FACE_BOX) for name in ODD[:6]], photo))
    read = subprocess.run(
        ["exiftool", "-struct", "-json", "-charset", "filename=utf8", str(place)], capture_output=True, check=True
    )
    (tags,) = json.loads(read.stdout)
    assert tags["RegionInfo"]["AppliedToDimensions"] == {"H": 160, "Unit": "pixel", "W": 100}
    assert [region["Name"] for region in tags["RegionInfo"]["RegionList"]] == sorted(ODD[:6])
    assert tags["RegionInfo"]["RegionList"][0]["Area"] == {
        "H": 0.2,
        "Unit": "normalized",
        "W": 0.3,
        "X": 0.35,
        "Y": 0.3,
    }
    assert tags["PersonInImage"] == sorted(ODD[:6])
    assert "Warning" not in tags
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:Rating=5", str(place)], check=True)
    assert not is_ours(place.read_bytes())

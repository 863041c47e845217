"""The AWS comparer against a bucket, a table and queues in moto; the functions' part is moved by the test."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber
from PIL import Image

from photosort import comparison as contract
from photosort.comparison import Correction, Thresholds
from photosort.keys import HeadshotKey, MatchKey, PhotoKey
from sortclient.aws import run
from sortclient.aws.failures import Denied, Retryable
from sortclient.aws.upload import Parcel, Uploads
from sortclient.comparer import Changed, Compared, Decided, Event, Identified, Rejected, Uploaded, Waiting
from sortclient.errors import InputError
from sortclient.model import Box, Sighting
from sortclient.photos.prepare import analysis_copy
from tests.unit.aws_cloud import (
    ALBUM,
    HURRIED,
    Cloud,
    Memory,
    complete,
    digest,
    failure,
    headshot,
    picture,
    verdict,
)
from tests.unit.pictures import exif


def test_a_first_run_uploads_all_and_ends_when_every_cell_has_come(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    assert {event.digest for event in memory.of(Uploaded)} == {digest("red"), digest("green"), digest("blue")}
    assert all(event.size > 0 for event in memory.of(Uploaded))
    assert len(memory.of(Identified)) == 3
    assert memory.of(Waiting)
    assert not cloud.asked()


def test_headshots_have_arrived_before_the_first_photo_is_sent(cloud: Cloud, memory: Memory) -> None:
    stored: list[str] = []
    put = cloud.clients.s3.put_object
    release = threading.Event()

    def slow(**request: Any) -> Any:
        if request["Key"].startswith("people/"):
            release.wait(0.2)
        answer = put(**request)
        stored.append(request["Key"])
        return answer

    cloud.clients.s3.put_object = slow  # type: ignore[method-assign]
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert [key.split("/")[0] for key in stored] == ["people"] * 2 + ["photos"] * 3


def test_nothing_is_uploaded_or_asked_twice_by_a_second_run(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    cloud.requests.clear()
    assert list(cloud.comparer().compare(memory.request())) == []
    # The threshold is all that a run with nothing to do looks at.
    assert [operation for operation, _ in cloud.requests] == ["GetItem"]


def test_the_same_bytes_under_two_names_travel_once(cloud: Cloud, memory: Memory) -> None:
    (memory.folder / "c.jpg").write_bytes(picture("red"))
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert len(memory.of(Identified)) == 4
    assert cloud.puts().count(str(PhotoKey(ALBUM, digest("red")))) == 1


def test_what_is_no_photo_is_rejected_and_does_not_travel(cloud: Cloud, memory: Memory) -> None:
    (memory.folder / "notes.txt").write_text("no picture")
    (memory.folder / "broken.jpg").write_bytes(picture("red")[:400])
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    assert memory.rejected == {"notes.txt": "not-a-photo", "broken.jpg": "unreadable"}
    assert len(cloud.puts()) == 5


def test_a_run_closed_early_is_completed_by_the_next_one(cloud: Cloud, memory: Memory) -> None:
    events = cloud.comparer().compare(memory.request())
    for event in events:
        memory.record(event)
        if isinstance(event, Uploaded):
            break
    events.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("upload")]
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    assert sorted(cloud.puts()) == sorted(set(cloud.puts()))


def test_expired_objects_are_sent_again(cloud: Cloud, memory: Memory) -> None:
    cloud.lost = {digest("red")}
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert not complete(memory)
    for key in cloud.stored():
        cloud.clients.s3.delete_object(Bucket=cloud.deployment.bucket, Key=key)
    cloud.requests.clear()
    cloud.compared.clear()
    cloud.lost = set()
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    # The headshots, and the one photo that still lacked cells.
    wanted = {str(HeadshotKey(ALBUM, shot.person, shot.digest)) for shot in memory.headshots}
    assert set(cloud.puts()) == wanted | {str(PhotoKey(ALBUM, digest("red")))}


def test_no_photo_is_taken_while_as_much_as_may_be_is_on_its_way(
    cloud: Cloud, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a line slower than the disk fills the memory."""

    class Slow(Uploads):
        full = False

        @property
        def is_full(self) -> bool:
            full, self.full = self.full, False
            return full

        def begin(self, parcel: Parcel) -> None:
            assert parcel.path is None or not self.full
            self.full = parcel.path is not None
            super().begin(parcel)

    monkeypatch.setattr(run, "Uploads", Slow)
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    assert len(memory.of(Uploaded)) == 3


def test_a_new_headshot_alone_travels_and_its_column_is_followed(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    cloud.requests.clear()
    memory.headshots.append(headshot("Cid", "yellow"))
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    assert cloud.puts() == [str(HeadshotKey(ALBUM, "Cid", memory.headshots[-1].digest))]
    assert not cloud.asked()


def test_a_replaced_headshot_leaves_the_cloud_and_other_peoples_stay(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    stranger = headshot("Cid", "yellow")  # of another machine, which has its own catalog
    other = str(HeadshotKey(ALBUM, "Cid", stranger.digest))
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=other, Body=b"jpeg")
    memory.headshots[0] = headshot("Ann", "yellow")
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    people = {str(HeadshotKey(ALBUM, shot.person, shot.digest)) for shot in memory.headshots}
    assert {key for key in cloud.stored() if key.startswith("people/")} == people | {other}


def test_a_file_that_changed_meanwhile_is_not_waited_for_under_its_old_name(cloud: Cloud, memory: Memory) -> None:
    memory.digests = {"a.jpg": "0" * 64, "b.jpg": "1" * 64}
    (memory.folder / "b.jpg").write_text("no picture any more")
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert memory.digests["a.jpg"] == digest("red")
    assert {photo for _, photo in memory.cells} == {digest("red"), digest("blue")}
    assert not cloud.asked()


def test_of_an_album_as_it_is_known_a_changed_file_is_told_and_left_alone(cloud: Cloud, memory: Memory) -> None:
    """It would be a new photo, with a price of its own. What is there under its old digest is still asked for."""
    there = str(PhotoKey(ALBUM, "2" * 64))
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=there, Body=b"jpeg")
    memory.digests = {"a.jpg": "0" * 64, "b.jpg": "1" * 64, "sub dir/ü.jpg": "2" * 64}
    (memory.folder / "b.jpg").write_text("no picture any more")
    memory.follow(cloud.comparer().compare(memory.request(as_known=True)), cloud.run_pipeline)
    assert [event.file.path for event in memory.of(Changed)] == ["a.jpg", "b.jpg"]
    assert not memory.of(Identified)
    assert not memory.of(Uploaded)
    assert {photo for _, photo in memory.cells} == {"2" * 64}


def test_the_threshold_is_written_where_it_differs(cloud: Cloud, memory: Memory) -> None:
    comparer = cloud.comparer()
    assert comparer.cells.thresholds(ALBUM) is None
    memory.follow(comparer.compare(memory.request(thresholds=Thresholds(87.5, {"Ann": 91.0}))), cloud.run_pipeline)
    assert comparer.cells.thresholds(ALBUM) == Thresholds(87.5, {"Ann": 91.0})
    memory.follow(comparer.compare(memory.request(thresholds=Thresholds(87.5, {"Ann": 91.0}))))
    assert [operation for operation, _ in cloud.requests].count("PutItem") == 1


def test_a_headshot_that_is_nowhere_any_more_is_asked_of_the_person(cloud: Cloud, memory: Memory) -> None:
    memory.headshots[1] = replace(memory.headshots[1], content=b"")
    with pytest.raises(InputError, match="--ref Bob=FILE"):
        memory.follow(cloud.comparer().compare(memory.request()))
    assert not [key for key in cloud.stored() if key.startswith("photos/")]


def test_a_refused_upload_ends_the_run_and_keeps_what_was_done(cloud: Cloud, memory: Memory) -> None:
    put = cloud.clients.s3.put_object

    def refusing(**request: Any) -> Any:
        if request["Key"] == str(PhotoKey(ALBUM, digest("blue"))):
            raise cloud.clients.s3.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject")
        return put(**request)

    cloud.clients.s3.put_object = refusing  # type: ignore[method-assign]
    with pytest.raises(Denied, match="PutObject"):
        memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert {event.digest for event in memory.of(Uploaded)} == {digest("red"), digest("green")}
    cloud.clients.s3.put_object = put  # type: ignore[method-assign]
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    assert len(cloud.puts()) == 5


def test_originals_travel_as_they_are(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request(originals=True)), cloud.run_pipeline)
    copy = cloud.comparer().objects.download(ALBUM, memory.digests["a.jpg"])
    assert copy == (memory.folder / "a.jpg").read_bytes()
    assert memory.digests["a.jpg"] != digest("red")


@pytest.mark.parametrize("originals", [False, True])
def test_when_a_photo_was_taken_is_told(cloud: Cloud, memory: Memory, originals: bool) -> None:
    tags = exif(1)
    tags.get_ifd(0x8769)[0x9003] = "2019:06:30 18:00:00"
    for name in ("dated.jpg", "dated.webp"):  # originals by threads and by processes
        Image.new("RGB", (100, 100)).save(memory.folder / name, exif=tags)
    memory.follow(cloud.comparer().compare(memory.request(originals=originals, wait=False)))
    dates = {event.file.path: event.taken for event in memory.of(Identified)}
    when = "2019-06-30T18:00:00"
    assert dates == {"a.jpg": "", "b.jpg": "", "sub dir/ü.jpg": "", "dated.jpg": when, "dated.webp": when}


def test_originals_that_take_a_decoder_go_the_other_way_a_page_at_a_time(
    cloud: Cloud, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_PAGE", 2)
    for number in range(3):
        Image.new("RGB", (100, 100 + number)).save(memory.folder / f"{number}.webp")
    whole = (memory.folder / "a.jpg").read_bytes()
    (memory.folder / "cut.jpg").write_bytes(whole[:-100])
    memory.follow(cloud.comparer().compare(memory.request(originals=True)), cloud.run_pipeline)
    assert memory.rejected == {"cut.jpg": "unreadable"}
    for number in range(3):
        data = (memory.folder / f"{number}.webp").read_bytes()
        assert not memory.missing(memory.digests[f"{number}.webp"])
        assert cloud.comparer().objects.download(ALBUM, memory.digests[f"{number}.webp"]) == analysis_copy(data).content


def test_the_real_processes_prepare_and_end(cloud: Cloud, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    from sortclient.workers import Workers

    monkeypatch.setattr(run, "Workers", lambda: Workers(1))
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    assert complete(memory)
    assert not multiprocessing.active_children()


def test_another_machine_learns_the_album_from_the_cloud(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    comparer = cloud.comparer()
    assert comparer.objects.albums() == [ALBUM]
    assert {(shot.person, shot.digest) for shot in comparer.objects.people(ALBUM)} == {
        (shot.person, shot.digest) for shot in memory.headshots
    }
    cells = list(comparer.cells.all(ALBUM))
    assert {(cell.headshot, cell.photo): cell for cell in cells} == memory.cells
    gone = "f" * 64
    names = dict(comparer.objects.photo_names(ALBUM, [*sorted({cell.photo for cell in cells}), gone]))
    assert names == {digest("red"): "a.jpg", digest("green"): "b.jpg", digest("blue"): "sub dir/ü.jpg"}
    fetch = comparer.fetcher(ALBUM)
    assert fetch(digest("red")) == analysis_copy(picture("red")).content
    assert fetch(gone) is None


def test_only_what_is_asked_for_is_read_failed_or_not(cloud: Cloud, memory: Memory) -> None:
    shot = memory.headshots[0].digest
    cloud.write(verdict(shot, digest("red"), 91.0))
    cloud.write(failure(shot, digest("green")))
    wanted = [(shot, digest(colour)) for colour in ("red", "green", "blue")]
    cells = list(cloud.comparer().cells.read(ALBUM, wanted))
    assert {cell.photo for cell in cells} == {digest("red"), digest("green")}


def test_the_place_is_the_stack_that_was_deployed(cloud: Cloud) -> None:
    comparer = cloud.comparer(HURRIED)
    assert comparer.place == cloud.deployment.stack_id
    assert comparer.calls_cost_money


def test_faces_of_a_headshot_come_largest_first(cloud: Cloud) -> None:
    def box(size: float) -> Any:
        bounds = {"Left": 0.1, "Top": 0.2, "Width": size, "Height": size}
        return {"BoundingBox": bounds, "Confidence": 99.0, "Pose": {"Roll": 1.0, "Yaw": -12.5, "Pitch": 3.0}}

    with Stubber(cloud.clients.rekognition) as stub:
        stub.add_response("detect_faces", {"FaceDetails": [box(0.1), box(0.4)]}, {"Image": {"Bytes": b"jpeg"}})
        faces = cloud.comparer().find_faces(b"jpeg")
    assert faces == [Sighting(Box(0.1, 0.2, 0.4, 0.4), -12.5), Sighting(Box(0.1, 0.2, 0.1, 0.1), -12.5)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidImageFormatException", InputError),
        ("ImageTooLargeException", InputError),
        ("InvalidParameterException", InputError),
        ("AccessDeniedException", Denied),
        ("ThrottlingException", Retryable),
    ],
)
def test_a_picture_that_rekognition_refuses_is_told_from_a_refusal_to_look(
    cloud: Cloud, code: str, kind: type[Exception]
) -> None:
    cloud.clients.rekognition.meta.events.unregister("needs-retry.rekognition")
    with Stubber(cloud.clients.rekognition) as stub:
        stub.add_client_error("detect_faces", code)
        with pytest.raises(kind):
            cloud.comparer().find_faces(b"jpeg")


def test_events_are_only_those_of_the_contract(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    kinds: tuple[type[Event], ...] = (Identified, Rejected, Uploaded, Compared, Waiting)
    assert all(isinstance(event, kinds) for event in memory.events)


def test_verdicts_that_the_cloud_has_lost_are_back_before_their_photo_is(cloud: Cloud, memory: Memory) -> None:
    """Else the pipeline would find the photo without them, and charge for them once more."""
    for name in ("b.jpg", "sub dir/ü.jpg"):
        (memory.folder / name).unlink()
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    old = [shot.digest for shot in memory.headshots]
    for key in cloud.stored():
        cloud.clients.s3.delete_object(Bucket=cloud.deployment.bucket, Key=key)
    table = cloud.clients.session.resource("dynamodb", cloud.clients.region).Table(cloud.deployment.table)
    for shot in old:
        table.delete_item(Key={contract.ALBUM: ALBUM, contract.CELL: contract.cell(shot, digest("red"))})
    assert cloud.cell(old[0], digest("red")) is None
    put, stood = cloud.clients.s3.put_object, []

    def looking(**request: Any) -> Any:
        if request["Key"].startswith("photos/"):
            stood.append([cloud.cell(shot, digest("red")) for shot in old])
        return put(**request)

    cloud.clients.s3.put_object = looking  # type: ignore[method-assign]
    memory.headshots.append(headshot("Cid", "yellow"))
    memory.follow(cloud.comparer().compare(memory.request(wait=False)))
    ((one, other),) = stood
    for cell in (one, other):
        assert cell is not None
        assert cell[contract.EXPIRES_AT] > time.time() + 29 * 24 * 3600  # as long as the photo itself
    assert cloud.cell(memory.headshots[-1].digest, digest("red")) is None


def test_what_is_decided_moves_thresholds_corrections_and_copies(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    red, green = (bytes.fromhex(digest(colour)) for colour in ("red", "green"))
    comparer = cloud.comparer()
    early, late = (f"2026-0{month}-01T00:00:00.000Z" for month in (1, 2))
    there = [Correction("Ann", digest("red"), True, late), Correction("Bob", digest("red"), True, early)]
    comparer._corrections.put(ALBUM, there)
    gone = str(MatchKey(ALBUM, "Bob", digest("green")))
    cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=gone, Body=b"copy")
    cloud.requests.clear()
    here = [
        Correction("Ann", digest("red"), False, early),
        Correction("Bob", digest("red"), True, early),
        Correction("Bob", digest("green"), False, early),
    ]
    refuted = {("Bob", green)}
    thresholds = Thresholds(90, {"Bob": 70}, late)
    comparer.decide(ALBUM, Decided(thresholds, here, {"Ann": {red}}, lambda *key: key in refuted))
    assert comparer.cells.thresholds(ALBUM) == thresholds
    assert set(comparer.corrections(ALBUM)) == {*there, here[2]}
    matches = [key for key in cloud.stored() if key.startswith("matches/")]
    assert matches == [str(MatchKey(ALBUM, "Ann", digest("red")))]
    written = [params for name, params in cloud.requests if name in ("PutItem", "UpdateItem", "BatchWriteItem")]
    assert len(written) == 2  # the thresholds, and the one correction that was not there
    items = cloud.clients.dynamodb.scan(TableName=cloud.deployment.table)["Items"]
    ends = [
        item[contract.EXPIRES_AT]["N"] for item in items if item[contract.CELL]["S"].startswith(contract.CORRECTIONS)
    ]
    assert len(ends) == 3
    assert min(map(int, ends)) > time.time() + 29 * 24 * 3600


def test_what_the_cloud_has_besides_is_counted(cloud: Cloud, memory: Memory) -> None:
    memory.follow(cloud.comparer().compare(memory.request()), cloud.run_pipeline)
    comparer = cloud.comparer()
    assert comparer.photos(ALBUM) == {bytes.fromhex(digest(colour)): True for colour in ("red", "green", "blue")}
    assert comparer.other_headshots(ALBUM, {"Ann"}) == 1
    assert comparer.other_headshots(ALBUM, {"Ann", "Bob", "Cid"}) == 0


def test_a_face_whose_pose_is_not_told_is_a_face(cloud: Cloud) -> None:
    face: Any = {"BoundingBox": {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}}
    with Stubber(cloud.clients.rekognition) as stub:
        stub.add_response("detect_faces", {"FaceDetails": [face]})
        assert cloud.comparer().find_faces(b"jpeg") == [Sighting(Box(0.1, 0.2, 0.3, 0.4), None)]

"""The Rekognition endpoint, asked by boto3 itself: real faces, AWS's answers, and AWS's refusals."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from PIL import Image, ImageOps

from sortclient.emulator.request_model import checked
from tests.emulated.emulator_helpers import jpeg, picture

MODEL = ServiceModel(Loader().load_service_model("rekognition", "service-2"))


@pytest.fixture(scope="session")
def rekognition(client: Callable[..., Any]) -> Any:
    """A client that sends what it is told to: what AWS would refuse must reach the endpoint. Answers are checked."""
    made = client("rekognition", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
    made.meta.events.register("after-call.rekognition", _check_answer)
    return made


def _check_answer(http_response: Any, model: Any, **_: Any) -> None:
    """Every member that the endpoint answers with is in AWS's model, of its type and range."""
    if http_response.status_code == 200:
        checked(MODEL.operation_model(model.name).output_shape, json.loads(http_response.content))


def error(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return str(raised.value.response["Error"]["Code"])


def message(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**request)
    return str(raised.value.response["Error"]["Message"])


def both(source: bytes, target: bytes) -> dict[str, Any]:
    return {"SourceImage": {"Bytes": source}, "TargetImage": {"Bytes": target}}


@pytest.fixture(scope="session")
def together(grace: bytes, eileen: bytes) -> bytes:
    """Both women: Grace on the left, Eileen on the right and more than twice as large."""
    canvas = Image.new("RGB", (1600, 1080))
    canvas.paste(picture(grace).resize((341, 400)), (100, 100))
    canvas.paste(picture(eileen).resize((1080, 1080)), (520, 0))
    return jpeg(canvas)


def test_the_same_person_matches_and_another_one_does_not(rekognition: Any, grace: bytes, together: bytes) -> None:
    answer = rekognition.compare_faces(**both(grace, together))
    (match,), (other,) = answer["FaceMatches"], answer["UnmatchedFaces"]
    assert match["Similarity"] >= 80  # the threshold unless said
    assert match["Face"]["BoundingBox"]["Left"] < 0.4 < other["BoundingBox"]["Left"]
    assert 0 < answer["SourceImageFace"]["BoundingBox"]["Width"] < 1
    assert "Similarity" not in other
    assert answer.keys() - {"ResponseMetadata"} == {"SourceImageFace", "FaceMatches", "UnmatchedFaces"}


def test_matches_are_sorted_by_similarity(rekognition: Any, grace: bytes, eileen: bytes, together: bytes) -> None:
    for source, first_is_left in ((grace, True), (eileen, False)):
        answer = rekognition.compare_faces(**both(source, together), SimilarityThreshold=0)
        similarities = [match["Similarity"] for match in answer["FaceMatches"]]
        assert len(similarities) == 2
        assert all(a > b for a, b in pairwise(similarities))
        assert (answer["FaceMatches"][0]["Face"]["BoundingBox"]["Left"] < 0.4) is first_is_left
        assert answer["UnmatchedFaces"] == []


def test_a_threshold_that_nobody_reaches(rekognition: Any, grace: bytes, eileen: bytes) -> None:
    answer = rekognition.compare_faces(**both(grace, eileen), SimilarityThreshold=100)
    assert answer["FaceMatches"] == []
    assert len(answer["UnmatchedFaces"]) == 1


def test_the_largest_face_of_the_source_is_compared(rekognition: Any, eileen: bytes, together: bytes) -> None:
    answer = rekognition.compare_faces(**both(together, eileen))
    assert len(answer["FaceMatches"]) == 1
    assert answer["SourceImageFace"]["BoundingBox"]["Left"] > 0.4  # Eileen, on the right


def test_faces_are_described_as_far_as_they_are_known(rekognition: Any, grace: bytes) -> None:
    (face,) = rekognition.detect_faces(Image={"Bytes": grace}, Attributes=["DEFAULT"])["FaceDetails"]
    box = face["BoundingBox"]
    assert 50 < face["Confidence"] <= 100
    points = {point["Type"]: (point["X"], point["Y"]) for point in face["Landmarks"]}
    assert points.keys() == {"eyeLeft", "eyeRight", "nose"}
    assert points["eyeLeft"][0] < points["nose"][0] < points["eyeRight"][0]
    assert max(points["eyeLeft"][1], points["eyeRight"][1]) < points["nose"][1]
    for x, y in points.values():
        assert box["Left"] < x < box["Left"] + box["Width"]
        assert box["Top"] < y < box["Top"] + box["Height"]
    assert face["Pose"].keys() == {"Yaw", "Roll"}  # five points do not tell how far a face looks up
    assert abs(face["Pose"]["Yaw"]) < 10
    assert abs(face["Pose"]["Roll"]) < 10


def test_detected_faces_come_largest_first_and_none_is_no_error(
    rekognition: Any, together: bytes, coffee: bytes
) -> None:
    details = rekognition.detect_faces(Image={"Bytes": together})["FaceDetails"]
    widths = [face["BoundingBox"]["Width"] for face in details]
    assert len(widths) == 2
    assert widths[0] > widths[1]
    assert rekognition.detect_faces(Image={"Bytes": coffee})["FaceDetails"] == []


def test_png_is_read_and_exif_orientation_applied(rekognition: Any, grace: bytes) -> None:
    buffer = io.BytesIO()
    picture(grace).save(buffer, "PNG")
    turned = picture(grace).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by 90 degrees
    content = jpeg(turned, exif=exif)
    assert ImageOps.exif_transpose(picture(content)).size == picture(grace).size
    for upright in (buffer.getvalue(), content):
        assert rekognition.compare_faces(**both(grace, upright))["FaceMatches"]


def test_objects_of_the_bucket_are_compared(
    rekognition: Any, client: Callable[..., Any], bucket: str, grace: bytes
) -> None:
    key = "people/M%C3%BCller%20%26%20co/a+b.jpg"
    client("s3").put_object(Bucket=bucket, Key=key, Body=grace)
    place = {"S3Object": {"Bucket": bucket, "Name": key}}
    answer = rekognition.compare_faces(SourceImage=place, TargetImage=place)
    assert answer["FaceMatches"][0]["Similarity"] == pytest.approx(100)


@pytest.mark.parametrize("which", ["source", "target"])
def test_no_face_on_either_side_is_an_invalid_parameter(
    rekognition: Any, grace: bytes, coffee: bytes, which: str
) -> None:
    request = both(coffee, grace) if which == "source" else both(grace, coffee)
    assert error(rekognition.compare_faces, **request) == "InvalidParameterException"


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "TIFF", "BMP"])
def test_other_formats_are_refused(rekognition: Any, grace: bytes, format_: str) -> None:
    buffer = io.BytesIO()
    picture(grace).save(buffer, format_)
    assert error(rekognition.detect_faces, Image={"Bytes": buffer.getvalue()}) == "InvalidImageFormatException"


def test_what_is_no_picture_or_a_broken_one_is_refused(rekognition: Any, grace: bytes) -> None:
    assert error(rekognition.detect_faces, Image={"Bytes": b"not a picture"}) == "InvalidImageFormatException"
    truncated = grace[: len(grace) // 2]
    assert error(rekognition.compare_faces, **both(grace, truncated)) == "InvalidImageFormatException"
    # and again, now that the outcome is known
    assert error(rekognition.compare_faces, **both(grace, truncated)) == "InvalidImageFormatException"


def test_less_than_80_px_are_refused(rekognition: Any) -> None:
    for size, code in (((79, 400), "InvalidParameterException"), ((400, 79), "InvalidParameterException")):
        assert error(rekognition.detect_faces, Image={"Bytes": jpeg(Image.new("RGB", size))}) == code
    assert rekognition.detect_faces(Image={"Bytes": jpeg(Image.new("RGB", (80, 80)))})["FaceDetails"] == []


def test_five_megabytes_as_bytes_and_fifteen_as_an_object(
    rekognition: Any, client: Callable[..., Any], bucket: str, grace: bytes
) -> None:
    """A JPEG may be followed by anything, so a picture of any size in bytes is easily made."""
    mebibyte = 1024 * 1024
    exactly = grace.ljust(5 * mebibyte, b"\0")
    assert len(rekognition.detect_faces(Image={"Bytes": exactly})["FaceDetails"]) == 1
    assert error(rekognition.detect_faces, Image={"Bytes": exactly + b"\0"}) == "ValidationException"
    assert "less than or equal to 5242880" in message(rekognition.detect_faces, Image={"Bytes": exactly + b"\0"})

    place = {"S3Object": {"Bucket": bucket, "Name": "large.jpg"}}
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="large.jpg", Body=grace.ljust(15 * mebibyte, b"\0"))
    assert len(rekognition.detect_faces(Image=place)["FaceDetails"]) == 1
    s3.put_object(Bucket=bucket, Key="large.jpg", Body=grace.ljust(15 * mebibyte + 1, b"\0"))
    assert error(rekognition.detect_faces, Image=place) == "ImageTooLargeException"


def test_objects_that_are_not_there(
    rekognition: Any, client: Callable[..., Any], outputs: Mapping[str, str], grace: bytes
) -> None:
    known = outputs["BucketName"]
    for bucket in (known, "another-bucket"):
        place = {"S3Object": {"Bucket": bucket, "Name": "photos/none.jpg"}}
        assert error(rekognition.detect_faces, Image=place) == "InvalidS3ObjectException"
    client("s3").put_object(Bucket=known, Key="elsewhere.jpg", Body=grace)
    elsewhere = client("rekognition", region_name="eu-west-1")
    place = {"S3Object": {"Bucket": known, "Name": "elsewhere.jpg"}}
    assert error(elsewhere.detect_faces, Image=place) == "InvalidS3ObjectException"
    assert len(rekognition.detect_faces(Image=place)["FaceDetails"]) == 1


def test_an_image_is_either_bytes_or_an_object(rekognition: Any, grace: bytes) -> None:
    place = {"Bucket": "pictures", "Name": "a.jpg"}
    for image in ({}, {"Bytes": grace, "S3Object": place}, {"S3Object": {"Bucket": "pictures"}}, {"S3Object": {}}):
        assert error(rekognition.detect_faces, Image=image) == "InvalidParameterException"


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        (
            {"SimilarityThreshold": 100.1},
            "Value '100.1' at 'similarityThreshold' failed to satisfy constraint: Member must have value less than",
        ),
        ({"SimilarityThreshold": -1}, "greater than or equal to 0"),
        ({"QualityFilter": "SOME"}, "enum value set: [NONE, AUTO, LOW, MEDIUM, HIGH]"),
        ({"TargetImage": {"S3Object": {"Bucket": "a/b", "Name": "a.jpg"}}}, r"pattern: [0-9A-Za-z\.\-_]*"),
        ({"TargetImage": {"S3Object": {"Bucket": "ab", "Name": "a.jpg"}}}, "at 'targetImage.s3Object.bucket'"),
        ({"TargetImage": {"S3Object": {"Bucket": "abc", "Name": "a b.jpg"}}}, r"pattern: \S*"),
        ({"TargetImage": {"S3Object": {"Bucket": "abc", "Name": "a" * 1025}}}, "less than or equal to 1024"),
    ],
)
def test_the_models_constraints_hold(rekognition: Any, grace: bytes, changed: dict[str, Any], constraint: str) -> None:
    request = both(grace, grace) | changed
    with pytest.raises(ClientError) as raised:
        rekognition.compare_faces(**request)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert raised.value.response["Error"]["Message"].startswith("1 validation error detected: ")
    assert constraint in raised.value.response["Error"]["Message"]


def test_all_broken_constraints_are_listed(rekognition: Any) -> None:
    listed = message(rekognition.compare_faces, SimilarityThreshold=101)
    assert listed.startswith("3 validation errors detected: ")
    assert "Value null at 'sourceImage' failed to satisfy constraint: Member must not be null" in listed


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"Image": "picture"}',
        b'{"Image": {"Bytes": "***"}}',
        b'{"Image": {"Bytes": 1}}',
        b'{"Image": {}, "Attributes": "ALL"}',
        b'{"Image": {}, "Picture": {}}',
        b'{"SourceImage": {}, "TargetImage": {}, "SimilarityThreshold": "80"}',
        b'{"SourceImage": {}, "TargetImage": {}, "SimilarityThreshold": true}',
    ],
)
def test_what_is_not_of_the_models_types(emulated: Mapping[str, str], body: bytes) -> None:
    operation = "CompareFaces" if b"Threshold" in body else "DetectFaces"
    status, answer = post(emulated["AWS_ENDPOINT_URL_REKOGNITION"], operation, body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_what_the_engine_cannot_do_is_never_a_success(
    rekognition: Any, emulated: Mapping[str, str], grace: bytes
) -> None:
    assert error(rekognition.compare_faces, **both(grace, grace), QualityFilter="HIGH") == "InvalidParameterException"
    assert error(rekognition.detect_faces, Image={"Bytes": grace}, Attributes=["ALL"]) == "InvalidParameterException"
    assert error(rekognition.detect_labels, Image={"Bytes": grace}) == "UnknownOperationException"
    assert error(rekognition.list_collections) == "UnknownOperationException"
    for operation in ("", "compareFaces", "CompareFaces2"):
        status, answer = post(emulated["AWS_ENDPOINT_URL_REKOGNITION"], operation, b"{}")
        assert (status, answer["__type"]) == (400, "UnknownOperationException")


def test_errors_are_written_as_aws_does(emulated: Mapping[str, str]) -> None:
    _, answer = post(emulated["AWS_ENDPOINT_URL_REKOGNITION"], "DetectFaces", b'{"Image": {}}')
    assert answer.keys() == {"__type", "Code", "Logref", "Message"}
    assert answer["Code"] == answer["__type"] == "InvalidParameterException"


def post(url: str, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    headers = {"X-Amz-Target": f"RekognitionService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)

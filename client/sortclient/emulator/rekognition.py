"""Rekognition's CompareFaces and DetectFaces, by AWS's protocol and rules, in front of the local face engine.

What is AWS's: requests, responses, error codes, limits, which faces are compared with which. What is not: the
similarities and confidences, for the models differ; quality filters and the attributes of a face, which are refused
where they are asked for; signatures and permissions, which are not checked.
"""

from __future__ import annotations

import json
import logging
import math
import re
import uuid
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from photosort.comparison import DEFAULT_THRESHOLD
from sortclient.emulator.pictures import Pictures
from sortclient.emulator.request_model import Refused, checked

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from mypy_boto3_s3 import S3Client

    from sortclient.faces.face import Face

_LARGEST_OBJECT = 15 * 1024 * 1024  # bytes; Rekognition's limit for an object in S3
_LARGEST_REQUEST = 16 * 1024 * 1024  # bytes; two pictures of 5 MB in base64 and a little JSON
_MOST_FACES = 100  # of a picture, the largest ones

_TARGET = "RekognitionService."

_log = logging.getLogger(__name__)


class Rekognition:
    """A WSGI application. ``s3`` reads the objects that requests name, as if the caller were allowed to."""

    def __init__(self, pictures: Pictures, s3: S3Client, region: str) -> None:
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        self._pictures = pictures
        self._s3 = s3
        self._region = region
        self._model = ServiceModel(Loader().load_service_model("rekognition", "service-2"))
        self._operations = {"CompareFaces": self._compare_faces, "DetectFaces": self._detect_faces}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = HTTPStatus.OK, self._answer(environ)
        except Refused as refused:
            status, answer = HTTPStatus(refused.status), _error(refused.code, refused.message)
        except Exception:  # noqa: BLE001 - an error of ours is logged, and must look like one of AWS's
            _log.exception("%s", environ.get("HTTP_X_AMZ_TARGET"))
            status, answer = HTTPStatus.INTERNAL_SERVER_ERROR, _error("InternalServerError", "Internal server error")
        body = json.dumps(answer).encode()
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> dict[str, Any]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        name = target.removeprefix(_TARGET)
        if name == target or name not in self._operations or environ["REQUEST_METHOD"] != "POST":
            raise Refused("UnknownOperationException", f"The emulated Rekognition has no operation {target!r}")
        request = _read(environ)
        shape = self._model.operation_model(name).input_shape
        assert shape is not None  # noqa: S101 - both operations have an input
        return self._operations[name](checked(shape, request), _signed_region(environ))

    def _compare_faces(self, request: dict[str, Any], region: str | None) -> dict[str, Any]:
        if request.get("QualityFilter", "NONE") != "NONE":
            raise Refused("InvalidParameterException", "The emulated Rekognition has no quality filter but NONE")
        images = [self._content(request[name], name, region) for name in ("SourceImage", "TargetImage")]
        source_faces, target_faces = map(_largest, self._pictures.faces(*images))
        if not source_faces or not target_faces:
            raise Refused("InvalidParameterException", "Request has invalid parameters")
        source = source_faces[0]
        matches: list[dict[str, Any]] = []
        unmatched: list[dict[str, Any]] = []
        for face, similarity in zip(target_faces, _similarities(source, target_faces), strict=True):
            if similarity >= request.get("SimilarityThreshold", DEFAULT_THRESHOLD):
                matches.append({"Similarity": similarity, "Face": _described(face)})
            else:
                unmatched.append(_described(face))
        matches.sort(key=lambda match: match["Similarity"], reverse=True)
        return {
            "SourceImageFace": {"BoundingBox": _bounding_box(source), "Confidence": _confidence(source)},
            "FaceMatches": matches,
            "UnmatchedFaces": unmatched,
        }

    def _detect_faces(self, request: dict[str, Any], region: str | None) -> dict[str, Any]:
        if set(request.get("Attributes", ())) - {"DEFAULT"}:
            raise Refused("InvalidParameterException", "The emulated Rekognition knows the DEFAULT attributes only")
        (faces,) = self._pictures.faces(self._content(request["Image"], "Image", region))
        return {"FaceDetails": [_described(face) for face in _largest(faces)]}

    def _content(self, image: dict[str, Any], name: str, region: str | None) -> bytes:
        if ("Bytes" in image) == ("S3Object" in image):
            raise Refused("InvalidParameterException", "Request has invalid parameters")
        if "Bytes" in image:
            return bytes(image["Bytes"])
        return self._object(image["S3Object"], name, region)

    def _object(self, place: dict[str, Any], name: str, region: str | None) -> bytes:
        from botocore.exceptions import ClientError

        if "Bucket" not in place or "Name" not in place:
            raise Refused("InvalidParameterException", "Request has invalid parameters")
        if re.search(r"\s", place["Name"]):  # the API reference has this pattern, botocore's model has not
            where = f"'{name[0].lower()}{name[1:]}.s3Object.name'"
            constraint = r"Member must satisfy regular expression pattern: \S*"
            raise Refused(
                "ValidationException",
                f"1 validation error detected: Value at {where} failed to satisfy constraint: {constraint}",
            )
        version = {"VersionId": place["Version"]} if "Version" in place else {}
        try:
            # The bucket must be in the region of the call.
            if region not in (None, self._region):
                raise _no_such_object()
            found = self._s3.get_object(Bucket=place["Bucket"], Key=place["Name"], **version)
        except ClientError as error:
            raise _no_such_object() from error
        with found["Body"] as body:
            if found["ContentLength"] > _LARGEST_OBJECT:
                raise Refused("ImageTooLargeException", "Image size is too large")
            return body.read()


def _no_such_object() -> Refused:
    return Refused(
        "InvalidS3ObjectException",
        "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
    )


def _read(environ: WSGIEnvironment) -> object:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > _LARGEST_REQUEST:
        raise Refused("RequestEntityTooLargeException", f"The request has more than {_LARGEST_REQUEST} bytes", 413)
    try:
        return json.loads(environ["wsgi.input"].read(length))
    except ValueError as error:
        raise Refused("SerializationException", "The request is not JSON") from error


def _signed_region(environ: WSGIEnvironment) -> str | None:
    """The region in the signature's scope, `key/date/region/service/aws4_request`."""
    scope = re.search(r"Credential=[^,\s]*?/\d{8}/([^/,\s]+)/rekognition/", environ.get("HTTP_AUTHORIZATION", ""))
    return scope[1] if scope else None


def _error(code: str, message: str) -> dict[str, str]:
    return {"__type": code, "Code": code, "Logref": str(uuid.uuid4()), "Message": message}


def _largest(faces: Iterable[Face]) -> list[Face]:
    return sorted(faces, key=lambda face: face.box.area, reverse=True)[:_MOST_FACES]


def _similarities(source: Face, targets: list[Face]) -> list[float]:
    import numpy as np

    from sortclient.faces.similarity import similarities

    return [float(value) for value in similarities(np.stack([face.embedding for face in targets]), source.embedding)]


def _described(face: Face) -> dict[str, Any]:
    return {
        "BoundingBox": _bounding_box(face),
        "Confidence": _confidence(face),
        "Landmarks": list(_landmarks(face)),
        "Pose": _pose(face),
    }


def _bounding_box(face: Face) -> dict[str, float]:
    """Fractions of the picture's width and height; as with AWS the box may reach beyond the picture."""
    return {"Left": face.box.left, "Top": face.box.top, "Width": face.box.width, "Height": face.box.height}


def _confidence(face: Face) -> float:
    """The detector's score (0 where it is undecided, about 1 for a clear face) as per cent: 50 at 0, 98 at 1.

    The form is AWS's, the figure is not: the detectors differ.
    """
    return 100 / (1 + math.exp(-4 * face.score))


def _pose(face: Face) -> dict[str, float]:
    """As far as the engine's five points tell it: not the pitch."""
    from sortclient.faces.pose import roll, yaw

    return {"Yaw": yaw(face), "Roll": roll(face)}


def _landmarks(face: Face) -> Iterator[dict[str, Any]]:
    """The three of Rekognition's points that the engine's five tell; left and right are the viewer's."""
    *corners, nose = face.landmarks
    eyes = [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in (corners[:2], corners[2:])]
    for name, (x, y) in zip(("eyeLeft", "eyeRight"), sorted(eyes), strict=True):
        yield {"Type": name, "X": x, "Y": y}
    yield {"Type": "nose", "X": nose[0], "Y": nose[1]}

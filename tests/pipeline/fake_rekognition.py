"""Rekognition's CompareFaces, judged from a table instead of from pictures.

It stands behind a real boto3 client, at the wire (`simulation.wire`). What the service itself would refuse (a name with
white space, an object that is not there) is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from simulation.wire import AwsError, attach

NO_FACE = None

_OPERATION = botocore.session.get_session().get_service_model("rekognition").operation_model("CompareFaces")
_ERRORS = {shape.name for shape in _OPERATION.error_shapes}
_STATUS = {"InternalServerError": 500}
# Of the API reference's S3Object; botocore checks no patterns. For names it has none today, and once had this one.
_BUCKET, _NAME = re.compile(r"[0-9A-Za-z\.\-_]{3,255}"), re.compile(r"\S{1,1024}")
_BOX = {"Width": 0.2, "Height": 0.3, "Left": 0.4, "Top": 0.1}
# Of the face that is most like the headshot. By the API reference the box of a face at the edge may reach over that.
BEST_BOX = {"Width": 0.2, "Height": 0.3, "Left": -0.05, "Top": 0.8}


class FakeRekognition:
    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        # (headshot, photo) -> similarity in per cent, or NO_FACE; what is absent has faces that resemble nobody.
        self.similarity: dict[tuple[str, str], float | None] = {}
        self.next_errors: list[str | None] = []  # one for each call to come; None is no error
        self.errors: dict[str, str] = {}  # photo or headshot -> what each call about it ends with
        self.always: str | None = None
        self.sees_the_bucket = True  # refuses objects that are not there
        self.on_call: Callable[[str, str], None] = lambda *_: None
        self.calls: list[tuple[str, str]] = []  # (headshot, photo)

    def attach(self, client: Any) -> None:
        attach(client, {"CompareFaces": self.compare_faces})

    def compare_faces(self, request: dict[str, Any]) -> dict[str, Any]:
        source, target = request["SourceImage"]["S3Object"], request["TargetImage"]["S3Object"]
        for named in (source, target):
            assert _BUCKET.fullmatch(named["Bucket"]), named
            assert _NAME.fullmatch(named["Name"]), named
        assert request["SimilarityThreshold"] == 0
        headshot, photo = _digest(source["Name"]), _digest(target["Name"])
        self.calls.append((headshot, photo))
        self.on_call(headshot, photo)
        code = self.next_errors.pop(0) if self.next_errors else None
        code = code or self.always
        if code is None and self.sees_the_bucket and not (self._exists(source) and self._exists(target)):
            code = "InvalidS3ObjectException"
        code = code or self.errors.get(photo) or self.errors.get(headshot)
        if code is not None:
            assert code in _ERRORS, f"CompareFaces has no error {code}"
            raise AwsError(code, _STATUS.get(code, 400))
        return self._compare(headshot, photo)

    def _compare(self, headshot: str, photo: str) -> dict[str, Any]:
        similarity = self.similarity.get((headshot, photo), 0.0)
        answer: dict[str, Any] = {"SourceImageFace": {"BoundingBox": _BOX, "Confidence": 99.9}}
        face = {"BoundingBox": _BOX, "Confidence": 99.5}
        if similarity is NO_FACE:
            return answer | {"FaceMatches": [], "UnmatchedFaces": []}
        if similarity == 0:
            return answer | {"FaceMatches": [], "UnmatchedFaces": [face, face]}
        best = {"Similarity": similarity, "Face": face | {"BoundingBox": BEST_BOX}}
        weaker = {"Similarity": similarity / 2, "Face": face}
        return answer | {"FaceMatches": [best, weaker], "UnmatchedFaces": [face]}

    def _exists(self, named: dict[str, str]) -> bool:
        try:
            self._s3.head_object(Bucket=named["Bucket"], Key=named["Name"])
        except ClientError:
            return False
        return True


def _digest(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".jpg")

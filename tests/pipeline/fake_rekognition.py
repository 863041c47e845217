"""Rekognition's CompareFaces, judged from a table instead of from pictures.

It stands behind a real boto3 client, at the wire: botocore checks and writes the request and reads the answer or the
error, as it does with AWS. What the service itself would refuse (a name with white space, an object that is not
there) is refused here, and what is answered is checked against the service model.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

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

    def attach(self, client: Any) -> Any:
        client.meta.events.register_first("before-send.rekognition.CompareFaces", self._answer)
        return client

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        assert request.headers["X-Amz-Target"] in (
            b"RekognitionService.CompareFaces",
            "RekognitionService.CompareFaces",
        )
        assert isinstance(request.body, bytes)
        body = json.loads(request.body)
        assert _fits(body, _OPERATION.input_shape)
        source, target = body["SourceImage"]["S3Object"], body["TargetImage"]["S3Object"]
        for named in (source, target):
            assert _BUCKET.fullmatch(named["Bucket"]), named
            assert _NAME.fullmatch(named["Name"]), named
        assert body["SimilarityThreshold"] == 0
        headshot, photo = _digest(source["Name"]), _digest(target["Name"])
        self.calls.append((headshot, photo))
        self.on_call(headshot, photo)
        code = self.next_errors.pop(0) if self.next_errors else None
        code = code or self.always or self.errors.get(photo) or self.errors.get(headshot)
        if code is None and self.sees_the_bucket and not (self._exists(source) and self._exists(target)):
            code = "InvalidS3ObjectException"
        if code is not None:
            assert code in _ERRORS, f"CompareFaces has no error {code}"
            return _response(_STATUS.get(code, 400), {"__type": code, "message": "as the test says"})
        answer = self._compare(headshot, photo)
        assert _fits(answer, _OPERATION.output_shape)
        return _response(200, answer)

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


def _fits(value: dict[str, Any], shape: Any) -> bool:
    return not ParamValidator().validate(value, shape).has_errors()


def _digest(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".jpg")


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.read()


def _response(status: int, body: dict[str, Any]) -> AWSResponse:
    headers: Any = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "0"}
    return AWSResponse("https://rekognition", status, headers, _Raw(json.dumps(body).encode()))

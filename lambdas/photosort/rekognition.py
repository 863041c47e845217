"""CompareFaces on two objects of the bucket, as a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photosort.comparison import REKOGNITION, Box, Comparison, Problem, now
from photosort.errors import BadPicture, translated
from photosort.keys import HeadshotKey, PhotoKey

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


def compare_faces(client: RekognitionClient, *, bucket: str, headshot: HeadshotKey, photo: PhotoKey) -> Comparison:
    """The largest face of the headshot against the photo's faces: a verdict, also where the picture is why there is
    no similarity. Raises any other PipelineError.
    """
    try:
        with translated():
            answer = client.compare_faces(
                SourceImage={"S3Object": {"Bucket": bucket, "Name": str(headshot)}},
                TargetImage={"S3Object": {"Bucket": bucket, "Name": str(photo)}},
                SimilarityThreshold=0,  # cells hold similarities, not decisions
            )
    except BadPicture as bad:
        faces = 0 if bad.problem is Problem.NO_FACE else None
        return Comparison(headshot.digest, photo.digest, None, bad.problem, bad.reason, REKOGNITION, now(), faces)
    return read_answer(headshot, photo, answer)


def read_answer(headshot: HeadshotKey, photo: PhotoKey, answer: Any) -> Comparison:
    """``answer`` is CompareFaces's. Faces that it leaves unmatched resemble the headshot not at all: by AWS's words a
    SimilarityThreshold of 0 lets every face match, but they promise no empty UnmatchedFaces. The 100 largest faces of a
    photo are all that it looks at.
    """
    matches, unmatched = answer.get("FaceMatches", []), answer.get("UnmatchedFaces", [])
    best = max(matches, key=lambda match: match["Similarity"], default=None)
    similarity, problem, detail = None if best is None else best["Similarity"], None, ""
    if best is None and unmatched:
        similarity = 0.0
    elif best is None:
        problem, detail = Problem.NO_FACE, "Rekognition found no face"
    return Comparison(
        headshot.digest,
        photo.digest,
        similarity,
        problem,
        detail,
        REKOGNITION,
        now(),
        faces=len(matches) + len(unmatched),
        box=None if best is None else _inside(best.get("Face", {}).get("BoundingBox")),
    )


def failure(headshot: str, photo: str, detail: str) -> Comparison:
    """The cell of a comparison that was given up. ``headshot`` and ``photo`` are digests."""
    return Comparison(headshot, photo, None, Problem.FAILED, detail, REKOGNITION, now())


def _inside(box: dict[str, float] | None) -> Box | None:
    """What of Rekognition's BoundingBox lies in the picture: of a face at its edge it may reach over that. The service
    model lets it be left out, and a similarity that was paid for is not given up for that.
    """
    if box is None:
        return None
    left, top = max(0.0, box["Left"]), max(0.0, box["Top"])
    right, bottom = min(1.0, box["Left"] + box["Width"]), min(1.0, box["Top"] + box["Height"])
    return Box(left, top, right - left, bottom - top)

"""CompareFaces on two objects of the bucket, as a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photosort.comparison import REKOGNITION, Comparison, Problem, now
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
        return verdict(headshot, photo, None, bad.problem, bad.reason)
    return read_answer(headshot, photo, answer)


def read_answer(headshot: HeadshotKey, photo: PhotoKey, answer: Any) -> Comparison:
    """``answer`` is CompareFaces's. Faces that it leaves unmatched resemble the headshot not at all."""
    similarities = [match["Similarity"] for match in answer.get("FaceMatches", [])]
    if similarities:
        return verdict(headshot, photo, max(similarities))
    if answer.get("UnmatchedFaces"):
        return verdict(headshot, photo, 0.0)
    return verdict(headshot, photo, None, Problem.NO_FACE, "Rekognition found no face")


def failure(headshot: str, photo: str, detail: str) -> Comparison:
    """The cell of a comparison that was given up. ``headshot`` and ``photo`` are digests."""
    return Comparison(headshot, photo, None, Problem.FAILED, detail, REKOGNITION, now())


def verdict(
    headshot: HeadshotKey,
    photo: PhotoKey,
    similarity: float | None,
    problem: Problem | None = None,
    detail: str = "",
) -> Comparison:
    return Comparison(headshot.digest, photo.digest, similarity, problem, detail, REKOGNITION, now())

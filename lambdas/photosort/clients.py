"""The boto3 clients, each built on first use and kept for the life of the execution environment.

All of them talk to the function's own region, which is the bucket's: Rekognition reads no object of another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one operation may take: seconds to connect and to wait for the answer, and how often it is tried."""

    connect: float
    read: float
    attempts: int

    @property
    def longest(self) -> float:
        """Seconds, at worst. botocore waits at most a second before a second attempt."""
        return self.attempts * (self.connect + self.read) + (self.attempts - 1)

    def config(self, connections: int) -> Config:
        return Config(
            connect_timeout=self.connect,
            read_timeout=self.read,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            max_pool_connections=connections,
        )


# Rekognition is called once: each call is charged and counts against the quota, so a second one goes through the
# queue and the pace like any other. The rest repeats a lost connection at once.
REKOGNITION = Limits(connect=2, read=20, attempts=1)
S3 = Limits(connect=1, read=4, attempts=2)
DYNAMODB = Limits(connect=1, read=2, attempts=2)
SQS = Limits(connect=1, read=3, attempts=2)


@cache
def rekognition(connections: int = 1) -> RekognitionClient:
    return boto3.client("rekognition", config=REKOGNITION.config(connections))


@cache
def s3(connections: int = 1) -> S3Client:
    return boto3.client("s3", config=S3.config(connections))


@cache
def dynamodb(connections: int = 1) -> DynamoDBClient:
    return boto3.client("dynamodb", config=DYNAMODB.config(connections))


@cache
def sqs() -> SQSClient:
    return boto3.client("sqs", config=SQS.config(1))

"""Who asks AWS, and where: one session and the clients made from it."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING

from photosort.stack import DEFAULT_REGION
from sortclient.aws.failures import explained, refuse_page

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient

THREADS = 12  # requests to S3 at once; a put is mostly waiting, and S3 takes 3,500 a second under one prefix

# A put that is throttled or meets a 5xx is tried six times, in all some 20 seconds: longer than S3 takes to scale,
# and shorter than a person's patience with a dead network.
_ATTEMPTS = 6
_CONNECT_SECONDS = 10
_READ_SECONDS = 60


class Clients:
    """The clients of one session, each made when first asked for. They are safe to use from threads."""

    def __init__(self, session: boto3.Session, region: str) -> None:
        from botocore.config import Config

        self.session = session
        self.region = region
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=THREADS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            tcp_keepalive=True,
            # A body's checksum is one of the headers that are signed. By TLS botocore leaves it at that; without TLS
            # (an emulated AWS) it would hash the body once more.
            s3={"payload_signing_enabled": False},
            user_agent_extra=f"sortclient/{version('sortclient')}",
        )

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self.session.client("cloudformation", self.region, config=self._config)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self.session.client("dynamodb", self.region, config=self._config)

    @cached_property
    def lambda_(self) -> LambdaClient:
        return self.session.client("lambda", self.region, config=self._config)

    @cached_property
    def rekognition(self) -> RekognitionClient:
        return self.session.client("rekognition", self.region, config=self._config)

    @cached_property
    def s3(self) -> S3Client:
        return self.session.client("s3", self.region, config=self._config)

    @cached_property
    def service_quotas(self) -> ServiceQuotasClient:
        return self.session.client("service-quotas", self.region, config=self._config)

    @cached_property
    def sqs(self) -> SQSClient:
        return self.session.client("sqs", self.region, config=self._config)

    @cached_property
    def sts(self) -> STSClient:
        return self.session.client("sts", self.region, config=self._config)


def open_session(profile: str | None = None, region: str | None = None) -> Clients:
    """The usual AWS chain of credentials; the region asked for, else the session's, else the stack's default.

    Nothing is asked of AWS yet. Raises AwsError where the profile or the region's name cannot be used.
    """
    import boto3
    from botocore.utils import validate_region_name

    with explained():
        session = boto3.Session(profile_name=profile)
        session.events.register_first("before-parse", refuse_page)
        region = region or session.region_name or DEFAULT_REGION
        validate_region_name(region)  # it becomes part of a host's name
        return Clients(session, region)

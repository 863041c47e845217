"""The environment variables that attach a program to the emulated AWS, and to nothing else."""

from __future__ import annotations

import os

from photosort.stack import DEFAULT_REGION
from sortclient.errors import SortError

REGION = DEFAULT_REGION

# A profile cannot be overridden by a variable: where one is named, boto3 wants to find it in the configuration
# files, and they are hidden below. Whoever attaches must take these out of the environment.
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")

REKOGNITION_ENDPOINT = "AWS_ENDPOINT_URL_REKOGNITION"

# A person's own AWS_ENDPOINT_URL_S3, say, would win over the general one; so each service that is used is named.
_SERVICES = ("CLOUDFORMATION", "DYNAMODB", "S3", "SQS", "STS")


def variables(cloud_url: str, rekognition_url: str) -> dict[str, str]:
    """All that a program needs. Real credentials, endpoints, settings and proxies are overridden, so none is used."""
    return {
        "AWS_ENDPOINT_URL": cloud_url,
        **{f"AWS_ENDPOINT_URL_{service}": cloud_url for service in _SERVICES},
        REKOGNITION_ENDPOINT: rekognition_url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_SESSION_TOKEN": "emulated",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def check(environment: dict[str, str]) -> None:
    """Raise SortError where Rekognition's endpoint is missing, or is moto's, which would invent its answers."""
    endpoint = environment.get(REKOGNITION_ENDPOINT, "")
    if not endpoint.startswith("http://127.0.0.1:") or endpoint == environment.get("AWS_ENDPOINT_URL"):
        raise SortError(f"The emulated AWS needs a face engine of its own; {REKOGNITION_ENDPOINT} is {endpoint!r}.")

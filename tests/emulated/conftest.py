"""One emulated AWS for the whole session, clients of it, and pictures of real faces out of installed packages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sortclient.emulator.child import emulated_aws
from tests.emulated.emulator_helpers import jpeg


@pytest.fixture(scope="session")
def emulator_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator") / "emulator.log"


@pytest.fixture(scope="session")
def emulated(emulator_log: Path) -> Iterator[Mapping[str, str]]:
    """The environment that attaches to the emulated AWS. This process's own is left alone."""
    with emulated_aws(emulator_log) as environment:
        yield environment


@pytest.fixture(scope="session")
def client(emulated: Mapping[str, str]) -> Callable[..., Any]:
    """``client("s3")``: a boto3 client of the emulated AWS."""
    import boto3

    session = boto3.Session(emulated["AWS_ACCESS_KEY_ID"], emulated["AWS_SECRET_ACCESS_KEY"])

    def make(service: str, **options: Any) -> Any:
        endpoint = emulated.get(f"AWS_ENDPOINT_URL_{service.upper()}", emulated["AWS_ENDPOINT_URL"])
        return session.client(service, endpoint_url=endpoint, **{"region_name": emulated["AWS_REGION"]} | options)

    return make


@pytest.fixture(scope="session")
def outputs(client: Callable[..., Any]) -> dict[str, str]:
    """What the emulated stack tells the client."""
    (stack,) = client("cloudformation").describe_stacks(StackName="PhotoSort")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture
def bucket(client: Callable[..., Any]) -> str:
    """A bucket of the test's own, which announces nothing."""
    name = f"test-{uuid.uuid4()}"
    client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-1"})
    return name


@pytest.fixture(scope="session")
def grace() -> bytes:
    """Grace Hopper, 512 x 600 px, one face."""
    import matplotlib as mpl

    return (Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg").read_bytes()


@pytest.fixture(scope="session")
def eileen() -> bytes:
    """Eileen Collins, 512 x 512 px, one face."""
    import skimage.data

    return jpeg(Image.fromarray(skimage.data.astronaut()))


@pytest.fixture(scope="session")
def coffee() -> bytes:
    """A cup of coffee, nobody."""
    import skimage.data

    return jpeg(Image.fromarray(skimage.data.coffee()))

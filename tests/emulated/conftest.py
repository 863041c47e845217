"""One emulated AWS for the whole session, clients of it, and pictures of real faces out of installed packages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.album import DemoAlbum, build
from sortclient.emulator.child import emulated_aws
from tests.emulated.command import Cloud, Machine, machine
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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoAlbum:
    return build(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def here(tmp_path: Path, cache: Path, emulated: Mapping[str, str]) -> Machine:
    return machine(tmp_path / "here", cache, emulated)


@pytest.fixture
def album(request: pytest.FixtureRequest) -> str:
    """A name of the test's own: they share one cloud."""
    return str(request.node.name)[:60]


@pytest.fixture
def small(demo: DemoAlbum, tmp_path: Path) -> Path:
    """Five files: each of the two alone, both, nobody, and no photo."""
    folder = tmp_path / "Small"
    for name in ("Navy/turned.jpg", "NASA/darker.jpg", "together.jpg", "things/coffee.jpg", "notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((demo.folder / name).read_bytes())
    return folder


@pytest.fixture
def cloud(client: Callable[..., Any], outputs: Mapping[str, str], album: str) -> Cloud:
    return Cloud(client, outputs, album)

"""One account for the module, and the life of one stack in it: each fixture is a step, and needs the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.album import DemoAlbum, build
from sortclient.emulator.child import emulated_aws
from sortclient.emulator.pipeline import QueueFunction
from tests.deployed.account import DEPLOY, Account
from tests.emulated.command import Machine, Result, machine, refs

# None of them is a default.
UPDATE = {"memory_mb": 1024, "retention_days": 14, "max_concurrency": 3}

PERSON = "Grace Hopper"


@dataclass(frozen=True)
class Deployed:
    """What the account had after a deployment, as Lambda tells where ``functions`` and ``mappings`` are."""

    outputs: dict[str, str]
    stack_id: str
    template: dict[str, Any]
    functions: list[dict[str, Any]]
    mappings: list[dict[str, Any]]


@dataclass(frozen=True)
class Uploaded:
    """What ran, what the commands said, and what they left."""

    running: list[QueueFunction]
    machine: Machine
    doctor: Result
    upload: Result
    objects: dict[str, Any]
    items: list[str]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with pytest.MonkeyPatch.context() as patch, emulated_aws(bare=True) as environment:
        attached = {name: value for name, value in environment.items() if not name.startswith("SORTCLIENT_")}
        for name, value in attached.items():
            patch.setenv(name, value)
        account = Account(attached, tmp_path_factory.mktemp("account"))
        account.skip_without_cdk()
        yield account


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoAlbum:
    return build(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def deployed(account: Account) -> Deployed:
    account.cdk("bootstrap", "--no-notices")
    account.cdk(*DEPLOY)
    return look(account)


@pytest.fixture(scope="module")
def uploaded(
    account: Account, deployed: Deployed, demo: DemoAlbum, tmp_path_factory: pytest.TempPathFactory
) -> Uploaded:
    """Three files of the demo's album."""
    folder = tmp_path_factory.mktemp("here")
    return upload(account, demo, machine(folder, folder / "cache", account.environment), *FIRST)


@pytest.fixture(scope="module")
def updated(account: Account, uploaded: Uploaded) -> Deployed:
    account.cdk(*DEPLOY, *(part for name, value in UPDATE.items() for part in ("-c", f"photosort:{name}={value}")))
    return look(account)


@pytest.fixture(scope="module")
def uploaded_again(account: Account, updated: Deployed, uploaded: Uploaded, demo: DemoAlbum) -> Uploaded:
    """One photo more, after the update."""
    return upload(account, demo, uploaded.machine, *LATER)


FIRST = ("Navy/turned.jpg", "things/coffee.jpg", "notes.txt")
LATER = ("together.jpg",)


def upload(account: Account, demo: DemoAlbum, machine: Machine, *names: str) -> Uploaded:
    for name in names:
        target = machine.folder / "Small" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((demo.folder / name).read_bytes())
    with account.at_work() as running:
        doctor = machine.run("doctor")
        uploaded = machine.run("upload", "Small", *refs(demo, PERSON))
    return Uploaded(running, machine, doctor, uploaded, account.objects(), account.items())


def look(account: Account) -> Deployed:
    functions = account.client("lambda")
    return Deployed(
        account.outputs(),
        account.stack()["StackId"],
        account.client("cloudformation").get_template(StackName="PhotoSort")["TemplateBody"],
        functions.list_functions()["Functions"],
        functions.list_event_source_mappings()["EventSourceMappings"],
    )

"""The command in this process, an album of this machine and one of the cloud, which is moto's."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from photosort.keys import HeadshotKey
from sortclient.album import Album
from sortclient.catalog import Catalog
from sortclient.cli import main
from sortclient.folders import DATA_VARIABLE
from tests.unit.aws_cloud import Cloud
from tests.unit.cli.command import Command, Local, Told
from tests.unit.test_sync import ME, YOU, digest_of, put


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The whole command in ``tmp_path``, whose catalog is that of the fixtures."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest's own stay

    def run(*arguments: str | Path) -> Told:
        monkeypatch.setattr(sys, "argv", ["sortclient", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Told(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def known(album: Album, folder: Path) -> Album:
    """One photo of me, one of both and one of nobody, taken in 2019, 2020 and nobody knows when."""
    for name, me, you in (("mine.jpg", 90.0, 10.0), ("both.jpg", 95.0, 85.0), ("none.jpg", 20.0, 30.0)):
        put(album, folder, name, me, you)
    for name, taken in (("mine.jpg", "2019-06-30T10:00:00"), ("both.jpg", "2020-01-01T10:00:00")):
        album.identified(name, digest_of(name), taken)
    album.save()
    return album


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "Matches"


@pytest.fixture
def far(cloud: Cloud, catalog: Catalog, folder: Path) -> Album:
    """An album of the stack whose folder is here, with all its cells."""
    album = catalog.open_album("Images", folder, cloud.deployment.stack_id)
    put(album, folder, "one.jpg", 90, 85)
    for person, shot in (("me", ME), ("you", YOU)):
        key = str(HeadshotKey("Images", person, shot))
        cloud.clients.s3.put_object(Bucket=cloud.deployment.bucket, Key=key, Body=b"jpeg")
    album.save()
    return album


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Local:
    one = Local(engine=Local.engine, place=Local.place, answer=lambda _: 88.0)

    class Made(Local):
        def __new__(cls) -> Local:  # type: ignore[misc]
            return one

    monkeypatch.setattr("sortclient.faces.comparer.LocalComparer", Made)
    return one

"""What a seed's people do: whom they look for in which photos, and how they go on when a command ends in an error."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from photosort.keys import PhotoKey
from simulation.agenda import Actor, Died
from sortclient import people
from sortclient.aws.failures import AwsError
from sortclient.photos.prepare import analysis_copy
from sortclient.references import Reference
from tests.chaos.knowing import unknown
from tests.chaos.truth import Truth
from tests.chaos.world import World
from tests.pipeline.cloud import ALBUM
from tests.pipeline.fake_rekognition import NO_FACE
from tests.pipeline.world import Machine
from tests.unit.conftest import picture

_NAMES = ("Ann", "Bob", "Zoë & 2", "Dan", "Eve")
_SIMILARITIES = (99.5, 97.25, 85.0, 75.0, 12.5, 0.0, NO_FACE)
_TRIES = 6  # of a command, under faults
_NOTHING: dict[str, Any] = {"references": (), "threshold": None}
_BAD_PHOTO = "InvalidImageFormatException"


class Story:
    def __init__(self, seed: int, world: World, home: Path) -> None:
        self._choose = random.Random(f"story {seed}")
        self._world, self._home = world, home
        self.folder = home / "Images"
        self.here = Machine(world, home / "here", self.folder)
        self.there = Machine(world, home / "there")
        self.truth = Truth()
        self._shots: dict[str, str] = {}  # every headshot drawn -> whose
        self._pictures = 0
        self._unsaid = dict(_NOTHING)  # what no command has taken up yet
        self._status: int | None = None  # of the latest upload

    def tell(self) -> int | None:
        """All of it; returns the last command's exit status."""
        self._add_photos(self._choose.randint(2, 4))
        (self.folder / "notes.txt").write_text("no photo")
        for name in _NAMES[: self._choose.randint(1, 2)]:
            self._add_person(name, self._choose.randint(1, 2))
        self._upload()
        steps = (self._grow, self._grow_after_a_month, self._move_threshold, self._rename, self._remove, self._look_in)
        for step in self._choose.sample(steps, self._choose.choice((0, 1, 2, 3))):
            self._world.weather.freshen()
            step()
            self._world.check()
        self._world.weather.calm()
        if self._choose.random() < 0.5:  # nobody looks, and all that S3 has announced comes all the same
            self._world.drain()
            self._world.check()
        status = self._upload(
            wait=True, tries=3
        )  # what comes out of the dead letters still may cost one or two of them
        if not self._world.drain():
            return None
        self._try(self.there.sync)
        return status

    def _grow(self) -> None:
        """New photos, and somebody new."""
        before = set(self.truth.photos)
        self._add_photos(self._choose.randint(1, 2))
        self._add_person(next(name for name in _NAMES if name not in self.truth.people), 1)
        if self._choose.random() < 0.8:
            self._another_machine_sends(min(self.truth.photos.keys() - before))
        self._upload()

    def _grow_after_a_month(self) -> None:
        """Of what has expired and is known here, nothing is paid for again."""
        if self._status == 0 and self._settled():
            self._world.pass_a_month()
        self._grow()

    def _another_machine_sends(self, path: str) -> None:
        """One that has the folder, too, sends a new photo, while this one sends a headshot."""
        world, prepared = self._world, analysis_copy((self.folder / path).read_bytes())
        later = self._choose.uniform(0, 2)

        def send() -> None:
            world.agenda.pause(later)
            with suppress(ClientError, BotoCoreError):
                world.comparer.objects.put(PhotoKey(ALBUM, prepared.digest), prepared.content, "image/jpeg", path)

        def on_upload(key: str) -> None:
            if "people/" in key:
                world.aws.on_upload = lambda _: None
                world.agenda.spawn(Actor("another machine", "client"), send)

        world.aws.on_upload = on_upload

    def _look_in(self) -> None:
        self._follow(self.here.sync)

    def _move_threshold(self) -> None:
        self.truth.threshold = self._unsaid["threshold"] = self._choose.choice((70.0, 90.0, 98.0))
        self._upload()

    def _rename(self) -> None:
        old = self._choose.choice(sorted(self.truth.people))
        if self._may_change() and self._about_person(
            lambda album: people.rename(album, old, f"{old} II", self._world.comparer)
        ):
            self.truth.people[f"{old} II"] = self.truth.people.pop(old)

    def _remove(self) -> None:
        name = self._choose.choice(sorted(self.truth.people))
        may = len(self.truth.people) > 1 and self._may_change()
        if may and self._about_person(lambda album: people.remove(album, name, self._world.comparer)):
            del self.truth.people[name]

    def _settled(self) -> bool:
        """Whether the people are known, and nothing is in work."""
        return not self._unsaid["references"] and self._world.drain()

    def _may_change(self) -> bool:
        """Whether to rename or remove somebody. Work is in the midst where the queues' counts say so in time."""
        hurried = not self._world.aws.counts_age and self._choose.random() < 0.7
        return not self._unsaid["references"] if hurried else self._settled()

    def _about_person(self, change: Callable[[Any], Any]) -> bool:
        def command() -> None:
            with self.here.known() as album:
                change(album)

        return self._persist(lambda: self._try(command), tries=100) is not None

    def _upload(self, wait: bool | None = None, tries: int = _TRIES) -> int | None:
        """Until it has ended as it should, or as often as somebody tries."""
        wait = self._choose.random() < 0.6 if wait is None else wait

        def once() -> int | None:
            said = self._unsaid
            if self._status and self._unsaid == _NOTHING and self._choose.random() < 0.5:
                status = self._follow(self.here.retry, waits=True)
            else:
                upload = partial(self.here.upload, *said["references"], threshold=said["threshold"], wait=wait)
                status = self._follow(upload, waits=wait)
            self._status = status
            if status is not None:
                self._unsaid = dict(_NOTHING)
            return status if status == 0 or not wait else None

        return self._persist(once, tries)

    def _persist(self, once: Callable[[], Any], tries: int = _TRIES) -> Any:
        for _ in range(tries):
            if (status := once()) is not None:
                return status
            self._world.agenda.pause(self._choose.uniform(5, 600))
        return None

    def _follow(self, run: Callable[[], Any], waits: bool = False) -> Any:
        """`_try` a command that takes up what the cloud knows."""
        log, begun = self._world.aws.log, self._world.agenda.now
        stood = set(log.verdicts)
        status = self._try(run)
        if status is not None:
            missed = unknown(self._world, self.here, stood, waited_since=begun if waits else None)
            log.wrong.extend(f"client-{self._world.commands} {what}" for what in missed)
        return status

    def _try(self, run: Callable[[], Any]) -> Any:
        """What the command returns, or 0; None where it ended in an error that AWS is to blame for, or died."""
        world = self._world
        try:
            status = world.command(run)
        except (AwsError, Died) as error:
            status = None
            world.aws.log.note(world.agenda.now, f"client-{world.commands}: {type(error).__name__}: {error}")
        else:
            status = status or 0
            world.aws.log.note(world.agenda.now, f"client-{world.commands}: ends with {status}")
        return status

    def _add_photos(self, count: int) -> None:
        for _ in range(count):
            file = picture(self.folder / f"sub {self._pictures % 2}" / f"{self._pictures}.png", self._colour())
            digest = analysis_copy(file.read_bytes()).digest
            self.truth.photos[file.relative_to(self.folder).as_posix()] = digest
            if self._choose.random() < 0.15:
                self.truth.unreadable.add(digest)
                self._world.aws.rekognition.errors[digest] = _BAD_PHOTO
            for shot in self._shots:
                self._compare(shot, digest)
            if self._choose.random() < 0.3:
                twin = self.folder / f"twin of {file.name}"
                twin.write_bytes(file.read_bytes())
                self.truth.photos[twin.name] = digest

    def _add_person(self, name: str, shots: int) -> None:
        for _ in range(shots):
            file = picture(self._home / "headshots" / f"{self._pictures}.png", self._colour())
            digest = analysis_copy(file.read_bytes()).digest
            self._shots[digest] = name
            self.truth.people.setdefault(name, []).append(digest)
            self._unsaid["references"] += (Reference(name, file),)
            for photo in dict.fromkeys(self.truth.photos.values()):
                self._compare(digest, photo)

    def _compare(self, shot: str, photo: str) -> None:
        similarity = self._choose.choice(_SIMILARITIES)
        self.truth.similarity[shot, photo] = similarity
        self._world.aws.rekognition.similarity[shot, photo] = similarity

    def _colour(self) -> str:
        self._pictures += 1
        return f"#{self._pictures * 0x070503 % (1 << 24):06x}"

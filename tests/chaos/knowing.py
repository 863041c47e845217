"""What the client must know when a command has ended as it should."""

from __future__ import annotations

from collections.abc import Iterator

from photosort.comparison import cell
from tests.chaos.log import short
from tests.chaos.world import PACE, World
from tests.pipeline.world import Machine


def unknown(world: World, machine: Machine, stood: set[str], waited_since: float | None) -> Iterator[str]:
    """Verdicts that ``stood`` before the command and that the machine does not know after it. And, of one that has
    waited, what it has left pending: that may only be where comparing had no end, or nobody has recorded a dead letter.
    """
    with machine.known() as album:
        shots, photos = album.headshots(), [digest.hex() for digest in album.digests()]
        wanted = {cell(shot.digest, photo) for shot in shots for photo in photos}
        known = {cell(one.headshot, photo) for photo in photos for one in album.verdicts_of(photo, shots)}
        lacking = album.lacking()
    yield from (f"does not know the verdict {short(key)}" for key in sorted((wanted & stood) - known))
    if waited_since is None or world.aws.dead_letters.messages:
        return
    if lacking and world.agenda.now - waited_since < PACE.longest:
        yield f"ended with {lacking} pending"

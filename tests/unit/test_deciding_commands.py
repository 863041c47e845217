"""Commands that decide something and sync: an output folder that cannot be one is told before, not after."""

from __future__ import annotations

from pathlib import Path

import pytest

from photosort.comparison import Thresholds
from sortclient.album import Album
from tests.unit.test_cli import Command, command, known

__all__ = ["command", "known"]  # fixtures


@pytest.mark.parametrize("arguments", ["tune Images --threshold 99", "people rename me Ana Images"])
def test_nothing_is_decided_where_the_output_folder_cannot_be_one(
    command: Command, known: Album, tmp_path: Path, arguments: str
) -> None:
    (tmp_path / "Matches").write_text("a file")
    known.set_out(tmp_path / "Matches")
    known.save()
    told = command(*arguments.split())
    assert told.status != 0
    assert "Matches is not a folder" in told.err
    assert (known.thresholds, known.people()) == (Thresholds(80), ["me", "you"])


def test_tuning_everybody_says_who_has_a_threshold_of_their_own(command: Command, known: Album) -> None:
    known.set_threshold(70, "you")
    known.save()
    line = "With thresholds of their own, as before: you (70)."
    assert line in command("tune", "Images", "--threshold", "90").err
    assert line not in command("tune", "Images", "--person", "me", "--threshold", "90").err

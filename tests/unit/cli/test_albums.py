"""`sync`, `results` and `undo` of an album of this machine."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sortclient.album import Album
from sortclient.catalog import Catalog
from tests.unit.cli.command import Command, copies, succeeded
from tests.unit.test_sync import put


@pytest.mark.parametrize(
    ("question", "photos"),
    [
        ([], {("me", "mine.jpg"), ("me", "both.jpg"), ("you", "both.jpg")}),
        (["--any", "me,you"], {("me", "mine.jpg"), ("me", "both.jpg"), ("you", "both.jpg")}),
        (["--any", "you"], {("you", "both.jpg")}),
        (["--all", "me,you"], {("me", "both.jpg"), ("you", "both.jpg")}),
        (["--only", "me"], {("me", "mine.jpg")}),
        (["--none"], {("", "none.jpg")}),
        (["--since", "2020"], {("me", "both.jpg"), ("you", "both.jpg")}),
        (["--until", "2019-12-31"], {("me", "mine.jpg")}),
        (["--any", "me", "--since", "2019-07", "--until", "2020"], {("me", "both.jpg")}),
    ],
)
def test_a_question_has_the_same_answer_as_rows_and_as_copies(
    command: Command, known: Album, tmp_path: Path, question: list[str], photos: set[tuple[str, str]]
) -> None:
    rows = json.loads(succeeded(command("results", "Images", "--format", "json", *question)).out)
    assert {(row["person"], row["photo"]) for row in rows} == photos
    succeeded(command("sync", "Images", "--out", "Answer", "--layout", "{name}", *question))
    assert copies(tmp_path / "Answer") == {path for _, path in photos}


def test_a_folder_is_filled_as_it_is_said_and_so_again(command: Command, known: Album, tmp_path: Path) -> None:
    said = ["--layout", "{year}/{name}", "--link", "symlink", "--xmp", "--out", "Named"]
    succeeded(command("sync", "Images", *said))
    found = {"2019/mine.jpg", "2020/both.jpg"}
    assert copies(tmp_path / "Named") >= found
    assert (tmp_path / "Named/2019/mine.jpg").is_symlink()
    assert (tmp_path / "Named/2019/mine.jpg.xmp").is_file()
    assert "(0 new, 0 removed)" in succeeded(command("sync", "Images")).err
    succeeded(command("sync", "Images", "--no-xmp"))
    assert copies(tmp_path / "Named") == found
    succeeded(command("sync", "Images", "--link", "copy"))
    assert not (tmp_path / "Named/2019/mine.jpg").is_symlink()


def test_a_ledger_of_a_question_has_its_answer_and_one_of_matches_has_every_file(
    command: Command, known: Album, tmp_path: Path
) -> None:
    def ledger() -> set[tuple[str, str]]:
        with (tmp_path / "ledger.csv").open(encoding="utf-8", newline="") as stream:
            return {(row["person"], row["photo"]) for row in csv.DictReader(stream)}

    succeeded(command("sync", "Images", "--all", "me,you", "--out", "Both", "--ledger", "ledger.csv"))
    assert ledger() == {("me", "both.jpg"), ("you", "both.jpg")}
    succeeded(command("sync", "Images", "--ledger", "ledger.csv"))
    assert len(ledger()) == 6


def test_photos_without_a_date_are_told_of_beside_a_sync(command: Command, known: Album, folder: Path) -> None:
    put(known, folder, "undated.jpg", 99)
    known.save()
    told = succeeded(command("sync", "Images", "--any", "me", "--since", "2019", "--out", "Since"))
    assert "1 photo without a date was left out." in told.err
    assert "2 photos of --any me --since 2019 in" in told.err


def test_every_file_with_its_outcome_is_printed(command: Command, known: Album) -> None:
    assert len(command("results", "Images", "--every").out.splitlines()) == 6
    assert len(command("results", "--format", "csv").out.splitlines()) == 1 + 3


def test_undo_removes_what_was_added_and_a_dry_run_nothing(
    command: Command, known: Album, out: Path, tmp_path: Path
) -> None:
    succeeded(command("sync", "Images"))
    told = succeeded(command("undo", "--dry-run"))
    assert set(told.out.splitlines()) == {str(out / name) for name in copies(out)}
    assert len(copies(out)) == 3
    assert "3 files removed from" in succeeded(command("undo", "Images")).err
    assert copies(out) == set()
    assert command("undo", "Images").status == 2


def test_a_sync_knows_an_album_however_its_letters_are_composed(
    command: Command, catalog: Catalog, folder: Path, out: Path
) -> None:
    album = catalog.open_album("Zoë", folder, "this machine")
    put(album, folder, "one.jpg", 90)
    album.save()
    assert "one.jpg" in succeeded(command("results", "Zoe\u0308")).out
    succeeded(command("sync", "Zoe\u0308"))
    assert "me/one.jpg" in copies(out)

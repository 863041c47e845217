"""What a run says of itself where there is no terminal; `tests/emulated/test_terminal.py` has the other case."""

from __future__ import annotations

import threading

import pytest

from sortclient import progress as progress_module
from sortclient.progress import LINE_EVERY, Progress


class Clock:
    """Stands for the module's time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress_module, "time", made)
    return made


def test_a_line_now_and_then_with_counts_speed_and_time_left(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.total = 1000
        progress.show()
        progress.identified, progress.uploaded, progress.compared, progress.matches = 40, 30, 20, 2
        progress.sent = 12_345_678
        clock.now += LINE_EVERY - 0.1
        progress.show()
        assert capsys.readouterr() == ("", "")
        clock.now += 0.1
        progress.show()
        progress.show()
    expected = "prepared 40, uploaded 30 (12.3 MB), compared 20 of 1000, matches 2, 4.0/s, 4 min left\n"
    assert capsys.readouterr() == ("", expected)


@pytest.mark.parametrize(("left", "words"), [(89, "89 s left"), (600, "10 min left"), (7200, "2.0 h left")])
def test_time_left_in_a_unit_that_a_person_reads(clock: Clock, left: int, words: str) -> None:
    with Progress() as progress:
        clock.now += 10
        progress.compared, progress.total = 10, 10 + left
        assert words in progress.line()
        progress.compared = progress.total
        assert "left" not in progress.line()


def test_every_stage_has_its_line_in_a_log(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for _ in progress.counting(range(3), "scanning"):
            clock.now += LINE_EVERY / 2
        progress.stage("copying matches", 1, 40)
        clock.now += LINE_EVERY
        progress.stage("copying matches", 2, 40)
        progress.comparing(40)
        clock.now += LINE_EVERY
        progress.show()
    assert capsys.readouterr().err.splitlines() == [
        "scanning: 2",
        "copying matches: 2 of 40",
        "prepared 0, compared 0 of 40, matches 0, 0.0/s",
    ]


def test_a_log_gets_its_line_while_one_answer_is_awaited(
    clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = threading.Event()
    tell = Progress.tell
    monkeypatch.setattr(Progress, "tell", lambda progress, line: (tell(progress, line), shown.set()))
    with Progress() as progress:
        progress.stage("listing")
        clock.now += LINE_EVERY
        assert shown.wait(30)  # nobody calls anything
    assert capsys.readouterr().err == "listing\n"


def test_time_left_counts_from_where_comparing_began(clock: Clock) -> None:
    with Progress() as progress:
        progress.stage("scanning", 1)
        clock.now += 1000
        progress.comparing(20)
        clock.now += 10
        progress.compared = 10
        assert "1.0/s, 10 s left" in progress.line()


def test_names_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.tell("Headshot [bold]me[/bold].jpg :smile:, " + "long " * 100)
    assert capsys.readouterr() == ("", "Headshot [bold]me[/bold].jpg :smile:, " + "long " * 100 + "\n")


def test_a_stage_that_begins_is_shown_at_once_on_a_terminal(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Bar:
        def update(self, _task: object, **options: object) -> None:
            shown.append(str(options["description"]))

    progress = Progress()
    monkeypatch.setattr(progress, "_bar", Bar())
    monkeypatch.setattr(progress, "_task", 0)
    for done in range(3):
        progress.stage("scanning", done)
    progress.stage("headshots", 0, 2)
    clock.now += 1
    progress.stage("headshots", 1, 2)
    progress.comparing(7)
    comparing = "prepared 0, compared 0 of 7, matches 0, 0.0/s"
    assert shown == ["scanning", "headshots: 0 of 2", "headshots: 1 of 2", comparing]

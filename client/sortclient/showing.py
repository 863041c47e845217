"""What the commands print of an album, on stdout, from the catalog and nothing else."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections.abc import Iterable, Sequence

from sortclient.album import Album
from sortclient.comparer import Pruned
from sortclient.filling import Synchronised
from sortclient.ledger import counted, write_csv, write_json
from sortclient.names import nobody
from sortclient.outputs import outputs
from sortclient.people import Person, people
from sortclient.question import MATCHES, Question, undated
from sortclient.run import EXIT_UNSETTLED
from sortclient.status import Status, as_json, lines
from sortclient.suggestion import TooFew
from sortclient.tuning import STEPS, Curve, suggestion, worth_asking
from sortclient.undoing import last_manifest, removable, undo
from sortclient.verdicts import Verdict, verdicts

_NEAREST = 5  # photos on each side of the line


def show_status(album: Album, status: Status, form: str) -> int:
    if form == "json":
        _print(as_json(album, status))
    else:
        for line in lines(album, status):
            _print(line)
    begun = status.running and not album.people()  # no file has its verdict yet
    return EXIT_UNSETTLED if status.tally.unsettled or begun else 0


def show_results(album: Album, form: str, question: Question, *, every: bool) -> None:
    """The photos that answer, or every row of the ledger."""
    rows = verdicts(album) if every else (verdict for found in question.photos(album) for verdict in found)
    if form == "csv":
        write_csv(rows, sys.stdout)
    elif form == "json":
        write_json(rows, sys.stdout)
    else:
        for verdict in rows:
            _print(_line(verdict))
    if line := undated(album, question):
        sys.stderr.write(f"{line}\n")


def show_people(album: Album, form: str) -> None:
    found = list(people(album))
    if form == "json":
        _print(json.dumps([_fields(person) for person in found], ensure_ascii=False, indent=1))
    elif form == "csv":
        import csv

        columns = ("name", "headshots", "threshold", "matches", "open", "corrections")
        writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_fields(person) | {"headshots": "; ".join(person.headshots)} for person in found)
    else:
        for person in found:
            _print(_person_line(person))
    if not found:
        sys.stderr.write(f"{nobody(album)}\n")


def show_curves(found: Iterable[Curve]) -> None:
    """A table of thresholds, then the photos nearest to each person's line."""
    found = list(found)
    steps = sorted({*STEPS, *(curve.threshold for curve in found)})
    widths = [max(len(curve.person), 7) for curve in found]
    _print("  ".join(["threshold", *(f"{curve.person:>{width}}" for curve, width in zip(found, widths, strict=True))]))
    for step in steps:
        cells = [
            f"{f'*{curve.matches(step)}' if step == curve.threshold else curve.matches(step):>{width}}"
            for curve, width in zip(found, widths, strict=True)
        ]
        _print("  ".join([f"{step:>9g}", *cells]))
    _print("* is the threshold now.")
    for curve in found:
        above, below = curve.nearest(_NEAREST)
        _print(f"\nNearest to {curve.person}'s line at {curve.threshold:g}:")
        for verdict in above:
            _print(_line(verdict))
        _print(f"{_tenths(curve.threshold):>6}  {'-' * 11}")
        for verdict in below:
            _print(_line(verdict))


def show_suggestion(album: Album, person: str | None) -> None:
    """The suggestion, or the photos whose answers would make one possible, and the InputError that says so."""
    try:
        found = suggestion(album, person)
    except TooFew:
        _print("Photos to be asked about (sortclient correct ALBUM PHOTO --person NAME --is, or --is-not):")
        for verdict in worth_asking(album, person):
            _print(_line(verdict))
        raise
    whose = f"{person}'s" if person else f"album {album.name}'s"
    now = album.thresholds.album if person is None else album.thresholds.of(person)
    who = f' --person "{person}"' if person else ""
    _print(f"Suggested for {whose} threshold: {found.threshold:g} (it is {now:g})")
    _print(
        f"Expected there, of the photos that nobody has spoken of: about {found.wrong:.1f} wrong matches and "
        f"{found.missed:.1f} missed photos"
    )
    _print(f"Of what was said: {found.wrong_said} would be wrong matches, {found.missed_said} would be missed")
    _print(f'To use it: sortclient tune "{album.name}"{who} --threshold {found.threshold:g}')


def show_removed(person: str, copies: Synchronised, elsewhere: Pruned) -> None:
    """What left with a person, and what stays."""
    parts = [f"{counted(copies.removed, 'copy', 'copies')} removed"]
    parts += _told(copies.kept, "that somebody changed stays", "that somebody changed stay")
    parts += _told(copies.gone, "was not found where it had been put", "were not found where they had been put")
    parts += _told(
        copies.orphaned,
        "stays as its photo is gone or out of reach",
        "stay as their photos are gone or out of reach",
    )
    parts += [f"{copies.refused} could not be removed ({copies.refusal})"] if copies.refused else []
    if elsewhere != Pruned():
        matches, cells = counted(elsewhere.matches, "copy", "copies"), counted(elsewhere.cells, "comparison")
        parts.append(f"in the cloud {matches} and {cells}")
    sys.stderr.write(f"{person} is forgotten: {'; '.join(parts)}\n")


def show_undo(album: Album, *, dry_run: bool) -> int:
    """Undo the last sync, or print what that would remove."""
    manifest = last_manifest(album)
    when = f"the sync of {manifest.at:%Y-%m-%d %H:%M}"
    if dry_run:
        for file in removable(album, manifest):
            _print(str(file))
        sys.stderr.write(f"These files of {when} would be removed; nothing was.\n")
        return 0
    done = undo(album, manifest)
    parts = [f"{counted(done.removed, 'file')} removed from {manifest.out}"]
    parts += _told(done.kept, "that somebody changed since stays", "that somebody changed since stay")
    parts += _told(
        done.last,
        "stays as its photo is gone, and this may be the last copy",
        "stay as their photos are gone, and these may be the last copies",
    )
    parts += _told(done.gone, "was gone already", "were gone already")
    sys.stderr.write(f"Undone: {when}: {'; '.join(parts)}\n")
    return 0


def show_left_behind(album: Album) -> None:
    """The folders that hold the answer to a question, after what may have changed it: they follow when asked again."""
    known = set(album.people())
    for output in outputs(album):
        question = output.question
        if question != MATCHES and known.issuperset(question.people) and output.out.is_dir():
            command = f"sortclient sync {shlex.quote(album.name)} {question} --out {shlex.quote(str(output.out))}"
            sys.stderr.write(f"{output.out} was left as it is. To bring it up to date: {command}\n")


def _line(verdict: Verdict) -> str:
    similarity = "" if verdict.similarity is None else _tenths(verdict.similarity)
    detail = f"  ({verdict.detail})" if verdict.detail else ""
    return f"{similarity:>6}  {verdict.outcome:<11}  {verdict.person:<16}  {verdict.entry.path}{detail}"


def _tenths(percent: float) -> str:
    """Never more than it is: 99.98 does not reach a threshold of 100."""
    return f"{math.floor(percent * 10) / 10:.1f}"


def _told(number: int, one: str, several: str) -> list[str]:
    return [counted(number, one, several)] if number else []


def _person_line(person: Person) -> str:
    parts = [counted(person.matches, "match", "matches"), f"threshold {person.threshold:g}"]
    parts += [f"{person.open} failed or pending"] if person.open else []
    parts += [counted(person.corrections, "correction")] if person.corrections else []
    return (
        f"{person.name}: {', '.join(parts)}; {counted(len(person.headshots), 'headshot')}{_sources(person.headshots)}"
    )


def _sources(files: Sequence[str]) -> str:
    named = ", ".join(file for file in files if file)  # another machine's have no name here
    return f": {named}" if named else ""


def _fields(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "headshots": list(person.headshots),
        "threshold": person.threshold,
        "matches": person.matches,
        "open": person.open,
        "corrections": person.corrections,
    }


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")

"""A run of `sort` or `upload`, from the order to the exit status: what a person is told, asked and left with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from photosort.keys import BadName, check_name
from sortclient.album import Album
from sortclient.catalog import open_catalog
from sortclient.comparer import THIS_MACHINE, UNPAUSE, Comparer
from sortclient.deciding import check_threshold, hear, settle
from sortclient.errors import InputError, SortError
from sortclient.filling import Fetch, Synchronised
from sortclient.folders import data_folder
from sortclient.holding import hold
from sortclient.ledger import check_ledger_file, count, counted, summary, write_ledger
from sortclient.names import nobody
from sortclient.outputs import Output, OutputWish, output_of
from sortclient.photos.selection import EVERYTHING, Selection
from sortclient.progress import Progress
from sortclient.pruning import prune
from sortclient.question import MATCHES
from sortclient.references import Reference, parse_reference, references_in
from sortclient.sorting import Order, begin, compare, plan
from sortclient.spending import agree, check_max_spend
from sortclient.status import retry_of
from sortclient.sync import sync
from sortclient.verdicts import verdicts

EXIT_UNSETTLED = 3


def order_of(
    folder: Path,
    references: Sequence[str],
    people: Path | None,
    album: str | None,
    threshold: float | None,
    *,
    originals: bool = False,
    wait: bool = True,
    selection: Selection = EVERYTHING,
    moved: bool = False,
) -> Order:
    """The order in the words of the design, or an InputError."""
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Name the folder with the photos.")
    if threshold is not None:
        threshold = check_threshold(threshold)
    try:
        name = check_name(album or folder.name)
    except BadName as error:
        raise InputError(f"Album {error}. Give it a name with --album.") from error
    return Order(folder, _references(references, people), name, threshold, originals, wait, selection, moved)


def addition_to(album: Album, references: Sequence[str], people: Path | None) -> Order:
    """People, or more headshots, for an album as it is known: its folder is not looked through. Or an InputError."""
    folder = _own_folder(album, "Add people")
    added = _references(references, people)
    if not added:
        raise InputError("Whom to add? Give a headshot with --ref NAME=FILE, or a folder of them with --people DIR.")
    return Order(folder, added, album.name, as_known=True)


def rest_of(album: Album, *, originals: bool = False, wait: bool = True) -> Order:
    """What failed or is missing of an album as it is known, and nothing else. Or an InputError."""
    folder = _own_folder(album, "Retry")
    if not album.people():
        raise InputError(nobody(album))
    return Order(folder, (), album.name, originals=originals, wait=wait, as_known=True)


def _own_folder(album: Album, what: str) -> Path:
    if album.folder is None:
        raise InputError(
            f"Album '{album.name}' is known from the cloud only. {what} on the machine that has its folder."
        )
    return album.folder


def _references(texts: Sequence[str], people: Path | None) -> list[Reference]:
    return [*map(parse_reference, texts), *(references_in(people) if people is not None else ())]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What should come of a run besides verdicts; checked before the work begins."""

    output: OutputWish
    ledger: Path | None
    yes: bool = False  # nobody is asked about the price
    max_spend: float | None = None  # US$
    prune: bool = False
    emulated: bool = False  # there is no price

    @classmethod
    def checked(
        cls,
        order: Order,
        output: OutputWish,
        ledger: Path | None,
        *,
        yes: bool = False,
        max_spend: float | None = None,
        prune: bool = False,
        emulated: bool = False,
    ) -> Wishes:
        if ledger is not None:
            check_ledger_file(ledger)
        output.check(order.folder)
        check_max_spend(max_spend)
        if prune and (order.selection.include or order.selection.exclude):
            raise InputError("--prune needs the whole folder: what is left out would be taken for gone. Prune without.")
        return cls(output, ledger, yes, max_spend, prune, emulated)


def run(order: Order, wishes: Wishes, comparer: Comparer, fetch: Fetch | None = None) -> int:
    """Do the whole job; returns the exit status."""
    with hold(data_folder(), order.album), open_catalog() as catalog, Progress() as progress:
        planned = plan(order, catalog, comparer, progress)
        output_of(planned.album, wishes.output)  # what it refuses is refused before the work, not after it
        if order.is_retry and not planned.comparisons:
            progress.tell(f"Nothing failed or is missing in album {order.album}: nothing is compared, or charged.")
        if comparer.paused and planned.comparisons:
            progress.tell(
                f"Comparing is paused in the cloud: all is sent and queued there, and waits. {UNPAUSE} lets it go on."
            )
            order = replace(order, wait=False)  # for cells that cannot come
        if comparer.calls_cost_money and not wishes.emulated:
            agree(order, planned, progress, yes=wishes.yes, max_spend=wishes.max_spend)
        hear(planned.album, comparer)  # what is compared from here on is matched by the last word on thresholds
        begin(order, planned, comparer, progress)
        compare(order, planned, comparer, progress)
        pruned = not wishes.prune or prune(planned.album, comparer, progress)
        hear(planned.album, comparer)  # hours may have passed
        settle(planned.album, comparer)
        followed = order.wait or wishes.emulated or planned.album.place == THIS_MACHINE
        status = finish(planned.album, wishes, progress, fetch, followed=followed)
        return status if pruned else EXIT_UNSETTLED


def finish(album: Album, wishes: Wishes, progress: Progress, fetch: Fetch | None, *, followed: bool = True) -> int:
    """Summary, matches on disk, ledger. A ledger that cannot be written keeps no match from its place, nor the other
    way round: both are tried before an error is raised.
    """
    tally = count(verdicts(album))
    for line in summary(tally):
        progress.tell(line)
    if not tally.files:
        progress.tell(f"There is nothing to sort in {album.folder}. Is it the right folder, and is its disk there?")
    unreached = album.unreached()
    if unreached:
        progress.tell(
            f"{counted(unreached, 'file or folder', 'files or folders')} could not be read; --ledger FILE says which "
            "and why. The next `sort` or `upload` tries again."
        )
    refused: list[SortError] = []
    incomplete = False
    try:
        incomplete = bring(album, output_of(album, wishes.output), fetch, progress)
    except SortError as error:
        refused.append(error)
    if wishes.ledger is not None:
        try:
            write_ledger(verdicts(album), wishes.ledger)
        except SortError as error:
            refused.append(error)
    for earlier in refused[:-1]:
        progress.tell(str(earlier))
    if refused:
        raise refused[-1]
    if tally.unsettled:
        progress.tell(_open(album, wishes, followed=followed))
    return EXIT_UNSETTLED if tally.unsettled or incomplete else 0


def _open(album: Album, wishes: Wishes, *, followed: bool) -> str:
    name = shlex.quote(album.name)
    if not followed:
        return (
            f"What is pending was not waited for: `sortclient status {name}` tells how far it is, and "
            f"`sortclient sync {name}` brings the matches."
        )
    if wishes.emulated:  # nobody else will know this album
        return "Some comparisons failed or are pending. The same command asks for them again."
    return (
        f"Some comparisons failed or are pending. {retry_of(album)} asks for them again; "
        f"`sortclient sync {name}` brings what has come meanwhile."
    )


def bring(album: Album, output: Output, fetch: Fetch | None, progress: Progress) -> bool:
    """Sync, and say what came of it; returns whether a match is not where it should be."""
    done = sync(album, output, fetch, lambda done, total: progress.stage("copying matches", done, total))
    progress.tell(synchronised(output, done))
    return done.incomplete


def synchronised(output: Output, done: Synchronised) -> str:
    """One line about a sync."""
    what = (
        ("match", "matches")
        if output.question == MATCHES
        else (f"photo of {output.question}", f"photos of {output.question}")
    )
    replaced = f", {done.renewed} replaced" if done.renewed else ""
    moved = f", {done.moved} moved" if done.moved else ""
    all_of_them = counted(done.standing + done.added + done.renewed + done.moved, *what)
    parts = [f"{all_of_them} in {output.out} ({done.added} new{replaced}, {done.removed} removed{moved})"]
    parts += [counted(number, *words) for number, *words in _besides(done) if number]
    parts += [f"{done.refused} could not be written ({done.refusal})"] if done.refused else []
    return "; ".join(parts)


def _besides(done: Synchronised) -> Iterator[tuple[int, str, str]]:
    """What else there is to say of a sync: of how many, of one, and of several."""
    yield (
        done.copies,
        "is the cloud's smaller copy, as its original has changed or is elsewhere",
        "are the cloud's smaller copies, as their originals have changed or are elsewhere",
    )
    yield done.kept, "that somebody changed stays where it is", "that somebody changed stay where they are"
    yield done.gone, "was not found where it had been put", "were not found where they had been put"
    yield (
        done.orphaned,
        "stays though its photo is gone, out of reach or left out",
        "stay though their photos are gone, out of reach or left out",
    )
    yield (
        done.strangers,
        "stays of somebody who is no longer in the album",
        "stay of people who are no longer in the album",
    )
    yield (
        done.undecided,
        "stays as its photo could not be read or is not compared yet",
        "stay as their photos could not be read or are not compared yet",
    )
    yield (
        done.missing,
        "could not be copied, as the photo has changed or is gone",
        "could not be copied, as the photos have changed or are gone",
    )
    yield (
        done.foreign,
        "sidecar that somebody else wrote or changed stays as it is",
        "sidecars that somebody else wrote or changed stay as they are",
    )

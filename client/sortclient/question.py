"""Which photos are asked for: somebody's, those of several people together, of one alone, of nobody; and of when."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import groupby

from sortclient.album import Album
from sortclient.errors import InputError
from sortclient.ledger import counted
from sortclient.model import Entry, Outcome
from sortclient.names import check_person, listed
from sortclient.verdicts import Verdict, matches, verdicts

_SETTLED = frozenset((Outcome.MATCH, Outcome.NO_MATCH, Outcome.NO_FACE))
_DAY = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


class Who(StrEnum):
    """Whose photos. The words are those of the options."""

    EACH = ""  # everybody's, each person's for themselves
    ANY = "any"
    ALL = "all"
    ONLY = "only"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Question:
    """``since`` and ``until`` are a year, a month or a day (2019, 2019-06, 2019-06-30), both included; "": no bound."""

    who: Who = Who.EACH
    people: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def __str__(self) -> str:
        """As it is said on the command line."""
        who = [] if self.who is Who.EACH else [f"--{self.who}"]
        people = [shlex.quote(listed(self.people, ","))] if self.people else []
        since = ["--since", self.since] if self.since else []
        return " ".join([*who, *people, *since, *(["--until", self.until] if self.until else [])])

    @property
    def together(self) -> bool:
        """Whether a photo is one answer, and not one for each person in it."""
        return self.who in (Who.ALL, Who.ONLY, Who.NONE)

    def photos(self, album: Album) -> Iterator[list[Verdict]]:
        """The verdicts that answer, a list for each photo, in the order of their paths.

        A photo of nobody has one, without a person.
        """
        rows = verdicts(album) if self.who in (Who.ONLY, Who.NONE) else matches(album)
        for _, found in groupby(rows, key=lambda verdict: verdict.entry.path):
            of_photo = list(found)
            if self._is_of_then(of_photo[0].entry) and (answer := self._answer(of_photo)):
                yield answer

    def copies(self, album: Album) -> Iterator[Verdict]:
        """What a sync puts below its folder, a row a copy: people who are asked for together share one."""
        for found in self.photos(album):
            yield from [_joined(found)] if self.together else found

    def key(self, verdict: Verdict) -> tuple[str, str]:
        """What a copy is known by: whose it is, nobody's where people are asked for together, and the photo's path."""
        return ("" if self.together else verdict.person), verdict.entry.path

    def refuted(self, key: tuple[str, str], of_photo: Sequence[Verdict]) -> bool:
        """Whether a photo that is no answer surely is none: nothing that could still make it one is open.

        ``of_photo`` are all of the photo's verdicts.
        """
        deciding = of_photo if self.together else [verdict for verdict in of_photo if verdict.person == key[0]]
        return bool(deciding) and _is_settled(deciding)

    def _is_of_then(self, entry: Entry) -> bool:
        """A photo whose date nobody knows is of no time that can be named."""
        if not (self.since or self.until):
            return True
        taken = entry.taken
        return bool(taken) and taken[: len(self.since)] >= self.since and taken[: len(self.until)] <= self.until

    def _answer(self, of_photo: Sequence[Verdict]) -> list[Verdict]:
        found = [verdict for verdict in of_photo if verdict.outcome is Outcome.MATCH]
        names = {verdict.person for verdict in found}
        asked = [verdict for verdict in found if verdict.person in self.people]
        match self.who:
            case Who.EACH:
                return found
            case Who.ANY:
                return asked
            case Who.ALL:
                return asked if names.issuperset(self.people) else []
            case Who.ONLY:
                return asked if names == set(self.people) and _is_nobody_else(of_photo, len(names)) else []
            case Who.NONE:
                return [_nobody(of_photo)] if not found and _is_settled(of_photo) else []


def _is_nobody_else(of_photo: Sequence[Verdict], people: int) -> bool:
    """Neither a person of the album who may still turn out to be there, nor the face of a stranger."""
    faces = max((verdict.faces for verdict in of_photo if verdict.faces is not None), default=people)
    return faces <= people and _is_settled(of_photo)


def _is_settled(of_photo: Sequence[Verdict]) -> bool:
    return all(verdict.outcome in _SETTLED for verdict in of_photo)


def _nobody(of_photo: Sequence[Verdict]) -> Verdict:
    best = max(of_photo, key=lambda verdict: verdict.similarity or 0.0)
    return replace(best, person="", detail="", box=None)


def _joined(found: Sequence[Verdict]) -> Verdict:
    weakest = min(found, key=lambda verdict: verdict.similarity or 0.0)
    return replace(weakest, person=" and ".join(verdict.person for verdict in found))


MATCHES = Question()


def asked(
    album: Album,
    *,
    any_of: Sequence[str] = (),
    all_of: Sequence[str] = (),
    only: Sequence[str] = (),
    none: bool = False,
    since: str | None = None,
    until: str | None = None,
) -> Question:
    """The question that the options ask, or an InputError: people must be known, and only one of the four be asked."""
    who = {Who.ANY: any_of, Who.ALL: all_of, Who.ONLY: only, Who.NONE: ("",) if none else ()}
    chosen = [(kind, said) for kind, said in who.items() if said]
    if len(chosen) > 1:
        both = " and ".join(f"--{kind}" for kind, _ in chosen)
        raise InputError(f"{both} ask for different photos. Say one of them.")
    kind, said = chosen[0] if chosen else (Who.EACH, ())
    people = () if kind is Who.NONE else tuple(sorted(set(_people(album, said))))
    question = Question(kind, people, _day("--since", since), _day("--until", until))
    if question.until and question.since[: len(question.until)] > question.until:
        raise InputError(f"--since {question.since} is later than --until {question.until}: no photo is of then.")
    return question


def _people(album: Album, said: Sequence[str]) -> Iterator[str]:
    """``A,B``, or repeated. A name with a comma of its own is known by being somebody's, or stands in quotes."""
    known = album.people()
    for text in said:
        names = [text] if text in known else next(csv.reader([text], skipinitialspace=True), [])
        if not names:
            raise InputError("Whose photos? Name people like this: --any Ana,Bo.")
        try:
            yield from [check_person(album, name.strip()) for name in names]
        except InputError as error:
            with_comma = next((name for name in known if "," in name), None)
            if with_comma is None:
                raise
            example = shlex.quote(listed([with_comma, *(name for name in known if name != with_comma)][:2], ","))
            raise InputError(f"{error} A name with a comma stands in quotes: --any {example}.") from error


def _day(option: str, text: str | None) -> str:
    if text is None:
        return ""
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            date.fromisoformat(text + "-01" * (2 - text.count("-")))
            return text
    raise InputError(f"{option} {text}: name a year, a month or a day, like 2019, 2019-06 or 2019-06-30.")


def undated(album: Album, question: Question) -> str:
    """A line of how many photos are no answer only because nobody knows when they were taken; empty where none are."""
    if not (question.since or question.until):
        return ""
    whenever = replace(question, since="", until="")
    number = sum(not found[0].entry.taken for found in whenever.photos(album))
    left_out = counted(number, "photo without a date was", "photos without a date were")
    return f"{left_out} left out." if number else ""


def to_text(question: Question) -> str:
    """For the catalog; empty for the matches, which is what most folders hold."""
    return "" if question == MATCHES else json.dumps(asdict(question), ensure_ascii=False)


def from_text(text: str) -> Question:
    if not text:
        return MATCHES
    told = json.loads(text)
    return Question(Who(told["who"]), tuple(told["people"]), told["since"], told["until"])

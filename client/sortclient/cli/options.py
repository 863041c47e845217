"""Arguments and options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sortclient.model import Link


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Told(StrEnum):
    """What is no table."""

    TEXT = "text"
    JSON = "json"


Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder with the photos.")]
AlbumArgument = Annotated[
    str | None, typer.Argument(metavar="[ALBUM]", help="The album; the one used last if left out.")
]
Form = Annotated[Format, typer.Option("--format", help="How to print them.")]

ToldAs = Annotated[Told, typer.Option("--format", help="For a person, or for a program.")]

# -- people
_DIR = "Headshots of many: a folder for each person, or a picture named after them."
Ref = Annotated[
    list[str] | None,
    typer.Option(
        "--ref",
        metavar="[NAME=]FILE[#N]",
        help="A headshot of a person to look for; #N takes the N-th face from the left. Can be repeated.",
    ),
]
RefFromNowOn = Annotated[
    list[str] | None,
    typer.Option(
        "--ref",
        metavar="[NAME=]FILE[#N]",
        help="A headshot of a person to look for; #N takes the N-th face from the left. Can be repeated. Who is named"
        " has these headshots from now on, and no earlier ones; `people add` adds some. Others stay in the album.",
    ),
]
People = Annotated[
    Path | None,
    typer.Option("--people", metavar="DIR", help=_DIR),
]
PeopleFromNowOn = Annotated[
    Path | None, typer.Option("--people", metavar="DIR", help=f"{_DIR} They have these from now on, as with --ref.")
]
Person = Annotated[
    str | None, typer.Option("--person", metavar="NAME", help="Of this person alone, not of the whole album.")
]

# -- where matches go
_REMEMBERED = "[default: as last time; at first"
AlbumName = Annotated[str | None, typer.Option("--album", help="Name of the album.  [default: the folder's name]")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help=f"Where the matches go.  {_REMEMBERED} Matches]")
]
Layout = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="TEMPLATE",
        help="Path of a match below --out, of {person} {path} {name} {year} {month} {similarity}."
        f"  {_REMEMBERED} {{person}}/{{path}}]",
    ),
]
LinkForm = Annotated[
    Link | None, typer.Option("--link", help=f"Copies of the photos, or links to them.  {_REMEMBERED} copy]")
]
Xmp = Annotated[
    bool | None,
    typer.Option(
        "--xmp/--no-xmp", help=f"Name the people in a sidecar beside each match.  {_REMEMBERED} no]", show_default=False
    ),
]
LedgerFile = Annotated[
    Path | None, typer.Option("--ledger", metavar="FILE.csv|FILE.json", help="Write every file with its outcome.")
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", metavar="N", help=f"Least similarity of a match, in per cent.  {_REMEMBERED} 80]"),
]

# -- which photos
AnyOf = Annotated[
    list[str] | None,
    typer.Option(
        "--any",
        metavar="NAME,NAME",
        help="""Photos of any of these people. A name with a comma stands in quotes: '"Biden, Joe",Kit'""",
    ),
]
AllOf = Annotated[
    list[str] | None, typer.Option("--all", metavar="NAME,NAME", help="Photos of all of these people together.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="NAME,NAME", help="Photos of these people and nobody else.")
]
Nobody = Annotated[bool, typer.Option("--none", help="Photos of none of the album's people.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Taken then or later: 2019, 2019-06 or 2019-06-30.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="DATE", help="Taken then or earlier; the same forms.")]

# -- which files
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", metavar="GLOB", help="Only files like this, in this run: '*.jpg', '2019/'. Can be repeated."
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="No files or folders like this; goes before --include."),
]
FollowLinks = Annotated[bool, typer.Option("--follow-links", help="Enter folders that links lead to.")]
Moved = Annotated[bool, typer.Option("--moved", help="The album's folder was elsewhere until now: keep what is known.")]
Prune = Annotated[
    bool,
    typer.Option("--prune", help="Forget what is kept of photos that are no longer in the folder."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done and what it costs at most; do nothing.")
]

# -- AWS
NoWait = Annotated[
    bool,
    typer.Option(
        "--no-wait", help="Return once all is asked for; `status` tells how far it is, `sync` brings the matches."
    ),
]
Originals = Annotated[bool, typer.Option("--originals", help="Upload the files as they are (up to 15 MB).")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about the cost.")]
MaxSpend = Annotated[
    float | None, typer.Option("--max-spend", metavar="USD", help="Do not begin a run that could cost more.")
]
Profile = Annotated[str | None, typer.Option("--profile", help="Profile of the AWS configuration.")]
Region = Annotated[str | None, typer.Option("--region", help="AWS region.  [default: the profile's, else us-west-1]")]
Stack = Annotated[str, typer.Option("--stack", help="Name of the deployed stack.")]

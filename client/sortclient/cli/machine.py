"""`doctor` and `emulator`: what this machine and the AWS account can do."""

from __future__ import annotations

from typing import Annotated

import typer

from photosort.stack import DEFAULT_STACK_NAME
from sortclient.cli import options
from sortclient.cli.app import app


@app.command()
def doctor(
    profile: options.Profile = None, region: options.Region = None, stack: options.Stack = DEFAULT_STACK_NAME
) -> None:
    """Check credentials, region, stack, permissions and quotas: a line each, with what to do."""
    from sortclient.aws.doctor import diagnose

    healthy = True
    for finding in diagnose(profile, region, stack):
        mark = {True: "ok", False: "PROBLEM", None: "skipped"}[finding.ok]
        advice = f" -> {finding.advice}" if finding.advice else ""
        typer.echo(f"{mark:8}{finding.name}: {finding.detail}{advice}")
        healthy = healthy and finding.ok is not False
    raise typer.Exit(0 if healthy else 1)


@app.command()
def emulator(
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port of the emulated AWS.  [default: a free one]")
    ] = None,
) -> None:
    """Run an emulated AWS that several commands can use; Ctrl-C ends it, and all that was kept in it.

    It prints the environment that attaches to it, for a shell:

    sortclient emulator > emulated.env &

    . ./emulated.env
    """
    from sortclient.emulator.main import run

    run(port)

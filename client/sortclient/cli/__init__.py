"""The command `sortclient`. Commands only read their options and call the use cases; heavy imports wait until then."""

from __future__ import annotations

import os
import signal
import sys

from sortclient.errors import SortError, Stopped


def main() -> None:
    """Run the command; the one place where errors become an exit status and a line."""
    try:
        # The end of a terminal or of a machine is a Ctrl-C too: processes are ended, and what is done is kept.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        # Names of files are printed whatever the terminal's encoding.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            from sortclient.cli.commands import app  # it takes a moment, in which a Ctrl-C may come

            app()
        finally:
            sys.stdout.flush()  # at exit it would be too late for a line and a status
    except (SortError, KeyboardInterrupt) as error:
        told = error if isinstance(error, SortError) else Stopped()
        sys.stderr.write(f"sortclient: {told}\n")
        sys.exit(told.exit_code)
    except OSError as error:  # of stdout: a full disk, say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what waits would be tried again at exit
        sys.stderr.write(f"sortclient: {error.filename or 'standard output'}: {error.strerror or error}\n")
        sys.exit(1)

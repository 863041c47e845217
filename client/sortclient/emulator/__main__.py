"""`python -m sortclient.emulator`: the emulated AWS as a child, which ends when its stdin does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sortclient.emulator.main import run
from sortclient.errors import SortError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sortclient.emulator", description=__doc__)
    parser.add_argument("--port", type=int, help="of the emulated AWS; a free one unless given")
    parser.add_argument("--log", type=Path, help="file that the functions' logs are appended to")
    parser.add_argument("--bare", action="store_true", help="no stack, and the services that it takes to deploy one")
    arguments = parser.parse_args()
    try:
        run(arguments.port, arguments.log, bare=arguments.bare, while_stdin_is_open=True)
    except SortError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

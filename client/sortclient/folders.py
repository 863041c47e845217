"""Where the client keeps its own files."""

from __future__ import annotations

import os
from pathlib import Path

DATA_VARIABLE = "SORTCLIENT_DATA"
CACHE_VARIABLE = "SORTCLIENT_CACHE"

_APPLICATION = "sortclient"


def data_folder() -> Path:
    """Where the catalog lies. The environment's SORTCLIENT_DATA says another place. It may not exist yet."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path(_APPLICATION, appauthor=False)


def cache_folder() -> Path:
    """Where files lie that can be made again at any time. SORTCLIENT_CACHE says another place. It may not exist yet."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path(_APPLICATION, appauthor=False)

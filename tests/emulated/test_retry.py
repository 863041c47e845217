"""A comparison that failed in the cloud: status shows it, retry cures it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from demo.album import EILEEN, GRACE, DemoAlbum
from sortclient.catalog import Catalog
from tests.emulated.command import EILEENS, GRACES, Cloud, Machine, refs, settled, succeeded


def test_a_failed_comparison_is_shown_with_its_reason_and_cured(
    here: Machine,
    demo: DemoAlbum,
    small: Path,
    album: str,
    cloud: Cloud,
    client: Callable[..., Any],
    outputs: Mapping[str, str],
) -> None:
    succeeded(here.run("upload", settled(small), *refs(demo, GRACE, EILEEN), "--album", album))
    photos, cells = cloud.objects("photos"), cloud.cells()
    # One of them as record_failures would have left it, and nobody here has seen any yet.
    table, failed = client("dynamodb"), min(cells)
    key = {"album": {"S": album}, "cell": {"S": failed}}
    item = table.get_item(TableName=outputs["TableName"], Key=key)["Item"]
    gave_up = {name: item[name] for name in ("album", "cell", "engine", "compared_at", "expires_at")}
    gave_up |= {"problem": {"S": "failed"}, "detail": {"S": "given up"}}
    table.put_item(TableName=outputs["TableName"], Item=gave_up)
    with Catalog(here.folder / "data" / "catalog.sqlite") as catalog:
        known = catalog.find_album(album)
        assert known is not None
        known.forget_other_engines("none")
        known.save()

    told = here.run("status", album)
    assert told.returncode == 3
    assert "Failed: 1 comparison; `sortclient retry " in told.stdout
    assert "\n  1 x given up\n" in told.stdout

    cured = succeeded(here.run("retry", album))
    assert "At most 1 comparison, " in cured.stderr
    assert here.matches() == GRACES | EILEENS
    now = cloud.cells()
    assert (now.keys(), cloud.objects("photos")) == (cells.keys(), photos)
    assert {cell for cell in cells if now[cell] != cells[cell]} == {failed}
    read = json.loads(succeeded(here.run("status", "--format", "json")).stdout)
    assert (read["missing"], read["failed"], read["failures"]) == (0, 0, [])

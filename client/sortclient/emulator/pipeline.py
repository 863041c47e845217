"""The functions of a stack at work, whoever says what they are: the emulator's own facts, or a deployed template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sortclient.emulator.event_source import EventSource
from sortclient.emulator.function import ExecutionEnvironments, Function

if TYPE_CHECKING:
    from boto3.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFunction:
    """A function that works off a queue. ``variables`` are those of its environment besides AWS's own."""

    function: Function
    variables: Mapping[str, str]
    queue_url: str
    batch_size: int
    window: int  # seconds in which a batch is gathered
    max_concurrency: int


def start(
    stack: ExitStack,
    session: Session,
    functions: Iterable[QueueFunction],
    *,
    environment: Mapping[str, str],
    log: Path,
) -> None:
    """Let each function work; closing ``stack`` ends them. ``environment`` attaches them to the emulated AWS."""
    for one in functions:
        environments = ExecutionEnvironments(one.function, {**environment, **one.variables}, log)
        source = EventSource(
            session.client("sqs"),
            one.queue_url,
            environments.invoke,
            batch_size=one.batch_size,
            window=one.window,
            max_concurrency=one.max_concurrency,
        )
        stack.callback(source.close)
        stack.callback(environments.close)  # before the source that waits for them

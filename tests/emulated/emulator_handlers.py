"""Handlers for the tests of execution environments. The module's state shows what is shared and what is not."""

from __future__ import annotations

import os
import time
from typing import Any

ENVIRONMENT_AT_IMPORT = dict(os.environ)
_invocations = 0


def report(event: dict[str, Any], context: Any) -> dict[str, Any]:
    global _invocations
    _invocations += 1
    print("printed by the handler")  # noqa: T201
    return {
        "process": os.getpid(),
        "invocations": _invocations,
        "environment": ENVIRONMENT_AT_IMPORT,
        "event": event,
        "remaining": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
        "context": [context.function_name, context.memory_limit_in_mb, context.invoked_function_arn],
    }


def misbehave(event: dict[str, Any], context: Any) -> object:
    """Do what the event asks for."""
    if "sleep" in event:
        print("sleeping")  # noqa: T201
        time.sleep(event["sleep"])
    if "raise" in event:
        raise LookupError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "unserialisable" in event:
        return {1, 2}
    return os.getpid()

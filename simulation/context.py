"""What Lambda tells a handler of its invocation, as far as ours and Powertools look. Light: benchmarks import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    function_name: str
    seconds_left: Callable[[], float] = lambda: 120.0
    memory_limit_in_mb: str = "1769"
    aws_request_id: str = "0"
    invoked_function_arn: str = "arn:aws:lambda:us-west-1:123456789012:function:any"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(self.seconds_left() * 1000))

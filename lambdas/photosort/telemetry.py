"""Logs and metrics, through Powertools. Digests and albums may be logged; file names and pictures never reach here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

from photosort.stack import METRICS_NAMESPACE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="photosort")


def emit(counts: Mapping[str, int], context: LambdaContext) -> None:
    """Publish one invocation's counts. Of the main thread only: Powertools keeps one set for the whole process.

    The one dimension is the function's name, so two stacks of an account do not add up. Names are those of `Metric`.
    """
    metrics = Metrics(namespace=METRICS_NAMESPACE, service=context.function_name)
    for name, count in counts.items():
        if count:
            metrics.add_metric(name, unit="Count", value=count)
    if any(counts.values()):  # Powertools warns of an empty set
        metrics.flush_metrics()

"""What is watched, and the figures of CloudWatch that alarms and the dashboard share, in portions of five minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from infra.queues import Queues
from photosort.stack import METRICS_DIMENSION, METRICS_NAMESPACE, Metric

PERIOD = Duration.minutes(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    queues: Queues
    compare: lambda_.Function
    enroll: lambda_.Function
    record: lambda_.Function

    @property
    def functions(self) -> dict[str, lambda_.Function]:
        return {"ComparePhotos": self.compare, "EnrollPerson": self.enroll, "RecordFailures": self.record}

    def failed(self) -> cloudwatch.MathExpression:
        """Cells that were given up, whoever wrote that down."""
        return total("Failed", [counted(Metric.FAILED, self.compare), counted(Metric.FAILED, self.record)])

    def dead_letters(self) -> list[cloudwatch.Metric]:
        """Messages that stand there, and those that are just being recorded."""
        queue = self.queues.dead_letters
        return [
            queue.metric_approximate_number_of_messages_visible(period=PERIOD, label="dead letters, waiting"),
            queue.metric_approximate_number_of_messages_not_visible(period=PERIOD, label="dead letters, in work"),
        ]


def counted(name: str, function: lambda_.Function) -> cloudwatch.Metric:
    """How many ``function`` counted of what ``photosort.stack.Metric`` names."""
    return cloudwatch.Metric(
        namespace=METRICS_NAMESPACE,
        metric_name=name,
        dimensions_map={METRICS_DIMENSION: function.function_name},
        statistic=cloudwatch.Stats.SUM,
        period=PERIOD,
    )


def total(label: str, metrics: Sequence[cloudwatch.Metric]) -> cloudwatch.MathExpression:
    """The sum, 0 where none of them has a value: they have none while nothing happens.

    Without FILL a sum with one missing has no value either. And an alarm that misses values looks farther back, at the
    last ones that there are, whatever it is told to take missing ones for: it would ring on after the end, and miss the
    next beginning.
    """
    # Ids of one graph must differ, begin with a small letter, and hold only letters and digits.
    names = [f"{label.lower().replace(' ', '')}{index}" for index in range(len(metrics))]
    return cloudwatch.MathExpression(
        label=label,
        expression=" + ".join(f"FILL({name}, 0)" for name in names),
        using_metrics=dict(zip(names, metrics, strict=True)),
        period=PERIOD,
    )

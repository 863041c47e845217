"""What somebody should look at."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from photosort.stack import DEAD_LETTERS_METRIC, METRICS_NAMESPACE


class Alarms(Construct):
    """``dead_letters``: ``recorder`` has met one, which means a crash or a message that nobody can read.

    Throttling does not end there. The alarm has no action: whom to tell is the account's own affair.
    """

    def __init__(self, scope: Construct, name: str, *, recorder: lambda_.Function) -> None:
        super().__init__(scope, name)
        self.dead_letters = cloudwatch.Alarm(
            self,
            "DeadLetters",
            alarm_description="Comparisons ended as dead letters: see the log of record_failures for why",
            metric=cloudwatch.Metric(
                namespace=METRICS_NAMESPACE,
                metric_name=DEAD_LETTERS_METRIC,
                dimensions_map={"service": recorder.function_name},
                statistic=cloudwatch.Stats.SUM,
                period=Duration.minutes(5),
            ),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

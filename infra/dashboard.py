"""The pipeline on one page: what it did, what waits, and whether it is well."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.metrics import PERIOD, Watched, counted, total
from infra.queues import Queues
from photosort.stack import Metric

_ACROSS = 24  # CloudWatch's grid


class Dashboard(Construct):
    """``calls_per_second`` is what the pipeline allows itself of Rekognition's quota: the line that it should keep to.

    It shows fewer than 50 metrics: so many are free.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        watched: Watched,
        alarms: Sequence[cloudwatch.Alarm],
        calls_per_second: float,
    ) -> None:
        super().__init__(scope, name)
        stack, compare = Stack.of(self), watched.compare
        verdicts = [
            counted(metric, compare)
            for metric in (Metric.MATCHES, Metric.NO_MATCHES, Metric.NO_FACE, Metric.UNREADABLE)
        ]
        failed, dropped = watched.failed(), counted(Metric.DROPPED, compare)
        left = [counted(metric, compare) for metric in (Metric.THROTTLED, Metric.SENT_BACK)]
        rare = [
            counted(Metric.FANNED_OUT, watched.enroll),
            counted(Metric.DEAD_LETTERS, watched.record),
            *watched.dead_letters(),
        ]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            # Dashboards are the account's and not a region's: two stacks of one name must not share one.
            dashboard_name=f"{stack.stack_name}-{stack.region}",
            default_interval=Duration.hours(3),
            widgets=[
                [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=_ACROSS)],
                [_sums([total("Pairs compared", verdicts), verdicts[0], failed])],
                [
                    _graph("Pairs, by how they ended", [*verdicts, failed, dropped], stacked=True),
                    _rate(counted(Metric.COMPARISONS, compare), calls_per_second),
                ],
                [
                    _graph("Messages that wait", _backlog(watched.queues)),
                    _graph("Age of the oldest message, seconds", _ages(watched.queues)),
                ],
                [_graph("Left for later", left), _graph("New headshots; dead letters", rare)],
                [
                    _graph("Errors", _each(watched, "Errors", cloudwatch.Stats.SUM)),
                    _graph("Throttles", _each(watched, "Throttles", cloudwatch.Stats.SUM)),
                ],
                [
                    _graph("Executions at once", _each(watched, "ConcurrentExecutions", cloudwatch.Stats.MAXIMUM)),
                    _graph("Duration, milliseconds", _each(watched, "Duration", cloudwatch.Stats.p(95))),
                ],
            ],
        )


def _sums(metrics: list[cloudwatch.IMetric]) -> cloudwatch.IWidget:
    return cloudwatch.SingleValueWidget(
        title="In the time shown", metrics=metrics, set_period_to_time_range=True, width=_ACROSS, height=3
    )


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric], *, stacked: bool = False) -> cloudwatch.IWidget:
    axis = cloudwatch.YAxisProps(min=0, show_units=False)
    return cloudwatch.GraphWidget(
        title=title, left=list(metrics), left_y_axis=axis, stacked=stacked, width=_ACROSS // 2
    )


def _rate(calls: cloudwatch.IMetric, allowed: float) -> cloudwatch.IWidget:
    rate = cloudwatch.MathExpression(
        label="Calls", expression="calls / PERIOD(calls)", using_metrics={"calls": calls}, period=PERIOD
    )
    return cloudwatch.GraphWidget(
        title="Calls of CompareFaces a second",
        left=[rate],
        left_annotations=[cloudwatch.HorizontalAnnotation(value=allowed, label="allowed")],
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        width=_ACROSS // 2,
    )


def _backlog(queues: Queues) -> list[cloudwatch.IMetric]:
    compare, enroll = queues.compare, queues.enroll
    return [
        compare.metric_approximate_number_of_messages_visible(period=PERIOD, label="compare"),
        compare.metric_approximate_number_of_messages_not_visible(period=PERIOD, label="compare, in work"),
        compare.metric_approximate_number_of_messages_delayed(period=PERIOD, label="compare, left for later"),
        enroll.metric_approximate_number_of_messages_visible(period=PERIOD, label="enroll"),
    ]


def _ages(queues: Queues) -> list[cloudwatch.IMetric]:
    return [
        queue.metric_approximate_age_of_oldest_message(period=PERIOD, label=label)
        for label, queue in (("compare", queues.compare), ("enroll", queues.enroll))
    ]


def _each(watched: Watched, metric: str, statistic: str) -> list[cloudwatch.IMetric]:
    return [
        function.metric(metric, statistic=statistic, period=PERIOD, label=label)
        for label, function in watched.functions.items()
    ]

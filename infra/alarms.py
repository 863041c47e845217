"""What somebody should look at. docs/runbook.md has a section for each alarm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.metrics import PERIOD, Watched, counted, total
from infra.topic import AlarmTopic
from photosort.stack import Metric

# A day is 400,000 comparisons even at 5 a second: no upload of one person waits so long while things are right. What is
# sent back is a new message, so this says how long nobody came to one, not how old the work is. Where objects are kept
# for a day only, half of that is left to act.
_COMPARE_AGE = Duration.hours(24)

# Listing 50,000 photos takes half a minute, and a message that failed once comes again after half an hour: so this one
# failed twice. After another quarter of an hour SQS would not tell: what was delivered three times no longer counts for
# the age of the oldest message.
_ENROLL_AGE = Duration.minutes(45)

# Per cent of the calls, for a quarter of an hour. The pace keeps them below 1.
_THROTTLED = 5

_QUARTER_HOUR, _HOUR = 3, 12  # in periods


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rings:
    """At ``threshold`` in so many ``periods`` running. ``ends``: it is a state, whose end is told too."""

    name: str
    says: str
    metric: cloudwatch.MathExpression
    threshold: float = 1
    periods: int = 1
    ends: bool = False


class Alarms(Construct):
    """``all`` of them are named after the stack. They write to ``email``; where that is empty, they only show."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        watched: Watched,
        retention_days: int,
        email: str,
    ) -> None:
        super().__init__(scope, name)
        prefix = f"{Stack.of(self).stack_name}-"
        action = SnsAction(AlarmTopic(self, "Mail", email=email, alarms=prefix).topic) if email else None
        self.all = [
            self._alarm(prefix, one, action)
            for one in (*_of_queues(watched, retention_days), *_of_functions(watched), *_of_comparisons(watched))
        ]

    def _alarm(self, prefix: str, one: _Rings, action: SnsAction | None) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            one.name,
            alarm_name=prefix + one.name,
            alarm_description=f"{one.says}. See {one.name} in docs/runbook.md.",
            metric=one.metric,
            threshold=one.threshold,
            evaluation_periods=one.periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # Of the figures that are filled only an outage of CloudWatch's own is missing.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if action is not None:
            alarm.add_alarm_action(action)
            if one.ends:
                alarm.add_ok_action(action)
        return alarm


def _of_queues(watched: Watched, retention_days: int) -> Iterator[_Rings]:
    queues = watched.queues
    yield _Rings(
        name="CompareQueueAge",
        says="Photos have waited for long, and nobody has come to them",
        metric=total("Age", [queues.compare.metric_approximate_age_of_oldest_message(period=PERIOD)]),
        threshold=min(_COMPARE_AGE.to_seconds(), Duration.days(retention_days).to_seconds() / 2),
        ends=True,
    )
    yield _Rings(
        name="EnrollQueueAge",
        says="A new headshot waits, and nobody compares it with the photos that are there",
        metric=total("Age", [queues.enroll.metric_approximate_age_of_oldest_message(period=PERIOD)]),
        threshold=_ENROLL_AGE.to_seconds(),
        ends=True,
    )
    yield _Rings(
        name="DeadLetters",
        says="Work was given up after a crash, or nobody could read it; its comparisons are recorded as failed",
        metric=total("Met", [counted(Metric.DEAD_LETTERS, watched.record)]),
    )
    yield _Rings(
        name="DeadLettersStanding",
        says="Work was given up, and record_failures does not get it recorded",
        # By number, as the age leaves out what was delivered three times, and these are delivered for ever.
        metric=total("Dead letters", watched.dead_letters()),
        periods=_HOUR,
        ends=True,
    )


def _of_functions(watched: Watched) -> Iterator[_Rings]:
    functions = watched.functions
    for title, function in functions.items():
        yield _Rings(
            name=f"{title}Errors",
            says=f"{title} crashed, ran out of memory or time, or could not start",
            metric=total("Errors", [function.metric_errors(period=PERIOD)]),
        )
    yield _Rings(
        name="FunctionsThrottled",
        says="Lambda does not run the functions: the account's concurrent executions are used up",
        metric=total("Throttles", [function.metric_throttles(period=PERIOD) for function in functions.values()]),
        periods=_QUARTER_HOUR,
        ends=True,
    )


def _of_comparisons(watched: Watched) -> Iterator[_Rings]:
    yield _Rings(
        name="RekognitionThrottled",
        says="Rekognition refuses calls: its quota is lower than the stack was told, or somebody else uses it",
        metric=cloudwatch.MathExpression(
            label="Throttled, per cent of the calls",
            # Filled as in `total`. Throttled without a call is the table's doing, and rings as well.
            expression="100 * FILL(throttled, 0) / FILL(calls, 1)",
            using_metrics={
                "throttled": counted(Metric.THROTTLED, watched.compare),
                "calls": counted(Metric.COMPARISONS, watched.compare),
            },
            period=PERIOD,
        ),
        threshold=_THROTTLED,
        periods=_QUARTER_HOUR,
        ends=True,
    )
    yield _Rings(
        name="FailedComparisons",
        says="Comparisons were given up and recorded as failed; each has its reason",
        metric=watched.failed(),
    )

"""The queues: what is to be compared, the headshots to be enrolled, and what failed of either."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

# SQS's longest. A message that is moved to the dead letters keeps the time of its first sending, so a shorter
# retention there would delete some of them on arrival.
RETENTION = Duration.days(14)

# AWS's advice for a queue that Lambda reads: fewer would make dead letters of throttled invocations.
MAX_RECEIVES = 5


def visibility(*, timeout_seconds: int, window_seconds: int) -> Duration:
    """How long a message stays hidden from others: AWS asks for six times the function's timeout, and the window."""
    return Duration.seconds(6 * timeout_seconds + window_seconds)


class Queues(Construct):
    """``compare`` and ``enroll`` are open to S3's notifications; both give up to ``dead_letters``."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        compare_visibility: Duration,
        enroll_visibility: Duration,
        dead_letters_visibility: Duration,
    ) -> None:
        super().__init__(scope, name)
        self.dead_letters = self._queue("DeadLetters", dead_letters_visibility)
        self.compare = self._queue("Compare", compare_visibility, dead_letters=self.dead_letters)
        self.enroll = self._queue("Enroll", enroll_visibility, dead_letters=self.dead_letters)
        for queue in (self.compare, self.enroll):
            queue.add_to_resource_policy(_notifications_to(queue))

    def _queue(self, name: str, hidden: Duration, *, dead_letters: sqs.Queue | None = None) -> sqs.Queue:
        redrive = sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=MAX_RECEIVES) if dead_letters else None
        return sqs.Queue(
            self,
            name,
            # SQS's own key: S3 can send to it, which it cannot to a queue under an AWS-managed KMS key.
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
            visibility_timeout=hidden,
            dead_letter_queue=redrive,
        )


def _notifications_to(queue: sqs.Queue) -> iam.PolicyStatement:
    """S3 may send for buckets of this account.

    Naming the bucket would close a circle: S3 checks this policy when the bucket gets its notifications, so the
    bucket waits for the policy.
    """
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("s3.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )

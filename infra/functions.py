"""A function that works off a queue, with a role and a log group of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.bundle import PYTHON_VERSION
from infra.settings import LOG_RETENTION


class QueueFunction(Construct):
    """``handler`` is called with batches of ``queue`` and answers with the messages of each that failed.

    An invocation gets at most ``batch_size`` messages, and has ``timeout_seconds`` for all of them together.
    ``max_concurrency`` is how many invocations this queue may cause at once, 2 to 1,000. ``permissions`` is all that
    the function may do besides reading its queue and writing its log. ``may_feed_itself`` is for a function that
    sends to its own queue: Lambda takes that for a mistake and after some 16 rounds makes a dead letter of it.
    ``paused`` leaves all messages in the queue.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        handler: str,
        code: lambda_.Code,
        queue: sqs.Queue,
        batch_size: int,
        timeout_seconds: int,
        window_seconds: int,
        memory_mb: int,
        max_concurrency: int,
        log_retention_days: int,
        environment: Mapping[str, str],
        permissions: Sequence[iam.PolicyStatement],
        may_feed_itself: bool = False,
        paused: bool = False,
    ) -> None:
        super().__init__(scope, name)
        log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays[LOG_RETENTION[log_retention_days]],
            removal_policy=RemovalPolicy.DESTROY,
        )
        statements = [_read_queue(queue), _write_log(log), *permissions]
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            # Inline, so that the role is complete when it exists: Lambda checks it when the event source is made.
            inline_policies={"Permissions": iam.PolicyDocument(statements=statements)},
        )
        self.function = lambda_.Function(
            self,
            "Function",
            handler=handler,
            code=code,
            runtime=lambda_.Runtime(f"python{PYTHON_VERSION}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.ARM_64,
            role=role,
            log_group=log,
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            environment=dict(environment),
            tracing=lambda_.Tracing.DISABLED,
            recursive_loop=lambda_.RecursiveLoop.ALLOW if may_feed_itself else lambda_.RecursiveLoop.TERMINATE,
        )
        lambda_.EventSourceMapping(
            self,
            "EventSource",
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=Duration.seconds(window_seconds),
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
            # Said either way: what a template leaves out, CloudFormation may leave as it was.
            enabled=not paused,
        )


def _read_queue(queue: sqs.Queue) -> iam.PolicyStatement:
    # What Lambda asks of the role to poll for it. CDK's grant_consume_messages adds two more.
    return iam.PolicyStatement(
        actions=["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], resources=[queue.queue_arn]
    )


def _write_log(log: logs.LogGroup) -> iam.PolicyStatement:
    # Not CreateLogGroup: it would bring the group back, without its retention, after the stack is gone.
    return iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.log_group_arn])

"""The stack: which parts there are, and what each function may do with the others."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import permissions as may
from infra.alarms import Alarms
from infra.dashboard import Dashboard
from infra.functions import QueueFunction
from infra.metrics import Watched
from infra.queues import Queues, visibility
from infra.settings import Settings
from infra.storage import Storage
from photosort import keys
from photosort.stack import Environment as Variable
from photosort.stack import Output

# Seconds. compare_photos begins nothing in the last 60 (`photosort.photo`) and sends back what is left, so it needs not
# be long: what a crash takes with it comes again after six times this. The others go through an album.
COMPARE_TIMEOUT = 90
ENROLL_TIMEOUT = 300
RECORD_TIMEOUT = 300

# Messages an invocation gets at most; SQS's own limit without a batching window is the same.
BATCH_SIZE = 10

# Enrolling goes through a whole album for each message: some 25 s for 50,000 photos. Ten of them would run into the
# timeout, and all begin anew, until they are dead letters.
ENROLL_BATCH_SIZE = 1

# Seconds that Lambda may wait to fill a batch; without one it holds 10 messages at most.
COMPARE_WINDOW = 1

# The least that SQS allows. Enrolling and recording are quick and rare, and a new account has 10 in all.
LEAST_CONCURRENCY = 2


class PhotoSortStack(Stack):
    """All of it, for one account and region. ``code`` is the folder that `infra.bundle` makes."""

    def __init__(self, scope: Construct, *, settings: Settings, code: Path) -> None:
        super().__init__(
            scope,
            settings.stack_name,
            env=Environment(region=settings.region),
            description="Sorts photos by who is in them, with Amazon Rekognition",
        )
        self._settings = settings
        self._code = lambda_.Code.from_asset(str(code))
        self._queues = Queues(
            self,
            "Queues",
            compare_visibility=visibility(timeout_seconds=COMPARE_TIMEOUT, window_seconds=COMPARE_WINDOW),
            enroll_visibility=visibility(timeout_seconds=ENROLL_TIMEOUT, window_seconds=0),
            dead_letters_visibility=visibility(timeout_seconds=RECORD_TIMEOUT, window_seconds=0),
        )
        self._storage = Storage(
            self,
            "Storage",
            retention_days=settings.retention_days,
            photos_to=self._queues.compare,
            people_to=self._queues.enroll,
        )
        may.acknowledge_prefixes(self, self._storage.bucket)
        watched = Watched(
            queues=self._queues,
            compare=self._compare_photos().function,
            enroll=self._enroll_person().function,
            record=self._record_failures().function,
        )
        alarms = Alarms(
            self, "Alarms", watched=watched, retention_days=settings.retention_days, email=settings.alarm_email
        )
        Dashboard(
            self,
            "Dashboard",
            watched=watched,
            alarms=alarms.all,
            calls_per_second=settings.calls_per_second_in_all,
        )
        self._outputs()

    def _compare_photos(self) -> QueueFunction:
        settings, bucket, table = self._settings, self._storage.bucket, self._storage.table
        function = self._function(
            "compare_photos",
            queue=self._queues.compare,
            batch_size=settings.batch_size,
            timeout_seconds=COMPARE_TIMEOUT,
            window_seconds=COMPARE_WINDOW,
            max_concurrency=settings.max_concurrency,
            environment={
                Variable.TABLE: table.table_name,
                Variable.COMPARE_QUEUE: self._queues.compare.queue_url,
                Variable.RETENTION_DAYS: str(settings.retention_days),
                Variable.CALLS_PER_SECOND: f"{settings.calls_per_second_each:g}",
                Variable.THREADS: str(settings.threads),
                Variable.GIVE_UP_AFTER: f"{settings.give_up_after_hours * 3600:.0f}",
            },
            permissions=[
                may.compare_faces(),
                may.read_objects(bucket, [keys.PHOTOS, keys.PEOPLE]),
                may.write_objects(bucket, keys.MATCHES),
                may.list_objects(bucket),
                may.use_table(table, ["BatchGetItem", "PutItem"]),
                may.send(self._queues.compare),
            ],
            # It sends throttled and unfinished work to its own queue. That ends by age: `give_up_after_hours`.
            may_feed_itself=True,
            paused=settings.paused,
        )
        may.acknowledge_compare_faces(function)
        return function

    def _enroll_person(self) -> QueueFunction:
        bucket = self._storage.bucket
        return self._function(
            "enroll_person",
            queue=self._queues.enroll,
            batch_size=ENROLL_BATCH_SIZE,
            timeout_seconds=ENROLL_TIMEOUT,
            max_concurrency=LEAST_CONCURRENCY,
            environment={Variable.COMPARE_QUEUE: self._queues.compare.queue_url},
            permissions=[
                may.read_objects(bucket, [keys.PEOPLE]),
                may.list_objects(bucket),
                may.send(self._queues.compare),
            ],
        )

    def _record_failures(self) -> QueueFunction:
        bucket, table = self._storage.bucket, self._storage.table
        return self._function(
            "record_failures",
            queue=self._queues.dead_letters,
            timeout_seconds=RECORD_TIMEOUT,
            max_concurrency=LEAST_CONCURRENCY,
            environment={
                Variable.TABLE: table.table_name,
                Variable.RETENTION_DAYS: str(self._settings.retention_days),
            },
            permissions=[
                may.list_objects(bucket),
                may.use_table(table, ["BatchGetItem", "PutItem"]),
            ],
        )

    def _function(
        self,
        module: str,
        *,
        queue: sqs.Queue,
        timeout_seconds: int,
        max_concurrency: int,
        environment: dict[str, str],
        permissions: list[iam.PolicyStatement],
        batch_size: int = BATCH_SIZE,
        window_seconds: int = 0,
        may_feed_itself: bool = False,
        paused: bool = False,
    ) -> QueueFunction:
        return QueueFunction(
            self,
            module.title().replace("_", ""),
            handler=f"photosort.{module}.handler",
            code=self._code,
            queue=queue,
            batch_size=batch_size,
            timeout_seconds=timeout_seconds,
            window_seconds=window_seconds,
            memory_mb=self._settings.memory_mb,
            max_concurrency=max_concurrency,
            log_retention_days=self._settings.log_retention_days,
            environment={Variable.BUCKET: self._storage.bucket.bucket_name, **environment},
            permissions=permissions,
            may_feed_itself=may_feed_itself,
            paused=paused,
        )

    def _outputs(self) -> None:
        outputs = {
            Output.BUCKET: self._storage.bucket.bucket_name,
            Output.TABLE: self._storage.table.table_name,
            Output.COMPARE_QUEUE: self._queues.compare.queue_url,
            Output.ENROLL_QUEUE: self._queues.enroll.queue_url,
            Output.DEAD_LETTERS: self._queues.dead_letters.queue_url,
            Output.CALLS_PER_SECOND: f"{self._settings.calls_per_second_in_all:g}",
            Output.RETENTION_DAYS: str(self._settings.retention_days),
            Output.PAUSED: "true" if self._settings.paused else "false",
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

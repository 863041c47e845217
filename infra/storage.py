"""What is stored: the bucket with its notifications, and the comparisons table."""

from __future__ import annotations

from typing import cast

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from photosort import comparison, keys


class Storage(Construct):
    """``bucket`` tells ``photos_to`` of each new photo and ``people_to`` of each new headshot."""

    def __init__(
        self, scope: Construct, name: str, *, retention_days: int, photos_to: sqs.Queue, people_to: sqs.Queue
    ) -> None:
        super().__init__(scope, name)
        self.bucket = _bucket(self, retention_days)
        _notify(self.bucket, {keys.PHOTOS: photos_to, keys.PEOPLE: people_to})
        self.table = _table(self)


def _bucket(scope: Construct, retention_days: int) -> s3.Bucket:
    expiry = [
        s3.LifecycleRule(prefix=prefix, expiration=Duration.days(retention_days))
        for prefix in (keys.PEOPLE, keys.PHOTOS, keys.MATCHES)
    ]
    bucket = s3.Bucket(
        scope,
        "Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        # A key never changes its content, so there is nothing that an older version could bring back; and a picture
        # of a person that was deleted is to be gone.
        versioned=False,
        lifecycle_rules=[*expiry, s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))],
        # It holds copies. CloudFormation deletes it only when it is empty: `make destroy` sees to that. CDK's own
        # auto_delete_objects would add a function that may delete everything, for as long as the stack lives.
        removal_policy=RemovalPolicy.DESTROY,
    )
    Validations.of(bucket).acknowledge(
        Acknowledgment(
            id="AwsSolutions::AwsSolutions-S1",
            reason="A log of accesses would need a second bucket, and would list there the keys, which name people",
        )
    )
    return bucket


def _notify(bucket: s3.Bucket, queues: dict[str, sqs.Queue]) -> None:
    """Tell a queue of every object created under its prefix.

    Declared on the bucket itself: add_event_notification would put a helper function into the stack, with a role
    over every bucket's notifications.
    """
    resource = cast("s3.CfnBucket", bucket.node.default_child)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        queue_configurations=[
            s3.CfnBucket.QueueConfigurationProperty(
                event="s3:ObjectCreated:*",
                queue=queue.queue_arn,
                filter=s3.CfnBucket.NotificationFilterProperty(
                    s3_key=s3.CfnBucket.S3KeyFilterProperty(
                        rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)]
                    )
                ),
            )
            for prefix, queue in queues.items()
        ]
    )
    # S3 sends a test message when it gets this configuration and refuses it where the queue's policy (a child of the
    # queue) does not stand yet.
    resource.node.add_dependency(*queues.values())


def _table(scope: Construct) -> dynamodb.Table:
    # Not TableV2: moto's CloudFormation has no AWS::DynamoDB::GlobalTable, and one region is all that is needed.
    table = dynamodb.Table(
        scope,
        "Comparisons",
        partition_key=dynamodb.Attribute(name=comparison.ALBUM, type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name=comparison.CELL, type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        # DynamoDB encrypts every table. A key of one's own would cost a call to KMS and protect from nobody more.
        encryption=dynamodb.TableEncryption.DEFAULT,
        time_to_live_attribute=comparison.EXPIRES_AT,
        # Backups would keep for 35 days what somebody asked to have erased; and what is lost can be compared again.
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=False
        ),
        removal_policy=RemovalPolicy.DESTROY,
    )
    table.add_local_secondary_index(
        index_name=comparison.COMPARED_AT_INDEX,
        sort_key=dynamodb.Attribute(name=comparison.COMPARED_AT, type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.ALL,
    )
    Validations.of(table).acknowledge(
        Acknowledgment(
            id="AwsSolutions::AwsSolutions-DDB3",
            reason="Point-in-time recovery would keep erased people for 35 days; cells can be compared again",
        )
    )
    return table

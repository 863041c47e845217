"""What a function may do, a statement for each kind of thing it touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from photosort import keys


def read_objects(bucket: s3.Bucket, prefixes: Sequence[str]) -> iam.PolicyStatement:
    """GET and HEAD. Rekognition reads a picture with its caller's right to."""
    return _allow(["s3:GetObject"], [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes])


def write_objects(bucket: s3.Bucket, prefix: str) -> iam.PolicyStatement:
    return _allow(["s3:PutObject"], [bucket.arn_for_objects(f"{prefix}*")])


def list_objects(bucket: s3.Bucket) -> iam.PolicyStatement:
    """List; and learn that a key is missing, which S3 says (404, not 403) only to who may list.

    Not narrowed to prefixes by a condition: a HEAD carries no prefix, so the condition would take that answer away.
    """
    return _allow(["s3:ListBucket"], [bucket.bucket_arn])


def use_table(table: dynamodb.Table, actions: Sequence[str]) -> iam.PolicyStatement:
    return _allow([f"dynamodb:{action}" for action in actions], [table.table_arn])


def send(queue: sqs.Queue) -> iam.PolicyStatement:
    return _allow(["sqs:SendMessage"], [queue.queue_arn])


def compare_faces() -> iam.PolicyStatement:
    """IAM knows no resource for CompareFaces, so it must be every one; which pictures, the right to read them says."""
    return _allow(["rekognition:CompareFaces"], ["*"])


def _allow(actions: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=list(resources))


def acknowledge_prefixes(scope: Construct, bucket: s3.Bucket) -> None:
    """Tell cdk-nag, for the functions within ``scope``, why the resources above end in a wildcard."""
    # cdk-nag writes the bucket's address as a reference to it, by the name that it has in the template.
    address = f"<{Stack.of(bucket).get_logical_id(_resource(bucket))}.Arn>"
    for prefix in (keys.PEOPLE, keys.PHOTOS, keys.MATCHES):
        _acknowledge(scope, f"{address}/{prefix}*", f"All objects under {prefix}: their names are not known before")


def acknowledge_compare_faces(scope: Construct) -> None:
    _acknowledge(scope, "*", "IAM knows no resource for CompareFaces")


def _acknowledge(scope: Construct, resource: str, reason: str) -> None:
    rule = f"AwsSolutions::AwsSolutions-IAM5[Resource::{resource}]"
    Validations.of(scope).acknowledge(Acknowledgment(id=rule, reason=reason))


def _resource(bucket: s3.Bucket) -> s3.CfnBucket:
    return cast("s3.CfnBucket", bucket.node.default_child)

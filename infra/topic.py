"""Whom the alarms write to."""

from __future__ import annotations

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct


class AlarmTopic(Construct):
    """``topic`` sends to ``email`` what the alarms whose names begin with ``alarms`` tell it. SNS asks that address
    once whether it wants to hear of it.

    The topic has no key of KMS. CloudWatch cannot publish to one under AWS's own key (alias/aws/sns), whose policy
    nobody can change: its alarms would be silent. A key of one's own would cost a dollar a month, to protect an alarm's
    name and a figure that go out by mail anyhow.
    """

    def __init__(self, scope: Construct, name: str, *, email: str, alarms: str) -> None:
        super().__init__(scope, name)
        self.topic = sns.Topic(self, "Topic", display_name="PhotoSort", enforce_ssl=True)
        # Insisting on TLS gives the topic a policy, in place of the one by which everything in the account may publish.
        self.topic.add_to_resource_policy(_may_publish(self.topic, alarms))
        sns.Subscription(self, "Email", topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=email)


def _may_publish(topic: sns.Topic, alarms: str) -> iam.PolicyStatement:
    source = Stack.of(topic).format_arn(
        service="cloudwatch", resource="alarm", resource_name=f"{alarms}*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}, "ArnLike": {"aws:SourceArn": source}},
    )

"""AWS::CloudWatch::Alarm for moto's CloudFormation, which has none: it would refuse a dashboard that shows alarms."""

from __future__ import annotations

from typing import Any

from moto.core.common_models import CloudFormationModel


class Alarm(CloudFormationModel):
    """It has a name and an ARN, and never rings. moto finds it by being a subclass, from its first template on."""

    def __init__(self, name: str, arn: str) -> None:
        self.physical_resource_id = name
        self.arn = arn

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _: str) -> str:
        return self.arn

    @classmethod
    def create_from_cloudformation_json(  # type: ignore[override]
        cls, resource_name: str, _: Any, account_id: str, region_name: str, **__: Any
    ) -> Alarm:
        return cls(resource_name, f"arn:aws:cloudwatch:{region_name}:{account_id}:alarm:{resource_name}")

    @classmethod
    def update_from_cloudformation_json(cls, original_resource: Alarm, **_: Any) -> Alarm:  # type: ignore[override]
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, *_: Any) -> None:
        """Nothing of it is kept but by the stack."""

"""Finding the deployed stack: its name is enough, its outputs tell the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from photosort.stack import DEFAULT_REGION, DEFAULT_STACK_NAME, Output
from sortclient.aws.failures import AwsError, Missing, explained
from sortclient.aws.session import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

# States in which every resource stands. During the two clean-ups only the replaced ones are being removed.
_COMPLETE = {
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
}

_PAUSED = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the parts of a deployed stack are, and what it allows itself."""

    stack_id: str
    bucket: str
    table: str
    compare_queue: str  # these three are URLs
    enroll_queue: str
    dead_letters: str
    calls_per_second: float
    retention_days: int
    paused: bool  # photos are queued, and nobody compares them until the stack is deployed without it


def find_stack(clients: Clients, name: str = DEFAULT_STACK_NAME) -> Deployment:
    """Ask CloudFormation. Raises Missing where there is no such stack, AwsError where it cannot be used as it is."""
    stack = describe(clients, name)
    if stack is None:
        raise Missing(
            # A profile's own region comes first, and is seldom the one that the stack was deployed to.
            f"There is no stack '{name}' in {clients.region}. Run `make deploy` once (it goes to {DEFAULT_REGION} "
            "unless another region is chosen), or name the right one with --stack, --region or --profile."
        )
    _check_state(name, stack["StackStatus"])
    values = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    try:
        return Deployment(
            stack_id=stack["StackId"],
            bucket=values[Output.BUCKET],
            table=values[Output.TABLE],
            compare_queue=values[Output.COMPARE_QUEUE],
            enroll_queue=values[Output.ENROLL_QUEUE],
            dead_letters=values[Output.DEAD_LETTERS],
            calls_per_second=float(values[Output.CALLS_PER_SECOND]),
            retention_days=int(values[Output.RETENTION_DAYS]),
            paused=_PAUSED[values[Output.PAUSED]],
        )
    except (KeyError, ValueError) as error:
        raise Missing(
            f"Stack '{name}' does not tell what this version needs ({error}): it is an older one, or another "
            "program's. Run `make deploy` again, or name the right one with --stack."
        ) from error


def describe(clients: Clients, name: str) -> StackTypeDef | None:
    """What CloudFormation knows of the stack; None where there is none of this name."""
    from botocore.exceptions import ClientError

    with explained():
        try:
            return clients.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            # CloudFormation has no code of its own for a stack that is not there.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None


def _check_state(name: str, state: str) -> None:
    if state in _COMPLETE:
        return
    if state.startswith("DELETE"):
        advice = "It is being destroyed, or that has failed: finish with `make destroy`, then run `make deploy`."
    elif state == "REVIEW_IN_PROGRESS" or state.startswith(("ROLLBACK", "CREATE_FAILED")):
        advice = "It was never deployed to the end: delete it in the CloudFormation console, then run `make deploy`."
    elif state.endswith("_IN_PROGRESS"):
        advice = "It is being changed at the moment: wait for the deployment to end."
    else:
        advice = "Its last deployment failed: look at its events in CloudFormation, and run `make deploy` again."
    raise AwsError(f"Stack '{name}' is not ready ({state}). {advice}")

"""Delete the stack and all that is in its bucket: `python -m infra.destroy [--yes] [-c photosort:NAME=VALUE ...]`.

CloudFormation deletes a bucket only when it is empty, so that comes first. What is still being compared may
write one more match behind it; then the deletion stops at the bucket, with nothing left that writes, and the same
command ends it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from infra.bundle import ROOT
from infra.settings import Settings
from photosort.stack import Output
from sortclient.aws.failures import Missing, explained
from sortclient.aws.session import Clients, open_session
from sortclient.aws.stack import describe
from sortclient.errors import InputError, SortError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

CONTEXT = ROOT / "cdk.json"


def destroy(clients: Clients, stack_name: str, *, confirm: Callable[[str], bool]) -> bool:
    """Return False, and change nothing, where ``confirm`` does. Raises SortError."""
    stack = describe(clients, stack_name)
    if stack is None:
        raise Missing(f"There is no stack '{stack_name}' in {clients.region}: nothing to delete.")
    buckets = [output["OutputValue"] for output in stack.get("Outputs", []) if output["OutputKey"] == Output.BUCKET]
    if not buckets:
        # Another program's, or one that was never made to the end: then there is nothing to be emptied either.
        raise SortError(f"Stack '{stack_name}' names no bucket of photos. Delete it in the CloudFormation console.")
    question = (
        f"Delete stack '{stack_name}' in {clients.region} with every headshot, photo, match and comparison in it?"
    )
    if not confirm(question):
        return False
    with explained():
        empty(clients.s3, buckets[0])
        clients.cloudformation.delete_stack(StackName=stack["StackId"])
        try:
            clients.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"])
        except WaiterError as error:
            raise SortError(
                f"Stack '{stack_name}' was not deleted to the end, most likely because a last match came into its "
                "bucket. Run the same command again."
            ) from error
    return True


def empty(s3: S3Client, bucket: str) -> None:
    """Delete every object, a thousand a call. A bucket that is gone already is empty."""
    try:
        for keys in _pages(s3, bucket):
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
            refused = answer.get("Errors", [])
            if refused:
                raise SortError(
                    f"S3 did not delete {len(refused)} objects: {refused[0].get('Code', 'no reason given')}"
                )
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def _pages(s3: S3Client, bucket: str) -> Iterator[list[ObjectIdentifierTypeDef]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if page.get("Contents"):
            yield [{"Key": listed["Key"]} for listed in page["Contents"]]


def _context(given: list[str]) -> dict[str, Any]:
    """What CDK would see: cdk.json's context, and over it what stands on the command line."""
    context: dict[str, Any] = json.loads(CONTEXT.read_text(encoding="utf-8")).get("context", {})
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"-c {pair}: context is written KEY=VALUE")
        context[key] = value
    return context


def _ask(question: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("Deleting asks first, and there is no terminal to ask: say --yes (make destroy YES=1).")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.destroy", description="Delete the stack with all its photos."
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="as for make deploy")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.from_context(_context(options.context))
        clients = open_session(region=settings.region)
        done = destroy(clients, settings.stack_name, confirm=(lambda _: True) if options.yes else _ask)
    except SortError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    print("Deleted." if done else "Nothing was deleted.", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

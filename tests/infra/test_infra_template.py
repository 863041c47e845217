"""What the template promises: nothing public, nothing unencrypted, nothing lost, nothing left behind."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from photosort import comparison, keys
from photosort.keys import HeadshotKey, MatchKey, PhotoKey
from photosort.photo import SHORTEST_INVOCATION
from photosort.settings import CompareSettings, EnrollSettings, RecordSettings
from photosort.stack import Environment, Output
from tests.infra.template_parts import FUNCTIONS, Parts, target

DIGEST = "0" * 64


def properties(resources: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in resources.values()]


# --- bucket


def test_the_bucket_is_private_and_encrypted(parts: Parts) -> None:
    _, bucket = parts.only("AWS::S3::Bucket")
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "VersioningConfiguration" not in bucket  # what is deleted is gone


def test_every_object_expires(parts: Parts) -> None:
    _, bucket = parts.only("AWS::S3::Bucket")
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule} == {
        keys.PEOPLE: Settings().retention_days,
        keys.PHOTOS: Settings().retention_days,
        keys.MATCHES: Settings().retention_days,
    }
    [abort] = [rule for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    assert abort["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "Prefix" not in abort


def notifications(parts: Parts) -> dict[str, str]:
    """The queue that is told of objects under a prefix."""
    _, bucket = parts.only("AWS::S3::Bucket")
    assert list(bucket["NotificationConfiguration"]) == ["QueueConfigurations"]
    found = {}
    for rule in bucket["NotificationConfiguration"]["QueueConfigurations"]:
        assert rule["Event"] == "s3:ObjectCreated:*"
        [part] = rule["Filter"]["S3Key"]["Rules"]
        assert part["Name"] == "prefix"
        found[part["Value"]] = target(rule["Queue"])
    return found


def test_new_photos_and_headshots_reach_their_functions(parts: Parts) -> None:
    rules = notifications(parts)
    assert rules == {
        keys.PHOTOS: parts.queue_of("compare_photos")[0],
        keys.PEOPLE: parts.queue_of("enroll_person")[0],
    }
    assert str(PhotoKey("a", DIGEST)).startswith(keys.PHOTOS)
    assert str(HeadshotKey("a", "b", DIGEST)).startswith(keys.PEOPLE)


def test_a_match_can_never_trigger_the_pipeline(parts: Parts) -> None:
    prefixes = list(notifications(parts))
    for album, person in [("a", "b"), ("photos", "people"), ("../photos", "x"), ("photos/", "people/")]:
        match = str(MatchKey(album, person, DIGEST))
        assert not any(match.startswith(prefix) for prefix in prefixes)
    # S3 refuses rules that overlap.
    assert not any(one.startswith(other) for one, other in itertools.permutations(prefixes, 2))


def test_the_bucket_waits_for_the_queue_policies_without_a_circle(parts: Parts) -> None:
    name, _ = parts.only("AWS::S3::Bucket")
    notified = set(notifications(parts).values())
    policies = {
        policy: {reference["Ref"] for reference in resource["Properties"]["Queues"]}
        for policy, resource in parts.of("AWS::SQS::QueuePolicy").items()
    }
    needed = {policy for policy, queues in policies.items() if queues & notified}
    assert len(needed) == 2
    assert needed <= set(parts.all[name]["DependsOn"])
    for policy in needed:
        assert name not in json.dumps(parts.all[policy])


# --- table


def test_the_table_has_the_contracts_keys(parts: Parts) -> None:
    _, table = parts.only("AWS::DynamoDB::Table")
    assert table["KeySchema"] == [
        {"AttributeName": comparison.ALBUM, "KeyType": "HASH"},
        {"AttributeName": comparison.CELL, "KeyType": "RANGE"},
    ]
    [index] = table["LocalSecondaryIndexes"]
    assert index == {
        "IndexName": comparison.COMPARED_AT_INDEX,
        "KeySchema": [
            {"AttributeName": comparison.ALBUM, "KeyType": "HASH"},
            {"AttributeName": comparison.COMPARED_AT, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    assert {part["AttributeName"]: part["AttributeType"] for part in table["AttributeDefinitions"]} == dict.fromkeys(
        (comparison.ALBUM, comparison.CELL, comparison.COMPARED_AT), "S"
    )


def test_cells_expire_and_are_kept_nowhere_else(parts: Parts) -> None:
    _, table = parts.only("AWS::DynamoDB::Table")
    assert table["TimeToLiveSpecification"] == {"AttributeName": comparison.EXPIRES_AT, "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    assert "StreamSpecification" not in table
    assert table["BillingMode"] == "PAY_PER_REQUEST"


# --- queues


def test_the_queues_are_encrypted_and_keep_their_messages_longest(parts: Parts) -> None:
    queues = properties(parts.of("AWS::SQS::Queue"))
    assert len(queues) == 3
    for queue in queues:
        assert queue["SqsManagedSseEnabled"] is True
        # A message in the dead letters keeps the time of its first sending.
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert "FifoQueue" not in queue  # S3 cannot notify one


@pytest.mark.parametrize("module", FUNCTIONS)
def test_a_message_stays_hidden_for_six_timeouts(parts: Parts, module: str) -> None:
    _, function = parts.function(module)
    _, queue = parts.queue_of(module)
    window = parts.event_source(module)["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + window
    assert queue["VisibilityTimeout"] <= 12 * 3600


def test_both_queues_give_up_to_dead_letters_that_somebody_reads(parts: Parts) -> None:
    dead_letters, last = parts.queue_of("record_failures")
    assert "RedrivePolicy" not in last
    for module in ("compare_photos", "enroll_person"):
        _, queue = parts.queue_of(module)
        assert target(queue["RedrivePolicy"]["deadLetterTargetArn"]) == dead_letters
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5


# --- functions


def test_every_function_is_one_of_ours(parts: Parts) -> None:
    """CDK adds helper functions in silence: for notifications, log retention, emptying buckets."""
    functions = properties(parts.of("AWS::Lambda::Function"))
    assert sorted(function["Handler"] for function in functions) == [f"photosort.{name}.handler" for name in FUNCTIONS]
    for function in functions:
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.14"
        assert "TracingConfig" not in function
    assert not [resource["Type"] for resource in parts.all.values() if resource["Type"].startswith("Custom::")]


@pytest.mark.parametrize("module", FUNCTIONS)
def test_batches_may_fail_in_part_and_concurrency_has_an_end(parts: Parts, module: str) -> None:
    source = parts.event_source(module)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # enroll_person lists a whole album for a message, which has the time of an invocation for itself.
    sizes = {"compare_photos": Settings().batch_size, "enroll_person": 1}
    assert source["BatchSize"] == sizes.get(module, 10)
    # Lambda's rule: more than ten need a window.
    assert source["BatchSize"] <= 10 or source["MaximumBatchingWindowInSeconds"] >= 1
    assert source["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_all_functions_together_fit_a_new_account(parts: Parts) -> None:
    together = sum(parts.event_source(module)["ScalingConfig"]["MaximumConcurrency"] for module in FUNCTIONS)
    assert together < 10


def environment(parts: Parts, module: str) -> dict[str, str]:
    _, function = parts.function(module)
    variables = function["Environment"]["Variables"]
    return {name: value if isinstance(value, str) else f"<{value['Ref']}>" for name, value in variables.items()}


def test_each_function_starts_with_the_environment_it_gets(parts: Parts) -> None:
    """Through the functions' own reading of it, which refuses what is missing or no number."""
    bucket, table = parts.only("AWS::S3::Bucket")[0], parts.only("AWS::DynamoDB::Table")[0]
    queue, days = parts.queue_of("compare_photos")[0], Settings().retention_days
    compare = CompareSettings.read(environment(parts, "compare_photos"))
    assert (compare.bucket, compare.table, compare.compare_queue) == (f"<{bucket}>", f"<{table}>", f"<{queue}>")
    assert (compare.retention_days, compare.threads) == (days, Settings().threads)
    assert compare.give_up_after == Settings().give_up_after_hours * 3600
    enroll = EnrollSettings.read(environment(parts, "enroll_person"))
    assert (enroll.bucket, enroll.compare_queue) == (f"<{bucket}>", f"<{queue}>")
    record = RecordSettings.read(environment(parts, "record_failures"))
    assert (record.bucket, record.table, record.retention_days) == (f"<{bucket}>", f"<{table}>", days)


def test_the_environments_together_stay_below_the_quota(template: dict[str, Any], parts: Parts) -> None:
    each = float(environment(parts, "compare_photos")[Environment.CALLS_PER_SECOND])
    together = each * parts.event_source("compare_photos")["ScalingConfig"]["MaximumConcurrency"]
    assert together == pytest.approx(float(template["Outputs"][Output.CALLS_PER_SECOND]["Value"]))
    assert together <= Settings().calls_per_second


def test_compare_photos_has_time_to_compare(parts: Parts) -> None:
    assert parts.function("compare_photos")[1]["Timeout"] > SHORTEST_INVOCATION


def test_only_compare_photos_may_feed_itself(parts: Parts) -> None:
    """It sends throttled work to its own queue for hours; elsewhere Lambda may stop what goes round in a circle."""
    assert {module: parts.function(module)[1]["RecursiveLoop"] for module in FUNCTIONS} == {
        "compare_photos": "Allow",
        "enroll_person": "Terminate",
        "record_failures": "Terminate",
    }


# --- the stack


def test_nothing_is_left_behind(parts: Parts) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"):
        for name, resource in parts.of(kind).items():
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Delete", "Delete"), name
    for log in properties(parts.of("AWS::Logs::LogGroup")):
        assert log["RetentionInDays"] == Settings().log_retention_days
    # A function without a group of its own would get one from Lambda, which keeps it for ever.
    functions = properties(parts.of("AWS::Lambda::Function"))
    groups = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in functions]
    assert sorted(groups) == sorted(parts.of("AWS::Logs::LogGroup"))


def test_the_outputs_are_the_contracts(template: dict[str, Any], parts: Parts) -> None:
    names = {value for name, value in vars(Output).items() if name.isupper()}
    outputs = {name: output["Value"] for name, output in template["Outputs"].items()}
    assert set(outputs) == names
    assert outputs[Output.BUCKET] == {"Ref": parts.only("AWS::S3::Bucket")[0]}
    assert outputs[Output.TABLE] == {"Ref": parts.only("AWS::DynamoDB::Table")[0]}
    assert outputs[Output.COMPARE_QUEUE] == {"Ref": parts.queue_of("compare_photos")[0]}
    assert outputs[Output.ENROLL_QUEUE] == {"Ref": parts.queue_of("enroll_person")[0]}
    assert outputs[Output.DEAD_LETTERS] == {"Ref": parts.queue_of("record_failures")[0]}
    assert outputs[Output.RETENTION_DAYS] == str(Settings().retention_days)
    assert outputs[Output.PAUSED] == "false"


def test_a_pause_stops_comparing_and_nothing_else(
    template: dict[str, Any], chosen_template: dict[str, Any], parts: Parts, chosen: Parts
) -> None:
    assert chosen_template["Outputs"][Output.PAUSED]["Value"] == "true"
    running = {module: chosen.event_source(module)["Enabled"] for module in FUNCTIONS}
    assert running == {"compare_photos": False, "enroll_person": True, "record_failures": True}
    assert all(parts.event_source(module)["Enabled"] for module in FUNCTIONS)
    assert notifications(chosen) == notifications(parts)  # S3 goes on queueing


def test_cfn_lint_finds_nothing(template: dict[str, Any], chosen_template: dict[str, Any], tmp_path: Path) -> None:
    path, other = tmp_path / "template.json", tmp_path / "chosen.json"
    path.write_text(json.dumps(template))
    other.write_text(json.dumps(chosen_template))
    # W3005: a DependsOn that a reference implies already. CDK writes them so, and they do no harm.
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--regions", Settings().region]
    command += ["--ignore-checks", "W3005", "--", str(path), str(other)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout
    path.write_text(json.dumps(template).replace("AWS::SQS::QueuePolicy", "AWS::SQS::QueuePolice"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0

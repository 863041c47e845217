"""Who may do what: invariants over every statement of the template, and that it fits the code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from photosort import keys
from tests.infra.call_sites import sites
from tests.infra.template_parts import BY_LAMBDA, FUNCTIONS, Parts, as_list, target

# CompareFaces has no resource that a policy could name
# (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrekognition.html).
WITHOUT_RESOURCE = {"rekognition:CompareFaces"}

# What a request needs, by IAM's names. HEAD is GetObject; CopyObject reads one object and writes the other.
NEEDS = {
    "compare_faces": {"rekognition:CompareFaces"},
    "head_object": {"s3:GetObject"},
    "copy_object": {"s3:GetObject", "s3:PutObject"},
    "list_objects_v2": {"s3:ListBucket"},
    "batch_get_item": {"dynamodb:BatchGetItem"},
    "put_item": {"dynamodb:PutItem"},
    "send_message_batch": {"sqs:SendMessage"},
}


def statements(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy document, wherever in the template it stands."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "Statement":
                yield from ((f"{path}[{index}]", statement) for index, statement in enumerate(as_list(value)))
            else:
                yield from statements(value, f"{path}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from statements(value, f"{path}/{index}")


@pytest.fixture(scope="module", params=["template", "chosen_template"])
def every(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """By default, and with the topic that only an address for the alarms brings."""
    found = dict(statements(request.getfixturevalue(request.param)["Resources"]))
    assert len(found) > 20
    return found


@pytest.fixture(scope="module")
def allowed(every: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {path: statement for path, statement in every.items() if statement["Effect"] == "Allow"}
    assert len(found) > 15
    return found


def test_no_action_is_a_wildcard(allowed: dict[str, dict[str, Any]]) -> None:
    for path, statement in allowed.items():
        assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement), path
        for action in as_list(statement["Action"]):
            assert "*" not in action, path


def test_no_resource_is_a_wildcard_where_one_can_be_named(allowed: dict[str, dict[str, Any]]) -> None:
    checked = 0
    for path, statement in allowed.items():
        for resource in as_list(statement.get("Resource", [])):
            checked += 1
            if resource == "*":
                assert set(as_list(statement["Action"])) == WITHOUT_RESOURCE, path
            elif "Fn::Join" in resource:
                assert object_prefix(resource) in (keys.PHOTOS, keys.PEOPLE, keys.MATCHES), path
            elif as_list(statement["Action"]) == ["sns:Publish"]:
                assert set(resource) == {"Ref"}, path  # which is a topic's ARN
            else:
                assert set(resource) == {"Fn::GetAtt"}, path
    assert checked > 15


def object_prefix(resource: dict[str, Any]) -> str:
    """The prefix in ``{bucket's ARN}/{prefix}*``; fails for any other form."""
    _, (bucket, text) = resource["Fn::Join"]
    assert bucket["Fn::GetAtt"][1] == "Arn"
    assert text.startswith("/")
    assert text.endswith("/*")
    return str(text[1:-1])


def test_nobody_outside_is_let_in(allowed: dict[str, dict[str, Any]]) -> None:
    principals = Counter(
        json.dumps(statement["Principal"]) for statement in allowed.values() if "Principal" in statement
    )
    # Three roles, two queues; and the topic where there is one.
    expected = {"lambda.amazonaws.com": 3, "s3.amazonaws.com": 2}
    if json.dumps({"Service": "cloudwatch.amazonaws.com"}) in principals:
        expected["cloudwatch.amazonaws.com"] = 1
    assert principals == {json.dumps({"Service": service}): count for service, count in expected.items()}


def test_a_service_that_is_let_in_comes_for_this_account_only(allowed: dict[str, dict[str, Any]]) -> None:
    """A policy of a resource without it would let that service in on anybody's behalf."""
    for path, statement in allowed.items():
        if "Principal" in statement and "Resource" in statement:
            account = statement["Condition"]["StringEquals"]["aws:SourceAccount"]
            assert account == {"Ref": "AWS::AccountId"}, path


def test_each_function_has_a_role_of_its_own_with_nothing_managed(parts: Parts) -> None:
    roles = [target(function["Properties"]["Role"]) for function in parts.of("AWS::Lambda::Function").values()]
    assert sorted(roles) == sorted(parts.of("AWS::IAM::Role"))
    for role in parts.of("AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role["Properties"]
    kinds = {resource["Type"] for resource in parts.all.values()}
    assert {kind for kind in kinds if kind.startswith("AWS::IAM::")} == {"AWS::IAM::Role"}
    assert "AWS::Lambda::Permission" not in kinds  # only Lambda's own poller invokes them


@pytest.mark.parametrize("module", FUNCTIONS)
def test_a_function_reads_its_own_queue_and_writes_its_own_log(parts: Parts, module: str) -> None:
    _, function = parts.function(module)
    reads, writes = [
        statement for statement in parts.role_statements(module) if set(as_list(statement["Action"])) & BY_LAMBDA
    ]
    assert target(reads["Resource"]) == parts.queue_of(module)[0]
    assert {"Ref": target(writes["Resource"])} == function["LoggingConfig"]["LogGroup"]


@pytest.mark.parametrize(
    ("module", "reads", "writes"),
    [
        ("compare_photos", {keys.PHOTOS, keys.PEOPLE}, {keys.MATCHES}),
        ("enroll_person", {keys.PEOPLE}, set()),
        ("record_failures", set(), set()),
    ],
)
def test_objects_are_read_and_written_under_these_prefixes(
    parts: Parts, module: str, reads: set[str], writes: set[str]
) -> None:
    for action, prefixes in {"s3:GetObject": reads, "s3:PutObject": writes}.items():
        resources = [
            resource
            for statement in parts.role_statements(module)
            if action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        ]
        assert {object_prefix(resource) for resource in resources} == prefixes


def test_a_missing_object_is_told_from_a_forbidden_one(parts: Parts) -> None:
    """A HEAD of a missing key is 404 only to who may list, without a condition on prefixes, which a HEAD lacks."""
    bucket, _ = parts.only("AWS::S3::Bucket")
    for module in FUNCTIONS:
        [lists] = [
            statement for statement in parts.role_statements(module) if "s3:ListBucket" in as_list(statement["Action"])
        ]
        assert lists["Resource"] == {"Fn::GetAtt": [bucket, "Arn"]}
        assert "Condition" not in lists


@pytest.mark.parametrize("module", FUNCTIONS)
def test_a_role_may_do_what_its_functions_code_may_come_to(parts: Parts, module: str) -> None:
    """Nothing less, and nothing more. For which objects and queues, the least privilege's test tells."""
    granted = {
        action
        for statement in parts.role_statements(module)
        for action in as_list(statement["Action"])
        if action not in BY_LAMBDA
    }
    called, _ = sites(module)
    assert called <= set(NEEDS), "an operation whose permission nobody has looked up"
    assert granted == {action for operation in called for action in NEEDS[operation]}


def test_bucket_and_queues_refuse_what_is_not_encrypted_on_its_way(parts: Parts) -> None:
    policies = {
        **parts.of("AWS::S3::BucketPolicy"),
        **parts.of("AWS::SQS::QueuePolicy"),
    }
    guarded = set()
    for policy in policies.values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
                assert statement["Effect"] == "Deny"
                assert statement["Principal"] == {"AWS": "*"}
                assert statement["Action"] in ("s3:*", "sqs:*")
                guarded.add(target(as_list(statement["Resource"])[0]))
    assert guarded == set(parts.of("AWS::S3::Bucket")) | set(parts.of("AWS::SQS::Queue"))


def test_the_bucket_refuses_old_tls_and_on_its_objects_too(parts: Parts) -> None:
    bucket, _ = parts.only("AWS::S3::Bucket")
    _, policy = parts.only("AWS::S3::BucketPolicy")
    arn = {"Fn::GetAtt": [bucket, "Arn"]}
    refusals = policy["PolicyDocument"]["Statement"]
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in [refusal["Condition"] for refusal in refusals]
    for refusal in refusals:
        assert refusal["Effect"] == "Deny"
        assert refusal["Resource"] == [arn, {"Fn::Join": ["", [arn, "/*"]]}]


def test_s3_may_notify_the_two_queues_for_this_account_only(parts: Parts) -> None:
    open_to_s3 = set()
    for policy in parts.of("AWS::SQS::QueuePolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert statement["Action"] == "sqs:SendMessage"
                assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
                assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
                open_to_s3.add(target(statement["Resource"]))
    assert open_to_s3 == {parts.queue_of("compare_photos")[0], parts.queue_of("enroll_person")[0]}

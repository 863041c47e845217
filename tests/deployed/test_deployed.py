"""The life of a stack, by the real commands: bootstrap, deploy, upload, sync, an update that keeps the data, destroy.

CDK's command line and the client are those that a person runs; CloudFormation and the services are moto's. The
notification and the polling are our emulator's, by the deployed template's values. The functions run from this
checkout: what was deployed is for arm64, and is compared with it. What moto cannot do, and this does not show:

- It makes no queue policy, bucket policy, topic policy or subscription, and no alarm but a name. It asks nobody for
  permission. tests/infra has what must be said of all these.
- Of the bucket it makes the name and the encryption: no lifecycle, no block of public access, no notification. The
  table has no time to live. Functions are called x86_64.
- It updates at once and whole: nothing is rolled back. An update gets the memory, the variables, the concurrency and
  the visibility of the queues; it leaves roles and the retention of queues as they were, and a log group or a table
  that changes drops out of the stack, with an error where something refers to it. So no update here changes one.
- Parameters: see DEPLOY.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from infra import bundle
from photosort.stack import Output
from tests.deployed.account import DEPLOY, Account
from tests.deployed.conftest import PERSON, UPDATE, Deployed, Uploaded
from tests.emulated.command import machine, succeeded
from tests.infra.template_parts import FUNCTIONS, Parts


def handler_of(module: str) -> str:
    return f"photosort.{module}.handler"


def test_what_cdk_uploaded_is_this_checkouts_code(account: Account, deployed: Deployed) -> None:
    keys = {Parts(deployed.template).function(module)[1]["Code"]["S3Key"] for module in FUNCTIONS}
    [bucket] = [
        found["Name"] for found in account.client("s3").list_buckets()["Buckets"] if found["Name"].startswith("cdk-")
    ]
    [key] = keys
    body = account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        found = {name for name in archive.namelist() if name.startswith("photosort/") and not name.endswith("/")}
        sources = {f"photosort/{path.relative_to(bundle.PACKAGE)}": path for path in bundle.PACKAGE.rglob("*.py")}
        assert found == set(sources)
        for name, path in sources.items():
            assert archive.read(name) == path.read_bytes()
        assert {"boto3/__init__.py", "aws_lambda_powertools/__init__.py"} <= set(archive.namelist())


@pytest.mark.parametrize("step", ["deployed", "updated"])
def test_what_runs_is_what_lambda_has(step: str, request: pytest.FixtureRequest) -> None:
    """The emulator reads the template; Lambda was told by CloudFormation."""
    deployed: Deployed = request.getfixturevalue(step)
    uploaded: Uploaded = request.getfixturevalue({"deployed": "uploaded", "updated": "uploaded_again"}[step])
    functions = {function["FunctionArn"]: function for function in deployed.functions}
    assert {mapping["State"] for mapping in deployed.mappings} == {"Enabled"}
    assert sorted(
        (
            functions[mapping["FunctionArn"]]["FunctionName"],
            functions[mapping["FunctionArn"]]["Handler"],
            functions[mapping["FunctionArn"]]["Timeout"],
            functions[mapping["FunctionArn"]]["MemorySize"],
            functions[mapping["FunctionArn"]]["Environment"]["Variables"],
            mapping["EventSourceArn"].split(":")[-1],
            mapping["BatchSize"],
            mapping["MaximumBatchingWindowInSeconds"],
            mapping["ScalingConfig"]["MaximumConcurrency"],
        )
        for mapping in deployed.mappings
    ) == sorted(
        (
            one.function.name,
            one.function.handler,
            one.function.timeout,
            one.function.memory_mb,
            one.variables,
            one.queue_url.split("/")[-1],
            one.batch_size,
            one.window,
            one.max_concurrency,
        )
        for one in uploaded.running
    )
    assert sorted(one.function.handler for one in uploaded.running) == [handler_of(module) for module in FUNCTIONS]


def test_the_queues_hide_and_give_up_as_the_template_says(account: Account, updated: Deployed) -> None:
    parts = Parts(updated.template)
    for module, output in zip(FUNCTIONS, (Output.COMPARE_QUEUE, Output.ENROLL_QUEUE, Output.DEAD_LETTERS), strict=True):
        _, queue = parts.queue_of(module)
        url = updated.outputs[output]
        found = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert int(found["VisibilityTimeout"]) == queue["VisibilityTimeout"]
        redrive = json.loads(found.get("RedrivePolicy", "{}"))
        assert redrive.get("maxReceiveCount") == queue.get("RedrivePolicy", {}).get("maxReceiveCount")


def test_the_doctor_finds_it_well(uploaded: Uploaded, deployed: Deployed) -> None:
    """As far as moto goes: it has neither Lambda's account settings nor the quotas."""
    lines = uploaded.doctor.stdout.splitlines()
    said = {line.split(maxsplit=1)[1].split(":")[0]: line.split()[0] for line in lines}
    well = ("credentials", "Rekognition", "stack", "bucket", "table", "queues")
    assert {name: said[name] for name in well} == dict.fromkeys(well, "ok")
    assert "PROBLEM" not in uploaded.doctor.stdout
    assert deployed.outputs[Output.BUCKET] in uploaded.doctor.stdout


def test_an_upload_brings_the_matches(account: Account, uploaded: Uploaded) -> None:
    succeeded(uploaded.upload)
    assert f"{PERSON}: 1 match, 1 no-face" in uploaded.upload.stderr
    assert sorted(key.split("/")[0] for key in uploaded.objects) == ["matches", "people", "photos", "photos"]


def test_an_update_keeps_what_is_there(deployed: Deployed, updated: Deployed, uploaded_again: Uploaded) -> None:
    kept = (Output.BUCKET, Output.TABLE, Output.COMPARE_QUEUE, Output.ENROLL_QUEUE, Output.DEAD_LETTERS)
    assert [updated.outputs[name] for name in kept] == [deployed.outputs[name] for name in kept]
    assert updated.stack_id == deployed.stack_id  # by it the client knows where its albums are
    assert updated.outputs[Output.RETENTION_DAYS] == str(UPDATE["retention_days"])
    assert {function["MemorySize"] for function in updated.functions} == {UPDATE["memory_mb"]}
    concurrency = [mapping["ScalingConfig"]["MaximumConcurrency"] for mapping in updated.mappings]
    assert UPDATE["max_concurrency"] in concurrency


def test_after_the_update_only_what_is_new_is_compared(uploaded: Uploaded, uploaded_again: Uploaded) -> None:
    assert "At most 1 comparison" in succeeded(uploaded_again.upload).stderr
    assert f"{PERSON}: 2 match, 1 no-face" in uploaded_again.upload.stderr
    assert uploaded.objects.items() <= uploaded_again.objects.items()
    assert set(uploaded.items) < set(uploaded_again.items)
    assert uploaded_again.machine.matches() == {f"{PERSON}/Navy/turned.jpg", f"{PERSON}/together.jpg"}


def test_another_machine_gets_the_matches(account: Account, uploaded_again: Uploaded, tmp_path: Path) -> None:
    elsewhere = machine(tmp_path, tmp_path / "cache", account.environment)
    succeeded(elsewhere.run("sync", "Small"))
    assert elsewhere.matches() == uploaded_again.machine.matches()


def test_destroying_leaves_nothing(account: Account, uploaded_again: Uploaded) -> None:
    """The last: nothing is there after it."""
    result = account.run("infra.destroy", "--yes")
    assert (result.returncode, result.stderr) == (0, "Deleted.\n")
    assert left(account) == []


@pytest.mark.long
def test_cdk_destroys_what_is_empty_and_a_paused_stack_only_queues(account: Account, uploaded_again: Uploaded) -> None:
    """After the first stack: `cdk destroy`, and the setting that stops comparing."""
    account.run("infra.destroy", "--yes")
    account.cdk(*DEPLOY, "-c", "photosort:paused=true")
    with account.at_work() as running:
        assert sorted(one.function.handler for one in running) == [
            handler_of(module) for module in FUNCTIONS if module != "compare_photos"
        ]
    assert sorted(
        mapping["State"] for mapping in account.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    ) == ["Disabled", "Enabled", "Enabled"]
    account.cdk("destroy", "--force", "--no-notices")
    assert left(account) == []


def left(account: Account) -> list[str]:
    """What is in the account and is not of CDK's own stack."""
    found = [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]
    found += account.client("dynamodb").list_tables()["TableNames"]
    found += account.client("sqs").list_queues().get("QueueUrls", [])
    found += [function["FunctionName"] for function in account.client("lambda").list_functions()["Functions"]]
    found += [one["UUID"] for one in account.client("lambda").list_event_source_mappings()["EventSourceMappings"]]
    found += [group["logGroupName"] for group in account.client("logs").describe_log_groups()["logGroups"]]
    found += [role["RoleName"] for role in account.client("iam").list_roles()["Roles"]]
    found += [one["DashboardName"] for one in account.client("cloudwatch").list_dashboards()["DashboardEntries"]]
    found += [stack["StackName"] for stack in account.client("cloudformation").describe_stacks()["Stacks"]]
    return [name for name in found if not name.startswith(("cdk-", "CDKToolkit"))]

"""What stands between this machine and a run on AWS: one finding a line, each with what to do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from sortclient.aws.cells import Cells
from sortclient.aws.failures import AwsError, explained
from sortclient.aws.objects import Objects
from sortclient.aws.queues import Queues
from sortclient.aws.session import Clients, open_session
from sortclient.aws.stack import Deployment, find_stack
from sortclient.comparer import UNPAUSE
from sortclient.photos.decode import SMALLEST_SIDE

# Service Quotas' code of "Transactions per second per account for the Amazon Rekognition Image operation CompareFaces".
_COMPARE_FACES_QUOTA = "L-73A341CE"

# Execution environments: five of compare_photos (the stack's default), and for each of the two other functions two,
# the least that an event source can have. Some new accounts may have 10 in all, most accounts 1,000.
_ENVIRONMENTS = 9

# An album of this name may exist: nothing is written to it, and what is read does not matter.
_ALBUM = "doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """``ok`` is None where it could not be looked at. ``advice`` says what to do; it is empty where nothing is."""

    name: str
    ok: bool | None
    detail: str
    advice: str = ""


def diagnose(profile: str | None, region: str | None, stack_name: str) -> Iterator[Finding]:
    """Look at what a run needs, in the order in which it needs it. Costs one DetectFaces call; writes nothing.

    Raises nothing that AWS answers: an answer is a finding.
    """
    try:
        clients = open_session(profile, region)
    except AwsError as error:
        yield Finding("credentials", False, str(error))
        return
    identity = _look("credentials", partial(_identity, clients))
    yield identity
    if not identity.ok:
        yield Finding("everything else", None, "cannot be looked at without credentials")
        return
    yield _look("Rekognition", partial(_rekognition, clients))
    yield _look("Lambda concurrency", partial(_concurrency, clients), needed=False)
    try:
        deployment = find_stack(clients, stack_name)
    except AwsError as error:
        yield Finding("stack", False, str(error))
        yield Finding("bucket, table, queues, quota", None, "cannot be looked at without the stack")
        return
    yield _stack(stack_name, clients, deployment)
    yield _look("bucket", partial(_bucket, clients, deployment))
    yield _look("table", partial(_table, clients, deployment))
    yield _look("queues", partial(_queues, clients, deployment))
    yield _look("CompareFaces quota", partial(_quota, clients, deployment), needed=False)


def _look(name: str, examine: Callable[[], Finding], needed: bool = True) -> Finding:
    """The finding, or what AWS refused. A right that only the doctor uses (not ``needed``) is no problem to lack."""
    try:
        with explained():
            return examine()
    except AwsError as error:
        return Finding(name, False if needed else None, str(error))


def _identity(clients: Clients) -> Finding:
    caller = clients.sts.get_caller_identity()
    return Finding("credentials", True, f"account {caller['Account']}, {caller['Arn']}")


def _rekognition(clients: Clients) -> Finding:
    if clients.region not in clients.session.get_available_regions("rekognition"):
        return Finding(
            "Rekognition",
            False,
            f"AWS does not offer it in {clients.region}, as far as this version of boto3 knows",
            'Deploy elsewhere (`make deploy CONTEXT="-c photosort:region=us-west-1"`) and name it with --region.',
        )
    clients.rekognition.detect_faces(Image={"Bytes": _plain_picture()})
    return Finding("Rekognition", True, f"answers in {clients.region}")


def _concurrency(clients: Clients) -> Finding:
    free = clients.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if free >= _ENVIRONMENTS:
        return Finding("Lambda concurrency", True, f"{free} executions at once; the stack uses up to {_ENVIRONMENTS}")
    return Finding(
        "Lambda concurrency",
        False,
        f"the account allows {free} executions at once; the stack uses up to {_ENVIRONMENTS}",
        "Ask AWS for more in Service Quotas (Lambda, concurrent executions), "
        'or run `make deploy CONTEXT="-c photosort:max_concurrency=2"`.',
    )


def _stack(name: str, clients: Clients, deployment: Deployment) -> Finding:
    detail = f"{name} in {clients.region}; objects are kept {deployment.retention_days} days"
    if deployment.paused:
        return Finding("stack", True, f"{detail}; comparing is paused", f"To let it go on: {UNPAUSE}.")
    return Finding("stack", True, detail)


def _bucket(clients: Clients, deployment: Deployment) -> Finding:
    clients.s3.head_bucket(Bucket=deployment.bucket)
    objects = Objects(clients.s3, deployment.bucket, deployment.retention_days)
    albums = objects.albums()
    # A photo that cannot exist: who may read it is told that it is not there, who may not that it is forbidden.
    objects.download(_ALBUM, "0" * 64)
    return Finding("bucket", True, f"{deployment.bucket} can be listed and read; {len(albums)} albums")


def _table(clients: Clients, deployment: Deployment) -> Finding:
    cells = Cells(clients.dynamodb, deployment.table)
    cells.thresholds(_ALBUM)
    cells.newest(_ALBUM)
    return Finding("table", True, f"{deployment.table} and its index can be read")


def _queues(clients: Clients, deployment: Deployment) -> Finding:
    backlog = Queues(clients.sqs, deployment).backlog()
    waiting = f"{backlog.queued} messages queued, {backlog.dead_letters} dead letters"
    if not backlog.dead_letters:
        return Finding("queues", True, waiting)
    return Finding(
        "queues",
        True,
        waiting,
        "Dead letters become failed comparisons within minutes; `sortclient retry` asks for those again then.",
    )


def _quota(clients: Clients, deployment: Deployment) -> Finding:
    quotas, code = clients.service_quotas, _COMPARE_FACES_QUOTA
    try:
        quota = quotas.get_service_quota(ServiceCode="rekognition", QuotaCode=code)["Quota"]
    except quotas.exceptions.NoSuchResourceException:  # an account for which nobody has set it has the default
        quota = quotas.get_aws_default_service_quota(ServiceCode="rekognition", QuotaCode=code)["Quota"]
    allowed, used = quota["Value"], deployment.calls_per_second
    detail = f"{allowed:g} a second; the stack uses up to {used:g}"
    deploy = f'`make deploy CONTEXT="-c photosort:calls_per_second={allowed:g}"`'
    if used > allowed:
        return Finding("CompareFaces quota", False, detail, f"Run {deploy}, or ask AWS for more in Service Quotas.")
    if used < allowed / 2:
        return Finding("CompareFaces quota", True, detail, f"It could be faster: {deploy}.")
    return Finding("CompareFaces quota", True, detail)


def _plain_picture() -> bytes:
    """The smallest picture that Rekognition takes, without a face."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (SMALLEST_SIDE, SMALLEST_SIDE), "grey").save(buffer, "JPEG")
    return buffer.getvalue()

"""S3's event notifications as AWS sends them.

moto sends them too, but encodes the slashes of a key, leaves out several members, and tells of a multipart upload
twice: code that reads them right there could still be wrong on AWS.
"""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

_PRINCIPAL = {"principalId": "EMULATED"}


def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """What moto calls when something has happened to ``key`` of ``bucket``; its ``event_name`` is an enum of strings.

    Sends to the queues whose filter takes the event, at once: AWS needs seconds, keeps no order, and may send twice.
    """
    from moto.sqs.models import sqs_backends

    if event_name == "s3:ObjectCreated:Put" and key.multipart is not None:
        return  # moto puts the object on its way to completing the upload; that event follows
    configuration = bucket.notification_configuration
    for notification in configuration.queue if configuration else []:
        if notification.matches(event_name, key.name):
            region, queue_name = notification.arn.split(":")[3], notification.arn.split(":")[5]
            message = event(event_name.removeprefix("s3:"), notification.id, bucket, key)
            sqs_backends[account_id][region].send_message(queue_name=queue_name, message_body=json.dumps(message))


def event(name: str, configuration_id: str, bucket: Any, key: Any) -> dict[str, Any]:
    """The message for one event: ``name`` as in ``ObjectCreated:Put``.

    Source: Amazon S3 user guide, "Event message structure". The key is form-encoded but for its slashes, which AWS
    leaves as they are, although the guide does not say so.
    """
    stored = {
        "key": quote_plus(key.name, safe="/"),
        "size": key.size,
        "eTag": key.etag.strip('"'),
        # Later events of one key compare greater as hexadecimal text of one length.
        "sequencer": f"{time.time_ns():018X}",
    }
    if bucket.is_versioned:
        stored["versionId"] = key.version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": name,
        "userIdentity": _PRINCIPAL,
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": secrets.token_hex(8).upper(),
            "x-amz-id-2": secrets.token_urlsafe(48),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {"name": bucket.name, "ownerIdentity": _PRINCIPAL, "arn": bucket.arn},
            "object": stored,
        },
    }
    return {"Records": [record]}

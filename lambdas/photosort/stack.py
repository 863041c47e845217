"""What the deployed stack tells the client (its outputs) and the functions (their environment)."""

from __future__ import annotations

DEFAULT_STACK_NAME = "PhotoSort"
DEFAULT_REGION = "us-west-1"


class Output:
    """Names of the stack's outputs: all that the client needs to find the rest."""

    BUCKET = "BucketName"
    TABLE = "TableName"
    COMPARE_QUEUE = "CompareQueueUrl"
    ENROLL_QUEUE = "EnrollQueueUrl"
    DEAD_LETTERS = "DeadLettersUrl"
    CALLS_PER_SECOND = "CallsPerSecond"  # CompareFaces a second that the whole pipeline allows itself
    RETENTION_DAYS = "RetentionDays"  # objects and cells are kept so long


class Environment:
    """Names of the functions' environment variables."""

    BUCKET = "PHOTOSORT_BUCKET"
    TABLE = "PHOTOSORT_TABLE"
    COMPARE_QUEUE = "PHOTOSORT_COMPARE_QUEUE_URL"
    RETENTION_DAYS = "PHOTOSORT_RETENTION_DAYS"
    CALLS_PER_SECOND = "PHOTOSORT_CALLS_PER_SECOND"  # the share of one execution environment
    THREADS = "PHOTOSORT_THREADS"  # photos in work at once in one execution environment
    GIVE_UP_AFTER = "PHOTOSORT_GIVE_UP_AFTER_SECONDS"  # age at which throttled work becomes `failed`


METRICS_NAMESPACE = "PhotoSort"
# Counted by record_failures and worth an alarm; its one dimension is `service`, the function's name.
DEAD_LETTERS_METRIC = "DeadLetters"

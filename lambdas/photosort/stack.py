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
    PAUSED = "Paused"  # "true": photos are queued and wait; "false": they are compared


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
METRICS_DIMENSION = "service"  # the one that every metric has: the name of the function that counts


class Metric:
    """Names of what the functions count. A cell counts as one of the first six, each time that it ends: once, unless it
    failed and is asked for again. One headshot is one cell, also under the names of several people: it is a match where
    any of them has one.
    """

    MATCHES = "Matches"
    NO_MATCHES = "NoMatches"
    NO_FACE = "NoFace"
    UNREADABLE = "Unreadable"
    FAILED = "Failed"  # given up; also by record_failures
    DROPPED = "Dropped"  # its photo or headshot is gone
    COMPARISONS = "Comparisons"  # calls of CompareFaces, also those that AWS refused
    THROTTLED = "Throttled"  # photos left for later because AWS was asked too often, in nearly all cases Rekognition
    SENT_BACK = "SentBack"  # messages with what was left for later, for whatever reason
    FANNED_OUT = "FannedOut"  # messages with work for a new headshot
    DEAD_LETTERS = "DeadLetters"  # messages that record_failures has met

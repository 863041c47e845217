"""The objects of the benchmark's S3, without their content, and its answers to the requests that upload tools make."""

from __future__ import annotations

import os
import time
from base64 import b64decode
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

_KEYS_A_PAGE = 1000  # of a listing, as S3's
_LAST = chr(0x10FFFF)  # no key goes on with it: what begins with a prefix stands before the prefix and this
_XML = "application/xml"
_LIST_OPTIONS = {
    "list-type", "prefix", "delimiter", "max-keys", "encoding-type", "start-after", "continuation-token", "fetch-owner"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Object:
    size: int
    etag: str
    written: float  # seconds since 1970
    headers: dict[str, str]  # content type and metadata, which a HEAD returns


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", 0))


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


NOT_IMPLEMENTED = Answer("501 Not Implemented", {"Content-Type": _XML}, b"<Error><Code>NotImplemented</Code></Error>")


def parse_head(head: bytes) -> Request:
    """The request line and headers, without the empty line at their end. Raises ValueError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    url = urlsplit(target)
    bucket, _, key = unquote(url.path).lstrip("/").partition("/")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(method, bucket, key, dict(parse_qsl(url.query, keep_blank_values=True)), headers)


class Store:
    """Buckets of objects without their content. A bucket exists as soon as somebody asks for it."""

    def __init__(self) -> None:
        self._buckets: dict[str, dict[str, Object]] = {}
        self._sorted: dict[str, list[str]] = {}

    def answer(self, request: Request) -> Answer:
        if not request.bucket:
            return NOT_IMPLEMENTED
        objects = self._buckets.setdefault(request.bucket, {})
        if request.key:
            return self._of_object(request, objects)
        if request.method == "GET" and request.query.get("list-type") == "2":
            return self._list(request, objects)
        if request.method in ("HEAD", "PUT") and not request.query:
            return Answer("200 OK")
        if request.method == "DELETE" and not request.query:
            self._changed(request.bucket)
            objects.clear()
            return Answer("204 No Content")
        return NOT_IMPLEMENTED

    def _of_object(self, request: Request, objects: dict[str, Object]) -> Answer:
        if request.query.keys() - {"x-id"}:  # the newer SDKs name the operation so; anything else is another one
            return NOT_IMPLEMENTED
        if request.method == "PUT" and "x-amz-copy-source" not in request.headers:
            self._changed(request.bucket)
            objects[request.key] = made = _made(request)
            return Answer("200 OK", {"ETag": made.etag})
        if request.method == "DELETE":
            self._changed(request.bucket)
            objects.pop(request.key, None)
            return Answer("204 No Content")
        if request.method == "HEAD":
            found = objects.get(request.key)
            return Answer("404 Not Found") if found is None else _described(found)
        return NOT_IMPLEMENTED

    def _list(self, request: Request, objects: dict[str, Object]) -> Answer:
        if request.query.keys() - _LIST_OPTIONS:
            return NOT_IMPLEMENTED
        keys = self._sorted.setdefault(request.bucket, sorted(objects))
        return Answer("200 OK", {"Content-Type": _XML}, _listing(request, keys, objects).encode())

    def _changed(self, bucket: str) -> None:
        self._sorted.pop(bucket, None)


def _listing(request: Request, keys: Sequence[str], objects: Mapping[str, Object]) -> str:
    """A page of ListObjectsV2. A continuation token is the last key, or common prefix, of the page before."""
    query = request.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("continuation-token") or query.get("start-after", "")
    most = min(int(query.get("max-keys", _KEYS_A_PAGE)), _KEYS_A_PAGE)
    encode = quote if query.get("encoding-type") == "url" else escape
    entries: list[str] = []
    last = ""
    for key, is_prefix in _entries(keys, prefix, delimiter, after):
        if len(entries) == most:
            entries.append(f"<NextContinuationToken>{escape(last)}</NextContinuationToken>")
            break
        last = key
        if is_prefix:
            entries.append(f"<CommonPrefixes><Prefix>{encode(key)}</Prefix></CommonPrefixes>")
        else:
            entries.append(_entry(encode(key), objects[key]))
    more = len(entries) > most
    encoding = "<EncodingType>url</EncodingType>" if encode is quote else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{escape(request.bucket)}</Name><Prefix>{encode(prefix)}</Prefix><MaxKeys>{most}</MaxKeys>"
        f"<Delimiter>{encode(delimiter)}</Delimiter>{encoding}<KeyCount>{len(entries) - more}</KeyCount>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{''.join(entries)}</ListBucketResult>"
    )


def _entries(keys: Sequence[str], prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, bool]]:
    """The sorted keys under ``prefix`` and after ``after``; what is alike up to the next delimiter once."""
    position = bisect_left(keys, prefix)
    if after:
        beyond = after + _LAST if delimiter and after.endswith(delimiter) else after
        position = max(position, bisect_right(keys, beyond))
    while position < len(keys) and keys[position].startswith(prefix):
        key = keys[position]
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0:
            yield key, False
            position += 1
        else:
            common = key[: end + len(delimiter)]
            yield common, True
            position = bisect_right(keys, common + _LAST)


def _entry(name: str, listed: Object) -> str:
    written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(listed.written))
    return (
        f"<Contents><Key>{name}</Key><LastModified>{written}</LastModified><ETag>{escape(listed.etag)}</ETag>"
        f"<Size>{listed.size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


def _made(request: Request) -> Object:
    # A body that carries its own checksum is sent in signed chunks; this is the object's own size then.
    size = int(request.headers.get("x-amz-decoded-content-length", request.length))
    kept = {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}
    kept["Content-Type"] = request.headers.get("content-type", "binary/octet-stream")
    # Nobody computes the MD5 of the body here, and a tool that compares it must not be lied to: as S3 does where it
    # has no MD5, the tag has another form then.
    digest = request.headers.get("content-md5")
    tag = f"{os.urandom(16).hex()}-1" if digest is None else b64decode(digest).hex()
    return Object(size, f'"{tag}"', time.time(), kept)


def _described(found: Object) -> Answer:
    headers = {
        "Content-Length": str(found.size),
        "ETag": found.etag,
        "Last-Modified": formatdate(found.written, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    return Answer("200 OK", headers | found.headers)

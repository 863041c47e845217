"""The AWS of `bench.handler`: it answers what the handler asks for a photo, by TLS on loopback, and remembers nothing.

What it answers stands in the album's name, HEADSHOTS-MATCHES-STANDING: so many headshots, of which the first so many
match, and so many cells that exist already. Answers have the members and the size of AWS's own.

    python -m bench.answers FOLDER      writes FOLDER/ca.pem, prints its port, serves until stdin ends
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from photosort.comparison import ALBUM, CELL, COMPARED_AT, EXPIRES_AT, REKOGNITION, THRESHOLD_ITEM
from photosort.keys import HeadshotKey, parse_key

HOST = "127.0.0.1"

_FACE = {
    "BoundingBox": {"Width": 0.2, "Height": 0.3, "Left": 0.4, "Top": 0.1},
    "Confidence": 99.99,
    "Landmarks": [{"Type": name, "X": 0.4321, "Y": 0.5432} for name in ("eyeLeft", "eyeRight", "nose", "mouthLeft")],
    "Pose": {"Roll": 1.2345, "Yaw": -2.3456, "Pitch": 3.4567},
    "Quality": {"Brightness": 81.2345, "Sharpness": 92.2259},
}


def album(headshots: int, matches: int = 0, standing: int = 0) -> str:
    return f"{headshots}-{matches}-{standing}"


def headshots(name: str) -> list[HeadshotKey]:
    """Those of the album, in the order that its name counts."""
    count = int(name.split("-")[0])
    return [HeadshotKey(name, f"Person {index}", hashlib.sha256(b"%d" % index).hexdigest()) for index in range(count)]


def _first(name: str, place: int) -> set[str]:
    """Digests of the headshots that the album's name counts at ``place``."""
    return {key.digest for key in headshots(name)[: int(name.split("-")[place])]}


def _compare_faces(asked: dict[str, Any]) -> dict[str, Any]:
    headshot = parse_key(asked["SourceImage"]["S3Object"]["Name"])
    similarity = 97.1234 if headshot.digest in _first(headshot.album, 1) else 1.2345
    matches = [{"Similarity": similarity, "Face": _FACE}, {"Similarity": 0.5432, "Face": _FACE}]
    source = {"BoundingBox": _FACE["BoundingBox"], "Confidence": 99.99}
    return {"SourceImageFace": source, "FaceMatches": matches, "UnmatchedFaces": []}


def _batch_get_item(asked: dict[str, Any]) -> dict[str, Any]:
    ((table, request),) = asked["RequestItems"].items()
    found = []
    for key in request["Keys"]:
        cell = key[CELL]["S"]
        if cell != THRESHOLD_ITEM and cell.split("/")[0] in _first(key[ALBUM]["S"], 2):
            found.append({**key, **_CELL})
    return {"Responses": {table: found}, "UnprocessedKeys": {}}


_CELL = {
    "detail": {"S": ""},
    "engine": {"S": REKOGNITION},
    COMPARED_AT: {"S": "2026-01-01T00:00:00.000Z"},
    EXPIRES_AT: {"N": "9999999999"},
    "similarity": {"N": "1.2345"},
    "faces": {"N": "2"},
    "box": {"L": [{"N": "0.41234"}, {"N": "0.12345"}, {"N": "0.21234"}, {"N": "0.31234"}]},
}

_OPERATIONS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "RekognitionService.CompareFaces": _compare_faces,
    "DynamoDB_20120810.BatchGetItem": _batch_get_item,
    "DynamoDB_20120810.PutItem": lambda _: {},
}


def _listing(prefix: str) -> str:
    keys = headshots(prefix.split("/")[1])
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{'0' * 32}&quot;"
        "</ETag><Size>400000</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for key in keys
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>bench</Name><Prefix>{prefix}</Prefix><KeyCount>{len(keys)}</KeyCount><MaxKeys>1000</MaxKeys>"
        f"<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
    )


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def do_GET(self) -> None:
        self._answer("application/xml", _listing(parse_qs(urlsplit(self.path).query)["prefix"][0]))

    def do_PUT(self) -> None:
        if "x-amz-copy-source" not in self.headers:
            return self.send_error(501)
        copied = '<?xml version="1.0"?><CopyObjectResult><ETag>"0"</ETag></CopyObjectResult>'
        return self._answer("application/xml", copied)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = _OPERATIONS.get(self.headers["X-Amz-Target"])
        if operation is None:
            return self.send_error(501)
        return self._answer("application/x-amz-json-1.1", json.dumps(operation(asked)))

    def _answer(self, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-RequestId", "0")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _certificate(folder: Path) -> Path:
    """One of this process's own, valid for a day. ``ca.pem`` is what AWS's clients trust, and it: loading that many
    certificates is part of what a first connection costs.
    """
    import botocore
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    trusted = (Path(botocore.__file__).parent / "cacert.pem").read_bytes()
    (folder / "ca.pem").write_bytes(trusted + pem)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    own = folder / "server.pem"
    own.write_bytes(private + pem)
    return own


def main() -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(Path(sys.argv[1])))
    server = _Server((HOST, 0), _Answering)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())

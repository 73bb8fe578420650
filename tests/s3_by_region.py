"""S3's hosts as AWS serves them, in front of an emulator that accepts every host.

AWS decides by the host of a request, before it looks at the bucket: the host of a Region serves the buckets of this
Region, and the global host redirects or refuses the others.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
https://docs.aws.amazon.com/AmazonS3/latest/API/UsingRouting.html
"""

import http.client
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from bench.certificate import write_certificate

OPENED_AFTER_MARCH_2019 = frozenset({"af-south-1", "ap-east-1", "ap-northeast-4", "eu-south-1", "me-south-1"})
"""Some of the Regions whose buckets the global host never serves."""
HOST = re.compile(r"(?:(?P<bucket>[a-z0-9-]+)\.)?s3(?:\.(?P<region>[a-z0-9-]+))?\.amazonaws\.com")
HOP_BY_HOP = frozenset({"connection", "date", "server", "transfer-encoding", "content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A response of S3's that says that the bucket is elsewhere."""

    status: int
    code: str
    location: str | None = None


def routed(host: str, path: str, regions: Mapping[str, str]) -> Refusal | None:
    """Return AWS's response to a request for this host, or None if the host serves the bucket.

    `regions` has the Region of each bucket. A bucket counts as new: DNS doesn't know its Region yet.
    """
    named = HOST.fullmatch(host)
    assert named is not None, host
    bucket = named["bucket"] or path.split("/")[1]
    region = regions[bucket]
    if named["region"] is not None:
        is_right = named["region"] == region
        return None if is_right else Refusal(status=301, code="PermanentRedirect")
    if region == "us-east-1":
        return None
    if region in OPENED_AFTER_MARCH_2019:
        return Refusal(status=400, code="IllegalLocationConstraintException")
    return Refusal(status=307, code="TemporaryRedirect", location=f"https://{bucket}.s3.{region}.amazonaws.com{path}")


@contextmanager
def s3_by_region(endpoint_url: str, regions: Mapping[str, str], scratch: Path) -> Iterator[int]:
    """Serve S3's hosts over TLS on a port of this machine, and yield the port.

    Requests for other hosts get an empty page, so that a browser has an origin for its requests.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            host = self.headers["Host"].partition(":")[0]
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not host.endswith(".amazonaws.com"):
                self._respond(200, {"Content-Type": "text/html"}, b"<!doctype html>")
            elif refusal := routed(host, self.path, regions):
                headers = {"Location": refusal.location} if refusal.location else {}
                self._respond(refusal.status, headers, f"<Error><Code>{refusal.code}</Code></Error>".encode())
            else:
                self._forward(body)

        do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = _serve  # noqa: N815 -- the base class's names

        def _forward(self, body: bytes) -> None:
            """Send the request to the emulator unchanged, its host too, because the signature covers it."""
            emulator = http.client.HTTPConnection(urlsplit(endpoint_url).netloc, timeout=30)
            emulator.request(self.command, self.path, body=body, headers=dict(self.headers))
            response = emulator.getresponse()
            self._respond(response.status, dict(response.getheaders()), response.read())
            emulator.close()

        def _respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name in the base class
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        write_certificate(certificate := scratch / "s3.pem")  # no client trusts it
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()

"""A browser's uploads pass S3's hosts in each kind of Region, by PUT, by form and in parts, preflights included."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from playwright.sync_api import Error, Page, sync_playwright

from local.cloudformation_template import parse
from service.aws.lazy_client import LazyClient
from service.aws.multipart import MultipartBucket
from service.aws.presigned import UploadBucket
from tests.s3_by_region import s3_by_region
from transcode.aws import open_aws

from .conftest import CHROMIUM, FLAGS, ROOT, skip_or_fail

TYPE = "video/mp4"
PART_BYTES = 5 * 1024 * 1024
Returned = TypeVar("Returned")
REGIONS = {
    "us-east-1": "its host is the global host's Region",
    "ap-northeast-1": "the global host redirects",
    "eu-south-1": "the global host refuses, because the Region opened after March 2019",
}
PUT = """async ({url, headers, sizeBytes}) => {
  const response = await fetch(url, {method: "PUT", headers, body: new Blob([new Uint8Array(sizeBytes)])});
  return [response.status, response.headers.get("ETag")];
}"""
FORM = """async ({url, fields, sizeBytes}) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([new Uint8Array(sizeBytes)]));
  return (await fetch(url, {method: "POST", body: form})).status;
}"""


class Bucket:
    """An input bucket in a Region of the emulator, with presigned URLs as the service makes them on AWS."""

    def __init__(self, endpoint_url: str, region: str, name: str) -> None:
        self.region, self.name = region, name
        self._endpoint_url = endpoint_url
        self.client = boto3.client("s3", endpoint_url=endpoint_url, region_name=region)
        location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client.create_bucket(Bucket=name, **location)
        self.client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [cors_rule()]})

    def run(self, call: Callable[[UploadBucket, MultipartBucket], Coroutine[Any, Any, Returned]]) -> Returned:
        """Return the result of a call with stores that reach the emulator, but sign for AWS's hosts."""

        async def _call() -> Returned:
            async with (
                open_aws(region=self.region, endpoint_url=self._endpoint_url) as emulator,
                open_aws(region=self.region) as aws,
            ):
                own, public = LazyClient(emulator.s3), LazyClient(aws.s3)
                return await call(UploadBucket(own, public, self.name), MultipartBucket(own, public, self.name))

        with ThreadPoolExecutor(1) as thread:  # Playwright's event loop runs in this thread
            return thread.submit(asyncio.run, _call()).result()

    def size_bytes(self, key: str) -> int:
        """Return the size of the object that an upload made."""
        return int(self.client.head_object(Bucket=self.name, Key=key)["ContentLength"])


def cors_rule() -> dict[str, Any]:
    """Return the input bucket's CORS rule from its template, for pages of every origin."""
    template = parse((ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8"))
    (rule,) = template["Resources"]["InputBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return {names.get(name, name): value for name, value in rule.items()} | {"AllowedOrigins": ["*"]}


@pytest.fixture(scope="module")
def buckets(aws_endpoint: str) -> list[Bucket]:
    """Return a new bucket in each kind of Region, and one whose name has dots."""
    suffix = uuid.uuid4().hex[:12]
    plain = [Bucket(aws_endpoint, region, f"{region}-{suffix}") for region in REGIONS]
    return [*plain, Bucket(aws_endpoint, "ap-northeast-1", f"clips.{suffix}.example")]


@pytest.fixture(scope="module")
def page(buckets: list[Bucket], aws_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Yield a page in a browser that finds AWS's hosts on this machine."""
    if not Path(CHROMIUM).exists():
        skip_or_fail(f"no Chromium at {CHROMIUM}")
    regions = {bucket.name: bucket.region for bucket in buckets}
    with (
        s3_by_region(aws_endpoint, regions, tmp_path_factory.mktemp("s3")) as port,
        sync_playwright() as playwright,
    ):
        flags = [*FLAGS, f"--host-resolver-rules=MAP * 127.0.0.1:{port}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto("https://page.example/")
        yield page
        browser.close()


@pytest.mark.parametrize("index", range(len(REGIONS) + 1), ids=[*REGIONS, "a name with dots"])
def test_an_upload_by_put_by_form_and_in_parts_arrives(page: Page, buckets: list[Bucket], index: int) -> None:
    """No request needs a redirect, which the preflight of a browser doesn't follow."""
    bucket = buckets[index]
    put, form, parts = (f"uploads/{kind}/clip.mp4" for kind in ("put", "form", "parts"))

    async def sign(single: UploadBucket, store: MultipartBucket) -> tuple[Any, Any, str, list[str]]:
        upload = await store.begin(parts, content_type=TYPE)
        return (
            await single.presign(put, content_type=TYPE, size_bytes=9, ttl_s=60),
            await store.presign_post(form, content_type=TYPE, min_bytes=1, max_bytes=9, ttl_s=60),
            upload,
            [
                await store.presign_part(parts, upload, number, length_bytes=length_bytes, ttl_s=60)
                for number, length_bytes in ((1, PART_BYTES), (2, 9))
            ],
        )

    signed_put, signed_form, upload, signed_parts = bucket.run(sign)
    assert page.evaluate(PUT, {**asdict(signed_put), "sizeBytes": 9})[0] == 200
    assert page.evaluate(FORM, {**asdict(signed_form), "sizeBytes": 9}) == 201
    sent = [
        page.evaluate(PUT, {"url": url, "headers": {}, "sizeBytes": size_bytes})
        for url, size_bytes in zip(signed_parts, (PART_BYTES, 9), strict=True)
    ]
    etags = {number: etag for number, (_, etag) in enumerate(sent, start=1)}
    bucket.run(lambda _, store: store.complete(parts, upload, etags))
    assert [bucket.size_bytes(key) for key in (put, form, parts)] == [9, 9, PART_BYTES + 9]


def put_to_the_global_host(page: Page, bucket: Bucket) -> int:
    """Return the status of a PUT with a URL as botocore presigns it by default."""
    client = boto3.client("s3", region_name=bucket.region, config=Config(signature_version="s3v4"))
    url = client.generate_presigned_url("put_object", {"Bucket": bucket.name, "Key": "uploads/global/clip.mp4"})
    assert f"//{bucket.name}.s3.amazonaws.com/" in url
    status: int = page.evaluate(PUT, {"url": url, "headers": {"Content-Type": TYPE}, "sizeBytes": 9})[0]
    return status


def test_the_global_host_serves_buckets_of_us_east_1_only(page: Page, buckets: list[Bucket]) -> None:
    """So the server of these tests behaves as AWS does, and a wrong host would fail the test above."""
    assert put_to_the_global_host(page, buckets[0]) == 200
    for bucket in buckets[1:3]:
        with pytest.raises(Error, match="Failed to fetch"):
            put_to_the_global_host(page, bucket)

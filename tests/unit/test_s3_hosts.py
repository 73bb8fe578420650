"""The hosts that presigned uploads name on AWS: those of the bucket's own Region, which no emulator checks."""

from urllib.parse import urlsplit

import pytest

from service.aws.lazy_client import LazyClient
from service.aws.multipart import MultipartBucket
from service.aws.presigned import UploadBucket
from transcode.aws import open_aws

KEY = "uploads/1/clip.mp4"


async def presigned(region: str, bucket: str, endpoint_url: str | None = None) -> dict[str, str]:
    """Return the URLs of an upload, without their queries, by what is uploaded with them."""
    async with open_aws(region=region, endpoint_url=endpoint_url) as aws:
        client = LazyClient(aws.s3)
        put = await UploadBucket(client, client, bucket).presign(KEY, content_type="video/mp4", size_bytes=1, ttl_s=60)
        store = MultipartBucket(client, client, bucket)
        form = await store.presign_post(KEY, content_type="video/mp4", min_bytes=1, max_bytes=2, ttl_s=60)
        part = await store.presign_part(KEY, "an-upload", 1, length_bytes=None, ttl_s=60)
        urls = {"PUT": put.url, "form": form.url, "part": part, "location": await store.url(KEY)}
    return {name: url.partition("?")[0] for name, url in urls.items()}


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no endpoint of the environment, such as another test's emulator, replace AWS's own hosts."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.parametrize(
    ("region", "bucket", "base_url"),
    [
        ("us-east-1", "clips-in", "https://clips-in.s3.us-east-1.amazonaws.com/"),
        ("ap-northeast-1", "clips-in", "https://clips-in.s3.ap-northeast-1.amazonaws.com/"),
        ("eu-south-1", "clips-in", "https://clips-in.s3.eu-south-1.amazonaws.com/"),
        # The certificate for *.s3.<region>.amazonaws.com doesn't cover a bucket's name with dots.
        ("us-east-1", "clips.example.com", "https://s3.us-east-1.amazonaws.com/clips.example.com/"),
        ("ap-northeast-1", "clips.example.com", "https://s3.ap-northeast-1.amazonaws.com/clips.example.com/"),
        ("eu-south-1", "clips.example.com", "https://s3.eu-south-1.amazonaws.com/clips.example.com/"),
    ],
)
async def test_presigned_uploads_name_the_host_of_the_buckets_region(region: str, bucket: str, base_url: str) -> None:
    """The global host redirects or refuses uploads to a bucket in another Region than us-east-1."""
    assert await presigned(region, bucket) == {
        "PUT": f"{base_url}{KEY}",
        "form": base_url,
        "part": f"{base_url}{KEY}",
        "location": f"{base_url}{KEY}",
    }


@pytest.mark.parametrize("endpoint_url", ["http://127.0.0.1:4566", "https://s3.example.com"])
async def test_presigned_uploads_keep_the_path_style_where_an_endpoint_is_set(endpoint_url: str) -> None:
    """The names of an emulator's bucket hosts don't resolve."""
    urls = await presigned("ap-northeast-1", "clips-in", endpoint_url)
    assert set(urls.values()) == {f"{endpoint_url}/clips-in/{KEY}", f"{endpoint_url}/clips-in/"}
    assert {urlsplit(url).netloc for url in urls.values()} == {urlsplit(endpoint_url).netloc}

"""Uploads this checkout: the Lambda package or the images, and the page."""

from collections.abc import Callable, Mapping

from deploy import buckets
from deploy.aws_account import Account
from deploy.container_images import put_images
from deploy.lambda_package import Package
from deploy.page_upload import page_files, put_page

Report = Callable[[str], None]


async def upload_images(account: Account, repository: str, *, architecture: str, report: Report) -> dict[str, str]:
    """Push the missing images, and return the parameters that name them."""
    image_uris, pushed = await put_images(account, repository, architecture)
    report(f"{'images':<40} {f'{pushed} pushed' if pushed else 'unchanged'}")
    return {"ServiceImage": image_uris["service"], "WorkerImage": image_uris["worker"]}


async def upload_package(account: Account, bucket: str, package: Package, *, report: Report) -> dict[str, str]:
    """Upload the package, and return the parameter that names it."""
    is_uploaded = await buckets.put_package(await account.s3(), bucket, package)
    report(f"{'package':<40} {'uploaded' if is_uploaded else 'unchanged'}")
    return {"CodeKey": package.key}


async def upload_page(account: Account, outputs: Mapping[str, str], *, config: bytes | None, report: Report) -> None:
    """Upload the built page to the bucket of the edge stack with these outputs."""
    if not (files := page_files()):
        report(f"{'page':<40} not built: `make page` builds it and needs Node.js")
        return
    uploaded = await put_page(await account.s3(), outputs["PageBucket"], files, config=config)
    report(f"{'page':<40} {f'{uploaded} files uploaded' if uploaded else 'unchanged'}")

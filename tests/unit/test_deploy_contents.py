"""The contents of the Lambda package, and its reproducibility."""

import gzip
import io
import json
import re
import stat
import zipfile
from pathlib import Path

import botocore
import pytest
from botocore.model import ServiceModel

from deploy.container_images import tag
from deploy.lambda_package import ROOT
from deploy.package_contents import SERVICES, File, archive, digest, is_kept, packed

FILES = [
    File(path="worker/loop.py", body=b"loop"),
    File(path="aiohttp/_http_parser.cpython-313-aarch64-linux-gnu.so", body=b"\x7fELF"),
]


def test_the_order_of_files_does_not_change_the_package() -> None:
    """The file system's order must not change a build."""
    assert archive(FILES) == archive(FILES[::-1])
    assert digest(FILES) == digest(FILES[::-1])


@pytest.mark.parametrize("other", [File(path="worker/loop.py", body=b"lop"), File(path="worker/lop.py", body=b"loop")])
def test_different_contents_have_different_digests(other: File) -> None:
    """AWS updates a function if and only if the key of its package changed."""
    assert digest([other, FILES[1]]) != digest(FILES)


def test_every_file_is_readable_and_has_a_fixed_date() -> None:
    """Lambda runs functions as another user, who can't read a file with mode 600."""
    with zipfile.ZipFile(io.BytesIO(archive(FILES))) as package:
        entries = {entry.filename: entry for entry in package.infolist()}
    modes = [stat.S_IMODE(entries[file.path].external_attr >> 16) for file in FILES]
    assert modes == [0o644, 0o755]
    assert {entry.date_time for entry in entries.values()} == {(1980, 1, 1, 0, 0, 0)}


def test_endpoints_are_kept_for_used_services_only() -> None:
    """Botocore's own file, which every client reads: the used services have the same entries in every partition."""
    body = Path(botocore.__file__).with_name("data").joinpath("endpoints.json").read_bytes()
    before, after = json.loads(body), json.loads(packed("botocore/data/endpoints.json", body).body)
    for whole, cut in zip(before["partitions"], after["partitions"], strict=True):
        assert set(cut["services"]) == SERVICES & set(whole["services"])
        assert all(cut["services"][name] == whole["services"][name] for name in cut["services"])
        assert {**whole, "services": None} == {**cut, "services": None}
    assert packed("botocore/data/partitions.json", body) == File(path="botocore/data/partitions.json", body=body)


@pytest.mark.parametrize("name", ["dynamodb/2012-08-10", "s3/2006-03-01", "mediaconvert/2017-08-29"])
def test_models_are_kept_without_their_documentation(name: str) -> None:
    """A client of either model has the same operations with the same parameters, and the same settings."""
    path = f"botocore/data/{name}/service-2.json.gz"
    body = Path(botocore.__file__).parent.parent.joinpath(path).read_bytes()
    file = packed(path, body)
    whole, cut = (ServiceModel(json.loads(text)) for text in (gzip.decompress(body), file.body))
    assert file.path == path.removesuffix(".gz")
    assert len(file.body) < len(gzip.decompress(body)) / 2
    assert cut.client_context_parameters == whole.client_context_parameters
    assert cut.operation_names == whole.operation_names
    for operation in whole.operation_names:
        assert _members(cut, operation) == _members(whole, operation)


def _members(model: ServiceModel, operation: str) -> object:
    """Return the parameters of an operation, and those that are required."""
    shape = model.operation_model(operation).input_shape
    return shape and (list(shape.members), shape.required_members)


@pytest.mark.parametrize(
    "path",
    [
        "bin/jp.py",
        ".lock",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "fastapi-0.165.0.dist-info/RECORD",
        "fastapi/__pycache__/routing.cpython-311.pyc",
        "uvloop/loop.cpython-313-aarch64-linux-gnu.so",
    ],
)
def test_files_that_no_function_needs_are_left_out(path: str) -> None:
    """The package also leaves out files that depend on the machine that built it."""
    assert not is_kept(path, dropped={"uvloop/loop.cpython-313-aarch64-linux-gnu.so"})


@pytest.mark.parametrize(
    "path",
    [
        "botocore/data/partitions.json",
        "botocore/data/mediaconvert/2017-08-29/service-2.json.gz",
        "fastapi-0.165.0.dist-info/METADATA",
        "fastapi_offline/static/swagger-ui.css",
    ],
)
def test_files_that_functions_need_are_kept(path: str) -> None:
    """Libraries read their versions at run time, and botocore finds endpoints in its data files."""
    assert is_kept(path)


def test_the_package_contains_every_aws_service_that_the_program_opens() -> None:
    """A function would fail at start without the service description of one of its clients."""
    opened = re.findall(r'self\._open\("([a-z0-9-]+)"', (ROOT / "transcode" / "aws.py").read_text(encoding="utf-8"))
    assert {"dynamodb", "mediaconvert", "s3", "sqs"} <= set(opened) <= SERVICES


def test_an_images_tag_changes_only_with_its_contents(tmp_path: Path) -> None:
    """An image that exists under its tag need not be built again."""
    for name in ("transcode/job.py", "worker/loop.py", "service/app.py", "Dockerfile", "requirements/base.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    before = tag("worker", "ARM64", tmp_path)
    (tmp_path / "service" / "app.py").write_text("changed")
    (tmp_path / "worker" / "__pycache__").mkdir()
    (tmp_path / "worker" / "__pycache__" / "loop.pyc").write_text("compiled")
    assert tag("worker", "ARM64", tmp_path) == before
    assert tag("worker", "X86_64", tmp_path) != before
    (tmp_path / "worker" / "loop.py").write_text("changed")
    assert tag("worker", "ARM64", tmp_path) != before

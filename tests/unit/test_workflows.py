"""The workflows in .github: few permissions, pinned actions, and commands that exist. `make check` checks the rest."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / ".github").exists(), reason="no workflows in the tests' image")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def workflow(path: Path) -> dict[Any, Any]:
    """Return a workflow; YAML reads its key `on` as true."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every step of every job."""
    for job in workflow(path)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_a_version(path: Path) -> None:
    """A branch would change under the workflow."""
    used = [each["uses"] for each in steps(path) if "uses" in each]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+)*", each) for each in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_no_command_contains_an_expression(path: Path) -> None:
    """The text of a branch's name or of a variable would become a part of the command; env keeps it a value."""
    assert not [each["run"] for each in steps(path) if "${{" in each.get("run", "")]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_the_deployment_gets_a_token_for_aws_and_none_may_write(path: Path) -> None:
    """A change that someone proposes must not be able to deploy."""
    expected = {"contents": "read"} | ({"id-token": "write"} if path.stem == "deploy" else {})
    assert workflow(path)["permissions"] == expected
    assert all("permissions" not in job for job in workflow(path)["jobs"].values())


def test_only_tags_are_deployed() -> None:
    """infra/deployer.yaml trusts the same tags by default."""
    deploy = workflow(ROOT / ".github" / "workflows" / "deploy.yml")
    assert deploy[True] == {"push": {"tags": ["v*"]}}
    assert "Default: refs/tags/v*" in (ROOT / "infra" / "deployer.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_make_target_exists(path: Path) -> None:
    """The workflows run the same commands as a developer."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = [
        target for each in steps(path) for target in re.findall(r"^make ([a-z-]+)", each.get("run", ""), re.MULTILINE)
    ]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


def test_the_workflow_gives_make_only_variables_that_it_reads() -> None:
    """A misspelt one would be ignored silently."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = [each["run"] for each in steps(ROOT / ".github" / "workflows" / "deploy.yml") if "run" in each]
    names = re.findall(r'"([A-Z_]+)=', command)
    assert {"TARGET", "STACK", "TAGS", "SERVICE_ROLE", "PARAMETERS", "OPEN"} == set(names)
    assert all(re.search(rf"\$\((filter yes,\$\()?{name}\)", makefile) for name in names)


def test_both_architectures_are_built_without_emulation() -> None:
    """Each on a machine of its own."""
    (job,) = workflow(ROOT / ".github" / "workflows" / "images.yml")["jobs"].values()
    assert job["strategy"]["matrix"]["runner"] == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert all(f" AS {target}\n" in dockerfile for target in job["strategy"]["matrix"]["target"])

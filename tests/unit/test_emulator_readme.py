"""The examples and the tables of the emulator's README are correct."""

import json
import re
from pathlib import Path

from mediaconvert_emulator.chaos import Chaos
from mediaconvert_emulator.request_validation import service_model
from mediaconvert_emulator.settings import EmulatorSettings
from mediaconvert_emulator.spec import HlsGroup
from mediaconvert_emulator.submission import AccountResources, job_from_request
from mediaconvert_emulator.template_file import to_wire

README = (Path(__file__).resolve().parents[2] / "emulator" / "README.md").read_text()


def test_the_example_job_is_valid() -> None:
    """It has one HLS output with a height of 720."""
    example = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert example is not None
    request = json.loads(example[1])
    body = to_wire(request, service_model().operation_model("CreateJob").input_shape)
    job = job_from_request(body, AccountResources(templates={}, queues=("Default",)), now_ms=0)
    (group,) = job.spec.groups

    assert isinstance(group, HlsGroup)
    assert [(output.name_modifier, output.video and output.video.height_px) for output in group.outputs] == [
        ("_720p", 720)
    ]


def test_the_chaos_examples_are_valid() -> None:
    """The last one ends all faults."""
    examples = [Chaos.model_validate_json(body) for body in re.findall(r"/_emulator/chaos -d '(.*)'", README)]

    assert len(examples) == 4
    assert examples[-1] == Chaos()


def test_the_readme_names_every_setting() -> None:
    """Settings of the emulator are without their prefix, AWS's own variables are complete."""
    named = set(re.findall(r"`([A-Z0-9_]+)`", README))
    for name, field in EmulatorSettings.model_fields.items():
        alias = field.validation_alias
        assert (alias if isinstance(alias, str) else name.upper()) in named, name

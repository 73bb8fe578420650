"""Puts the settings of presets into the outputs that name them. Pure."""

from collections.abc import Mapping

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.merge import merge_settings

SYSTEM_PREFIX = "System-"


def expand_presets(settings: JsonObject, presets: Mapping[str, JsonObject]) -> tuple[JsonObject, frozenset[str]]:
    """Return settings whose outputs have the settings of their presets, and the pointers of the used presets.

    Args:
        settings: The settings of a job.
        presets: The account's presets by name.

    Raises:
        BadRequestException: A preset doesn't exist, or is one of AWS's own, whose settings aren't published in full, or
            the output has a container besides its preset.
    """
    used: set[str] = set()
    groups = []
    for index, group in enumerate(settings.get("outputGroups") or []):
        outputs = []
        for number, output in enumerate((group or {}).get("outputs") or []):
            name, pointer = (output or {}).get("preset"), f"/outputGroups/{index}/outputs/{number}/preset"
            if name:
                if output.get("containerSettings"):
                    raise BadRequestException(
                        f"{pointer.removesuffix('/preset')}: Should have either preset or containerSettings"
                    )
                used.add(pointer)
                output = merge_settings(_preset(name, presets, pointer)["settings"], output)  # noqa: PLW2901
            outputs.append(output)
        groups.append({**group, "outputs": outputs} if outputs else group)
    return ({**settings, "outputGroups": groups} if groups else settings), frozenset(used)


def _preset(name_or_arn: str, presets: Mapping[str, JsonObject], pointer: str) -> JsonObject:
    name = name_or_arn.rpartition(":presets/")[2]
    if name.startswith(SYSTEM_PREFIX):
        raise BadRequestException(
            f"{pointer}: The system preset {name} is not emulated, because AWS doesn't publish its settings in full"
        )
    if name not in presets:
        raise BadRequestException(f"{pointer}: No preset {name!r}")
    return presets[name]

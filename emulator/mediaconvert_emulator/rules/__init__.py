"""MediaConvert's refusals of job settings, as tables: `required`, `inputs`, `groups`, `captures` and so on. Pure.

`request_validation` checks names, types, enumerations and ranges; these rules check what the service's model can't say.
"""

from mediaconvert_emulator.rules import audio, captures, groups, inputs, names, required, video
from mediaconvert_emulator.rules.rule import Kind, Rule, Words, violations

RULES: tuple[Rule, ...] = (
    *(required.ROWS + inputs.ROWS + groups.ROWS + names.ROWS),
    *(captures.ROWS + video.ROWS + audio.ROWS),
)

__all__ = ["RULES", "Kind", "Rule", "Words", "violations"]

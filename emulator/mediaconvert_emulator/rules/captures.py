"""MediaConvert's rules for frame captures. Pure."""

from mediaconvert_emulator.rules.conditions import is_, is_not, size_is
from mediaconvert_emulator.rules.places import GUIDE, OUTPUT
from mediaconvert_emulator.rules.rule import Rule, Words

IS_CAPTURE = is_("videoDescription/codecSettings/codec", "FRAME_CAPTURE")

ROWS = (
    Rule(
        where=OUTPUT,
        breaks=IS_CAPTURE & is_not("containerSettings/container", "RAW"),
        says="Must be RAW for a frame capture",
        at="containerSettings/container",
        source=GUIDE,
        words=Words.OURS,
    ),
    Rule(
        where=OUTPUT,
        breaks=IS_CAPTURE & size_is("audioDescriptions", low=1),
        says="A frame capture output should have no audio",
        at="audioDescriptions",
        source=GUIDE,
        words=Words.OURS,
    ),
)

"""Settings of the whole job that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import label, refused

NO_TIMECODES = "The outputs contain no timecodes; settings that write them are refused"

ROWS = (
    refused("/adAvailOffset", 0),
    refused("/followSource", 1, reason="A job has one input"),
    refused("/{availBlanking,colorConversion3DLUTSettings,esam,extendedDataServices,kantarWatermark}/**"),
    refused("/{motionImageInserter,nielsenConfiguration,nielsenNonLinearWatermark,timedMetadataInsertion}/**"),
    label("/timecodeConfig/anchor", reason=NO_TIMECODES),
)

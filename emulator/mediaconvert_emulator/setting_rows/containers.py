"""Settings of containers that no parser reads. Pure."""

from mediaconvert_emulator.setting_rows.row import ignored_here, label, refused

CONTAINER = "/outputGroups/*/outputs/*/containerSettings"
M2TS, M3U8 = f"{CONTAINER}/m2tsSettings", f"{CONTAINER}/m3u8Settings"
MP4, MOV = f"{CONTAINER}/mp4Settings", f"{CONTAINER}/movSettings"
TS = f"{CONTAINER}/{{m2tsSettings,m3u8Settings}}"

PIDS = "ffmpeg numbers the streams"

ROWS = (
    refused(f"{CONTAINER}/{{f4vSettings,mxfSettings}}/**"),
    ignored_here(f"{TS}/{{audioDuration,dataPTSControl}}"),
    ignored_here(f"{TS}/{{audioFramesPerPes,audioPtsOffsetDelta,maxPcrInterval,patInterval,pcrControl,pmtInterval}}"),
    ignored_here(f"{TS}/audioPids/*", reason=PIDS),
    ignored_here(f"{TS}/{{pcrPid,pmtPid,programNumber,transportStreamId,videoPid}}", reason=PIDS),
    ignored_here(f"{TS}/{{ptsOffset,ptsOffsetMode}}"),
    label(f"{TS}/{{privateMetadataPid,scte35Pid,timedMetadataPid}}", reason="Such a stream is refused"),
    refused(f"{TS}/nielsenId3", "NONE"),
    refused(f"{TS}/scte35Source", "NONE"),
    refused(f"{M3U8}/timedMetadata", "NONE"),
    ignored_here(f"{M2TS}/{{audioBufferModel,bitrate,bufferModel,ebpAudioInterval,ebpPlacement,esRateInPes}}"),
    ignored_here(f"{M2TS}/{{forceTsVideoEbpOrder,fragmentTime,minEbpInterval,nullPacketBitrate}}"),
    ignored_here(f"{M2TS}/{{preventBufferUnderflow,rateMode,segmentationMarkers,segmentationStyle,segmentationTime}}"),
    refused(f"{M2TS}/{{dvbNitSettings,dvbSdtSettings,dvbTdtSettings,scte35Esam}}/**"),
    label(f"{M2TS}/dvbSubPids/*", reason="Such captions are refused"),
    label(f"{M2TS}/dvbTeletextPid", reason="Such captions are refused"),
    refused(f"{M2TS}/klvMetadata", "NONE"),
    ignored_here(f"{MP4}/audioDuration", "DEFAULT_CODEC_DURATION"),
    refused(f"{MP4}/c2paManifest", "EXCLUDE"),
    label(f"{MP4}/{{certificateSecret,signingKmsKey}}", reason="They need c2paManifest INCLUDE, which is refused"),
    ignored_here(f"{MP4}/{{cslgAtom,cttsVersion,mp4MajorBrand}}"),
    ignored_here(f"{MP4}/freeSpaceBox", "EXCLUDE"),
    ignored_here(f"{MP4}/moovPlacement", "PROGRESSIVE_DOWNLOAD"),
    ignored_here(f"{MOV}/{{clapAtom,cslgAtom}}"),
    label(f"{MOV}/mpeg2FourCCControl", reason="MPEG-2 is refused"),
    ignored_here(f"{MOV}/paddingControl", "NONE"),
    refused(f"{MOV}/reference", "SELF_CONTAINED"),
)

"""The job errors of an input without the track that an output needs, with MediaConvert's codes and texts. Pure."""

from mediaconvert_emulator.errors import CodecUnsupported, JobError, NoAudio, NoPictures, NoVideo
from mediaconvert_emulator.media import Media, TrackFault


def no_video_error(media: Media) -> JobError:
    """Return the error of a job with video, for an input without a usable video track."""
    for video in media.unusable_videos:
        match video.fault:
            case TrackFault.CODEC_UNSUPPORTED:
                return CodecUnsupported(f"Video codec [{video.codec}] is not a supported input video codec")
            case TrackFault.UNDECODABLE:
                return NoPictures("Decoder closed. No pictures decoded.")
            case TrackFault.EMPTY:
                pass
    return NoVideo("Your input file doesn't have video that the transcoder can consume: No video found in program [1]")


def no_audio_error(media: Media) -> JobError:
    """Return the error of an output of audio only, for an input without a usable audio track."""
    for number, audio in enumerate(media.audios, start=1):
        match audio.fault:
            case TrackFault.CODEC_UNSUPPORTED:
                message = f"Audio codec [{audio.codec}] for track [{number}] is not a supported input audio codec"
                return CodecUnsupported(message)
            case TrackFault.UNDECODABLE | TrackFault.EMPTY:
                return NoAudio(f"No audio frames decoded on [selector-(Audio Selector 1)-track-{number}-drc]")
            case None:
                pass
    return NoAudio("No audio stream found in the input for an output of audio only")

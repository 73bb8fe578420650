"""Extracts CEA-608 captions, which are data in the pictures of a video, into a SubRip file. ffmpeg does it."""

from pathlib import Path

from mediaconvert_emulator.transcoder import JobFiles, TranscodeLimits, transcode


async def extract_embedded_captions(
    ffmpeg: str, job: JobFiles, *, input_name: str, container: str, output_name: str, limits: TranscodeLimits
) -> Path:
    """Write the captions of a video's first track, and return the file, which is empty if there are none.

    Args:
        ffmpeg: The program.
        job: The job's folder and input.
        input_name: The name of the input in the folder.
        container: The input's container, as ffmpeg names it: its demuxer is used, and no other.
        output_name: The name of the file to write into the folder.
        limits: The limits of the process.

    Raises:
        JobError: ffmpeg failed, or needed more than its limits.
    """
    demuxer = container.split(",", maxsplit=1)[0]
    command = [ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "warning", "-y", "-progress", "pipe:1"]
    command += ["-f", "lavfi", "-i", f"movie={input_name}:f={demuxer}[out0+subcc]"]
    command += ["-map", "0:s", "-c:s", "subrip", "-f", "srt", output_name]
    # Without the pictures there would be no progress until the first caption, and so a time-out.
    command += ["-map", "0:v", "-c:v", "wrapped_avframe", "-f", "null", "-"]
    await transcode(command, job, limits=limits, on_report=lambda _: None)
    return job.folder / output_name

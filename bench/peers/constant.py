"""A FastAPI route that returns a constant: the upper limit of any status route."""

from typing import Any

from fastapi import FastAPI

app = FastAPI()

JOB = {
    "job_id": "1763798400123-a1b2c3",
    "input_file": "uploads/bench/clip.mp4",
    "file_name": "clip.mp4",
    "status": "PROGRESSING",
    "progress_percent": 42,
    "phase": "TRANSCODING",
    "eta_s": 12,
    "submitted_at": "2025-11-22T08:00:00Z",
    "updated_at": "2025-11-22T08:00:13Z",
    "output": None,
    "error": None,
    "warnings": [],
}


@app.get("/jobs/{job_id}")
async def get_job(job_id: str) -> Any:
    """Return the same body for every job."""
    return JOB

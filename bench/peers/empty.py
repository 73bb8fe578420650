"""A Lambda handler with what everybody imports, and nothing in it."""

from typing import Any

import boto3  # noqa: F401
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.get("/jobs/{job_id}")
async def get_job(job_id: str) -> Any:
    """Return nothing of interest."""
    return {"job_id": job_id}


serve = Mangum(app, lifespan="off")

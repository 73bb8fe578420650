"""A Lambda handler with the usual imports and no work."""

from typing import Any

import boto3  # noqa: F401
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.get("/jobs/{job_id}")
async def get_job(job_id: str) -> Any:
    """Return a minimal body."""
    return {"job_id": job_id}


serve = Mangum(app, lifespan="off")

"""The status route with boto3: one table resource, and a sync route in FastAPI's thread pool."""

import os
from typing import Any

import boto3
from fastapi import FastAPI, HTTPException

app = FastAPI()
table = boto3.resource("dynamodb").Table(os.environ["STATUS_TABLE"])


@app.get("/jobs/{job_id}")
def get_job(job_id: str) -> Any:
    """Read the row and return it."""
    item = table.get_item(Key={"JobId": job_id}).get("Item")
    if item is None:
        raise HTTPException(404, "Job not found")
    return item

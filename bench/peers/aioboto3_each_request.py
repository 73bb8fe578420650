"""The status route with aioboto3 as its own documentation shows it: a client opened in each request."""

import os
from typing import Any

import aioboto3
from fastapi import FastAPI, HTTPException

app = FastAPI()
session = aioboto3.Session()


@app.get("/jobs/{job_id}")
async def get_job(job_id: str) -> Any:
    """Read the row and return it."""
    async with session.resource("dynamodb") as dynamodb:
        table = await dynamodb.Table(os.environ["STATUS_TABLE"])
        item = (await table.get_item(Key={"JobId": job_id})).get("Item")
    if item is None:
        raise HTTPException(404, "Job not found")
    return item

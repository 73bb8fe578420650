"""The status route with aioboto3, and one client for the application's lifetime."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aioboto3
from fastapi import FastAPI, HTTPException, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the table once."""
    async with aioboto3.Session().resource("dynamodb") as dynamodb:
        app.state.table = await dynamodb.Table(os.environ["STATUS_TABLE"])
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/jobs/{job_id}")
async def get_job(job_id: str, request: Request) -> Any:
    """Read the row and return it."""
    item = (await request.app.state.table.get_item(Key={"JobId": job_id})).get("Item")
    if item is None:
        raise HTTPException(404, "Job not found")
    return item

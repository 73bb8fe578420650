"""The first version's two Lambda handlers, as its users copy them: sequential boto3, and one UpdateItem per event.

Written from the description of that version; this project has the same tables and attribute names. Its faults are kept
(no write has a condition, and it reads only the first output group), because the missing work makes it fast.
"""

import json
import os
import secrets
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")
mediaconvert = boto3.client("mediaconvert", endpoint_url=os.environ.get("MEDIACONVERT_ENDPOINT_URL"))

INPUT_BUCKET = os.environ["INPUT_BUCKET"]
OUTPUT_BUCKET = os.environ["OUTPUT_BUCKET"]
LOOKUP_TABLE = os.environ["INPUT_FILE_TABLE"]
OUTPUT_TABLE = os.environ["OUTPUT_TABLE"]
STATUS_TABLE = os.environ["STATUS_TABLE"]
TIMESTAMP = time.strftime("%Y%m%d%H%M%S")
ONE_DAY_S = 86_400


def on_upload(event: Any, _context: object) -> str:
    """Create a job for a new object, write the three rows, and return the job's id."""
    input_file = event["detail"]["object"]["key"]
    output_path = f"{input_file}_{TIMESTAMP}/"
    key = secrets.token_hex(16)
    hls = {
        "Destination": f"s3://{OUTPUT_BUCKET}/{output_path}",
        "Encryption": {
            "EncryptionMethod": "AES128",
            "Type": "STATIC_KEY",
            "StaticKeyProvider": {"StaticKeyValue": key, "Url": "clip.key"},
        },
    }
    poster = {"Destination": f"s3://{OUTPUT_BUCKET}/{output_path}"}  # today's template has a picture too
    job = mediaconvert.create_job(
        Role=os.environ["MEDIACONVERT_ROLE"],
        JobTemplate=os.environ.get("MEDIACONVERT_JOB_TEMPLATE", "mediaconvert-status-hls"),
        StatusUpdateInterval="SECONDS_10",
        UserMetadata={"InputBucket": INPUT_BUCKET},
        Settings={
            "Inputs": [{"FileInput": f"s3://{INPUT_BUCKET}/{input_file}"}],
            "OutputGroups": [
                {"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": hls}},
                {"OutputGroupSettings": {"Type": "FILE_GROUP_SETTINGS", "FileGroupSettings": poster}},
            ],
        },
    )["Job"]
    expires = {"ExpirationTime": {"N": str(int(time.time()) + ONE_DAY_S)}}
    dynamodb.put_item(
        TableName=LOOKUP_TABLE, Item={"InputFile": {"S": input_file}, "JobId": {"S": job["Id"]}, **expires}
    )
    dynamodb.put_item(
        TableName=OUTPUT_TABLE,
        Item={
            "JobId": {"S": job["Id"]},
            "OutputPath": {"S": output_path},
            "KeyFile": {"S": "clip.key"},
            "KeyValue": {"S": key},
            **expires,
        },
    )
    dynamodb.put_item(
        TableName=STATUS_TABLE, Item={"JobId": {"S": job["Id"]}, "JobStatus": {"S": "SUBMITTED"}, **expires}
    )
    return str(job["Id"])


def on_job_event(event: Any, _context: object) -> None:
    """Write the event's values to the job's row; on COMPLETE also write the key file and info.json."""
    detail = event["detail"]
    job_id, status = detail["jobId"], detail["status"]
    values = {":s": {"S": status}, ":e": {"N": str(int(time.time()) + ONE_DAY_S)}}
    update = "SET JobStatus = :s, ExpirationTime = :e"
    if status == "STATUS_UPDATE":
        values[":s"] = {"S": "PROGRESSING"}
        values[":p"] = {"N": str(detail["jobProgress"]["jobPercentComplete"])}
        update += ", ProgressRate = :p"
    if status == "COMPLETE":
        output = detail["outputGroupDetails"][0]["outputDetails"][0]
        values[":d"] = {"N": str(output["durationInMs"])}
        values[":w"] = {"N": str(output["videoDetails"]["widthInPx"])}
        values[":h"] = {"N": str(output["videoDetails"]["heightInPx"])}
        update += ", DurationMs = :d, WidthPx = :w, HeightPx = :h"
    dynamodb.update_item(
        TableName=STATUS_TABLE,
        Key={"JobId": {"S": job_id}},
        UpdateExpression=update,
        ExpressionAttributeValues=values,
    )
    if status == "COMPLETE":
        row = dynamodb.get_item(TableName=OUTPUT_TABLE, Key={"JobId": {"S": job_id}})["Item"]
        path = row["OutputPath"]["S"]
        s3.put_object(Bucket=OUTPUT_BUCKET, Key=path + row["KeyFile"]["S"], Body=bytes.fromhex(row["KeyValue"]["S"]))
        s3.put_object(Bucket=OUTPUT_BUCKET, Key=path + "info.json", Body=json.dumps(output).encode())

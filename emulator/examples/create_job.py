"""Creates the job of a file with boto3, waits for its end, and prints its status.

python create_job.py job.json
"""

import json
import os
import sys
import time
from pathlib import Path

import boto3

FINAL = {"COMPLETE", "ERROR", "CANCELED"}

client = boto3.client("mediaconvert", endpoint_url=os.environ.get("MEDIACONVERT_URL", "http://127.0.0.1:8002"))
job = client.create_job(**json.loads(Path(sys.argv[1]).read_text()))["Job"]
while job["Status"] not in FINAL:
    time.sleep(0.2)
    job = client.get_job(Id=job["Id"])["Job"]
sys.stdout.write(f"{job['Id']} {job['Status']} {job.get('ErrorMessage', '')}\n")

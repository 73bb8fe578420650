#!/bin/sh
# Creates the job of a file with the AWS CLI, waits for its end, and prints its status.
#
#     sh create-job.sh job.json
set -eu

mediaconvert() {
  aws --endpoint-url "${MEDIACONVERT_URL:-http://127.0.0.1:8002}" --output text mediaconvert "$@"
}

id=$(mediaconvert create-job --cli-input-json "file://$1" --query Job.Id)
status=SUBMITTED
while [ "$status" = SUBMITTED ] || [ "$status" = PROGRESSING ]; do
  sleep 0.2
  status=$(mediaconvert get-job --id "$id" --query Job.Status)
done
echo "$id $status"

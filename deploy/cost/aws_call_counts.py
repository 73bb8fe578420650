"""Counts of AWS calls, metrics and bytes per upload. Tests check them on an emulator and in the templates. Pure."""

ANNOUNCE_WRITES = 1
SUBMIT_READS = 1
SUBMIT_WRITES = 8
"""The claim, its lease and its job, the input file's row twice (QUEUED, and its job), the key's row, the status row,
and the count of created jobs."""
EVENT_WRITES = 1
"""Writes for PROGRESSING and for each STATUS_UPDATE, if each comes alone; a batch of events of one job is one write."""
COMPLETE_READS = 2
COMPLETE_WRITES = 2
"""The status, and the end on the row of the input file."""
COMPLETE_PUTS = 2
"""The key file and info.json."""
LOOK_READS = 1
"""Reads of a job that is looked up by its id."""
WATCH_READS_PER_S = 0.2
"""Reads a second of a watched job in the middle of its transcode, for any number of watchers. Its first 30 seconds and
its last 20 have 0.5 (service/live/read_schedule.py)."""
WATCH_READS_NEAR_NEWS_PER_S = 0.5
WATCH_NEAR_NEWS_S = 50
FILE_LOOK_READS = 2
"""Reads for a job that is looked up by its input file: both rows."""

OPEN_INDEX_WRITES = 2
"""Write units of the index of open jobs for one job: one when its row opens, one when the job ends."""
LIST_INDEX_WRITES = 3
"""Write units of the index of uploads for one upload: when it is announced, when its object is seen, and when its job
ends. An entry is below one kilobyte."""
PASS_QUERIES = 16
"""Queries of a reconcile pass, one for each shard of the index; half a read unit each while few jobs are open."""
PASS_LEASE_WRITES = 3
"""Writes of the leases that give one worker the turn and exclude two passes at a time."""

MEASURE_READS = 2
MEASURE_WRITES = 2
"""Reads (consistent: a unit each) and writes of a measurement of the queues: the count of created jobs, the samples and
the lease. The samples of a calm deployment are below one kilobyte."""
MEASURE_SQS_REQUESTS = 2

LOG_BYTES_PER_UPLOAD = 8_000
"""Log bytes of service and worker for one upload, from its creation to COMPLETE, at LOG_LEVEL=INFO."""
API_LOG_BYTES = 300
"""Bytes of one line of API Gateway's access log, with the 26 bytes that CloudWatch adds to each line."""
LAMBDA_LOG_BYTES = 600
"""Bytes of Lambda's own two log lines for each invocation, platform.start and platform.report, also with 26 each."""
KMS_TABLES = 3
"""Tables under the AWS managed KMS key."""
KMS_REQUESTS_PER_HOUR = 12
"""DynamoDB requests a table's key every five minutes for each connection with traffic.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html"""
TASK_CONNECTIONS = 10
"""Connections to DynamoDB of one Fargate task: the size of botocore's pool. A function uses one at a time."""
KEPT_ROWS_PER_UPLOAD = 2
"""Rows that stay with a COMPLETE job: the file's and the status. The row with the key expires."""
LIST_ENTRY_BYTES = 350
"""Bytes of an entry of the index of uploads, with an external id of 30 characters and DynamoDB's own 100 bytes."""
LIST_PAGE_UNITS = 40
"""Read units of a page of 25 uploads: a query, 25 consistent reads of the files' rows, 25 reads of the jobs' rows."""
ROW_BYTES = 1_024
"""Largest size of a row, so that each write is one write unit."""

ALARM_METRICS = {"lambda": 21, "fargate": 20}
"""Number of metrics in the alarms of alarms.yaml."""
ROLLBACK_METRICS = {"lambda": 0, "fargate": 2}
"""Number of metrics in the alarms of fargate.yaml by which ECS rolls back a deployment."""
FIREWALL_RULES = 1
"""Number of rules in the web ACL of firewall.yaml."""
SCALING_METRICS = {"lambda": 0, "fargate": 16}
"""Number of metrics in target tracking's alarms: two alarms for each policy; the worker's have four metrics each."""
METRICS_OF_OUR_OWN = 12
"""Number of metric filters on the logs; AWS charges only for hours in which one counts something."""
ANNOUNCEMENT_METRICS = 3
"""Number of the other metric filters, which count only in a deployment with events or webhooks."""

AUDIO_MINUTES = 0.4
"""Normalized minutes of a minute of an output without a picture."""

ANNOUNCEMENTS = 2
"""Announcements of one upload: its job was created, and it ended. The deletion of the upload is one more."""
ANNOUNCEMENT_WRITES = 1
"""Writes of the status row for each announcement: they remove the request, which came with another write."""
MESSAGE_SQS_REQUESTS = 3
"""SQS requests of a message: send, receive, delete."""

SEGMENT_S = 6
RENDITIONS = 3
NORMALIZED = 5
"""Normalized minutes of one minute of video: 2 for each of 1080p and 720p, 1 for 360p."""

FIRST_VERSION_SUBMIT_WRITES = 3
FIRST_VERSION_ALARMS = 24
"""Autoscaling of reads and writes of three tables: four alarms for each of the six."""

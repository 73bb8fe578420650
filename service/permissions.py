"""All that the service asks of AWS, gathered from its stores and clients; never anything of the table with the keys."""

from service.jobs import requests, running
from service.live import rows
from service.playback import secret
from service.uploads import multipart, presigned
from transcode import lookup, status

SERVICE = (
    lookup.PERMISSIONS
    | lookup.ANNOUNCING
    | status.PERMISSIONS
    | rows.PERMISSIONS
    | presigned.PERMISSIONS
    | multipart.PERMISSIONS
    | running.PERMISSIONS
    | requests.PERMISSIONS
    | secret.PERMISSIONS
)
"""ServicePolicy of infra/permissions.yaml."""

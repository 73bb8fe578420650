"""The `webhooks` of the OpenAPI document: the requests that the worker sends, from the models that it sends. Pure."""

from collections.abc import Mapping
from typing import Any

from transcode.announcement import Webhook
from transcode.announcement_types import AnnouncementType

SUMMARIES = {
    AnnouncementType.JOB_SUBMITTED: "The job of an upload was created",
    AnnouncementType.JOB_COMPLETE: "A video is ready",
    AnnouncementType.JOB_ERROR: "A job failed, or none could be created",
    AnnouncementType.JOB_CANCELED: "A job was canceled, or the wait for one",
    AnnouncementType.UPLOAD_DELETED: "An upload and its outputs were deleted",
}
DESCRIPTION = (
    "The worker sends it to each endpoint that is configured for this type, at least once and in any order. "
    "It repeats the request until the response is a 2xx, for up to twelve days; a 410 stops the endpoint."
)
HEADERS = {
    "webhook-id": ("The same in each repetition: ignore an id that you have seen.", "evt_5f1c0a9e4b7d4c2f"),
    "webhook-timestamp": ("The time of this attempt, in Unix seconds: refuse one that is old.", "1763798435"),
    "webhook-signature": (
        "Signatures, separated by spaces: `v1,` and base64 of the HMAC-SHA256 of id, timestamp and body.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}

Json = dict[str, Any]


def schemas() -> Json:
    """Return the schemas of a webhook's body, by the names of their classes."""
    body = Webhook.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    return {**body.pop("$defs"), Webhook.__name__: body}


def webhooks(jobs: Mapping[AnnouncementType, Json]) -> Json:
    """Return the description of each webhook, by its type, with its example of a job."""
    return {each.value: {"post": _operation(each, jobs[each])} for each in AnnouncementType}


def _operation(announcement_type: AnnouncementType, job: Json) -> Json:
    name = announcement_type.value
    content = {"version": 1, "id": HEADERS["webhook-id"][1], "owner": "user-1", "followed": False, "job": job}
    one_type = {"type": "object", "properties": {"type": {"const": name}}}
    media = {
        "schema": {"allOf": [{"$ref": f"#/components/schemas/{Webhook.__name__}"}, one_type]},
        "examples": {
            "webhook": {
                "summary": SUMMARIES[announcement_type],
                "value": {"type": name, "timestamp": "2025-11-22T08:00:35Z", "data": content},
            }
        },
    }
    return {
        "tags": ["webhooks"],
        "summary": SUMMARIES[announcement_type],
        "description": DESCRIPTION,
        "operationId": "webhook_" + name.replace(".", "_"),
        "security": [],
        "parameters": [_header(header, *described) for header, described in HEADERS.items()],
        "requestBody": {"required": True, "content": {"application/json": media}},
        "responses": {"2XX": {"description": "Any 2xx within 15 seconds: the webhook was received."}},
    }


def _header(name: str, description: str, example: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }

"""Requests and messages as Lambda's event sources send them; their forms are those of the AWS developer guides."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

Event = dict[str, Any]
MakeEvent = Callable[..., Event]

SOURCE_IP = "192.0.2.7"


def rest_api(method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> Event:
    """Return an event of API Gateway's REST API (payload 1.0): query decoded, one value and all values of each name."""
    path, pairs = _split(url)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": _grouped(pairs) or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {"httpMethod": method, "path": path, "stage": "prod", "identity": {"sourceIp": SOURCE_IP}},
        **_body(body),
    }


def http_api(method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> Event:
    """Return an event of API Gateway's HTTP API or a function URL (payload 2.0): query unchanged."""
    parts = urlsplit(url)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "http": {"method": method, "path": parts.path, "protocol": "HTTP/1.1", "sourceIp": SOURCE_IP},
            "stage": "$default",
            "domainName": "abc.lambda-url.us-east-1.on.aws",
        },
        **_body(body),
    }


def load_balancer(method: str, url: str, *, headers: Mapping[str, str], body: bytes) -> Event:
    """Return an event of an Application Load Balancer with multi-value headers: query still encoded."""
    path, pairs = _split(url)
    encoded = [(quote(name), quote(value)) for name, value in pairs]
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:000000000000:x"}},
        "httpMethod": method,
        "path": path,
        "multiValueQueryStringParameters": _grouped(encoded),
        "multiValueHeaders": {name.lower(): [value] for name, value in headers.items()},
        **_body(body),
    }


def from_queue(arn: str, messages: Sequence[Mapping[str, Any]]) -> Event:
    """Return an SQS event with messages as `receive_message` returned them."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {"ApproximateReceiveCount": "1"}),
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": "us-east-1",
            }
            for message in messages
        ]
    }


def parse_response(response: Mapping[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body, as the event source reads them."""
    headers = {
        **{name: [value] for name, value in (response.get("headers") or {}).items()},
        **(response.get("multiValueHeaders") or {}),
        "set-cookie": response.get("cookies") or [],
    }
    body = response.get("body") or ""
    content = base64.b64decode(body) if response.get("isBase64Encoded") else body.encode()
    return response["statusCode"], [(name, value) for name, values in headers.items() for value in values], content


def _split(url: str) -> tuple[str, list[tuple[str, str]]]:
    parts = urlsplit(url)
    return parts.path, parse_qsl(parts.query, keep_blank_values=True)


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _body(body: bytes) -> Event:
    try:
        return {"body": body.decode() or None, "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def json_of(response: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Return the response's body, parsed as JSON."""
    return json.loads(parse_response(response)[2])

#!/usr/bin/env bash
# Test the system under Docker Compose as its users run it, from an empty Docker to an empty Docker: build, up, videos,
# tests, scale, stops and restarts while jobs run, down, up again. The script exits with a status other than 0 at the
# first failure, and always removes the containers, networks, volumes and images that it created.
#
#   tests/system/compose.sh            needs Docker with Compose v2, curl and python3; a quarter of an hour
#   SKIP_TESTS=1 tests/system/compose.sh       all but `docker compose run --rm tests`
#
# It uses its own project name and free ports, so that it doesn't touch a system that already runs.
set -euo pipefail
cd "$(dirname "$0")/../.."

free_ports() {
  python3 -c '
import socket
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
print(*(probe.getsockname()[1] for probe in probes))'
}

export COMPOSE_PROJECT_NAME=mediaconvert-status-check-$$
export IMAGE_TAG=check-$$ # an own tag, so that this run and another `up` don't use each other's images
read -r DEV_API_PORT DEV_PLAYBACK_PORT DEV_MEDIACONVERT_PORT DEV_AWS_PORT LAMBDA_PORT < <(free_ports)
export DEV_API_PORT DEV_PLAYBACK_PORT DEV_MEDIACONVERT_PORT DEV_AWS_PORT LAMBDA_PORT
api=http://localhost:$DEV_API_PORT
mediaconvert=http://localhost:$DEV_MEDIACONVERT_PORT/2017-08-29
scratch=$(mktemp -d)

compose() { docker compose --ansi never --progress quiet "$@"; }
step() { printf '\n%s  %s\n' "$(date +%T)" "$*"; }
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
finish() {
  local status=$?
  if ((status)); then
    echo "the last lines of the logs:" >&2
    compose logs --no-color --tail 25 >&2 || true
  fi
  compose --profile test down --volumes --remove-orphans --timeout 5 || true
  docker image ls --quiet --filter "reference=mediaconvert-status/*:$IMAGE_TAG" | sort -u | xargs -r docker image rm --force >/dev/null || true
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT
trap 'echo "FAILED in line $LINENO: $BASH_COMMAND" >&2' ERR
trap 'exit 130' INT TERM

# Print a value of the JSON on standard input, given a Python expression of `it`.
json() { python3 -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
fetch() { curl --silent --show-error --fail --max-time 30 "$@"; }

# Create a clip with the ffmpeg of an image.
clip() { # seconds, file
  compose run --rm --no-deps -T mediaconvert python -c "
import pathlib, sys
from local.demo_clip import make_clip
path = pathlib.Path('/tmp/clip.mp4')
make_clip(path, duration_s=$1, size='640x360')
sys.stdout.buffer.write(path.read_bytes())" >"$2"
}

# Wait until a command succeeds.
wait_until() { # seconds, command
  local deadline=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < deadline)) || fail "not within $1 s: ${*:2}"
    sleep 0.5
  done
}

# Upload a file as a front end does, and print its key.
upload() { # file, [function that posts the announcement]
  local announced url
  announced=$("${2:-post}" /uploads "{\"file_name\": \"a clip.mp4\", \"content_type\": \"video/mp4\", \"size_bytes\": $(stat -c %s "$1")}")
  url=$(json 'it["url"]' <<<"$announced")
  fetch -X PUT -H @<(json '"\n".join(map(": ".join, it["headers"].items()))' <<<"$announced") --data-binary "@$1" "$url"
  json 'it["input_file"]' <<<"$announced"
}
post() { fetch "$api$1" -H 'Content-Type: application/json' -d "$2"; } # path, body
job() { fetch --get "$api/jobs" --data-urlencode "input_file=$1"; }
status() { job "$1" | json 'it["status"]'; }

# Wait until the status of a file's job is one of these.
wait_for_status() { # input file, statuses, seconds
  local now deadline=$((SECONDS + $3))
  while now=$(status "$1") && [[ " $2 " != *" $now "* ]]; do
    ((SECONDS < deadline)) || fail "$1 is $now after $3 s, not $2"
    sleep 0.5
  done
}

# Wait until a file's job runs. After a worker stops during a long poll, LocalStack keeps that poll open for up to 20 s.
# A message that this poll receives is visible again only after the queue's visibility timeout, another 20 s.
wait_until_running() { wait_for_status "$1" PROGRESSING 100; }

# Fail unless the file's job completes and plays, and is the file's only job.
expect_complete() { # input file
  wait_for_status "$1" "COMPLETE ERROR CANCELED" 180
  expect_playable "$1"
  [[ $(jobs_of "$1") == 1 ]] || fail "$1 has $(jobs_of "$1") jobs in MediaConvert"
}
# Fail unless the file's video plays: playlists, key and a segment, from this machine.
expect_playable() { # input file
  local shown url variant key segment
  shown=$(job "$1")
  [[ $(json 'it["status"]' <<<"$shown") == COMPLETE ]] || fail "$shown"
  url=$(json 'it["output"]["playback_url"]' <<<"$shown")
  [[ $url == "http://localhost:$DEV_PLAYBACK_PORT/"* ]] || fail "it plays at $url"
  variant=$(dirname "$url")/$(fetch "$url" | first_uri)
  key=$(dirname "$url")/$(fetch "$variant" | sed -n 's/.*METHOD=AES-128,URI="\([^"]*\)".*/\1/p' | first_uri)
  [[ $(fetch "$key" | wc -c) == 16 ]] || fail "$key is not a key of 16 bytes"
  segment=$(dirname "$url")/$(fetch "$variant" | first_uri)
  fetch "$segment" >"$scratch/segment"
  [[ -s $scratch/segment ]] || fail "$segment is empty"
}
# Print the first URI of a playlist. It reads all input, because an early exit would break the pipe, which fails the script.
first_uri() { awk 'NF && !/^#/ && !printed++'; }
jobs_of() { fetch --get "$mediaconvert/search" --data-urlencode "inputFile=s3://mediaconvert-status-input/$1" | json 'len(it["jobs"])'; }

container() { compose ps --all --quiet "$1"; }
health() { docker inspect --format '{{.State.Health.Status}}' "$(container "$1")"; }
has_logged() { grep --quiet "$2" <<<"$(docker logs "$1" 2>&1)"; } # container, pattern
up() { compose up --detach --wait --wait-timeout 240 "$@" || fail "up $* did not become healthy"; }
nothing_runs() { [[ -z $(compose ps --quiet --status running) ]]; }
# Fail unless every worker drained and exited by itself, without a crash or a kill.
expect_drained() {
  local each
  for each in $(container worker); do
    [[ $(docker inspect --format '{{.State.ExitCode}}' "$each") == 0 ]] || fail "worker $each exited with an error"
    [[ $(docker logs "$each" 2>&1 | tail -1) == *worker.stopped* ]] || fail "worker $each did not drain"
  done
}

with_functions() { compose --file docker-compose.yml --file tests/system/lambda.yml "$@"; }
# Invoke the service's function as API Gateway does, and print the body of the response; fail unless it is a 2xx.
invoke() { # method, path, query, body
  local response
  response=$(python3 -c '
import json, sys
method, path, query, body = sys.argv[1:]
http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7"}
print(json.dumps({"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
    "headers": {"host": "api.example", "content-type": "application/json"}, "body": body, "isBase64Encoded": False,
    "requestContext": {"http": http, "stage": "$default", "domainName": "api.example"}}))' "$@" |
    fetch "http://localhost:$LAMBDA_PORT/2015-03-31/functions/function/invocations" -d @-)
  json 'it["body"] if 200 <= it["statusCode"] < 300 else sys.exit(str(it))' <<<"$response"
}
post_to_function() { invoke POST "$1" "" "$2"; } # path, body

# A machine that reaches no registry may have the base images with looser tags (python:3.13-slim).
base_image() { # variable, looser tag
  local exact
  exact=$(sed -n "s/^ARG $1=//p" Dockerfile)
  if [[ -z ${!1:-} ]] && ! docker image inspect "$exact" >/dev/null 2>&1 && ! docker pull --quiet "$exact" >/dev/null 2>&1 \
    && docker image inspect "$2" >/dev/null 2>&1; then
    echo "$exact can't be pulled: building from $2"
    export "$1=$2"
  fi
}
step "build"
base_image PYTHON_IMAGE python:3.13-slim
base_image NODE_IMAGE node:22-slim
compose --profile test build --quiet
with_functions build --quiet service-function
docker image ls --format '{{.Size}} {{.Repository}}' "mediaconvert-status/*:$IMAGE_TAG"

step "the images have an unprivileged user, and no emulator, tests or pip"
for image in service worker; do
  docker run --rm "mediaconvert-status/$image:$IMAGE_TAG" python -c '
import importlib.util, os, sys
unwanted = [name for name in ("local", "tests", "pip", "imageio_ffmpeg", "av", "pytest") if importlib.util.find_spec(name)]
sys.exit(f"contains {unwanted}, user {os.getuid()}" if unwanted or os.getuid() == 0 else 0)' || fail "image $image"
done

step "up: everything healthy, in order"
up
[[ $(docker inspect --format '{{.State.ExitCode}}' "$(container provision)") == 0 ]] || fail "provision failed"
compose ps --format json | python3 -c '
import json, sys
text = sys.stdin.read().strip()
containers = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
published = [port for each in containers for port in each["Publishers"] or [] if port["PublishedPort"]]
assert len(published) == 4, published
assert all(port["URL"] == "127.0.0.1" for port in published), published' || fail "a port is open to other machines"
has_logged "$(container ready)" "documentation: $api/docs" || fail "ready does not print the address of the documentation"
for each in service worker mediaconvert playback; do
  compose exec -T "$each" python -c "
import sys
command = open('/proc/1/cmdline').read().split(chr(0))
sys.exit(command[0] != 'python')
" || fail "process 1 of $each is not Python"
  ! compose exec -T "$each" python -c "open('/app/x', 'w')" 2>/dev/null || fail "$each can write to its own code"
done

step "a video is transcoded and plays"
clip 5 "$scratch/short.mp4"
clip 60 "$scratch/long.mp4"
first=$(upload "$scratch/short.mp4")
expect_complete "$first"

if [[ -z ${SKIP_TESTS:-} ]]; then
  step "docker compose run --rm tests"
  compose run --rm -T tests || fail "the tests failed"
fi

step "three workers, eight videos"
up --scale worker=3
[[ $(container worker | wc -l) == 3 ]] || fail "there are not three workers"
several=()
for _ in {1..8}; do several+=("$(upload "$scratch/short.mp4")"); done
for each in "${several[@]}"; do expect_complete "$each"; done
active_workers=0
for each in $(container worker); do
  has_logged "$each" 'worker\.ready' || fail "worker $each did not get ready"
  if has_logged "$each" 'job\.'; then active_workers=$((active_workers + 1)); fi
done
((active_workers > 1)) || fail "one worker handled everything" # SQS doesn't balance: one of three may get nothing

step "the only worker stops while a job runs, and no event is lost"
up --scale worker=1
running=$(upload "$scratch/long.mp4")
wait_until_running "$running"
compose stop worker
expect_drained
unseen=$(upload "$scratch/short.mp4")
sleep 3
[[ $(status "$unseen") == AWAITING_UPLOAD ]] || fail "a job was created while no worker ran"
up
expect_complete "$running"
expect_complete "$unseen"

step "MediaConvert alone restarts, and still has its job template"
compose restart mediaconvert
up
expect_complete "$(upload "$scratch/short.mp4")"

step "Lambda functions replace the worker and the service"
compose stop worker
with_functions up --detach service-function event-source
by_functions=$(upload "$scratch/short.mp4" post_to_function)
expect_complete "$by_functions"
[[ $(invoke GET /jobs "input_file=${by_functions//\//%2F}" "" | json 'it["status"]') == COMPLETE ]] || fail "the service function shows another status"
has_logged "$(with_functions ps --quiet worker-function)" 'job\.submitted' || fail "the worker function created no job"
with_functions rm --stop --force service-function event-source worker-function service-lambda worker-lambda
up

step "Ctrl-C while a job runs: the worker drains, and every container stops"
set -m # without job control, a background process ignores SIGINT
docker compose --ansi never up --no-color >"$scratch/up.log" 2>&1 &
attached=$!
set +m
shows() { grep --quiet "$1" "$scratch/up.log"; }
wait_until 120 shows "provision.* exited with code 0" # before that, Ctrl-C would only cancel the start
running=$(upload "$scratch/long.mp4")
wait_until_running "$running"
wait_until 30 shows "worker.*job.advanced"
kill -INT "$attached"
wait "$attached" || true # the exit status differs between releases of Compose, one of which panics
wait_until 30 nothing_runs # Compose may exit before the last container has stopped
expect_drained
[[ $(docker inspect --format '{{.State.ExitCode}}' "$(container service)") == 0 ]] || fail "the service exited with an error"

step "a second up on the same volumes: earlier videos play, and an interrupted job can be retried"
up
expect_playable "$first"
for each in "${several[@]}"; do expect_playable "$each"; done
wait_for_status "$running" "COMPLETE ERROR" 100
if [[ $(status "$running") == ERROR ]]; then
  post /jobs "{\"input_file\": \"$running\"}" >/dev/null
  wait_until_running "$running"
fi
expect_complete "$running"
expect_complete "$(upload "$scratch/short.mp4")"

step "an upload that no worker has received survives a stop of the whole system"
compose stop worker
unseen=$(upload "$scratch/short.mp4")
compose stop
up
expect_complete "$unseen"

step "down, with its volumes, and up"
compose down --volumes
[[ -z $(docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME") ]] || fail "a volume is left"
up
[[ $(curl --silent --output /dev/null --write-out '%{http_code}' --get "$api/jobs" --data-urlencode "input_file=$first") == 404 ]] \
  || fail "$first still exists"
expect_complete "$(upload "$scratch/short.mp4")"

step "all steps passed"

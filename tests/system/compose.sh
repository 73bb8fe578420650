#!/usr/bin/env bash
# The system under Docker Compose, used as its users use it, from an empty Docker to an empty Docker: build, up, videos,
# tests, scale, stops and restarts while jobs run, down, up again. Ends with a status other than 0 at the first thing
# that isn't as it should be, and takes away the containers, networks and volumes that it made, whatever happens.
#
#   tests/system/compose.sh            needs Docker with Compose v2, curl and python3; a quarter of an hour
#   SKIP_TESTS=1 tests/system/compose.sh       all but `docker compose run --rm tests`
#
# It takes a project name and free ports of its own, so that a system that runs already is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

free_ports() {
  python3 -c '
import socket
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
print(*(probe.getsockname()[1] for probe in probes))'
}

export COMPOSE_PROJECT_NAME=mediaconvert-status-check-$$
export IMAGE_TAG=check-$$ # so that nobody else's `up` takes these images, nor this one theirs
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

# A value of the JSON on standard input, by a Python expression of `it`.
json() { python3 -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
fetch() { curl --silent --show-error --fail --max-time 30 "$@"; }

# Make a clip of so many seconds, with the ffmpeg of an image.
clip() { # seconds, file
  compose run --rm --no-deps -T mediaconvert python -c "
import pathlib, sys
from local.demo_clip import make_clip
path = pathlib.Path('/tmp/clip.mp4')
make_clip(path, duration_s=$1, size='640x360')
sys.stdout.buffer.write(path.read_bytes())" >"$2"
}

# Wait until a command succeeds.
within() { # seconds, command
  local deadline=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < deadline)) || fail "not within $1 s: ${*:2}"
    sleep 0.5
  done
}

# Upload a file as a front end does; gives its key.
upload() { # file, [what posts the announcement]
  local told url
  told=$("${2:-post}" /uploads "{\"file_name\": \"a clip.mp4\", \"content_type\": \"video/mp4\", \"size_bytes\": $(stat -c %s "$1")}")
  url=$(json 'it["url"]' <<<"$told")
  fetch -X PUT -H 'Content-Type: video/mp4' --data-binary "@$1" "$url"
  json 'it["input_file"]' <<<"$told"
}
post() { fetch "$api$1" -H 'Content-Type: application/json' -d "$2"; } # path, body
job() { fetch --get "$api/jobs" --data-urlencode "input_file=$1"; }
status() { job "$1" | json 'it["status"]'; }

# Wait until the status of a file's job is one of those.
reach() { # input file, statuses, seconds
  local now deadline=$((SECONDS + $3))
  while now=$(status "$1") && [[ " $2 " != *" $now "* ]]; do
    ((SECONDS < deadline)) || fail "$1 is $now after $3 s, not $2"
    sleep 0.5
  done
}

# Wait until a file's job runs. A worker that stopped in the middle of a long poll has left that poll behind in LocalStack
# for up to 20 s; what such a poll takes comes back after the queue's visibility timeout, another 20 s.
runs() { reach "$1" PROGRESSING 100; }

# Fail unless the file's job completes and plays, and is its one and only.
complete() { # input file
  reach "$1" "COMPLETE ERROR CANCELED" 180
  plays "$1"
  [[ $(jobs_of "$1") == 1 ]] || fail "$1 has $(jobs_of "$1") jobs in MediaConvert"
}
# Fail unless the file's video plays: playlists, key and a segment, from this machine.
plays() { # input file
  local shown url variant key segment
  shown=$(job "$1")
  [[ $(json 'it["status"]' <<<"$shown") == COMPLETE ]] || fail "$shown"
  url=$(json 'it["output"]["playback_url"]' <<<"$shown")
  [[ $url == "http://localhost:$DEV_PLAYBACK_PORT/"* ]] || fail "it plays at $url"
  variant=$(dirname "$url")/$(fetch "$url" | named)
  key=$(dirname "$url")/$(fetch "$variant" | sed -n 's/.*METHOD=AES-128,URI="\([^"]*\)".*/\1/p' | named)
  [[ $(fetch "$key" | wc -c) == 16 ]] || fail "$key is no key"
  segment=$(dirname "$url")/$(fetch "$variant" | named)
  fetch "$segment" >"$scratch/segment"
  [[ -s $scratch/segment ]] || fail "$segment is empty"
}
# The first URI of a playlist. It reads to the end: who stops early breaks the pipe, which counts as a failure here.
named() { awk 'NF && !/^#/ && !told++'; }
jobs_of() { fetch --get "$mediaconvert/search" --data-urlencode "inputFile=s3://mediaconvert-status-input/$1" | json 'len(it["jobs"])'; }

container() { compose ps --all --quiet "$1"; }
health() { docker inspect --format '{{.State.Health.Status}}' "$(container "$1")"; }
says() { grep --quiet "$2" <<<"$(docker logs "$1" 2>&1)"; } # container, pattern
up() { compose up --detach --wait --wait-timeout 240 "$@" || fail "up $* did not become healthy"; }
nothing_runs() { [[ -z $(compose ps --quiet --status running) ]]; }
# The worker has ended by itself, having drained: not killed, not crashed.
drained() {
  local each
  for each in $(container worker); do
    [[ $(docker inspect --format '{{.State.ExitCode}}' "$each") == 0 ]] || fail "worker $each did not end well"
    [[ $(docker logs "$each" 2>&1 | tail -1) == *worker.stopped* ]] || fail "worker $each did not drain"
  done
}

with_functions() { compose --file docker-compose.yml --file tests/system/lambda.yml "$@"; }
# Hand a request to the service's function as API Gateway does; gives the answer's body, and fails unless it is a 2xx.
invoke() { # method, path, query, body
  local answer
  answer=$(python3 -c '
import json, sys
method, path, query, body = sys.argv[1:]
http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7"}
print(json.dumps({"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
    "headers": {"host": "api.example", "content-type": "application/json"}, "body": body, "isBase64Encoded": False,
    "requestContext": {"http": http, "stage": "$default", "domainName": "api.example"}}))' "$@" |
    fetch "http://localhost:$LAMBDA_PORT/2015-03-31/functions/function/invocations" -d @-)
  json 'it["body"] if 200 <= it["statusCode"] < 300 else sys.exit(str(it))' <<<"$answer"
}
post_to_function() { invoke POST "$1" "" "$2"; } # path, body

step "build"
compose --profile test build --quiet
with_functions build --quiet service-function
docker image ls --format '{{.Size}} {{.Repository}}' "mediaconvert-status/*:$IMAGE_TAG"

step "what the images hold: a user without rights, no emulator, no tests, no pip"
for image in service worker; do
  docker run --rm "mediaconvert-status/$image:$IMAGE_TAG" python -c '
import importlib.util, os, sys
held = [name for name in ("local", "tests", "pip", "imageio_ffmpeg", "av", "pytest") if importlib.util.find_spec(name)]
sys.exit(f"held: {held}, user {os.getuid()}" if held or os.getuid() == 0 else 0)' || fail "$image"
done

step "up: everything healthy, in order"
up
[[ $(docker inspect --format '{{.State.ExitCode}}' "$(container provision)") == 0 ]] || fail "provision"
compose ps --format json | python3 -c '
import json, sys
text = sys.stdin.read().strip()
containers = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
published = [port for each in containers for port in each["Publishers"] or [] if port["PublishedPort"]]
assert len(published) == 4, published
assert all(port["URL"] == "127.0.0.1" for port in published), published' || fail "a port is open to other machines"
says "$(container ready)" "documentation: $api/docs" || fail "ready does not say where"
for each in service worker mediaconvert playback; do
  compose exec -T "$each" python -c "
import sys
command = open('/proc/1/cmdline').read().split(chr(0))
sys.exit(command[0] != 'python')
" || fail "process 1 of $each is no Python"
  ! compose exec -T "$each" python -c "open('/app/x', 'w')" 2>/dev/null || fail "$each can write to itself"
done

step "a video goes through it"
clip 5 "$scratch/short.mp4"
clip 60 "$scratch/long.mp4"
first=$(upload "$scratch/short.mp4")
complete "$first"

if [[ -z ${SKIP_TESTS:-} ]]; then
  step "docker compose run --rm tests"
  compose run --rm -T tests || fail "the tests"
fi

step "three workers, eight videos"
up --scale worker=3
[[ $(container worker | wc -l) == 3 ]] || fail "not three workers"
several=()
for _ in {1..8}; do several+=("$(upload "$scratch/short.mp4")"); done
for each in "${several[@]}"; do complete "$each"; done
took_part=0
for each in $(container worker); do
  says "$each" 'worker\.ready' || fail "worker $each did not get ready"
  if says "$each" 'job\.'; then took_part=$((took_part + 1)); fi
done
((took_part > 1)) || fail "one worker did it all" # SQS hands out as it likes: a third may get nothing

step "one worker again; it stops while a job runs, and MediaConvert goes on; nothing is lost"
up --scale worker=1
running=$(upload "$scratch/long.mp4")
runs "$running"
compose stop worker
drained
unseen=$(upload "$scratch/short.mp4")
sleep 3
[[ $(status "$unseen") == AWAITING_UPLOAD ]] || fail "somebody made a job while no worker ran"
up
complete "$running"
complete "$unseen"

step "MediaConvert alone starts anew, and knows its job template"
compose restart mediaconvert
up
complete "$(upload "$scratch/short.mp4")"

step "Lambda functions in the worker's place, and in the service's"
compose stop worker
with_functions up --detach service-function event-source
by_functions=$(upload "$scratch/short.mp4" post_to_function)
complete "$by_functions"
[[ $(invoke GET /jobs "input_file=${by_functions//\//%2F}" "" | json 'it["status"]') == COMPLETE ]] || fail "the function says otherwise"
says "$(with_functions ps --quiet worker-function)" 'job\.submitted' || fail "the worker's function made no job"
with_functions rm --stop --force service-function event-source worker-function service-lambda worker-lambda
up

step "Ctrl-C while a job runs: the worker drains, and everything ends"
set -m # else the shell has it ignore SIGINT
docker compose --ansi never up --no-color >"$scratch/up.log" 2>&1 &
attached=$!
set +m
shows() { grep --quiet "$1" "$scratch/up.log"; }
within 120 shows "provision.* exited with code 0" # before that it is still starting, and Ctrl-C only ends the starting
running=$(upload "$scratch/long.mp4")
runs "$running"
within 30 shows "worker.*job.advanced"
kill -INT "$attached"
wait "$attached" || true # its status differs between releases of Compose, one of which ends in a panic of its own
within 30 nothing_runs # which may come while the last container still stops
drained
[[ $(docker inspect --format '{{.State.ExitCode}}' "$(container service)") == 0 ]] || fail "the service did not end well"

step "a second up, on the same containers and volumes: what was there is there, and a job that ran can be had again"
up
plays "$first"
for each in "${several[@]}"; do plays "$each"; done
reach "$running" "COMPLETE ERROR" 100
if [[ $(status "$running") == ERROR ]]; then
  post /jobs "{\"input_file\": \"$running\"}" >/dev/null
  runs "$running"
fi
complete "$running"
complete "$(upload "$scratch/short.mp4")"

step "an upload that no worker has seen outlives a stop of everything"
compose stop worker
unseen=$(upload "$scratch/short.mp4")
compose stop
up
complete "$unseen"

step "down, with its volumes, and up"
compose down --volumes
[[ -z $(docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME") ]] || fail "a volume is left"
up
[[ $(curl --silent --output /dev/null --write-out '%{http_code}' --get "$api/jobs" --data-urlencode "input_file=$first") == 404 ]] \
  || fail "something is left of $first"
complete "$(upload "$scratch/short.mp4")"

step "all is as it should be"

# All images of the project, by target:
#
#   worker         the queue consumers
#   service        the HTTP API and the page
#   mediaconvert   the local system: MediaConvert emulator, playback, provisioning
#   tests          the tests and their dependencies
#   lambda         service and worker as Lambda functions; the command selects the handler
#
# An image has a virtual environment, installed from a lock file with checked hashes, and the compiled code. Lock files
# are copied before the code, so that a change of code installs nothing. Each target comes directly after the stages
# that it needs, because Docker's classic builder builds all earlier stages.

# `make pin-images` adds the digests. Another image can be given, for example on a machine that reaches no registry:
#   docker build --build-arg PYTHON_IMAGE=python:3.13-slim …
ARG PYTHON_IMAGE=python:3.13.11-slim-trixie
ARG NODE_IMAGE=node:22.21.1-trixie-slim

FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
RUN groupadd --gid 10001 app && useradd --uid 10001 --gid app --home-dir /app --no-create-home --shell /usr/sbin/nologin app


# pip installs into the environment from outside, so the images don't contain pip.
FROM base AS installer
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv


FROM installer AS dependencies
# This includes OpenTelemetry (6 MB), which is imported only if it is configured.
COPY requirements/otel.lock requirements/
RUN pip --python /opt/venv/bin/python install --quiet --require-hashes -r requirements/otel.lock


FROM base AS worker
COPY --from=dependencies /opt/venv /opt/venv
COPY transcode transcode
COPY worker worker
RUN python -m compileall -q transcode worker
USER app
ENV HEALTH_FILE=/tmp/worker-health
# With a read-only root file system, Fargate supports no tmpfs, and its volumes are writable for root only. A volume
# that the image declares has the folder's mode.
VOLUME /tmp
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-m", "worker.health"]
CMD ["python", "-m", "worker"]


# Other stages copy only the build output of this stage.
FROM ${NODE_IMAGE} AS page
WORKDIR /web
COPY web/package.json web/package-lock.json web/.npmrc ./
# npm installs all workspaces at once, so it needs each one's package.json.
COPY web/page/package.json page/
COPY web/packages/core/package.json packages/core/
COPY web/packages/elements/package.json packages/elements/
COPY web/packages/react/package.json packages/react/
COPY web/examples/gallery/package.json examples/gallery/
COPY web/examples/plain/package.json examples/plain/
COPY web/examples/react/package.json examples/react/
COPY web/examples/vue/package.json examples/vue/
RUN npm ci --no-audit --no-fund --loglevel=error
COPY web ./
RUN npm run --silent build -- --logLevel warn


FROM base AS service
COPY --from=dependencies /opt/venv /opt/venv
COPY transcode transcode
COPY service service
COPY --from=page /web/dist web/dist
RUN python -m compileall -q transcode service
USER app
ENV HOST=0.0.0.0 \
    PORT=8000
VOLUME /tmp
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["python", "-m", "service"]


FROM installer AS local-dependencies
COPY requirements/local.lock requirements/
RUN pip --python /opt/venv/bin/python install --quiet --require-hashes -r requirements/local.lock


FROM base AS mediaconvert
COPY --from=local-dependencies /opt/venv /opt/venv
COPY infra infra
COPY transcode transcode
COPY emulator/mediaconvert_emulator mediaconvert_emulator
COPY client/mediaconvert_status_client mediaconvert_status_client
COPY local local
RUN python -m compileall -q transcode mediaconvert_emulator mediaconvert_status_client local \
 && install --directory --owner=app --group=app /var/lib/mediaconvert /var/lib/keeper
USER app
# /var/lib/mediaconvert has the inputs and outputs of running jobs, gigabytes of them, so mount a volume there. The
# image doesn't declare it as a volume, because every other container of this image would leave an empty volume behind.
ENV MEDIACONVERT_HOST=0.0.0.0 \
    MEDIACONVERT_PORT=8002 \
    MEDIACONVERT_TEMP_DIR=/var/lib/mediaconvert \
    MEDIACONVERT_TEMPLATES=/app/infra/job_template.json,/app/infra/job_template_hls_download.json,/app/infra/job_template_audio.json \
    PLAYBACK_HOST=0.0.0.0 \
    PLAYBACK_PORT=8001
EXPOSE 8001 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"MEDIACONVERT_PORT\"]}/_emulator/health', timeout=4)"]
CMD ["python", "-m", "mediaconvert_emulator"]


FROM installer AS tests-dependencies
COPY requirements/dev.lock requirements/
RUN pip --python /opt/venv/bin/python install --quiet --require-hashes -r requirements/dev.lock


FROM base AS tests
COPY --from=tests-dependencies /opt/venv /opt/venv
COPY pyproject.toml Dockerfile docker-compose.yml Makefile README.md ./
COPY .github .github
COPY docs docs
COPY infra infra
COPY transcode transcode
COPY service service
COPY worker worker
COPY client client
COPY emulator emulator
COPY local local
COPY deploy deploy
COPY prove prove
COPY bench bench
COPY tests tests
RUN uv pip install --quiet --python /opt/venv --offline --no-deps --editable ./client --editable ./emulator \
 && python -m compileall -q transcode service worker client emulator local deploy bench tests
USER app
ENV HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "pytest", "-p", "no:cacheprovider"]
# The other tests need a browser or Node.js, or take long and start processes of their own.
CMD ["tests/unit", "tests/simulation", "tests/integration", "tests/system"]


FROM installer AS lambda-dependencies
COPY requirements/lambda.lock requirements/
RUN pip --python /opt/venv/bin/python install --quiet --require-hashes -r requirements/lambda.lock


FROM base AS lambda
COPY --from=lambda-dependencies /opt/venv /opt/venv
COPY transcode transcode
COPY service service
COPY worker worker
COPY --from=page /web/dist web/dist
RUN python -m compileall -q transcode service worker
USER app
# Lambda itself monitors its functions.
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["service.lambda_handler.handler"]

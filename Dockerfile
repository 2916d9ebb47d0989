# Two stages: wheels are built and installed in the first, the second has no compiler and no pip
# cache, and runs as an unprivileged user. BASE can be any Debian 12 image.
ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS build
# Only for builds behind a proxy with certificates of its own; not part of the result.
ARG PIP_CERT
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
RUN python3 -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes -r requirements-build.txt \
 && python3 -m venv --without-pip /opt/connector \
 && /opt/build/bin/pip --python /opt/connector/bin/python install --quiet --disable-pip-version-check --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md ./
COPY connector connector
COPY adapters adapters
COPY mappings mappings
COPY report_templates report_templates
COPY config config
RUN /opt/build/bin/pip wheel --quiet --disable-pip-version-check --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \
 && /opt/build/bin/pip --python /opt/connector/bin/python install --quiet --disable-pip-version-check --no-cache-dir --no-deps /wheels/*.whl

FROM ${BASE}
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /site connector
COPY --from=build /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:$PATH \
    CONNECTOR_HOME=/site \
    PYTHONDONTWRITEBYTECODE=1
USER connector
WORKDIR /site
VOLUME /site
EXPOSE 8080
ENTRYPOINT ["connector"]
CMD ["serve", "--host", "0.0.0.0"]

# llm-mockserver as a container, for compose files and the service containers of CI.
#
#     docker build -t llm-mockserver .
#     docker run --rm -p 8089:8089 -v "$PWD/scenarios:/scenarios:ro" llm-mockserver \
#         serve --host 0.0.0.0 --scenario /scenarios/retry.yaml
#
# It listens beyond loopback, so the control API wants a token: state MOCKSERVER_CONTROL_TOKEN, or
# read the one that is drawn off the first line of the log (docs/any-language.md).

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY mockserver mockserver
COPY pytest_plugin pytest_plugin
COPY scenarios scenarios
COPY fixtures fixtures
RUN python -m venv /opt/mockserver \
    && /opt/mockserver/bin/pip install --no-cache-dir '.[speed]'

FROM python:3.13-slim
COPY --from=build /opt/mockserver /opt/mockserver
# Nobody's account: it owns nothing, and the server writes nothing.
USER 65534:65534
ENV PATH=/opt/mockserver/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /scenarios
EXPOSE 8089
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --start-interval=500ms \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8089/healthz', timeout=2)"]
ENTRYPOINT ["mockserver"]
CMD ["serve", "--host", "0.0.0.0", "--ready-json"]

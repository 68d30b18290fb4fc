# The server, and nothing it does not need. Built by docker-compose.yml.
FROM rust:1.95-slim-bookworm AS build
# A C compiler and its friends are for SQLite, the allocator and the cipher library.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin crosstalk

FROM debian:bookworm-slim
COPY --from=build /build/target/release/crosstalk /usr/local/bin/crosstalk
# Volumes that are mounted there begin as they are here: its own.
RUN useradd --system --uid 7600 --no-create-home crosstalk \
    && mkdir /data /keys \
    && chown crosstalk /data /keys
USER 7600
VOLUME ["/data", "/keys"]
EXPOSE 7600
# It drains: clients are told when to come back.
STOPSIGNAL SIGTERM
# Whether it takes people in; by the shell's own sockets, as there is nothing else here that could ask.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/bin/bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/7600; printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; grep --quiet --max-count=1 '^HTTP/1.1 200' <&3"]
ENV CROSSTALK_LISTEN_ADDRESS=0.0.0.0:7600 \
    CROSSTALK_LISTEN_TLS_IN_FRONT=true \
    CROSSTALK_DATA_DIRECTORY=/data \
    CROSSTALK_DATA_KEYS_DIRECTORY=/keys
ENTRYPOINT ["/usr/local/bin/crosstalk"]
CMD ["serve"]

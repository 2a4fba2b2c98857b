# The image of shelflife: the binary, a Python, and uv.
#
#     docker build --network host -t shelflife .
#     docker run --network host -v shelflife-cache:/cache -v "$PWD/reports:/srv/reports" shelflife run matrices/quickstart.toml
#
# Your own matrices: mount their folder, for example `-v "$PWD:/srv"`.
#
# Where no image can be pulled, the base is made from Debian's archive, and the binary is built outside:
#
#     docker/base-image.sh local/debian
#     cargo build --release --locked && cp target/release/shelflife docker/shelflife
#     docker build --network host --build-arg BASE=local/debian --build-arg BUILDER=local/debian -t shelflife .
#
# BASE is a Debian or Ubuntu whose glibc is not older than that of the place where the binary was built. Python 3.11,
# which the quickstart asks for, is that of Debian bookworm; other versions are fetched by uv when a matrix needs them.
ARG BASE=debian:bookworm-slim
ARG BUILDER=rust:1-slim-bookworm

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
# A binary that was built outside is taken as it is; BUILDER needs no Rust then.
RUN if [ -f docker/shelflife ]; then \
        install -D docker/shelflife /out/shelflife; \
    else \
        CARGO_PROFILE_RELEASE_DEBUG=none cargo build --release --locked && install -D target/release/shelflife /out/shelflife; \
    fi

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
# An index other than pip's default: --build-arg PIP_INDEX_URL=... here, and -e PIP_INDEX_URL=... with `docker run`.
ARG PIP_INDEX_URL
RUN python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --only-binary :all: 'uv>=0.4' \
    && ln -s /opt/uv/bin/uv /usr/local/bin/uv
COPY --from=build /out/shelflife /usr/local/bin/shelflife
COPY datasets /srv/datasets
COPY matrices /srv/matrices
# Writable for whatever --user is asked for.
RUN mkdir /cache /srv/reports && chmod 1777 /cache /srv /srv/reports
# uv brings certificate authorities of its own; this image's are those of its base.
ENV SHELFLIFE_CACHE_DIR=/cache SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /srv
ENTRYPOINT ["shelflife"]
CMD ["--help"]

# Two images: that of shelflife itself (the last stage: the binary, a Python, and uv), and with `--target environment` those of
# environments to be tried in. docker/small.Dockerfile has one that looks at files and tries nothing.
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
#
# With SYSTEM=true the image also has what Debian trees need (mmdebstrap, bubblewrap); trees are made and entered in a
# container that may make namespaces: `--privileged`, or less of it, which is enough:
#
#     --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
#     --security-opt systempaths=unconfined
#
# An environment has a Python with scikit-learn. Debian's own, of the release and CPU of BASE:
#
#     docker build --target environment --platform linux/386 --build-arg BASE=i386/debian:bookworm-slim -t sklearn-386 .
#
# or wheels, with a Python that BASE has or that uv can fetch:
#
#     docker build --target environment --build-arg SCIKIT_LEARN=1.5.2 --build-arg NUMPY=2.1.3 --build-arg PYTHON=3.12 .
#
# matrices/containers.toml does both.
ARG BASE=debian:bookworm-slim
ARG BUILDER=rust:1-slim-bookworm

FROM ${BASE} AS environment
ARG SCIKIT_LEARN=
ARG NUMPY=
# Further requirements, for example "scipy==1.14.1 joblib==1.4.2".
ARG PACKAGES=
# Version of the interpreter for wheels; that of BASE where empty.
ARG PYTHON=
ARG PIP_INDEX_URL
RUN set -e; \
    if [ -z "$SCIKIT_LEARN" ]; then \
        if [ -n "$NUMPY$PACKAGES$PYTHON" ]; then \
            echo "NUMPY, PACKAGES and PYTHON need SCIKIT_LEARN: without it everything is Debian's own" >&2; exit 1; \
        fi; \
        apt-get update; \
        apt-get install -y --no-install-recommends python3-minimal python3-sklearn; \
    else \
        apt-get update; \
        apt-get install -y --no-install-recommends ca-certificates libgomp1 python3 python3-venv; \
        python3 -m venv /opt/uv; \
        /opt/uv/bin/pip install --no-cache-dir --only-binary :all: 'uv>=0.4'; \
        export UV_PYTHON_INSTALL_DIR=/opt/python SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt; \
        if [ -n "$PIP_INDEX_URL" ]; then export UV_DEFAULT_INDEX="$PIP_INDEX_URL"; fi; \
        /opt/uv/bin/uv venv --python "${PYTHON:-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')}" /opt/environment; \
        /opt/uv/bin/uv pip install --python /opt/environment/bin/python --only-binary :all: --no-cache \
            "scikit-learn==$SCIKIT_LEARN" ${NUMPY:+"numpy==$NUMPY"} $PACKAGES; \
        rm -rf /opt/uv; \
    fi; \
    rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/environment/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["python3"]

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
ARG SYSTEM=true
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
        $(if [ "$SYSTEM" = true ]; then echo arch-test bubblewrap mmdebstrap util-linux; fi) \
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

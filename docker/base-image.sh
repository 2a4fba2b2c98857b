#!/bin/bash
# Makes a Debian base image from Debian's archive, for machines on which no image can be pulled:
#
#     docker/base-image.sh                      # makes local/debian from bookworm
#     docker/base-image.sh NAME SUITE ARCH      # for example: local/debian32 trixie i386
#     docker build --build-arg BASE=local/debian --build-arg BUILDER=local/debian -t shelflife .
#     TREE=/srv/tree docker/base-image.sh local/mine bookworm i386   # of a root tree that is there already
#
# Needs docker (or DOCKER=podman) with a running daemon, and mmdebstrap or debootstrap. The archive is that of the
# machine's own apt configuration, or the one in MIRROR. Certificate authorities that this machine trusts beyond
# Debian's (/usr/local/share/ca-certificates) are trusted in the image too: without them nothing can be fetched from
# behind a proxy that re-encrypts.
set -euo pipefail

name=${1:-local/debian}
suite=${2:-bookworm}
arch=${3:-$(dpkg --print-architecture)}
docker=${DOCKER:-docker}
include=ca-certificates

case $arch in
i386) platform=linux/386 ;;
armhf) platform=linux/arm/v7 ;;
*) platform=linux/$arch ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -n "${TREE:-}" ]; then
    tar -C "$TREE" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -cf "$work/rootfs.tar" .
elif command -v mmdebstrap >/dev/null; then
    mmdebstrap --quiet --variant=minbase --architectures="$arch" --include="$include" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$suite" "$work/rootfs.tar" ${MIRROR:+"$MIRROR"}
elif command -v debootstrap >/dev/null; then
    debootstrap --variant=minbase --arch="$arch" --include="$include" "$suite" "$work/tree" ${MIRROR:+"$MIRROR"}
    tar -C "$work/tree" --numeric-owner --exclude=./dev/* -cf "$work/rootfs.tar" .
    rm -rf "$work/tree"
else
    echo "base-image.sh: neither mmdebstrap nor debootstrap is here; run: apt-get install mmdebstrap" >&2
    exit 1
fi

mkdir "$work/authorities"
# A folder without further authorities is the usual case.
cp /usr/local/share/ca-certificates/*.crt "$work/authorities/" 2>/dev/null || true

cat >"$work/Dockerfile" <<'DOCKERFILE'
FROM scratch
ADD rootfs.tar /
COPY authorities /usr/local/share/ca-certificates
RUN update-ca-certificates --fresh >/dev/null
CMD ["bash"]
DOCKERFILE

"$docker" build --platform "$platform" --tag "$name" "$work"
echo "made $name: Debian $suite, $arch"

#!/bin/sh
# How much longer shelflife takes to make a Debian tree than mmdebstrap alone.
#
#     benches/trees.sh [ROUNDS]                 two rounds by default
#
# Alternately, as root, with the tools installed: `shelflife env prepare` of one tree into an empty cache (making it,
# asking its Python what it has, writing the lock), and mmdebstrap with the same packages from the same mirror. The
# promise is 1.2; the ratio that counts is that of a round, because mirrors and shared machines have moods.
#
# Variables: SHELFLIFE (the program; a release build of this checkout by default), SUITE (bookworm), ARCH (i386), MIRROR
# (that of the machine's apt).
set -eu

cd "$(dirname "$0")/.."
rounds=${1:-2}
suite=${SUITE:-bookworm}
arch=${ARCH:-i386}
if [ -z "${SHELFLIFE:-}" ]; then
    cargo build --release --quiet
    SHELFLIFE=$PWD/${CARGO_TARGET_DIR:-target}/release/shelflife
fi
# The same mirror for both, and nothing but it: mmdebstrap by itself adds the updates and the security archive.
mirror=${MIRROR:-$("$SHELFLIFE" doctor | sed -n 's/^ *ok Debian mirror: //p')}
folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT
trap 'exit 130' INT TERM

cat >"$folder/tree.toml" <<END
[matrix]
name = "tree"
[[environments]]
name = "tree"
runtime = "rootfs"
suite = "$suite"
arch = "$arch"
mirror = "$mirror"
[datasets.points]
path = "points.csv"
target = "y"
[[models]]
name = "scaler"
estimator = "StandardScaler()"
dataset = "points"
formats = ["pickle"]
END
printf 'a,y\n1,2\n3,4\n' >"$folder/points.csv"

seconds() {
    start=$(date +%s.%N)
    "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
    awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $start }"
}

echo "| round | shelflife | mmdebstrap | ratio |"
echo "| --- | --- | --- | --- |"
for round in $(seq "$rounds"); do
    ours=$(SHELFLIFE_CACHE_DIR="$folder/cache" seconds "$SHELFLIFE" env prepare "$folder/tree.toml")
    theirs=$(seconds mmdebstrap --variant=minbase --architectures="$arch" --include=python3-minimal,python3-sklearn \
        --mode=root "$suite" "$folder/tree" "deb $mirror $suite main")
    echo "| $round | $ours s | $theirs s | $(awk "BEGIN { printf \"%.2f\", $ours / $theirs }") |"
    rm -rf --one-file-system "$folder/cache" "$folder/tree"
done
echo
echo "$suite $arch, $(nproc) cores"

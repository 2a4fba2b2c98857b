#!/bin/sh
# What it takes to merge a large run, and to render its reports again. Wanted (docs/scale.md says what was measured): 1,000,000
# recorded cells merge in less than 10 s and 1 GiB, and are reported in less than 10 s.
#
#     benches/shards/million.sh BINARY FOLDER [CELLS]
#
# FOLDER is new and gets everything: some 2 GB of parts for a million cells. Needs GNU time.
set -eu
binary=$(readlink -f "$1")
mkdir -p "$2"
folder=$(readlink -f "$2")
cells=${3:-1000000}
cd "$(dirname "$0")/../.."
[ -d "$folder/parts" ] || cargo bench --quiet --bench parts -- "$folder" "$cells"
cd "$folder"
export SHELFLIFE_CACHE_DIR="$folder/cache"
echo "parts: $(du -sh parts | cut -f1)"
measured() {
    name=$1
    shift
    code=0
    /usr/bin/time -f "$name: %e s (%U s user, %S s system), %M KiB" -o "$name.time" "$@" > "$name.log" 2>&1 || code=$?
    tail -n 1 "$name.time"
    echo "$name ended $code: $(tail -n 1 "$name.log")"
}
measured merge "$binary" merge parts -o reports/merged
measured report "$binary" report reports/merged
ls -l reports/merged

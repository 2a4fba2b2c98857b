#!/bin/bash
# Runs a command where docker answers: with the daemon that is there, else with one of its own, which is ended afterwards.
#
#     docker/with-daemon.sh cargo test --test end_to_end container
#
# A daemon of its own needs root and Debian's docker.io, which is installed where apt-get may. It has no bridge and
# touches no firewall, so `docker build` needs `--network host`. Its images and layers are below $SHELFLIFE_DOCKER (kept
# for the next time) or in a temporary folder. Where no daemon can be had, the reason is said and the command runs all
# the same: what needs docker says then what it did not try.
set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: docker/with-daemon.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi

if docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; then
    exec "$@"
fi

without() {
    echo "with-daemon.sh: no docker: $1" >&2
    shift
    exec "$@"
}

[ "$(id -u)" = 0 ] || without "no daemon answers, and only root can start one" "$@"
if ! command -v dockerd >/dev/null; then
    echo "with-daemon.sh: installing docker.io through apt-get" >&2
    export DEBIAN_FRONTEND=noninteractive
    install=(apt-get install --yes --quiet --no-install-recommends docker.io)
    "${install[@]}" >/dev/null 2>&1 ||
        { apt-get update --quiet >/dev/null 2>&1 && "${install[@]}" >/dev/null 2>&1; } ||
        without "docker.io cannot be installed through apt-get here" "$@"
fi

work=$(mktemp -d)
data=${SHELFLIFE_DOCKER:-$work/data}
daemon=
child=
finish() {
    if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null || true; fi
    if [ -n "$daemon" ]; then
        kill -TERM "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
    # The network namespaces of its containers stay mounted there.
    grep -o " $work/[^ ]*" /proc/self/mounts | sort -r | while read -r mounted; do umount -l "$mounted"; done || true
    rm -rf --one-file-system "$work" || true
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

dockerd --iptables=false --bridge=none --data-root "$data" --exec-root "$work/exec" --pidfile "$work/pid" \
    --host "unix://$work/socket" >"$work/log" 2>&1 &
daemon=$!
export DOCKER_HOST="unix://$work/socket"
for _ in $(seq 120); do
    if docker info >/dev/null 2>&1 || ! kill -0 "$daemon" 2>/dev/null; then break; fi
    sleep 0.5
done
if ! docker info >/dev/null 2>&1; then
    tail -n 5 "$work/log" >&2
    unset DOCKER_HOST
    echo "with-daemon.sh: no docker: a daemon could not be started" >&2
fi

# In the background, so that a signal ends the wait at once and the trap can end both.
"$@" &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"

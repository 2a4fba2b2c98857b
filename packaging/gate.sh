#!/bin/bash
# What the GitHub Action and the GitLab component do: `shelflife gate` with what their inputs say, each in a variable
# INPUT_NAME. Values are never read as code.
set -euo pipefail

# A program that is there already is used as it is.
if ! command -v shelflife >/dev/null; then
    venv=${RUNNER_TEMP:-$(mktemp -d)}/shelflife-program
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${SHELFLIFE_INSTALL:-shelflife}"
    PATH=$venv/bin:$PATH
fi

arguments=()
for name in from to inputs expected baseline fail-on config badge; do
    variable=INPUT_${name^^}
    variable=${variable//-/_}
    if [ -n "${!variable:-}" ]; then arguments+=("--$name=${!variable}"); fi
done
while IFS= read -r line; do
    if [ -n "$line" ]; then arguments+=("$line"); fi
done <<<"${INPUT_OPTIONS:-}"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then arguments+=(--github); fi
arguments+=(--)
while IFS= read -r line; do
    if [ -n "$line" ]; then arguments+=("$line"); fi
done <<<"${INPUT_ARTIFACTS:-}"

# The last line on standard error is the answer, with the page in brackets.
said=$(mktemp)
exec 3>&1
set +e
shelflife gate "${arguments[@]}" 2>&1 >&3 3>&- | tee "$said" >&2
status=${PIPESTATUS[0]}
set -e
page=$(sed -n 's/^gate: .* (\(.*gate\.md\))$/\1/p' "$said" | tail -n 1)
rm -f "$said"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf 'exit-code=%s\npage=%s\n' "$status" "$page" >>"$GITHUB_OUTPUT"
fi
exit "$status"

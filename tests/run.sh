#!/usr/bin/env bash
# Passes every test against a real engine: installs what is missing, starts the engine if none answers, builds the test
# images. Further arguments go to `cargo nextest run`, such as a part of a test's name.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/engine.sh
tests/images/build.sh

# The live view is looked at on a terminal that a program can read, the HTML report in a browser.
for tool in tmux chromium; do
    command -v "$tool" >/dev/null 2>&1 && continue
    [ "$(id -u)" -eq 0 ] || { echo "run.sh: '$tool' is missing; as root: apt-get install $tool" >&2; exit 1; }
    echo "run.sh: installing $tool, for the tests of what a person sees" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$tool" >/dev/null
done

if ! cargo nextest --version >/dev/null 2>&1; then
    echo "run.sh: installing cargo-nextest, the test runner (takes some minutes)"
    cargo install --quiet --locked cargo-nextest
fi
exec cargo nextest run --no-fail-fast "$@"

#!/usr/bin/env bash
# Passes every test against a real engine: installs what is missing, starts the engine if none answers, builds the test
# images. Further arguments go to `cargo nextest run`, such as a part of a test's name.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
# need PACKAGE WHAT-FOR CHECK...: note a Debian package whose check fails.
need() {
    local package=$1 what_for=$2
    shift 2
    "$@" >/dev/null 2>&1 && return
    echo "run.sh: '$package' is missing, for $what_for" >&2
    missing+=("$package")
}

need tmux 'the tests of the live view, which look at a real screen' command -v tmux
need libxml2-utils 'the tests of merged reports, which hold them against schemas' command -v xmllint
need python3-yaml 'the tests of the pages about CI systems, whose YAML has to be some' python3 -c 'import yaml'
need chromium 'the tests of the HTML report, which open it' command -v chromium
need docker-registry 'the tests of pulls, which start one' command -v docker-registry
need apache2-utils 'the passwords of that registry' command -v htpasswd
need openssl 'the certificates of that registry' command -v openssl

if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" -eq 0 ] || { echo "run.sh: as root: apt-get install ${missing[*]}" >&2; exit 1; }
    echo "run.sh: installing ${missing[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

tests/engine.sh
tests/images/build.sh

if ! cargo nextest --version >/dev/null 2>&1; then
    echo "run.sh: installing cargo-nextest, the test runner (takes some minutes)"
    cargo install --quiet --locked cargo-nextest
fi
exec cargo nextest run --no-fail-fast "$@"

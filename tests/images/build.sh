#!/usr/bin/env bash
# Build the images that the tests and examples run in, without any container registry.
#
#   tests/images/build.sh              all of them
#   tests/images/build.sh python node  only these, and what they are built from
#   tests/images/build.sh --force ...  even if nothing changed
#
# The root file system comes from Debian's packages (mmdebstrap), the rest from apt and npm.
# Every image bears a label with a hash of what went into it, so a second run does nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
label=minke.test.inputs
force=''
built=''
# The Dockerfiles need nothing newer, and BuildKit would want its own plugin.
export DOCKER_BUILDKIT=0 DEBIAN_FRONTEND=noninteractive

say() { printf 'images: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Run a command quietly; show the end of what it said only if it fails.
quietly() {
  local rc=0
  "$@" >"$scratch/log" 2>&1 </dev/null || rc=$?
  [ $rc -eq 0 ] || { say "failed ($rc): $*"; tail -n 40 "$scratch/log" >&2; }
  return $rc
}

# need COMMAND PACKAGE...: install Debian packages on this machine if a command is missing.
need() {
  local command=$1; shift
  ! command -v "$command" >/dev/null 2>&1 || return 0
  [ "$(id -u)" -eq 0 ] || die "'$command' is missing; as root: apt-get install $*"
  say "installing $* (for '$command')"
  quietly apt-get update
  quietly apt-get install -y --no-install-recommends "$@"
}

# One hash over strings, files and folders: names below the folder, modes and contents.
hash_of() {
  local item
  for item; do
    if [ -d "$item" ]; then
      (cd "$item" && find . \( -name __pycache__ -o -name .pytest_cache -o -name .minke \) -prune -o \
        ! -type d -printf '%p %m %l\n' -type f -exec sha256sum {} + | LC_ALL=C sort)
    elif [ -f "$item" ]; then cat "$item"
    else printf '%s\n' "$item"; fi
  done | sha256sum | cut -c 1-64
}

# The label of an image, or nothing.
inputs_of() {
  docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$1" 2>/dev/null || true
}

# fresh IMAGE HASH: is there nothing to do? What this run has built is not built again by force.
fresh() {
  case $built in *" $1 "*) return 0 ;; esac
  [ -z "$force" ] && [ "$(inputs_of "$1")" = "$2" ]
}

# Forget the image that a tag pointed to before, unless something still uses it.
drop() { [ -z "$1" ] || [ "$1" = "$(id_of "$2")" ] || docker rmi "$1" >/dev/null 2>&1 || true; }
id_of() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# docker_build IMAGE HASH DOCKERFILE CONTEXT [ARG...]
# The network is the host's, as the engine may have no bridge; proxies are handed on by name.
docker_build() {
  local image=$1 hash=$2 file=$3 context=$4 before name; shift 4
  for name in http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || set -- "$@" --build-arg "$name"
  done
  before=$(id_of "$image")
  quietly docker build --network host --force-rm ${force:+--no-cache} --label "$label=$hash" \
    -t "$image" -f "$file" "$@" "$context"
  drop "$before" "$image"
}

# A copy without what is left behind when someone ran the suite in place.
copy_clean() {
  tar -c -C "$1" --exclude=__pycache__ --exclude=.pytest_cache --exclude=.minke . | tar -x -C "$2"
}

# done_in IMAGE START: note and tell that an image is built.
done_in() { built="$built $1 "; say "$1 built in $((SECONDS - $2)) s"; }

# ---- base: Debian with apt, so that other images can be built from it ----

# This machine's own Debian sources, whatever format they are written in: its mirror is the one
# that can be reached. Sources that are not Debian's are left out.
debian_sources() {
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u
}

release() { . /etc/os-release && echo "${VERSION_CODENAME:-}"; }

# The recipe is part of the inputs. The sources are not: a mirror is the same wherever it is.
hash_base() { hash_of "$(declare -f build_base)" "$(release)"; }

build_base() {
  local image=minke-test/base hash start=$SECONDS sources bundle before section
  hash=$(hash_base)
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  [ -n "$(release)" ] && command -v apt-get >/dev/null 2>&1 || die 'the base image is made by Debian tools: this machine has no apt-get'
  need mmdebstrap mmdebstrap
  sources=$scratch/sources.list
  debian_sources >"$sources"
  [ -s "$sources" ] || { quietly apt-get update; debian_sources >"$sources"; }
  [ -s "$sources" ] || die 'apt knows no Debian source on this machine'
  before=$(id_of "$image")
  # Certificates of this machine: apt in the image may need them for a mirror over https.
  bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  set --
  [ ! -f "$bundle" ] || set -- --customize-hook="install -D -m 644 '$bundle' \"\$1/etc/ssl/certs/ca-certificates.crt\""
  for section in man doc info locale lintian; do
    set -- "$@" --dpkgopt="path-exclude=/usr/share/$section/*"
  done
  mmdebstrap --variant=apt --include=procps "$@" --dpkgopt=force-unsafe-io \
    --aptopt='Apt::Install-Recommends "false"' \
    "$(release)" "$scratch/base.tar" "$sources" >"$scratch/log" 2>&1 ||
    { tail -n 40 "$scratch/log" >&2; die 'mmdebstrap failed'; }
  quietly docker import --change "LABEL $label=$hash" --change 'ENV LANG=C.UTF-8' \
    --change 'CMD ["/bin/sh"]' "$scratch/base.tar" "$image"
  rm -f "$scratch/base.tar"
  drop "$before" "$image"
  done_in "$image" $start
}

# ---- images that need nothing but their Dockerfile over another image ----

# plain NAME PARENT [CONTEXT]: `minke-test/NAME` over `minke-test/PARENT`, with the files of a folder if there is one.
plain() {
  local image=minke-test/$1 file=$here/$1.Dockerfile context=${3:-$scratch/empty} hash start
  "build_$2"
  start=$SECONDS
  hash=$(hash_plain "$@")
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  mkdir -p "$context"
  docker_build "$image" "$hash" "$file" "$context"
  done_in "$image" $start
}

hash_plain() { hash_of "$("hash_$2")" "$here/$1.Dockerfile" "${@:3}"; }

# ---- python and cucumber: one image, two tags ----

hash_python() { hash_plain python base; }

build_python() {
  plain python base
  docker tag minke-test/python minke-test/cucumber
}

build_cucumber() { build_python; }

# ---- coverage: pytest-cov and coverage.py ----

build_coverage() { plain coverage python; }

# ---- services: PostgreSQL and Redis, and clients of both ----

hash_services() { hash_plain services python "$here/services"; }

build_services() { plain services python "$here/services"; }

# ---- rspec ----

build_rspec() { plain rspec python; }

# ---- shell and go: what Debian has ----

build_shell() { plain shell base; }
build_go() { plain go base; }

# ---- images whose files are found on this machine or in a package index first ----

# filled NAME PARENT [INPUT...]: `minke-test/NAME` over `minke-test/PARENT`, with the files that `fill_NAME` puts into a
# directory. A version at the end of the name is not in the name of the Dockerfile. Inputs are what else the files depend on.
filled() {
  local image=minke-test/$1 context=$scratch/$1 hash start
  "build_$2"
  start=$SECONDS
  hash=$(hash_filled "$@")
  ! fresh "$image" "$hash" || return 0
  say "building $image"
  mkdir -p "$context"
  "fill_$1" "$context"
  docker_build "$image" "$hash" "$(dockerfile_of "$1")" "$context"
  rm -rf "$context"
  done_in "$image" $start
}

hash_filled() { hash_of "$("hash_$2")" "$(declare -f "fill_$1")" "$(dockerfile_of "$1")" "${@:3}"; }
dockerfile_of() { echo "$here/${1%-[0-9]*}.Dockerfile"; }

# pip_into DIRECTORY REQUIREMENT: for the image's Python, whichever runs here.
pip_into() {
  need pip3 python3-pip
  quietly pip3 install --target "$1" --python-version 3.11 --only-binary=:all: "$2"
}

# npm_into DIRECTORY PACKAGE...
npm_into() {
  need npm nodejs npm
  mkdir -p "$1"
  quietly npm install --no-audit --no-fund --no-package-lock --prefix "$@"
}

# ---- behave and pytest: newer ones than Debian's, beside them ----

fill_behave() { pip_into "$1/opt/behave" 'behave==1.3.*'; }
build_behave() { filled behave python; }

fill_pytest() { pip_into "$1/opt/pytest" 'pytest==9.*'; }
build_pytest() { filled pytest python; }

fill_pytest-8() { pip_into "$1/opt/pytest" 'pytest==8.*'; }
build_pytest-8() { filled pytest-8 python; }

# ---- node: cucumber-js; javascript: jest, vitest and mocha ----

fill_node() {
  npm_into "$1/opt/cucumber-js" @cucumber/cucumber@11
  mkdir -p "$1/usr/local/bin"
  cp -L "$(command -v node)" "$1/usr/local/bin/node"
}

hash_node() { hash_filled node base; }
build_node() { filled node base; }

fill_javascript() {
  npm_into "$1/opt/javascript" jest@29 vitest@2 mocha@10
  # Types and maps are nothing that a test runner reads.
  find "$1/opt/javascript" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
}

build_javascript() { filled javascript node; }

# ---- rust: what this machine has, as it runs the tests with cargo-nextest itself ----

fill_rust() {
  local sysroot
  sysroot=$(rustc --print sysroot)
  mkdir -p "$1/bin" "$1/lib/rustlib"
  cp -L "$sysroot/bin/cargo" "$sysroot/bin/rustc" "$(command -v cargo-nextest)" "$1/bin"
  cp -L "$sysroot"/lib/*.so* "$1/lib"
  cp -r "$sysroot/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')" "$1/lib/rustlib"
}

build_rust() {
  need cargo-nextest cargo-nextest
  filled rust base "$(rustc -V)" "$(cargo nextest --version)"
}

# ---- images that hold a suite ----

# with_suite IMAGE BASE PARENT-HASH FOLDER DOCKERFILE
with_suite() {
  local image=$1 base=$2 parent=$3 folder=$4 file=$5 hash start=$SECONDS context
  [ -d "$folder" ] || { say "no $folder: $image left out"; return 0; }
  hash=$(hash_of "$parent" "$file" "$folder")
  ! fresh "$image" "$hash" || return 0
  context=$(mktemp -d "$scratch/suite.XXXXXX")
  copy_clean "$folder" "$context"
  docker_build "$image" "$hash" "$file" "$context" --build-arg "BASE=$base"
  done_in "$image" $start
}

build_baked-pytest() {
  build_python
  with_suite minke-test/baked-pytest minke-test/python "$(hash_python)" "$root/fixtures/pytest" "$here/baked.Dockerfile"
}
build_baked-cucumber() {
  build_python
  with_suite minke-test/baked-cucumber minke-test/cucumber "$(hash_python)" "$root/fixtures/cucumber-ruby" "$here/baked.Dockerfile"
}
build_example-pytest() {
  build_python
  with_suite minke-example/pytest minke-test/python "$(hash_python)" "$root/examples/pytest" "$root/examples/pytest/Dockerfile"
}
build_example-cucumber() {
  build_python
  with_suite minke-example/cucumber minke-test/cucumber "$(hash_python)" "$root/examples/cucumber" "$root/examples/cucumber/Dockerfile"
}

# served NAME COMMAND: a service of the example, as its image is elsewhere: it does its one thing when it is started.
served() {
  local image=minke-example/$1 context=$scratch/$1 hash start=$SECONDS
  hash=$(hash_of "$(hash_services)" "$2")
  ! fresh "$image" "$hash" || return 0
  mkdir -p "$context"
  printf 'FROM minke-test/services\nCMD %s\n' "$2" >"$context/Dockerfile"
  docker_build "$image" "$hash" "$context/Dockerfile" "$context"
  done_in "$image" $start
}

build_example-web() {
  build_services
  served postgres '["serve-postgres"]'
  served redis '["redis-server", "--protected-mode", "no"]'
}

# ---- scratch: feature files with odd names and nothing that could be executed ----

scratch_features() {
  local dir=$1 name
  mkdir -p "$dir/suite/features/deep er/ünïcode" "$dir/suite/not-features"
  for name in plain 'with space' "it's quoted" 'double "quoted"' $'new\nline' 'größe' '-dash' \
    '$(touch pwned)' '`touch pwned`' 'semi;colon' 'star*' 'back\slash' 'deep er/inner' 'deep er/ünïcode/élan'; do
    printf 'Feature: A file that nothing here can run\n  Scenario: one\n    Given a step\n' \
      >"$dir/suite/features/$name.feature"
  done
  printf 'not a feature\n' >"$dir/suite/features/notes.txt"
  printf 'Feature: outside\n' >"$dir/suite/not-features/outside.feature"
}

build_scratch() {
  local image=minke-test/scratch hash start=$SECONDS before
  hash=$(hash_of "$(declare -f scratch_features build_scratch)")
  ! fresh "$image" "$hash" || return 0
  before=$(id_of "$image")
  scratch_features "$scratch/odd"
  tar -c -C "$scratch/odd" suite >"$scratch/odd.tar"
  quietly docker import --change "LABEL $label=$hash" --change 'WORKDIR /suite' \
    --change 'CMD ["/none"]' "$scratch/odd.tar" "$image"
  drop "$before" "$image"
  done_in "$image" $start
}

# ---- all ----

all='base python cucumber scratch baked-pytest baked-cucumber example-pytest example-cucumber example-web node shell javascript behave pytest pytest-8 coverage services rspec go rust'

main() {
  local name
  [ "${1:-}" != --force ] || { force=yes; shift; }
  [ $# -gt 0 ] || set -- $all
  docker version >/dev/null 2>&1 || die 'no Docker engine answers; tests/engine.sh starts one'
  # One build at a time on a machine: tests may call this side by side.
  exec 9>"${TMPDIR:-/tmp}/minke-test-images.lock"
  flock 9
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/minke-images.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  for name; do
    case " $all " in *" $name "*) "build_$name" ;; *) die "no image is called '$name'; there are: $all" ;; esac
  done
}

main "$@"

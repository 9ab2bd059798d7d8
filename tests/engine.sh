#!/usr/bin/env bash
# Make a Docker engine answer, so that the tests that need one can run.
#
#   tests/engine.sh            run it, or
#   . tests/engine.sh          source it
#
# If an engine answers already (DOCKER_HOST is honoured) this returns at once. Otherwise, as root
# on Debian, it installs what is missing and starts a daemon that outlives this script.

engine_say() { printf 'engine: %s\n' "$*" >&2; }

# Only the daemon's own answer counts: a client without a daemon is common.
engine_answers() {
  command -v docker >/dev/null 2>&1 &&
    timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# The Debian packages that are missing, on one line. `docker run --init` executes docker-init,
# which is tini under another name; dockerd needs iptables for its bridge network.
engine_missing() {
  local missing=''
  { command -v docker && command -v dockerd; } >/dev/null 2>&1 || missing='docker.io'
  { command -v docker-init || command -v tini-static; } >/dev/null 2>&1 || missing="$missing tini"
  PATH="$PATH:/usr/sbin:/sbin" command -v iptables >/dev/null 2>&1 || missing="$missing iptables"
  echo $missing
}

# Run a command quietly; show what it said only if it fails.
engine_quietly() {
  local log rc=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || rc=$?
  [ $rc -eq 0 ] || { engine_say "failed ($rc): $*"; tail -n 20 "$log" >&2; }
  rm -f "$log"
  return $rc
}

engine_install() {
  local missing
  missing=$(engine_missing)
  [ -n "$missing" ] || return 0
  engine_say "installing $missing"
  export DEBIAN_FRONTEND=noninteractive
  engine_quietly apt-get update &&
    engine_quietly apt-get install -y --no-install-recommends $missing
}

# A daemon that is not from Debian may come without docker-init.
engine_link_init() {
  command -v docker-init >/dev/null 2>&1 || ln -s "$(command -v tini-static)" /usr/local/bin/docker-init
}

# Start dockerd in a session of its own: it must not die with the script or its terminal, nor hold
# the lock (descriptor 9) or the script's output open.
engine_start() {
  local dir=$1 tries
  engine_say "starting dockerd, log in $dir/dockerd.log"
  # A pid file that outlived its daemon keeps a new one from starting when the number is another process's by now.
  local file name
  for file in /var/run/docker.pid:dockerd /var/run/docker/containerd/containerd.pid:containerd; do
    name=${file##*:} file=${file%:*}
    [ ! -f "$file" ] || grep -qs "^$name" "/proc/$(cat "$file")/comm" || rm -f "$file"
  done
  PATH="$PATH:/usr/sbin:/sbin" setsid nohup dockerd >"$dir/dockerd.log" 2>&1 </dev/null 9>&- &
  echo $! >"$dir/dockerd.pid"
  for tries in $(seq 120); do
    engine_answers && { engine_say "dockerd answers (pid $(cat "$dir/dockerd.pid"))"; return 0; }
    kill -0 "$(cat "$dir/dockerd.pid")" 2>/dev/null || { engine_say 'dockerd has ended'; break; }
    sleep 0.5
  done
  engine_say "dockerd does not answer after $((tries / 2)) s; the end of its log:"
  tail -n 20 "$dir/dockerd.log" >&2
  return 1
}

engine_up() {
  local dir
  engine_answers && return 0
  case "${DOCKER_HOST:-unix:///var/run/docker.sock}" in
    unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
    *) engine_say "nothing answers at DOCKER_HOST=$DOCKER_HOST: start it there, or unset DOCKER_HOST"; return 1 ;;
  esac
  if [ "$(id -u)" -ne 0 ]; then
    local missing; missing=$(engine_missing)
    engine_say "no engine answers; as root: ${missing:+apt-get install $missing, }start dockerd, and put this user in the group 'docker'"
    return 1
  fi
  command -v dockerd >/dev/null 2>&1 || command -v apt-get >/dev/null 2>&1 ||
    { engine_say 'no dockerd here and no apt-get to install it with: install Docker by hand'; return 1; }
  dir=${TMPDIR:-/tmp}/minke-engine
  mkdir -p "$dir"
  # Two callers at once: the second waits, and then finds the first one's engine.
  (
    flock 9
    engine_answers && exit 0
    engine_install || exit 1
    engine_answers && exit 0 # the package started it as a service
    engine_link_init
    engine_start "$dir"
  ) 9>"$dir/lock"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  engine_up
  exit
else
  engine_up
fi

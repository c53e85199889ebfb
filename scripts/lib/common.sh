# Shared by the scripts; sourced, not run.

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# at_least HAVE WANT: version comparison by numbers.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# Waits until a command succeeds; gives up after 30 s.
wait_for() {
  local end=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# Prints a new folder in memory that programs can be started from; fails where there is none or little room.
in_memory() {
  local dir room
  room=$(df --output=avail -m /dev/shm 2>/dev/null | tail -n 1)
  [ "${room:-0}" -ge 4096 ] && dir=$(mktemp -d /dev/shm/ravi-test.XXXXXX 2>/dev/null) || return 1
  if printf '#!/bin/sh\n' >"$dir/probe" && chmod 700 "$dir/probe" && "$dir/probe" 2>/dev/null; then
    rm "$dir/probe"
    printf '%s\n' "$dir"
  else
    rm -rf "$dir"
    return 1
  fi
}

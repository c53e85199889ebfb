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

# Prints a new folder in memory; fails where none can be mounted. Not below /dev/shm: sandboxes have a /dev of their own.
# `gone` takes it away again.
in_memory() {
  local dir
  [ "$(id -u)" = 0 ] && dir=$(mktemp -d) || return 1
  mount -t tmpfs -o size=6g,mode=1777 ravi-test "$dir" 2>/dev/null || { rmdir "$dir"; return 1; }
  printf '%s\n' "$dir"
}
gone() { umount --lazy "$1" && rmdir "$1"; }

# Installs packages by their Debian names; without apt or root it says what is missing.
install_packages() {
  [ $# -gt 0 ] || return 0
  has apt-get || die "these packages (by their Debian names) are missing, install them and run this again: $*"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    has sudo || die "root is needed for: apt-get install $*"
    as_root=(sudo)
  fi
  say "Root is used now, for: apt-get install $*"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# What scripts/check-targets needs for systems other than this one; sourced, not run.

platforms=${RAVI_PLATFORMS:-${XDG_CACHE_HOME:-$HOME/.cache}/tauri-plugin-ravi/platforms}
mkdir -p "$platforms"
platforms=$(cd "$platforms" && pwd)
case "$platforms" in *[[:space:]]*) die "$platforms: flags for rustc cannot name a folder with a space; set RAVI_PLATFORMS" ;; esac
zig_version=0.15.2
# These would count instead of the flags that are set here for one target.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS

# An empty folder that becomes the one that is wanted only when all is in it.
fresh() { rm -rf "$1.new" && mkdir -p "$1.new"; }
done_with() { rm -rf "$1" && mv "$1.new" "$1"; }

rust_version() { rustc --version | cut -d' ' -f2; }

# ---- the source of the standard library

debian_mirror() {
  # shellcheck disable=SC2016  # apt's variables
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' | sed -n 's/^Debian|Debian|//p' | head -n 1
}

# apt with sources, lists and cache of its own, so that the machine's stay as they are.
private_apt() { # command, arguments
  local apt=$platforms/apt command=$1
  shift
  "$command" -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$apt/lists" \
    -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled=false "$@"
}

# Debian's package of the source of this version, unpacked. Backports keeps those of the last few versions.
debian_source() { # folder, version of Rust
  local mirror package version=$2
  local otherwise="the source of Rust $version's standard library is needed: rustup component add rust-src"
  has apt-get || die "$otherwise"
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "apt names no Debian mirror (run apt-get update first if it has one); $otherwise"
  mkdir -p "$platforms"/apt/lists/partial "$platforms"/apt/cache/archives/partial
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
    "$mirror" trixie "$mirror" trixie-backports >"$platforms/apt/sources.list"
  private_apt apt-get update >/dev/null || die "apt-get update failed for $mirror; $otherwise"
  package=$(private_apt apt-cache madison rust-src | awk -v v="$version+" 'index($3, v) == 1 { print $3; exit }')
  [ -n "$package" ] || die "Debian has no rust-src $version; $otherwise"
  fresh "$1"
  (cd "$1.new" && private_apt apt-get download "rust-src=$package" >/dev/null && dpkg -x rust-src_*.deb . && rm rust-src_*.deb) ||
    die "rust-src $package could not be unpacked; $otherwise"
  mv "$1.new/usr/src/rustc-$version/library" "$1.new/library"
  rm -rf "$1.new/usr" "$platforms/apt"
  done_with "$1"
}

# Sets `library` to the folder with the source of the standard library.
find_library() {
  library=$(rustc --print sysroot)/lib/rustlib/src/rust/library
  [ ! -e "$library/sysroot/Cargo.toml" ] || return 0
  library=$platforms/source/$(rust_version)/library
  [ -d "$library" ] && return
  say "Getting the source of the standard library"
  debian_source "$(dirname "$library")" "$(rust_version)"
}

# ---- the standard library of a target

toolchain_has() { ls "$(rustc --print target-libdir --target "$1")"/libstd-*.rlib >/dev/null 2>&1; }

# Sets `sysroot` to a folder with the standard library of a target, or to nothing if the toolchain has it. That for a type check
# is not compiled to machine code, so it takes a minute less and is of no use to build with.
make_std() { # target, check or build
  local into command
  sysroot=
  toolchain_has "$1" && return
  sysroot=$platforms/std/$(rustc -vV | awk '$1 == "release:" { r = $2 } $1 == "commit-hash:" { h = substr($2, 1, 9) } END { print r "-" h }')/$2
  into=$sysroot/lib/rustlib/$1/lib
  [ -d "$into" ] && return
  find_library
  say "Making the standard library of $1"
  command=(check)
  [ "$2" = check ] || command=(build --release)
  fresh "$into"
  # As the compiler's own build does it: private unless marked as stable, and this compiler may use what is unstable.
  RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$into.new/target RUSTFLAGS="-Zforce-unstable-if-unmarked" \
    cargo "${command[@]}" --locked --manifest-path "$library/sysroot/Cargo.toml" --features backtrace --target "$1" \
    >"$into.new/log" 2>&1 || die "the standard library of $1 could not be made:"$'\n'"$(tail -n 40 "$into.new/log")"
  mv "$into.new/target/$1"/*/deps/*.r{meta,lib} "$into.new" 2>/dev/null || true
  rm -rf "$into.new/target" "$into.new/log"
  done_with "$into"
}

# A variable's name as cargo and cc have it: X86_64_PC_WINDOWS_GNU.
in_capitals() { tr a-z- A-Z_ <<<"$1"; }

# Tells cargo about the standard library, and cc about the C compiler.
use() { # target, C compiler, archiver, flags for rustc
  local name=${1//-/_}
  export "CARGO_TARGET_$(in_capitals "$1")_RUSTFLAGS=${sysroot:+--sysroot=$sysroot}${4:+ $4}" "CC_$name=$2" "AR_$name=$3"
}

script() { # file; its text comes on standard input
  mkdir -p "$(dirname "$1")"
  cat >"$1.new"
  chmod +x "$1.new"
  mv "$1.new" "$1"
}

# ---- a type check

prepare_check() { # target
  make_std "$1" check
  # Build scripts compile C code, which a type check does not look at: this writes empty objects instead.
  script "$platforms/no-c/clang" <<'END'
#!/bin/sh
echo clang
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then : >"$2"; fi
  shift
done
END
  script "$platforms/no-c/ar" <<'END'
#!/bin/sh
for file; do case "$file" in *.a | *.lib) : >"$file" ;; esac; done
END
  use "$1" "$platforms/no-c/clang" "$platforms/no-c/ar"
  # Else cc asks Xcode.
  export SDKROOT=$platforms/no-c
}

# ---- a build

# Sets `zig` to the program.
find_zig() {
  local folder=$platforms/zig-$zig_version
  zig=$folder/ziglang/zig
  [ -x "$zig" ] && return
  has python3 || install_packages python3 python3-venv
  say "Getting zig $zig_version"
  fresh "$folder"
  python3 -m venv "$folder.new/venv" || { install_packages python3-venv && python3 -m venv --clear "$folder.new/venv"; }
  "$folder.new/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --only-binary :all: \
    --target "$folder.new" "ziglang==$zig_version" || die "zig could not be installed from PyPI"
  rm -rf "$folder.new/venv"
  done_with "$folder"
}

prepare_build() { # target
  local folder=$platforms/zig-$zig_version/$1
  find_zig
  make_std "$1" build
  # zig names targets its own way, and has the libc, the start-up objects and the unwinder. What it would add to C code to find
  # undefined behaviour wants a run-time library of its own.
  script "$folder/cc" <<END
#!/usr/bin/env bash
export ZIG_GLOBAL_CACHE_DIR="$platforms/zig-$zig_version/cache" ZIG_LOCAL_CACHE_DIR="$platforms/zig-$zig_version/cache"
args=()
for arg; do case "\$arg" in --target=*) ;; *) args+=("\$arg") ;; esac; done
exec "$zig" cc -target ${1/-unknown/} -fno-sanitize=undefined "\${args[@]}"
END
  script "$folder/ar" <<END
#!/bin/sh
exec "$zig" ar "\$@"
END
  use "$1" "$folder/cc" "$folder/ar" "-C link-self-contained=no"
  export "CARGO_TARGET_$(in_capitals "$1")_LINKER=$folder/cc"
}

# Sets `qemu` to a program that runs those for 64-bit ARM.
find_qemu() {
  for qemu in qemu-aarch64 qemu-aarch64-static; do ! has "$qemu" || return 0; done
  install_packages qemu-user
  qemu='qemu-aarch64'
}

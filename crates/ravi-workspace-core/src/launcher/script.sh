#!/bin/sh
# ravi-workspace launcher: starts the program that the file beside it names. `ravi-workspace doctor` looks after it.
dir=@DIR@
name=@NAME@
@START@

# From here on nothing is left of us where it was. Another program of ours may be on PATH.
[ -z "$RAVI_WORKSPACE_PROBE" ] || { echo 'no program'; exit 3; }
set -f
IFS=:
for folder in $PATH; do
  case $folder in /*) ;; *) continue ;; esac
  program=$folder/ravi-workspace
  [ -f "$program" ] && [ -x "$program" ] || continue
  @OTHER@
done

# Whether this is a launcher, of this state folder or another one.
ours() {
  { IFS= read -r mark && IFS= read -r mark; } <"$1" 2>/dev/null
  case $mark in '# ravi-workspace launcher:'*) return 0 ;; esac
  return 1
}

# Whether the folder is a workspace in no repository, which has no mark.
listed() {
  [ -f "$dir/@FOLDERS@" ] || return 1
  while IFS= read -r line; do
    [ "$line" != "$1" ] || return 0
  done <"$dir/@FOLDERS@"
  return 1
}

# Whether the folder is a workspace's: a mark in the git dir, or the key of one, upwards as git looks.
in_workspace() {
  here=$(pwd -P 2>/dev/null) || here=
  while :; do
    git=
    if [ -d "$here/.git" ]; then
      git=$here/.git
    elif [ -f "$here/.git" ]; then
      { IFS= read -r line <"$here/.git"; } 2>/dev/null
      case $line in 'gitdir: '*) git=${line#gitdir: } ;; esac
      case $git in '' | /*) ;; *) git=$here/$git ;; esac
    fi
    [ -n "$git" ] && [ -e "$git/ravi-workspace.json" ] && return 0
    listed "$here" && return 0
    # The home folder has the person's own.
    [ -e "$here/.ravi/config.json" ] && ! [ "$here/.ravi" -ef "$HOME/.ravi" ] && return 0
    # Another linked worktree is nobody's, whatever it lies in.
    [ -n "$git" ] && [ -e "$git/commondir" ] && return 1
    [ -n "$here" ] || return 1
    here=${here%/*}
  done
}

say() {
  echo "$name: error[$1]: $2" >&2
  echo "  hint: $3" >&2
}

gone() {
  say helper.no_program "no program of ravi-workspace is left, $1" \
    'Install ravi-workspace, or start the app once, then try again; `ravi-workspace release` gives a workspace up.'
}

# Becomes the next program of the name on PATH, after the folder of this one.
pass_on() {
  case ${RAVI_WORKSPACE_LAUNCH_DEPTH:-0} in
    ????* | *[!0-9]*) RAVI_WORKSPACE_LAUNCH_DEPTH=0 ;;
  esac
  export RAVI_WORKSPACE_LAUNCH_DEPTH=$((${RAVI_WORKSPACE_LAUNCH_DEPTH:-0} + 1))
  if [ "$RAVI_WORKSPACE_LAUNCH_DEPTH" -gt 16 ]; then
    say @LOOP@ "$name calls itself again and again" "Let what calls $name by its name call it by its path."
    exit 1
  fi
  case :$PATH: in *":$dir:"*) after= ;; *) after=yes ;; esac
  for folder in $PATH; do
    case $folder in "$dir") after=yes; continue ;; /*) ;; *) continue ;; esac
    [ -n "$after" ] && [ -f "$folder/$name" ] && [ -x "$folder/$name" ] || continue
    ours "$folder/$name" || exec "$folder/$name" "$@"
  done
  say @MISSING@ "there is no other $name on PATH" "Install $name, or put its folder on PATH."
  exit 127
}

@REST@

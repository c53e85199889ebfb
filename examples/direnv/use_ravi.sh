# Put this file into ~/.config/direnv/lib/, and `use ravi` into the .envrc of a workspace.
#
# Exports author and committer, the identity's id and the folder of helper programs, but no secret. Wakes a suspended workspace.
# Fails outside workspaces, so that a shell does not act as you by mistake.

# Usage: use ravi [PATH]
use_ravi() {
  local lines
  if ! lines=$(ravi-workspace env "${1:-.}" --shell bash); then
    log_error "use ravi: no identity here"
    return 1
  fi
  eval "$lines"
}

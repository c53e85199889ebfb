#!/bin/sh
# .dmux/hooks/worktree-create.sh PANE_ID WORKTREE
#
# Gives the pane an identity of its own, named agent-pane-PANE_ID. AGENT_EMAIL and AGENT_PHONE are written to .env in the worktree,
# which git must not track. The last line printed is the identity's address. Running it again changes nothing.
set -eu
exec ravi-workspace hook dmux worktree-create "$1" "$2"

#!/bin/sh
# .dmux/hooks/post-merge.sh PANE_ID
#
# After a merge the pane and its agent often go on. The identity loses its key in an hour, unless somebody works there; when
# the worktree goes, `ravi-workspace reap` and dmux's other hooks take everything back.
set -eu
exec ravi-workspace hook dmux post-merge "$1"

#!/bin/sh
# .dmux/hooks/post-merge.sh PANE_ID
#
# After a merge the pane and its agent often carry on. The identity loses its key after an hour, unless somebody is working there;
# when the worktree is removed, `ravi-workspace reap` and dmux's other hooks take everything back.
set -eu
exec ravi-workspace hook dmux post-merge "$1"

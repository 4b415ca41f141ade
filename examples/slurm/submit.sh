#!/bin/bash
# Submits the sweep in $1 as an array of $3 parts, 8 if nothing is said, with results in the folder $2,
# and its merge behind it: submit.sh shop.toml results 20
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "$2"
parts="$(sbatch --parsable --array="1-${3:-8}" "$here/part.sh" "$1" "$2")"
# Where a part cannot end, there is nothing to merge.
sbatch --parsable --dependency="afterok:$parts" --kill-on-invalid-dep=yes "$here/merge.sh" "$2"

#!/bin/bash
# Puts the parts in the folder $1 together when all of them are done.
#SBATCH --job-name=sessionsim-merge
#SBATCH --cpus-per-task=1
set -euo pipefail
exec sessionsim merge "$1"/part-* --out "$1/all"

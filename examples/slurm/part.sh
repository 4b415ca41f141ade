#!/bin/bash
# One part of the sweep in $1, with results in the folder $2. Array tasks are numbered from anything;
# Slurm says how many there are. Started again after a failure of its node, a task goes on where it
# was.
#SBATCH --job-name=sessionsim
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail
sessionsim sweep "$1" --partition auto --resume --quiet \
  --threads "${SLURM_CPUS_PER_TASK:-1}" --out "$2/part-$SLURM_ARRAY_TASK_ID"
status=$?
# Slurm starts a task again if its node fails, but not if the task is killed, for want of memory
# say: what is killed goes back into the queue by itself, three times at most.
if [ "$status" -gt 130 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
  exec scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"

#!/usr/bin/env bash
# Kills short trainings with SIGKILL at random moments, resumes each, and compares the final checkpoints, byte by byte,
# with those of a run that was left alone.
#
#     tests/kills.sh [KILLS] [QILN]       50 kills, half with one thread and half with two; build/qiln
#
# A training that ends before it has met its kills starts again in a new folder.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-50}
qiln=${2:-build/qiln}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 $pid 2>/dev/null || true; rm -rf "$work"' EXIT
export QILN_CACHE=$work/cache

# In a process of its own, without a shell above it.
train() {  # FOLDER THREADS OPTIONS…
  exec "$qiln" train tests/kills.qiln -o "$work/$1" --threads "$2" --no-samples "${@:3}"
}

# Sleeps for a random part of $longest milliseconds.
pause() {
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

(train whole 1) > "$work/log" 2>&1
start=$(date +%s%N)
(train timed 1) > "$work/log" 2>&1  # its kernels come from the cache
longest=$((($(date +%s%N) - start) / 1000000))
done=0 round=0
for threads in 1 2; do
  goal=$((kills * threads / 2))
  while ((done < goal)); do
    round=$((round + 1)) resume=
    while true; do
      train "run$round" "$threads" $resume > "$work/log" 2>&1 &
      pid=$!
      if ((done < goal)); then
        pause $((RANDOM % (longest + 1)))
        if kill -9 $pid 2> /dev/null; then done=$((done + 1)); fi
      fi
      status=0
      wait $pid 2> /dev/null || status=$?
      if ((status == 0)); then break; fi
      if ((status != 137)); then
        echo "after $done kills training with $threads threads ends with status $status:"
        cat "$work/log"
        exit 1
      fi
      resume=$([ -e "$work/run$round/model.qiln" ] && echo --resume || true)
    done
    cmp "$work/whole/checkpoints/latest.safetensors" "$work/run$round/checkpoints/latest.safetensors"
    cmp <(sed 's/"seconds":[^,]*,//' "$work/whole/log.jsonl") <(sed 's/"seconds":[^,]*,//' "$work/run$round/log.jsonl")
    rm -r "$work/run$round"
  done
done
echo "$done kills in $round runs: every run ended in the bits of one that was left alone"

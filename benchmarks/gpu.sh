#!/bin/sh
# Measures training and sampling on this machine's graphics card, beside PyTorch where Python has it, in under 8 minutes, and
# prints one table. `gpu.sh --tiny` tries it in small sizes on a machine without a card; --json prints a line of JSON.
# For onnx/cuda see docs/engines.md: LD_LIBRARY_PATH must name CUDA's libraries, and those of PyTorch are taken if there are any.
set -eu
cd "$(dirname "$0")/.."
python=${SLICEBOOK_PYTHON:-python3}
folders=$($python -c 'import glob, nvidia; print(":".join(sum((glob.glob(p + "/*/lib") for p in nvidia.__path__), [])))' 2>/dev/null || true)
if [ -n "$folders" ]; then
  LD_LIBRARY_PATH="$folders${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export LD_LIBRARY_PATH
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo "no nvidia-smi" >&2
exec node scripts/bench.mjs gpu "$@"

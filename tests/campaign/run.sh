#!/usr/bin/env bash
# The long campaigns of RELIABILITY.md: seeds, crash pairs and kills beyond what `cargo test` takes the time for.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SYNCFORM_SIM_SEEDS="${SYNCFORM_SIM_SEEDS:-20000}"
export SYNCFORM_CRASH_PAIRS="${SYNCFORM_CRASH_PAIRS:-5000}"
export SYNCFORM_KILLS="${SYNCFORM_KILLS:-200}"
cargo test --profile campaign --test suite -- sim::campaign crash:: --nocapture --test-threads 1

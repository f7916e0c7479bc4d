#!/usr/bin/env bash
# The conformance suite: the official Python clients against the built emulator, over loopback.
#
# Needs python3 and cargo. Arguments go to pytest: `tests/sdk/run.sh -k realtime`.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/sdk
venv=target/sdk-venv

# The clients are installed again only when their pins change.
stamp=$(cksum <$here/requirements.txt)
if [ "$(cat $venv/stamp 2>/dev/null)" != "$stamp" ]; then
  rm -rf $venv
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check --no-input -r $here/requirements.txt
  echo "$stamp" >$venv/stamp
fi

cargo build --quiet --bin syncform
export SYNCFORM_BIN=${CARGO_TARGET_DIR:-target}/debug/syncform PYTHONDONTWRITEBYTECODE=1
exec $venv/bin/python -m pytest -c $here/pytest.ini $here "$@"

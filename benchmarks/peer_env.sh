#!/bin/sh
# Makes the environment that the peer of the benchmarks lives in, apart from ours, and prints its interpreter's path.
#
#     export COMITY_PEER_PYTHON=$(benchmarks/peer_env.sh)
#
# The folder (first argument) is build/peer-env in the checkout unless said otherwise; it takes about half a gigabyte.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$(dirname "${1:-$here/build/peer-env}")"
folder=${1:-$here/build/peer-env}
if [ ! -x "$folder/bin/python" ]; then
    python3 -m venv "$folder" >&2
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check axelrod==4.13.1 >&2
echo "$folder/bin/python"

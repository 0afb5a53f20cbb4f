#!/bin/sh
# Makes the environment of the libraries that the benchmarks of populations and ratings are compared with, and prints
# its interpreter's path.
#
#     export COMITY_DYNAMICS_PEER_PYTHON=$(benchmarks/dynamics_peer_env.sh)
#
# The folder (first argument) is build/dynamics-peer-env in the checkout unless said otherwise; it takes about a
# gigabyte. Gurobi comes with a licence for small programs, which is enough for what is compared.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$here/build/dynamics-peer-env}
mkdir -p "$(dirname "$folder")"
if [ ! -x "$folder/bin/python" ]; then
    python3 -m venv "$folder" >&2
fi
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    egttools==0.1.14.2 nashpy==0.0.43 open-spiel==2.0.2 gurobipy==13.0.3 >&2
echo "$folder/bin/python"

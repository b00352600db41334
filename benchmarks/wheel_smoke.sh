#!/usr/bin/env bash
# Build the wheel, install it into an environment of its own, and run the command line outside the checkout.
set -euo pipefail
python=$1
root=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$python" -m build --wheel --outdir "$place/dist" "$root" >/dev/null
"$python" -m venv "$place/venv"
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "$root/constraints.txt" "$place"/dist/*.whl
cp -r "$root/fixtures/bundles_0_1_5/toy_multiplex_v1" "$place/bundle"
cd "$place"
"$place/venv/bin/isograph" --version
"$place/venv/bin/isograph" validate bundle
"$place/venv/bin/isograph" fit bundle --output-dir fit --quiet
"$place/venv/bin/isograph" show fit
"$place/venv/bin/isograph" simulate toy_multiplex_v1 simulated
"$place/venv/bin/isograph" validate simulated
test -f fit/manifest.json
echo "the wheel works outside the checkout"

#!/bin/sh
# Measures the collection of model answers against a stub server with 200 ms latency, 500
# calls at once, and prints throughput, CPU a call and peak memory: fairtrial with 10 k and
# 200 k cases, and promptfoo on the same stub where npm can install it (1.4 GB; it is kept
# under bench/data). LLM_QUICK=1 leaves out 200 k, LLM_PEER= leaves out promptfoo.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${LLM_PEER=promptfoo@0.121.20}" "${PEER_CASES:=4000}"
mkdir -p bench/data
[ -f bench/data/go.mod ] || echo "module data" >bench/data/go.mod # npm packages with Go files in them are not ours
$GO build -o bin/bench-llm ./internal/collect/bench
echo "== fairtrial"
bin/bench-llm -cases 10000
[ -n "${LLM_QUICK:-}" ] || bin/bench-llm -cases 200000
[ -n "$LLM_PEER" ] || exit 0
peer=bench/data/promptfoo
if ! [ -x $peer/node_modules/.bin/promptfoo ]; then
  mkdir -p $peer
  if ! (cd $peer && npm install --no-audit --no-fund --no-save "$LLM_PEER" >npm.log 2>&1); then
    echo "== promptfoo cannot be installed here: not compared (bench/data/promptfoo/npm.log)"
    exit 0
  fi
fi
echo "== $LLM_PEER, its best settings found: no cache, no database, no table"
port=${LLM_PORT:-8917}
bin/bench-llm -serve 127.0.0.1:$port >/dev/null &
stub=$!
home=$(mktemp -d)
trap 'kill $stub 2>/dev/null || true; rm -rf "$home"' EXIT
awk -v n="$PEER_CASES" -v port="$port" 'BEGIN {
  p = ""; for (i = 0; i < 12; i++) p = p "A passage of text that the answer should rest upon. "
  print "prompts: [\"" p "Question {{n}}?\"]"
  print "providers: [{id: \"openai:chat:stub\", config: {apiBaseUrl: \"http://127.0.0.1:" port "/v1\", apiKey: none}}]"
  print "tests:"
  for (i = 0; i < n; i++) print "  - {vars: {n: " i "}}"
}' > "$home/promptfooconfig.yaml"
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_CONFIG_DIR="$home/state"
bin/bench-llm -exec -cases "$PEER_CASES" $peer/node_modules/.bin/promptfoo eval -c "$home/promptfooconfig.yaml" -o "$home/out.json" \
  -j 500 --no-cache --no-write --no-table --no-progress-bar 2>"$home/log" || { tail -20 "$home/log"; exit 1; }
grep -E 'passed|failed|errors' "$home/log" | head -3 || true

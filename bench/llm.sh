#!/bin/sh
# Measures the collection of model answers against a stub server with 200 ms latency, 500
# calls at once, and one of 40 ms: throughput, CPU a call and peak memory, of fairtrial with 10 k and 200 k
# cases and of promptfoo and Inspect on the same stub where npm and pip can install them
# (2 GB; kept under bench/data); then ten scorers on stored outputs. Prints the ratios and
# exits non-zero when a target is missed. LLM_QUICK=1 leaves out 200 k, LLM_PEER= and
# LLM_INSPECT= leave out the others.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${PYTHON:=python3}" "${LLM_PEER=promptfoo@0.121.20}" "${LLM_INSPECT=inspect-ai==0.3.285}" "${PEER_CASES:=4000}"
export PEER_CASES
mkdir -p bench/data
[ -f bench/data/go.mod ] || echo "module data" >bench/data/go.mod # npm packages with Go files in them are not ours
numbers=$PWD/bench/data/llm.jsonl
rm -f "$numbers"
$GO build -o bin/bench-llm ./internal/collect/bench
home=$(mktemp -d) stub=
trap '[ -z "$stub" ] || kill $stub 2>/dev/null || true; rm -rf "$home"' EXIT
# Two settings: a model that takes 200 ms, where 2 500 answers a second are all there can be;
# and one that takes 40 ms, where the programs themselves are what binds.
echo "== fairtrial"
bin/bench-llm -cases 10000 -to "$numbers"
[ -n "${LLM_QUICK:-}" ] || bin/bench-llm -cases 200000 -to "$numbers"
bin/bench-llm -cases 40000 -latency 40ms -to "$numbers"

port=${LLM_PORT:-8917}
peer=bench/data/promptfoo
if [ -n "$LLM_PEER" ] && ! [ -x $peer/node_modules/.bin/promptfoo ]; then
  mkdir -p $peer
  (cd $peer && npm install --no-audit --no-fund --no-save "$LLM_PEER" >npm.log 2>&1) ||
    { echo "== SKIPPED: promptfoo cannot be installed here ($peer/npm.log)"; LLM_PEER=; }
fi
inspect=bench/data/inspect
if [ -n "$LLM_INSPECT" ] && ! [ -x $inspect/bin/inspect ]; then
  { "$PYTHON" -m venv $inspect && $inspect/bin/pip install -q "$LLM_INSPECT" openai; } >bench/data/inspect.log 2>&1 ||
    { echo "== SKIPPED: Inspect cannot be installed here (bench/data/inspect.log)"; LLM_INSPECT=; rm -rf $inspect; }
fi
awk -v n="$PEER_CASES" -v port="$port" 'BEGIN {
  p = ""; for (i = 0; i < 12; i++) p = p "A passage of text that the answer should rest upon. "
  print "prompts: [\"" p "Question {{n}}?\"]"
  print "providers: [{id: \"openai:chat:stub\", config: {apiBaseUrl: \"http://127.0.0.1:" port "/v1\", apiKey: none}}]"
  print "tests:"
  for (i = 0; i < n; i++) print "  - {vars: {n: " i "}}"
}' > "$home/promptfooconfig.yaml"
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_CONFIG_DIR="$home/state"
for latency in 200ms 40ms; do
  bin/bench-llm -serve 127.0.0.1:$port -latency $latency >/dev/null &
  stub=$!
  if [ -n "$LLM_PEER" ]; then
    echo "== $LLM_PEER, $latency, its best settings found: no cache, no database, no table"
    bin/bench-llm -exec -name "$LLM_PEER" -latency $latency -to "$numbers" -cases "$PEER_CASES" $peer/node_modules/.bin/promptfoo eval -c "$home/promptfooconfig.yaml" -o "$home/out.json" \
      -j 500 --no-cache --no-write --no-table --no-progress-bar 2>"$home/log" || { tail -n 20 "$home/log"; exit 1; }
    grep -E 'passed|failed|errors' "$home/log" | head -n 3 || true
  fi
  if [ -n "$LLM_INSPECT" ]; then
    echo "== $LLM_INSPECT, $latency, its best settings found: 500 connections and samples, plain display, no log while it runs"
    (cd bench && OPENAI_API_KEY=none ../bin/bench-llm -exec -name "$LLM_INSPECT" -latency $latency -to "$numbers" -cases "$PEER_CASES" data/inspect/bin/inspect eval inspect_task.py --model openai/stub \
      -M responses_api=false --model-base-url http://127.0.0.1:$port/v1 --max-connections 500 --max-samples 500 --display plain --log-dir "$home/logs" --no-log-realtime --log-buffer 1000) \
      2>"$home/log" || { tail -n 20 "$home/log"; exit 1; }
  fi
  kill $stub 2>/dev/null || true
  wait $stub 2>/dev/null || true
  stub=
done
SCORING_US=$($GO test ./internal/score -run XXX -bench BenchmarkTenScorers -benchtime 20000x | awk '{for (i = 2; i <= NF; i++) if ($i == "cpu-ns/op") print $(i-1) / 1000}')
export SCORING_US
"$PYTHON" bench/llm_ratios.py "$numbers"

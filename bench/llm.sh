#!/bin/sh
# Measures the collection of model answers against a stub server, 500 calls at once:
# throughput, CPU a call and peak memory, of fairtrial and of promptfoo and Inspect on the
# same stub where npm and pip can install them (2 GB; kept under bench/data); then ten
# scorers on stored outputs. Two latencies: at 200 ms no program can have more than 2 500
# answers a second, which is what a provider does to it; at 40 ms (12 500 a second) the
# program is the limit, and programs can be told apart. Prints the ratios and exits non-zero
# when a target is missed. LLM_QUICK=1 leaves out 200 k cases, LLM_PEER= and LLM_INSPECT=
# leave out the others.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${PYTHON:=python3}" "${LLM_PEER=promptfoo@0.121.20}" "${LLM_INSPECT=inspect-ai==0.3.285}" "${PEER_CASES:=4000}"
export PEER_CASES
mkdir -p bench/data
[ -f bench/data/go.mod ] || echo "module data" >bench/data/go.mod # npm packages with Go files in them are not ours
numbers=$PWD/bench/data/llm.jsonl
rm -f "$numbers"
$GO build -o bin/bench-llm ./internal/collect/bench
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
latencies="200ms 40ms" port=${LLM_PORT:-8917}
echo "== fairtrial"
bin/bench-llm -cases 10000 -to "$numbers"
bin/bench-llm -cases 40000 -latency 40ms -to "$numbers"
[ -n "${LLM_QUICK:-}" ] || bin/bench-llm -cases 200000 -to "$numbers"

# against LATENCY NAME COMMAND…: a command on a stub of its own, at the same address each time.
# One that dies when it ends is not measured then: three tries.
against() {
  latency=$1 name=$2 tries=3
  shift 2
  until bin/bench-llm -exec -serve 127.0.0.1:$port -latency "$latency" -name "$name" -to "$numbers" -cases "$PEER_CASES" "$@" 2>"$home/log"; do
    tail -n 5 "$home/log"
    tries=$((tries - 1))
    [ $tries -gt 0 ] || exit 1
    echo "== $name failed: once more"
  done
}
peer=bench/data/promptfoo
if [ -n "$LLM_PEER" ] && ! [ -x $peer/node_modules/.bin/promptfoo ]; then
  mkdir -p $peer
  (cd $peer && npm install --no-audit --no-fund --no-save "$LLM_PEER" >npm.log 2>&1) ||
    { echo "== SKIPPED: promptfoo cannot be installed here ($peer/npm.log)"; LLM_PEER=; }
fi
if [ -n "$LLM_PEER" ]; then
  echo "== $LLM_PEER, its best settings found: no cache, no database, no table, no log files"
  awk -v n="$PEER_CASES" -v port="$port" 'BEGIN {
    p = ""; for (i = 0; i < 12; i++) p = p "A passage of text that the answer should rest upon. "
    print "prompts: [\"" p "Question {{n}}?\"]"
    print "providers: [{id: \"openai:chat:stub\", config: {apiBaseUrl: \"http://127.0.0.1:" port "/v1\", apiKey: none}}]"
    print "tests:"
    for (i = 0; i < n; i++) print "  - {vars: {n: " i "}}"
  }' > "$home/promptfooconfig.yaml"
  export PROMPTFOO_DISABLE_DEBUG_LOG=1 PROMPTFOO_DISABLE_ERROR_LOG=1 # closing its log files kills it often
  export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_CONFIG_DIR="$home/state"
  for latency in $latencies; do
    against $latency "$LLM_PEER" $peer/node_modules/.bin/promptfoo eval -c "$home/promptfooconfig.yaml" -o "$home/out.json" \
      -j 500 --no-cache --no-write --no-table --no-progress-bar
    grep -E 'passed|failed|errors' "$home/log" | head -n 3 || true
  done
fi
inspect=bench/data/inspect
if [ -n "$LLM_INSPECT" ] && ! [ -x $inspect/bin/inspect ]; then
  { "$PYTHON" -m venv $inspect && $inspect/bin/pip install -q "$LLM_INSPECT" openai; } >bench/data/inspect.log 2>&1 ||
    { echo "== SKIPPED: Inspect cannot be installed here (bench/data/inspect.log)"; LLM_INSPECT=; rm -rf $inspect; }
fi
if [ -n "$LLM_INSPECT" ]; then
  echo "== $LLM_INSPECT, its best settings found: 500 connections and samples, plain display, no log while it runs"
  for latency in $latencies; do
    OPENAI_API_KEY=none against $latency "$LLM_INSPECT" $inspect/bin/inspect eval bench/inspect_task.py --model openai/stub -M responses_api=false \
      --model-base-url http://127.0.0.1:$port/v1 --max-connections 500 --max-samples 500 --display plain --log-dir "$home/logs" --no-log-realtime --log-buffer 1000
  done
fi
# The least of five runs: what else the machine does makes CPU time longer, never shorter.
SCORING_US=$($GO test ./internal/score -run XXX -bench BenchmarkTenScorers -benchtime 20000x -count 5 |
  awk '{for (i = 2; i <= NF; i++) if ($i == "cpu-ns/op" && (least == "" || $(i-1) < least)) least = $(i-1)} END {if (least != "") print least / 1000}')
export SCORING_US
"$PYTHON" bench/llm_ratios.py "$numbers"

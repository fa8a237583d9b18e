"""The plug-in in pytest sessions of its own: what is collected, what fails, and what it says."""

import xml.etree.ElementTree as ET

import pytest
from conftest import PLAN, make_rows, write_rows


@pytest.fixture
def project(pytester, monkeypatch, tmp_path):
    monkeypatch.setenv("FAIRTRIAL_HOME", str(tmp_path / "workspace"))
    write_rows(pytester.path / "rows.csv", make_rows())

    def write(text=PLAN, name="credit"):
        (pytester.path / f"{name}.fairtrial.yaml").write_text(text)

    return write


def test_gates_are_items(pytester, project):
    project()
    r = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider")
    r.assert_outcomes(passed=2)
    r.stdout.fnmatch_lines(["*credit.fairtrial.yaml::ranks no worse PASSED*", "*::finds enough PASSED*"])
    listed = pytester.runpytest_subprocess("--collect-only", "-q")
    listed.stdout.fnmatch_lines(["credit.fairtrial.yaml::ranks no worse"])


def test_plan_runs_once_and_only_when_asked(pytester, project, tmp_path):
    import fairtrial

    project()

    def looks():
        with (tmp_path / "count").open("w"):
            pass
        import json
        import subprocess

        from fairtrial import _program

        done = subprocess.run([_program.find(), "list", "--json"], capture_output=True, check=True)
        return len(json.loads(done.stdout) or [])

    assert looks() == 0
    pytester.runpytest_subprocess("--collect-only", "-q")
    assert looks() == 0
    pytester.runpytest_subprocess("-q")
    assert looks() == 1
    assert fairtrial.__version__


def test_failure_names_slice_value_bound_and_n(pytester, project):
    project(PLAN.replace("at_least: 0.7", "at_least: 0.97"))
    r = pytester.runpytest_subprocess("--junitxml=out.xml")
    r.assert_outcomes(passed=1, failed=1)
    r.stdout.fnmatch_lines(
        ["*FAIL: *recall*", "*required*recall at least 0.97*", "*FAIL*region=*value 0.*bound 0.97, n = *"]
    )
    assert "Traceback" not in r.stdout.str()
    cases = {c.get("name"): c for c in ET.parse(pytester.path / "out.xml").iter("testcase")}
    failure = cases["finds enough"].find("failure")
    assert "bound 0.97" in failure.text
    properties = {p.get("name"): p.get("value") for p in cases["finds enough"].iter("property")}
    assert properties["fairtrial_verdict"] == "fail"
    assert float(properties["fairtrial_bound"]) == 0.97
    assert int(properties["fairtrial_n"]) > 100
    assert cases["ranks no worse"].find("failure") is None


def undecided() -> str:
    """The plan with a recall gate right at the value, so that no interval can tell."""
    import fairtrial

    r = make_rows()
    found = fairtrial.evaluate(r.label, r.new, threshold=0.5, metrics=["recall"]).table("estimates", "rows")[
        0
    ]["value"]
    return PLAN.replace("at_least: 0.7, slices: all", f"at_least: {found:.3f}")


@pytest.mark.parametrize(
    ("args", "ini", "outcome"),
    [
        ([], "", {"failed": 1}),
        (["--fairtrial-inconclusive=xfail"], "", {"xfailed": 1}),
        ([], "fairtrial_inconclusive = xfail", {"xfailed": 1}),
        (["--fairtrial-inconclusive=fail"], "fairtrial_inconclusive = xfail", {"failed": 1}),
    ],
)
def test_inconclusive_is_its_own_outcome(pytester, project, args, ini, outcome):
    project(undecided())
    if ini:
        pytester.makeini(f"[pytest]\n{ini}\n")
    r = pytester.runpytest_subprocess("-rx", *args)
    r.assert_outcomes(passed=1, **outcome)
    r.stdout.fnmatch_lines(["*inconclusive*"])


def test_wrong_ini(pytester, project):
    project()
    pytester.makeini("[pytest]\nfairtrial_inconclusive = maybe\n")
    r = pytester.runpytest_subprocess()
    assert r.ret == pytest.ExitCode.USAGE_ERROR
    r.stderr.fnmatch_lines(["*fail or xfail is expected, this is 'maybe'*"])


def test_mistakes_are_reported_at_the_file(pytester, project):
    project(PLAN.replace("recall]", "recal]"))
    r = pytester.runpytest_subprocess()
    r.assert_outcomes(errors=1)
    r.stdout.fnmatch_lines(
        [
            "*ERROR collecting credit.fairtrial.yaml*",
            '*credit.fairtrial.yaml:10:20: metrics?1?: unknown metric "recal"*',
            '*did you mean "recall"?*',
        ]
    )
    assert "Traceback" not in r.stdout.str()


def test_data_that_break_while_running(pytester, project):
    project()
    at = pytester.path / "rows.csv"
    lines = at.read_text().splitlines()
    lines[-1] = lines[-1].replace(lines[-1].split(",")[2], "oops")
    at.write_text("\n".join(lines))
    r = pytester.runpytest_subprocess()
    assert r.ret == pytest.ExitCode.TESTS_FAILED or r.ret == pytest.ExitCode.INTERRUPTED
    r.stdout.fnmatch_lines(["*row 1500*oops*"])


def test_warnings_set_and_output(pytester, project):
    project(PLAN.replace("at_least: 0.7,", "at_least: 0.7, severity: warn,"))
    r = pytester.runpytest_subprocess("--fairtrial-set=gates[1].at_least=0.99", "--fairtrial-output=kept")
    r.assert_outcomes(passed=2, warnings=1)
    r.stdout.fnmatch_lines(["*FairtrialWarning: finds enough: FAIL*"])
    assert (pytester.path / "kept" / "credit" / "report.html").is_file()


def test_control_and_plans_without_gates(pytester, project):
    project(PLAN + "control: {degrade: 50%}\n")
    project(PLAN[: PLAN.index("gates:")], name="bare")
    r = pytester.runpytest_subprocess("-v")
    r.assert_outcomes(passed=4)
    r.stdout.fnmatch_lines(["*bare.fairtrial.yaml::runs PASSED*", "*::control does not pass PASSED*"])


def test_fixture(pytester, project):
    project(PLAN.replace("at_least: 0.7", "at_least: 0.97"), name="strict")
    (pytester.path / "strict.fairtrial.yaml").rename(pytester.path / "strict.yaml")
    pytester.makepyfile(
        """
        def test_good(fairtrial):
            result = fairtrial.evaluate([0, 1] * 500, [0.2, 0.7] * 500, gates=[{"metric": "roc_auc", "at_least": 0.9}])
            assert fairtrial.judge(result) is result

        def test_bad(fairtrial):
            fairtrial.judge("strict.yaml")
        """
    )
    r = pytester.runpytest_subprocess("--junitxml=out.xml")
    r.assert_outcomes(passed=1, failed=1)
    r.stdout.fnmatch_lines(["*NoGoError*", "*finds enough: FAIL*", "*region=*bound 0.97*"])
    assert "fairtrial_decision" in (pytester.path / "out.xml").read_text()


def test_example_project(pytester, monkeypatch, tmp_path):
    from conftest import ROOT

    monkeypatch.setenv("FAIRTRIAL_HOME", str(tmp_path / "workspace"))
    at = ROOT / "examples" / "pytest-gates"
    r = pytester.runpytest_subprocess("--rootdir", at, "-c", at / "pytest.ini", "-p", "no:cacheprovider", at)
    r.assert_outcomes(passed=3)
    r = pytester.runpytest_subprocess(
        "--rootdir", at, "-c", at / "pytest.ini", "-p", "no:cacheprovider", at / "strict"
    )
    r.assert_outcomes(failed=1)
    r.stdout.fnmatch_lines(["*FAIL*education=high school*value 0.317*bound 0.27, n = 4917*"])

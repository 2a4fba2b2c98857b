"""A plugin of pytest: saved models keep working in the environments that `--shelflife-to` names.

    def test_churn_can_move(shelflife):
        shelflife.works("models/churn.joblib", inputs="X.csv")

    pytest --shelflife-to scikit-learn==1.7.2

What works and what does not is said by `shelflife check`; nothing is judged here.
"""

import json
import os
import shutil
import subprocess

import pytest

#: How `shelflife check` ends: everything works, or something was judged and fails.
DONE, JUDGED = 0, 100


def pytest_addoption(parser):
    group = parser.getgroup("shelflife", "saved models in other environments")
    group.addoption(
        "--shelflife-to",
        action="append",
        default=[],
        metavar="ENV",
        help="an environment in which saved models have to work, as for `shelflife check --on` "
        "(repeatable); tests that use the fixture are skipped without it",
    )
    group.addoption(
        "--shelflife-reports",
        default=None,
        metavar="DIR",
        help="the folder of the runs; a temporary one by default",
    )


class Answer:
    """What the program says: `answer` is the object of the last line that `--json` prints."""

    def __init__(self, code, answer, said):
        self.code = code
        self.answer = answer
        self.said = said

    @property
    def cells(self):
        """What became of each file in each environment."""
        return self.answer.get("cells", [])

    def __str__(self):
        lines = [
            "{artifact} in {consumer}: {verdict}: {reason}".format(**cell)
            for cell in self.cells
            if cell.get("status") not in (None, "pass")
        ]
        lines.extend(
            "left out: {}".format(it.get("says")) for it in self.answer.get("left_out", [])
        )
        return "\n".join(lines) or self.said.strip() or "shelflife ended {}".format(self.code)


class Shelflife:
    """Calls the program."""

    def __init__(self, environments, reports, name):
        self.environments = environments
        self.reports = reports
        self.name = name

    def check(self, *artifacts, to=None, inputs=None, options=()):
        """Tries files and returns the answer; `options` are further ones of `check`."""
        environments = [to] if isinstance(to, str) else list(to or self.environments)
        if not environments:
            pytest.skip("no environment is named: --shelflife-to ENV")
        program = os.environ.get("SHELFLIFE") or shutil.which("shelflife")
        if program is None:
            pytest.fail("shelflife is not on the path: pip install shelflife", pytrace=False)
        command = [program, "check", "--json", "--quiet", "--run", self.name]
        command += ["--reports", str(self.reports)]
        for environment in environments:
            command += ["--on", environment]
        if inputs is not None:
            command += ["--inputs", str(inputs)]
        command += [str(word) for word in options] + ["--"] + [str(path) for path in artifacts]
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = ended.stderr.decode("utf-8", "replace")
        lines = ended.stdout.decode("utf-8", "replace").splitlines()
        last = json.loads(lines[-1]) if lines else {}
        return Answer(ended.returncode, last.get("answer") or {}, said)

    def works(self, *artifacts, to=None, inputs=None, options=()):
        """Fails the test unless every file works in every environment."""
        __tracebackhide__ = True
        answer = self.check(*artifacts, to=to, inputs=inputs, options=options)
        if answer.code == JUDGED:
            pytest.fail(str(answer), pytrace=False)
        if answer.code != DONE:
            pytest.fail("not judged: {}".format(answer), pytrace=False)
        return answer


@pytest.fixture
def shelflife(request, tmp_path_factory):
    """Tries saved models in the environments that `--shelflife-to` names."""
    reports = request.config.getoption("--shelflife-reports")
    reports = reports or tmp_path_factory.getbasetemp() / "shelflife"
    name = "".join(it if it.isalnum() or it in "-_." else "-" for it in request.node.name)
    return Shelflife(request.config.getoption("--shelflife-to"), reports, name.strip("-."))

//! Environments with a launcher: real ranks of a real Open MPI, and a launcher that is not there.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::context::{DATA, TestContext, text};
use crate::machine::not_tried;

/// Environments that share the folder of one virtual environment, which has mpi4py beside what the others have.
fn environments(launched: &str) -> String {
    let packages = "packages = { scikit-learn = \"1.5.2\", numpy = \"1.26.4\", scipy = \"1.11.4\", joblib = \"1.3.2\", \
                    threadpoolctl = \"3.2.0\", cloudpickle = \"3.1.2\", mpi4py = \"4.1.2\" }";
    let names = [
        ("alone", ""),
        ("ranks", launched),
        ("nowhere", "launcher = \"no-such-launcher\"\nrole = \"consumer\""),
    ];
    names
        .map(|(name, more)| {
            format!("[[environments]]\nname = \"{name}\"\npython = \"3.11\"\n{packages}\n{more}\n\n")
        })
        .concat()
}

/// A classifier that does `away` in `predict` of rank 1 where the environment declares `AWAY`.
fn recipe(away: &str) -> String {
    format!(
        "import __main__\nfrom sklearn.base import BaseEstimator, ClassifierMixin\n__name__ = '__main__'\n\n\n\
         class Model(ClassifierMixin, BaseEstimator):\n    def fit(self, X, y):\n        self.classes_ = [0, 1, 2]\n        \
         return self\n\n    def predict(self, X):\n        import os, time\n        import numpy as np\n        \
         from mpi4py import MPI\n        ranks = MPI.COMM_WORLD\n        \
         if ranks.rank == 1 and 'AWAY' in os.environ:\n            {away}\n        \
         return np.full(len(X), ranks.allreduce(1) - ranks.size)\n\n\n__main__.Model = Model\nmodel = Model\n"
    )
}

fn has_mpi() -> bool {
    let found = Command::new("mpirun").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        not_tried("launchers: no mpirun here (Debian package openmpi-bin)");
    }
    found
}

#[test]
fn ranks_take_part_and_what_happens_to_one_of_them_is_told() {
    if !has_mpi() {
        return;
    }
    let context = TestContext::new();
    let spmd = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrices/recipes/spmd.py");
    fs_err::copy(spmd, context.path("spmd.py")).unwrap();
    context.write("raises.py", &recipe("raise ValueError('only here')"));
    context.write("dies.py", &recipe("os.kill(os.getpid(), 11)"));
    let models = ["spmd", "raises", "dies"]
        .map(|name| format!("[[models]]\nname = \"{name}\"\nrecipe = \"{name}.py\"\n\n"))
        .concat();
    let launched =
        "launcher = [\"mpirun\", \"-n\", \"2\"]\nvariables = { AWAY = \"1\" }\nrole = \"consumer\"";
    let data = DATA.replace("formats = [\"pickle\"]", "formats = [\"cloudpickle\"]");
    let select = "[select]\nproducers = \"alone\"\n";
    context.write("mpi.toml", &format!("{}{select}{data}\n{models}", environments(launched)));
    context.run(["run", "mpi.toml"]).expect(0);
    let results = context.results("mpi");
    let cell = |model: &str, consumer: &str| {
        let cells = results["cells"].as_array().unwrap().iter();
        let mut found =
            cells.filter(|cell| text(cell, "model") == model && text(cell, "consumer") == consumer);
        found.next().unwrap().clone()
    };
    let verdict = |model: &str, consumer: &str| text(&cell(model, consumer), "verdict").to_owned();
    // A share of the rows for each rank, put together: bit for bit what one process gives.
    assert_eq!(verdict("spmd", "alone"), "identical");
    assert_eq!(verdict("spmd", "ranks"), "identical");
    assert_eq!(verdict("raises", "alone"), "identical");
    assert_eq!(verdict("raises", "ranks"), "predict-error");
    assert_eq!(text(&cell("raises", "ranks")["error"], "message"), "only here (in rank 1 of 2)");
    assert_eq!(verdict("dies", "ranks"), "crash");
    assert_eq!(
        text(&cell("dies", "ranks"), "reason"),
        "died of SIGSEGV (signal 11), after printing: so ended rank 1 of 2"
    );
    // The launcher that is not there is no launcher's cell, and no artifact's fault.
    assert_eq!(verdict("spmd", "nowhere"), "env-error");
    let environments = results["environments"].as_array().unwrap();
    let nowhere = environments.iter().find(|environment| text(environment, "name") == "nowhere").unwrap();
    assert_eq!(text(nowhere, "error"), "the launcher `no-such-launcher` is not installed on this machine");
    context.wait_for_no_processes();
}

#[test]
fn nothing_of_the_ranks_is_left_when_the_run_is_killed() {
    if !has_mpi() {
        return;
    }
    let context = TestContext::new();
    context.write("waits.py", &recipe("time.sleep(1000)"));
    let launched =
        "launcher = [\"mpirun\", \"-n\", \"2\"]\nvariables = { AWAY = \"1\" }\nrole = \"consumer\"";
    let data = DATA.replace("formats = [\"pickle\"]", "formats = [\"cloudpickle\"]");
    let matrix = format!(
        "{}[select]\nconsumers = \"ranks\"\n{data}\n[[models]]\nname = \"waits\"\nrecipe = \"waits.py\"\n",
        environments(launched)
    );
    context.write("killed.toml", &matrix);
    let mut child =
        context.command(["run", "killed.toml"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    // The producer, the launcher, two ranks, and their children.
    while context.processes().len() < 6 {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "the ranks do not come: {:#?}",
            context.processes()
        );
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    context.wait_for_no_processes();
}

//! The wheel where people install it: in trees of Debian, by pip, with the network cut off; and from nothing but a Python
//! to the first verdict. The wheel is that of `scripts/release`, or the one in `SHELFLIFE_WHEEL`. What cannot be tried here says why on the terminal.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "common/terminal.rs"]
mod terminal;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use terminal::not_tried;

/// A model as plain pickle of protocol 4.
const MODEL: &[u8] = b"\x80\x04\x8c\x1esklearn.linear_model._logistic\x94\x8c\x12LogisticRegression\x94\x93\x94)\x81\x94}\x94(\
                       \x8c\x01CG?\xf0\x00\x00\x00\x00\x00\x00\x8c\x10_sklearn_version\x8c\x051.6.1ub.";
/// Held by the test that uses a tree.
static BUSY: Mutex<()> = Mutex::new(());
/// Releases of Debian, oldest first.
const SUITES: &[&str] = &["bullseye", "bookworm", "trixie", "forky"];
/// What a tree has beside Debian's smallest: a Python that can make virtual environments.
const PACKAGES: &str = "python3,python3-venv,ca-certificates";
/// Where everything of a test stands in a tree.
const PLACE: &str = "/srv/shelflife";
/// Makes a tree the root of everything, as a container would; a plain `chroot` may make no cages.
const ENTER: &str = r#"set -e
tree=$1
shift
mount --make-rprivate /
mount --bind "$tree" "$tree"
mount --rbind /dev "$tree/dev"
mount --rbind /sys "$tree/sys"
mount -t proc proc "$tree/proc"
mount -t tmpfs tmpfs "$tree/tmp"
cd "$tree"
pivot_root . mnt
umount -l /mnt
cd /srv/shelflife
exec "$@""#;
/// A forest and what it predicts on, as somebody has them who has never heard of shelflife.
const TRAIN: &str = "import joblib, numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n\
                     X = np.random.RandomState(0).rand(200, 4)\n\
                     joblib.dump(RandomForestClassifier(20, random_state=0).fit(X, X[:, 0] > .5), 'model.joblib')\n\
                     np.savetxt('X.csv', X, delimiter=',', header='a,b,c,d', comments='')\n";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Network {
    Cut,
    Open,
}

/// A Debian tree that is kept, with an empty place for one test.
struct Tree {
    root: PathBuf,
    suite: &'static str,
    /// Tests share trees: one at a time.
    _alone: MutexGuard<'static, ()>,
}

impl Tree {
    /// The tree of a release, made if it is not there; why not, where it cannot be had.
    fn of(suite: &'static str) -> Result<Self, String> {
        let is_root = nix::unistd::geteuid().is_root();
        if !is_root {
            return Err("a Debian tree, which only root enters here".to_owned());
        }
        let alone = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        let trees = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian");
        let root = trees.join(suite);
        if !root.exists() {
            fs_err::create_dir_all(&trees).unwrap();
            let unfinished = trees.join(format!("{suite}.unfinished"));
            let mut command = Command::new("mmdebstrap");
            // The lists of a release that is still in the making can be past their date; signatures are checked all the same.
            let late = "--aptopt=Acquire::Check-Valid-Until \"false\"";
            command
                .args(["--quiet", "--variant=minbase", late])
                .arg(format!("--include={PACKAGES}"))
                .arg(suite);
            let made = command.arg(&unfinished).output().map_err(|error| format!("mmdebstrap: {error}"))?;
            if !made.status.success() {
                return Err(format!("a tree of {suite}: {}", said(&made)));
            }
            fs_err::rename(&unfinished, &root).unwrap();
        }
        let tree = Self { root, suite, _alone: alone };
        let place = tree.path("");
        if place.exists() {
            fs_err::remove_dir_all(&place).unwrap();
        }
        fs_err::create_dir_all(&place).unwrap();
        tree.trust();
        Ok(tree)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(PLACE.trim_start_matches('/')).join(name)
    }

    /// Authorities that this machine trusts beyond Debian's, and its name servers.
    fn trust(&self) {
        let own = Path::new("/usr/local/share/ca-certificates");
        let theirs = self.root.join("usr/local/share/ca-certificates");
        fs_err::create_dir_all(&theirs).unwrap();
        for entry in fs_err::read_dir(own).into_iter().flatten().flatten() {
            fs_err::copy(entry.path(), theirs.join(entry.file_name())).unwrap();
        }
        for name in ["resolv.conf", "hosts"] {
            let _ = fs_err::copy(Path::new("/etc").join(name), self.root.join("etc").join(name));
        }
        let trusted = self.run(Network::Cut, "update-ca-certificates --fresh");
        assert!(trusted.status.success(), "{}: {}", self.suite, said(&trusted));
    }

    /// What a line of a shell comes to in the tree.
    fn run(&self, network: Network, line: &str) -> Output {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child"]);
        if network == Network::Cut {
            command.arg("--net");
        }
        command.args(["sh", "-c", ENTER, "sh"]).arg(&self.root).args(["sh", "-c", line]).env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", PLACE).env("LANG", "C.UTF-8");
        command
            .env("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt");
        for name in
            ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy"]
        {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.output().unwrap()
    }

    /// What a line prints that has to work.
    fn works(&self, network: Network, line: &str) -> String {
        let output = self.run(network, line);
        assert!(output.status.success(), "{}: {line}: {}", self.suite, said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Puts the wheel and a model into the place.
    fn bring(&self, wheel: &Path) -> String {
        let name = wheel.file_name().unwrap().to_string_lossy().into_owned();
        fs_err::copy(wheel, self.path(&name)).unwrap();
        fs_err::write(self.path("model.pkl"), MODEL).unwrap();
        name
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The wheel that is to be tried.
fn wheel() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("SHELFLIFE_WHEEL") {
        return Some(PathBuf::from(given));
    }
    of_release("x86_64.whl")
}

/// The wheel and a tree; `None`, with a word on the terminal, where one of them cannot be had.
fn given(suite: &'static str) -> Option<(PathBuf, Tree)> {
    let Some(wheel) = wheel() else {
        not_tried("the wheel, which `scripts/release` builds");
        return None;
    };
    Tree::of(suite).map(|tree| (wheel, tree)).map_err(not_tried).ok()
}

#[test]
#[ignore = "makes four trees of Debian"]
fn the_wheel_is_installed_and_used_in_every_release_of_debian_without_the_network() {
    for suite in SUITES {
        let Some((wheel, tree)) = given(suite) else { continue };
        let name = tree.bring(&wheel);
        tree.works(Network::Cut, &format!("python3 -m venv venv && venv/bin/pip install --quiet ./{name}"));
        let version = tree.works(Network::Cut, "venv/bin/shelflife --version");
        assert!(version.starts_with(concat!("shelflife ", env!("CARGO_PKG_VERSION"))), "{suite}: {version}");
        let seen = tree.works(Network::Cut, "venv/bin/shelflife inspect model.pkl");
        assert!(seen.contains("LogisticRegression") && seen.contains("1.6.1"), "{suite}: {seen}");
        let expected =
            tree.works(Network::Cut, "venv/bin/shelflife forecast model.pkl --to scikit-learn==1.9.1 2>&1");
        assert!(expected.contains("model"), "{suite}: {expected}");
        // What shells and `man` look for lies where they look, below the folder that was installed into.
        for file in [
            "bash-completion/completions/shelflife",
            "zsh/site-functions/_shelflife",
            "fish/vendor_completions.d/shelflife.fish",
            "man/man1/shelflife.1",
            "man/man1/shelflife-gate.1",
        ] {
            assert!(tree.path("venv/share").join(file).is_file(), "{suite}: {file}");
        }
        let _ = writeln!(std::io::stderr(), "{suite}: {}", version.trim());
    }
}

#[test]
#[ignore = "makes a tree of Debian, and fetches uv and pipx"]
fn uvx_and_pipx_run_the_wheel() {
    let Some((wheel, tree)) = given("bookworm") else { return };
    let name = tree.bring(&wheel);
    tree.works(Network::Open, "python3 -m venv tools && tools/bin/pip install --quiet uv pipx");
    for line in [
        format!("tools/bin/uvx --offline --from ./{name} shelflife --version"),
        format!("tools/bin/uv tool install --offline ./{name} && .local/bin/shelflife --version"),
        format!(
            "rm .local/bin/shelflife && tools/bin/pipx install ./{name} && .local/bin/shelflife --version"
        ),
    ] {
        let printed = tree.works(Network::Open, &line);
        assert!(printed.contains(concat!("shelflife ", env!("CARGO_PKG_VERSION"))), "{line}: {printed}");
    }
}

/// The newest file of a release whose name ends so.
fn of_release(ending: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release-files");
    let files = fs_err::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    files.into_iter().find(|path| path.to_string_lossy().ends_with(ending))
}

#[test]
fn the_small_image_looks_at_files_as_nobody_and_without_a_network() {
    let docker = |arguments: &[&str]| Command::new("docker").args(arguments).output();
    if !docker(&["info"]).is_ok_and(|output| output.status.success()) {
        return not_tried(
            "the small image: docker does not answer; `docker/with-daemon.sh cargo test` starts one",
        );
    }
    let given = std::env::var_os("SHELFLIFE_STATIC").map(PathBuf::from);
    let Some(program) = given.or_else(|| of_release("-static")) else {
        return not_tried("the small image: it takes the static program, which `scripts/release` builds");
    };
    let folder = tempfile::tempdir().unwrap();
    fs_err::create_dir_all(folder.path().join("docker")).unwrap();
    fs_err::copy(program, folder.path().join("docker/shelflife-static")).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs_err::copy(root.join("docker/small.Dockerfile"), folder.path().join("Dockerfile")).unwrap();
    let name = "shelflife-test/small";
    let context = folder.path().display().to_string();
    let built = docker(&["build", "--quiet", "--tag", name, &context]).unwrap();
    assert!(built.status.success(), "{}", said(&built));
    fs_err::write(folder.path().join("model.pkl"), MODEL).unwrap();
    let volume = format!("{context}:/work:ro");
    let run = |words: &[&str]| {
        let base = ["run", "--rm", "--network", "none", "--read-only", "--volume", &volume, name];
        docker(&base.iter().chain(words).copied().collect::<Vec<_>>()).unwrap()
    };
    let seen = run(&["inspect", "model.pkl"]);
    assert!(seen.status.success() && said(&seen).contains("LogisticRegression"), "{}", said(&seen));
    let expected = run(&["forecast", "model.pkl", "--to", "scikit-learn==1.9.1"]);
    assert!(expected.status.success(), "{}", said(&expected));
    let user = docker(&["image", "inspect", "--format", "{{.Config.User}} {{.Size}}", name]).unwrap();
    let _ = writeln!(std::io::stderr(), "the small image: {}", said(&user).trim());
    assert!(said(&user).starts_with("65534"), "{}", said(&user));
}

#[test]
#[ignore = "makes a tree of Debian, and fetches scikit-learn twice"]
fn from_a_bare_python_to_the_first_verdict() {
    let Some((wheel, tree)) = given("bookworm") else { return };
    let name = tree.bring(&wheel);
    fs_err::write(tree.path("train.py"), TRAIN).unwrap();
    tree.works(
        Network::Open,
        "python3 -m venv made && made/bin/pip install --quiet scikit-learn==1.5.2 numpy==1.26.4 && made/bin/python train.py",
    );
    let started = Instant::now();
    let lines = format!(
        "python3 -m venv venv && venv/bin/pip install --quiet ./{name} && \
         venv/bin/shelflife check model.joblib --inputs X.csv --on scikit-learn==1.7.2"
    );
    let checked = tree.run(Network::Open, &lines);
    let _ = writeln!(std::io::stderr(), "first verdict after {} s", started.elapsed().as_secs());
    let told = said(&checked);
    assert_eq!(checked.status.code(), Some(0), "{told}");
    assert!(told.contains("identical"), "{told}");
}

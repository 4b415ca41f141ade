//! A sweep on a real Slurm: an array of parts of which one is killed and requeued, and a merge
//! behind it, with the scripts of `examples/slurm`. What comes out is what one machine computes.
//!
//! Needs root and Debian's `slurm-wlm` and `munge`, which `.ci/run` installs; elsewhere the test
//! says that it was left out. Everything runs on the loopback, with keys and sockets of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::desk::Desk;
use crate::sweep::assert_same;

const PROGRAMS: [&str; 5] = ["munged", "slurmctld", "slurmd", "sbatch", "scontrol"];

/// Slurm with a node of two processors. Its daemons end with it.
struct Cluster {
    folder: PathBuf,
    daemons: Vec<Child>,
}

impl Cluster {
    fn start(folder: PathBuf) -> Self {
        for below in ["state", "spool", "munge"] {
            fs::create_dir_all(folder.join(below)).unwrap();
        }
        // munged wants a key that nobody else can read, and folders that nobody else can write.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let key = folder.join("munge/key");
        fs::write(&key, [7; 1024]).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let host = Command::new("hostname").arg("-s").output().unwrap();
        let host = String::from_utf8(host.stdout).unwrap();
        // Two ports that are free now.
        let listeners = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [control, node] = listeners.map(|one| one.local_addr().unwrap().port());
        let (host, at) = (host.trim(), folder.display());
        fs::write(
            folder.join("slurm.conf"),
            format!(
                "ClusterName=sessionsim\nSlurmctldHost={host}(127.0.0.1)\n\
                 SlurmctldPort={control}\nSlurmdPort={node}\n\
                 AuthType=auth/munge\nAuthInfo=socket={at}/munge/socket,cred_expire=5\n\
                 SlurmUser=root\nSlurmdUser=root\nStateSaveLocation={at}/state\n\
                 SlurmdSpoolDir={at}/spool\nSlurmctldPidFile={at}/slurmctld.pid\n\
                 SlurmdPidFile={at}/slurmd.pid\nProctrackType=proctrack/linuxproc\n\
                 TaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n\
                 SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nMpiDefault=none\n\
                 ReturnToService=2\nKillWait=1\nMinJobAge=600\n\
                 SchedulerParameters=sched_interval=2,batch_sched_delay=1\n\
                 NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN\n\
                 PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
            ),
        )
        .unwrap();
        let mut cluster = Self {
            folder,
            daemons: Vec::new(),
        };
        let munge = |name: &str| format!("{}/munge/{name}", cluster.folder.display());
        let arguments = [
            "--foreground".to_owned(),
            "--force".to_owned(),
            format!("--key-file={}", munge("key")),
            format!("--socket={}", munge("socket")),
            format!("--pid-file={}", munge("pid")),
            format!("--log-file={}", munge("log")),
            format!("--seed-file={}", munge("seed")),
        ];
        cluster.daemon("munged", &arguments);
        cluster.until("munged listens", |cluster| {
            cluster.folder.join("munge/socket").exists()
        });
        let conf = cluster.folder.join("slurm.conf").display().to_string();
        cluster.daemon("slurmctld", &["-D", "-i", "-f", &conf].map(str::to_owned));
        cluster.daemon(
            "slurmd",
            &["-D", "-f", &conf, "-N", host].map(str::to_owned),
        );
        cluster.until("the node is there", |cluster| {
            cluster.ask("sinfo", &["-h", "-o", "%T"]).contains("idle")
        });
        cluster
    }

    fn daemon(&mut self, program: &str, arguments: &[String]) {
        let log = fs::File::create(self.folder.join(format!("{program}.log"))).unwrap();
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.daemons.push(child.unwrap());
    }

    /// What a command of Slurm prints; nothing if it fails.
    fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Submits the sweep with the script that users have, in so many parts; returns the number of
    /// the job that merges them.
    fn submit(&self, desk: &Desk, parts: usize) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/slurm/submit.sh");
        let program = assert_cmd::cargo::cargo_bin!("sessionsim");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = vec![program.parent().unwrap().to_path_buf()];
        folders.extend(std::env::split_paths(&path));
        let output = Command::new("bash")
            .args([script, "shop.toml", "results", &parts.to_string()])
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .env("PATH", std::env::join_paths(folders).unwrap())
            .current_dir(desk.path("."))
            .output()
            .unwrap();
        let number = String::from_utf8(output.stdout).unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        number.trim().to_owned()
    }

    fn state(&self, job: &str) -> String {
        let shown = self.ask("scontrol", &["show", "job", job]);
        let state = shown.split_whitespace();
        let state = state.filter_map(|word| word.strip_prefix("JobState="));
        state.collect::<Vec<&str>>().join(",")
    }

    /// Waits for something; two minutes are far more than a slow machine takes.
    fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        for _ in 0..1200 {
            if is(self) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = |name: &str| {
            let text = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(15)..].join("\n")
        };
        panic!(
            "in vain: {what}\n{}\n{}\n{}",
            log("slurmctld.log"),
            log("slurmd.log"),
            self.ask("squeue", &["-a"])
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The node first, so that it can take leave.
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Kills the task that writes to `out`, as the kernel does when memory runs out.
fn kill(desk: &Desk, out: &str) {
    let folder = fs::canonicalize(desk.path(".")).unwrap();
    let is_task = |process: &Path| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.any(|word| word == out.as_bytes())
            && fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder)
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap());
    let found = processes
        .map(|entry| entry.path())
        .find(|path| is_task(path));
    let found = found.expect("the task is running");
    let killed = Command::new("kill")
        .arg("-9")
        .arg(found.file_name().unwrap())
        .status();
    assert!(killed.unwrap().success());
}

#[test]
fn slurm_runs_a_sweep_as_one_machine_does() {
    let has = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.push(PathBuf::from("/usr/sbin"));
        folders.iter().any(|folder| folder.join(program).exists())
    };
    let is_root = fs::metadata("/proc/self").is_ok_and(|data| {
        use std::os::unix::fs::MetadataExt as _;
        data.uid() == 0
    });
    let missing: Vec<&str> = PROGRAMS
        .into_iter()
        .filter(|program| !has(program))
        .collect();
    if !missing.is_empty() || !is_root {
        assert!(
            std::env::var_os("SESSIONSIM_NEEDS_SLURM").is_none(),
            "no Slurm: {missing:?} missing, root: {is_root}"
        );
        // Not by a macro: the test runner would keep it to itself.
        let left_out = "LEFT OUT: Slurm is not installed, so no sweep was run on it\n";
        std::io::stderr().write_all(left_out.as_bytes()).unwrap();
        return;
    }
    let desk = Desk::new();
    desk.write(
        "shop.toml",
        "extends = \"small.toml\"\nname = \"shop\"\nduration = \"20h\"\n\
         [[sweep.axes]]\nkey = \"store.shards\"\nvalues = [1, 2]\n\
         [[sweep.axes]]\nkey = \"seed\"\nfrom = 1\nto = 4\ncount = 4\n",
    );
    desk.succeed(&["sweep", "shop.toml", "--out", "alone", "-q"]);
    let cluster = Cluster::start(desk.path("slurm"));
    let merge = cluster.submit(&desk, 3);

    // The second part is killed as soon as it has something that it may keep.
    let kept = desk.path("results/part-2/.sessionsim-sweep");
    let records = || {
        let names = fs::read_dir(&kept).map(|entries| {
            let names = entries.map(|entry| entry.unwrap().file_name());
            let is_record = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".json");
            names.filter(is_record).count()
        });
        names.unwrap_or_default()
    };
    cluster.until("the second part has begun", |_| records() > 0);
    kill(&desk, "results/part-2");
    assert!(!desk.path("results/part-2/part.json").exists());
    cluster.until("the merge is done", |cluster| {
        let state = cluster.state(&merge);
        let told = || {
            let outputs = desk.names(".").into_iter();
            let outputs = outputs.filter(|name| name.starts_with("slurm-"));
            let texts = outputs.map(|name| format!("{name}: {}", desk.read(&name)));
            texts.collect::<Vec<String>>().join("\n")
        };
        assert!(!state.contains("FAILED"), "{}", told());
        state.contains("COMPLETED")
    });
    let restarted = cluster.ask("scontrol", &["show", "job", "1_2"]);
    assert!(restarted.contains("Restarts=1"), "{restarted}");
    assert_same(&desk, "alone", "results/all");
}

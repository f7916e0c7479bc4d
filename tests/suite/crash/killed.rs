//! The same with real processes, real files and real HTTP: an apply of fifty tasks is killed with SIGKILL, and run again.
//!
//! `SYNCFORM_KILLS=200 cargo test crash::killed -- --nocapture` kills at two hundred places, evenly spread over the run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::support::{Emulator, Sandbox, budget, in_parallel};

/// How many places are killed at when nothing else is asked for.
const KILLS: u64 = 4;

const TASKS: usize = 50;

const STACK: &str = r#"
[stack]
name = "killed"

[provider]
endpoint = "embedded"
seed = "emulator.toml"
[provider.limits]
qps = 1000
parallelism = 8

[workspace.analytics]
project_id = 10000

[datasource.mysql_pub]
workspace = "analytics"
type = "mysql"

[datasource.odps_first]
workspace = "analytics"
type = "odps"

[table.shop]
datasource = "mysql_pub"
include = ["orders"]
"#;

const SEED: &str = r#"
[[workspace]]
project_id = 10000
name = "analytics"
mode = "standard"

[[resource_group]]
identifier = "S_res_group_280749521950784_1623033752022"
type = "data_integration"

[[datasource]]
project_id = 10000
name = "mysql_pub"
type = "mysql"
env = "prod"
[[datasource.database]]
name = "shop"
tables = ["orders"]

[[datasource]]
project_id = 10000
name = "odps_first"
type = "odps"
env = "prod"
"#;

/// A stack of fifty tasks that are to run.
fn fifty() -> Sandbox {
    let mut text = STACK.to_owned();
    for i in 0..TASKS {
        write!(
            text,
            r#"
[task.orders_{i:02}]
workspace = "analytics"
type = "realtime"
source = "mysql_pub"
destination = "odps_first"
tables = ["shop"]
resource_group = "S_res_group_280749521950784_1623033752022"
run = "started"
"#
        )
        .unwrap();
    }
    let stack = Sandbox::empty();
    stack.write("syncform.toml", &text);
    stack.write("emulator.toml", SEED);
    stack
}

fn calls(emulator: &Emulator) -> u64 {
    let (reads, writes) = emulator.calls();
    reads + writes
}

/// Kills an apply when the service has got so many calls, and says whether it still ran.
fn kill_after(emulator: &Emulator, stack: &Sandbox, apply: &[&str], calls_before: u64) -> bool {
    let mut child = stack
        .command(apply)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while calls(emulator) < calls_before {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// The world is as the stack asks: each task once, deployed and running.
fn check(emulator: &Emulator, kill: u64) {
    let state = emulator.state();
    let files = state["files"].as_array().unwrap();
    let names: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file["FileName"].as_str())
        .collect();
    assert_eq!((files.len(), names.len()), (TASKS, TASKS), "kill {kill}");
    for file in files {
        let well = file["Status"] == "RUN"
            && file["Deleted"] == false
            && file["DeployedVersion"] != Value::Null;
        assert!(well, "kill {kill}: {file}");
    }
}

/// Kills one run after so many calls, runs it again, and demands that everything is as it would be otherwise. Says whether it
/// still worked when it was killed.
fn kill_once(kill: u64, after: u64) -> bool {
    let mut stack = fifty();
    let emulator = Emulator::of(&mut stack);
    let url = emulator.url();
    let apply = ["--endpoint", &url, "apply", "--auto-approve"];
    let alive = kill_after(&emulator, &stack, &apply, after);
    stack.run(&apply).exits(0);
    check(&emulator, kill);
    stack
        .run(&["--endpoint", &url, "plan", "--detailed-exitcode"])
        .exits(0);
    alive
}

#[test]
fn an_apply_of_fifty_tasks_survives_sigkill_at_any_time() {
    let kills = budget("SYNCFORM_KILLS", KILLS);
    let mut stack = fifty();
    let emulator = Emulator::of(&mut stack);
    let url = emulator.url();
    stack
        .run(&["--endpoint", &url, "apply", "--auto-approve"])
        .exits(0);
    let whole = calls(&emulator);
    let (survived, alive) = (AtomicU64::new(0), AtomicU64::new(0));
    in_parallel(0..kills, |kill| {
        let worked = kill_once(kill, kill * whole / kills);
        survived.fetch_add(1, Ordering::Relaxed);
        alive.fetch_add(u64::from(worked), Ordering::Relaxed);
    });
    let (survived, alive) = (survived.into_inner(), alive.into_inner());
    println!(
        "SIGKILL: {survived} of {kills} runs of {TASKS} tasks ({whole} calls) end with exactly the desired world and an empty \
         plan; {alive} were killed while they worked"
    );
    assert!(
        alive * 10 >= kills * 8,
        "most have to be killed while they work: {alive} of {kills}"
    );
}

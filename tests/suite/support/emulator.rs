//! An emulator inside the test: the real server on a loopback port, which the binary talks to as to any other.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use syncform::emulator::{AccessKey, Clock, Options, Running, Seed, start};
use tokio::runtime::Runtime;

use super::Sandbox;

/// A running emulator.
pub(crate) struct Emulator {
    runtime: Runtime,
    running: Option<Running>,
}

/// The quickstart, an emulator of the world that it is for, and where that is.
pub(crate) fn served_quickstart() -> (Sandbox, Emulator, String) {
    let mut stack = Sandbox::quickstart();
    let emulator = Emulator::of(&mut stack);
    let url = emulator.url();
    (stack, emulator, url)
}

/// An apply in which nothing overlaps: a call that is held up holds up the run, and the same things get the same ids.
pub(crate) fn apply_one_by_one(url: &str) -> [&str; 6] {
    [
        "--endpoint",
        url,
        "apply",
        "--auto-approve",
        "--parallelism",
        "1",
    ]
}

impl Emulator {
    /// Serves the world that the stack's seed describes, and points the stack's commands at it.
    pub(crate) fn of(stack: &mut Sandbox) -> Self {
        Self::with(stack, Clock::System, &[])
    }

    /// The same at another time, or with switches.
    pub(crate) fn with(stack: &mut Sandbox, clock: Clock, switches: &[(&str, &str)]) -> Self {
        let seed = Seed::parse(&stack.read("emulator.toml")).unwrap();
        let options = Options {
            seed: Some(seed),
            clock,
            switches: switches
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            ..Options::default()
        };
        let runtime = Runtime::new().unwrap();
        let running = runtime.block_on(start(options)).unwrap();
        let key = AccessKey::default();
        stack
            .set("ALIBABA_CLOUD_ACCESS_KEY_ID", &key.id)
            .set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &key.secret);
        Self {
            runtime,
            running: Some(running),
        }
    }

    pub(crate) fn url(&self) -> String {
        self.running().url()
    }

    /// Every object it holds.
    pub(crate) fn state(&self) -> Value {
        self.runtime.block_on(self.running().state())
    }

    /// How many calls of either kind it got.
    pub(crate) fn calls(&self) -> (u64, u64) {
        let calls = self.runtime.block_on(self.running().calls());
        (calls.reads, calls.writes)
    }

    /// How many calls of one operation it got.
    pub(crate) fn calls_of(&self, operation: &str) -> u64 {
        let calls = self.runtime.block_on(self.running().calls());
        let outcomes = calls.operations.get(operation);
        outcomes.map_or(0, |outcomes| outcomes.values().sum())
    }

    /// Arms fault rules, in place of those before.
    pub(crate) fn arm(&self, rules: &Value) {
        self.put("faults", rules);
    }

    /// Holds the answer to one call of an operation back; its effect is there at once.
    pub(crate) fn hold_up(&self, operation: &str, nth: u64, ms: u64) {
        self.arm(&json!([
            { "operation": operation, "nth": nth, "fault": { "kind": "delay", "ms": ms } }
        ]));
    }

    /// The tasks of the quickstart are there, each once.
    #[track_caller]
    pub(crate) fn holds_quickstart(&self) {
        let tasks = self.tasks();
        let names: Vec<&str> = tasks.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["events_to_kafka", "orders_to_holo", "orders_to_odps"]
        );
        let state = self.state();
        assert_eq!(state["solutions"].as_array().unwrap().len(), 1);
    }

    /// It holds the quickstart, and this stack has nothing left to do.
    #[track_caller]
    pub(crate) fn is_in_line_with(&self, stack: &Sandbox) {
        self.holds_quickstart();
        let url = self.url();
        stack
            .run(&["--endpoint", &url, "plan", "--detailed-exitcode"])
            .exits(0);
    }

    /// Edits an object as a console user would.
    pub(crate) fn drift(&self, edit: &Value) {
        self.put("drift", edit);
    }

    fn put(&self, path: &str, rules: &Value) {
        let request = format!(
            "PUT /_emulator/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{rules}",
            rules.to_string().len()
        );
        let mut stream = TcpStream::connect(self.running().address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The real-time tasks that it holds, by name, with their run status.
    pub(crate) fn tasks(&self) -> Vec<(String, String)> {
        let state = self.state();
        let mut tasks: Vec<_> = state["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| {
                let text = |key: &str| file[key].as_str().unwrap_or_default().to_owned();
                (text("FileName"), text("Status"))
            })
            .collect();
        tasks.sort();
        tasks
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until it is dropped")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown()).ok();
        }
    }
}

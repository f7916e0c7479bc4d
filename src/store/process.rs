//! Which process holds the lock, and whether it still lives.
//!
//! A process is told by its number, the moment it started (numbers are used again) and the machine on which the number
//! means anything: one boot of one kernel, and one PID namespace of it. Two containers that share a state file see each
//! other's numbers as free, so "no such process" counts only on the machine that the holder named.

#![expect(clippy::disallowed_methods, reason = "/proc is read here")]

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// One process, told apart from every other that has had its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The host's name, for people.
    pub host: String,
    /// Where its number is valid; empty where that cannot be told, and then nobody is judged dead.
    pub machine: String,
    /// Its number.
    pub pid: u32,
    /// When it started, in ticks since boot; `None` where that cannot be told.
    pub started: Option<i64>,
}

impl Process {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self {
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            machine: machine().unwrap_or_default(),
            pid,
            started: stat(pid).map(|stat| stat.started),
        }
    }

    /// Whether it is known to be gone. `false` where that cannot be told.
    pub fn is_gone(&self) -> bool {
        if self.machine.is_empty() || machine().as_ref() != Some(&self.machine) {
            return false;
        }
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        match pid.map(test_kill_process) {
            None | Some(Err(Errno::SRCH)) => true,
            Some(_) => stat(self.pid).is_some_and(|now| {
                now.dead || self.started.is_some_and(|started| started != now.started)
            }),
        }
    }
}

/// One boot of one kernel, and one PID namespace of it.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// What `/proc/PID/stat` says.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    /// It ended, and its parent has not asked after it yet.
    dead: bool,
    started: i64,
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name, in parentheses, may hold anything: the fields are counted from its end.
fn parse_stat(line: &str) -> Option<Stat> {
    let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    // `state` is field 3, `starttime` field 22 (proc_pid_stat(5)).
    let started = fields.nth(18)?.parse().ok()?;
    Some(Stat {
        dead: matches!(state, "Z" | "X" | "x"),
        started,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives() {
        assert!(!Process::current().is_gone());
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let mut earlier = Process::current();
        earlier.started = earlier.started.map(|ticks| ticks - 1);
        assert!(earlier.is_gone());
    }

    #[test]
    fn nobody_on_another_machine_is_judged() {
        for machine in ["", "another boot pid:[1]"] {
            let elsewhere = Process {
                machine: machine.to_owned(),
                pid: u32::MAX,
                ..Process::current()
            };
            assert!(!elsewhere.is_gone());
        }
    }

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let line = "7 (a) Z (b) Z 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
        let stat = parse_stat(line).unwrap();
        assert_eq!(
            stat,
            Stat {
                dead: true,
                started: 4711
            }
        );
        assert_eq!(parse_stat("7 (cut"), None);
    }
}

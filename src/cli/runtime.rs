//! The one place that starts the async runtime, and what ends a run from outside: Ctrl-C, SIGTERM, a terminal that goes away.

#![expect(
    clippy::disallowed_methods,
    reason = "/proc is read here: the standard library does not tell which signals are ignored"
)]

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::exit::{Exit, Failure};

/// Runs a command's async part.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of(&error).context("the async runtime cannot be started"))?
        .block_on(work)
}

/// One message for each signal that asks the run to end. What whoever started us had set to be ignored stays so: under
/// `nohup` a run outlives its terminal, and what a script puts into the background outlives its Ctrl-C.
pub(super) fn interrupts() -> Result<UnboundedReceiver<()>, Failure> {
    let (sender, receiver) = unbounded_channel();
    let ignored = ignored_signals(&own_status().unwrap_or_default());
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        if ignored >> (kind.as_raw_value() - 1) & 1 == 1 {
            continue;
        }
        let mut signals = signal(kind).map_err(|error| {
            Failure::of(&error)
                .exit(Exit::Error)
                .context("signals cannot be listened for")
        })?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() && sender.send(()).is_ok() {
                // A terminal goes away once, whoever tells of it: the kernel and the shell both do.
                if kind == SignalKind::hangup() {
                    break;
                }
            }
        });
    }
    Ok(receiver)
}

/// What the system says of this process; `None` where it has no such file.
fn own_status() -> Option<String> {
    std::fs::read_to_string("/proc/self/status").ok()
}

/// The signals that are ignored, signal 1 in the lowest bit.
fn ignored_signals(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_from_the_status() {
        let status = "Name:\tsyncform\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored_signals(status), 0x1001);
        assert_eq!(ignored_signals(""), 0);
        assert_eq!(ignored_signals("SigIgn:\tmany"), 0);
    }
}

//! The one place that starts the async runtime, and what ends a run from outside: Ctrl-C, SIGTERM, a terminal that goes away.

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

/// One message for each signal that asks the run to end.
pub(super) fn interrupts() -> Result<UnboundedReceiver<()>, Failure> {
    let (sender, receiver) = unbounded_channel();
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut signals = signal(kind).map_err(|error| {
            Failure::of(&error)
                .exit(Exit::Error)
                .context("signals cannot be listened for")
        })?;
        let sender = sender.clone();
        tokio::spawn(
            async move { while signals.recv().await.is_some() && sender.send(()).is_ok() {} },
        );
    }
    Ok(receiver)
}

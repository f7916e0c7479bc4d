//! What `-v` and `-vv` show on stderr: only what syncform itself says. Libraries below it may log what they were given, and
//! that may be a secret.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Sets logging up, once a process.
pub(super) fn init(verbose: u8, color: bool) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .without_time()
        .with_target(false)
        .with_filter(Targets::new().with_target("syncform", level));
    // A second command in one process, as tests run them, keeps the first one's.
    tracing_subscriber::registry().with(lines).try_init().ok();
}

//! `unlock`: who holds the lock; with `--force`, nobody any more.

use super::context::Context;
use super::exit::{Exit, Failure};
use super::state::text::time;
use crate::clock::{Clock, SystemClock};
use crate::render::safe;
use crate::store::{FileProblem, Holder, LEASE_TTL, Lock, SqliteStore, Standing, StoreError};

/// Flags of `unlock`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Takes the lock from its holder, who then sends and writes nothing more, and gives it back
    #[arg(long)]
    force: bool,
}

/// Runs `unlock`.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let ended = if args.force {
        force(context)
    } else {
        show(context)
    };
    match ended {
        Err(error) if error.problem() == Some(&FileProblem::Missing) => Ok(nobody(context)),
        ended => Ok(ended?),
    }
}

fn show(context: &Context) -> Result<Exit, StoreError> {
    let store = SqliteStore::open_read_only(&context.state_path())?;
    let Some(lock) = store.lock()? else {
        return Ok(nobody(context));
    };
    let standing = lock.standing(SystemClock.now());
    context.ui.result(&describe(&lock, standing));
    Ok(Exit::Locked)
}

fn force(context: &Context) -> Result<Exit, StoreError> {
    let store = SqliteStore::open(&context.state_path())?;
    let before = match store.lock() {
        Ok(None) => return Ok(nobody(context)),
        Ok(Some(lock)) => lock.holder.to_string(),
        // A lock that cannot be read is one more reason to force it.
        Err(error) => error.to_string(),
    };
    let holder = Holder::current("syncform unlock --force");
    store
        .force_lease(&holder, SystemClock.now(), LEASE_TTL)?
        .release()?;
    let before = safe::line(&before);
    context.ui.result(&format!(
        "The lock is free. Before, it was held by {before}.\n"
    ));
    Ok(Exit::Done)
}

fn nobody(context: &Context) -> Exit {
    context.ui.result("Nobody holds the lock.\n");
    Exit::Done
}

/// Who holds the lock, and what comes of it.
fn describe(lock: &Lock, standing: Standing) -> String {
    let outlook = match standing {
        Standing::Live => {
            "It is in use, as far as can be told. `syncform unlock --force` takes it away; its holder then sends and \
             writes nothing more."
        }
        Standing::Gone => "Its process is gone: the next `syncform apply` takes it over by itself.",
        Standing::Expired => "It ran out: the next `syncform apply` takes it over by itself.",
    };
    format!(
        "The lock is held by {}.\n  since     {}\n  renewed   {}\n  runs out  {}\n{outlook}\n",
        safe::line(&lock.holder.to_string()),
        time(lock.acquired),
        time(lock.heartbeat),
        time(lock.expires),
    )
}

//! The one thread that owns the world.
//!
//! Work comes to it over a channel. Whatever is waiting is done together, becomes durable in one transaction, and
//! only then is anybody answered: a reply that was seen describes a world that survives a `kill -9`. So there are
//! no locks, and the more callers there are, the fewer commits each of them costs.

use std::sync::mpsc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::persist::{Store, StoreError};
use super::server::Clock;
use super::world::World;

/// How much work is done between two commits at most, so that nobody waits for everybody.
const BATCH: usize = 128;

/// A piece of work on the world; what it gives back tells its caller, once it is known to be durable.
type Job = Box<dyn FnOnce(&mut World, Timestamp) -> Delivery + Send>;
type Delivery = Box<dyn FnOnce(bool) + Send>;

/// Why a piece of work has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostError {
    /// The world could not be written; it will be with the next commit that succeeds.
    #[error("the emulator could not write its database")]
    NotSaved,
    /// The thread has ended.
    #[error("the emulator has stopped")]
    Stopped,
}

/// A way to the world. It lives as long as one of these does.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    jobs: mpsc::Sender<Message>,
}

/// What comes over the channel.
enum Message {
    Work(Job),
    /// Write what is unwritten and end, whoever may still hold a way here.
    Stop,
}

impl Host {
    /// Starts the thread.
    pub(crate) fn start(
        world: World,
        store: Option<Store>,
        clock: Clock,
    ) -> std::io::Result<(Self, JoinHandle<Result<(), StoreError>>)> {
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("emulator".to_owned())
            .spawn(move || run(world, store, clock, &queue))?;
        Ok((Self { jobs }, thread))
    }

    /// Does `work` on the world and waits until its effect is durable.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut World, Timestamp) -> R + Send + 'static,
    ) -> Result<R, HostError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |world, now| {
            let result = work(world, now);
            Box::new(move |saved| {
                let result = if saved {
                    Ok(result)
                } else {
                    Err(HostError::NotSaved)
                };
                // A caller that has gone away needs no answer.
                drop(reply.send(result));
            })
        });
        self.jobs
            .send(Message::Work(job))
            .map_err(|_| HostError::Stopped)?;
        answer.await.map_err(|_| HostError::Stopped)?
    }

    /// Ends the thread; work that comes later is told so.
    pub(crate) fn stop(&self) {
        // It may have ended by itself.
        drop(self.jobs.send(Message::Stop));
    }
}

fn run(
    mut world: World,
    mut store: Option<Store>,
    clock: Clock,
    queue: &mpsc::Receiver<Message>,
) -> Result<(), StoreError> {
    while let Ok(Message::Work(first)) = queue.recv() {
        let mut deliveries = vec![first(&mut world, clock.now())];
        let mut stopped = false;
        while deliveries.len() < BATCH && !stopped {
            match queue.try_recv() {
                Ok(Message::Work(next)) => deliveries.push(next(&mut world, clock.now())),
                Ok(Message::Stop) => stopped = true,
                Err(_) => break,
            }
        }
        let saved = save(&mut world, store.as_mut()).is_ok();
        for deliver in deliveries {
            deliver(saved);
        }
        if stopped {
            break;
        }
    }
    save(&mut world, store.as_mut())?;
    store.map_or(Ok(()), Store::close)
}

fn save(world: &mut World, store: Option<&mut Store>) -> Result<(), StoreError> {
    let Some(store) = store else { return Ok(()) };
    store.write(world.unsaved())?;
    world.saved();
    Ok(())
}

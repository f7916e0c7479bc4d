//! What goes around a sender: limits, repeats, counts. Time is a number here.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use governor::clock::FakeRelativeClock;
use jiff::Timestamp;
use syncform::api::{ApiFault, Call, FaultClass, Reply};
use syncform::clock::Clock;
use syncform::remote::{Calls, Counting, Limited, Remote, Retrying};

use super::{PROJECT, deploy};

/// Sleeping moves the time on.
#[derive(Clone, Default)]
struct Jumping {
    ticks: FakeRelativeClock,
    slept: Arc<Mutex<Vec<Duration>>>,
}

impl Jumping {
    fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }
}

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, duration: Duration) {
        self.ticks.advance(duration);
        self.slept.lock().unwrap().push(duration);
    }
}

/// Fails as often as it is told, then succeeds.
struct Faulty(Mutex<VecDeque<ApiFault>>);

impl Faulty {
    fn with(faults: impl IntoIterator<Item = ApiFault>) -> Self {
        Self(Mutex::new(faults.into_iter().collect()))
    }

    fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Remote for Faulty {
    async fn send(&self, _: &Call) -> Result<Reply, ApiFault> {
        match self.0.lock().unwrap().pop_front() {
            Some(fault) => Err(fault),
            None => Ok(Reply::Done),
        }
    }
}

fn fault(class: FaultClass, retry_after: Option<Duration>) -> ApiFault {
    ApiFault {
        class,
        operation: "GetProject".to_owned(),
        code: "X".to_owned(),
        message: "x".to_owned(),
        request_id: None,
        retry_after,
        hint: None,
    }
}

fn read() -> Call {
    Call::GetProject { project: PROJECT }
}

#[tokio::test]
async fn reads_are_repeated_after_a_pause() {
    let clock = Jumping::default();
    let asked = Duration::from_secs(30);
    let faulty = Arc::new(Faulty::with([
        fault(FaultClass::Throttled, Some(asked)),
        fault(FaultClass::Unavailable, None),
        fault(FaultClass::Unavailable, None),
    ]));
    let remote = Retrying::new(Arc::clone(&faulty), clock.clone(), 1);
    assert_eq!(remote.send(&read()).await, Ok(Reply::Done));
    let slept = clock.slept();
    assert_eq!(slept.len(), 3);
    assert!(slept[0] >= asked && slept[1] < asked, "{slept:?}");
}

#[tokio::test]
async fn a_read_is_given_up_after_a_while() {
    let clock = Jumping::default();
    let faults = (0..100).map(|_| fault(FaultClass::Throttled, None));
    let remote = Retrying::new(Faulty::with(faults), clock.clone(), 1);
    let fault = remote.send(&read()).await.unwrap_err();
    assert_eq!(fault.class, FaultClass::Throttled);
    let total: Duration = clock.slept().iter().sum();
    assert!(total <= Duration::from_secs(60), "{total:?}");
}

#[tokio::test]
async fn what_will_not_pass_and_what_changes_something_is_sent_once() {
    let clock = Jumping::default();
    for (call, class) in [
        (read(), FaultClass::Denied),
        (read(), FaultClass::QuotaSpent),
        (deploy(), FaultClass::Throttled),
        (deploy(), FaultClass::Unknown),
    ] {
        let faulty = Arc::new(Faulty::with([fault(class, None), fault(class, None)]));
        let remote = Retrying::new(Arc::clone(&faulty), clock.clone(), 1);
        assert_eq!(remote.send(&call).await.unwrap_err().class, class);
        assert_eq!(faulty.left(), 1);
    }
    assert_eq!(clock.slept(), []);
}

#[tokio::test]
async fn calls_are_evenly_spaced_whoever_sends_them() {
    let clock = Jumping::default();
    let qps = NonZeroU32::new(5).unwrap();
    let remote = Arc::new(Limited::with_ticker(
        Faulty::with([]),
        qps,
        clock.clone(),
        clock.ticks.clone(),
    ));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..11 {
        let remote = Arc::clone(&remote);
        tasks.spawn(async move { remote.send(&deploy()).await });
    }
    assert_eq!(tasks.join_all().await.len(), 11);
    let total: Duration = clock.slept().iter().sum();
    assert_eq!(total, Duration::from_secs(2));
}

#[tokio::test]
async fn calls_are_counted_by_what_they_do() {
    let remote = Counting::new(Faulty::with([fault(FaultClass::Unknown, None)]));
    for call in [read(), deploy(), read()] {
        drop(remote.send(&call).await);
    }
    assert_eq!(remote.calls(), Calls { read: 2, write: 1 });
}

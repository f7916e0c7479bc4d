//! What takes longer than anybody waits: a call without an answer, a generation without an end. The intervals of the program
//! are minutes, so these tests carry a plan that the binary saved out in their own process, with shorter ones.

use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rustix::process::Signal;
use serde_json::json;
use syncform::api::{ApiFault, Call, Reply};
use syncform::clock::SystemClock;
use syncform::desired::Signature;
use syncform::emulator::AccessKey;
use syncform::execute::{Ended, Failure, Outcome, Pacing, Settings, Surroundings, carry_out};
use syncform::plan;
use syncform::remote::credentials::Credentials;
use syncform::remote::{HttpRemote, HttpSettings, OsNonces, Remote, Timeouts};
use syncform::secret::{Secret, SecretRef, SecretSource, UnavailableSecret};
use syncform::store::{Holder, LEASE_TTL, SqliteStore};
use tokio::sync::mpsc::unbounded_channel;

use crate::support::{Background, Emulator, Sandbox, served_quickstart};

const GENERATE: &str = "GenerateDISyncTaskConfigForCreating";
const POLL: &str = "QueryDISyncTaskConfigProcessResult";

/// The secret that the stack's variable holds.
struct OneKey;

impl SecretSource for OneKey {
    fn resolve(&self, _: &SecretRef) -> Result<Secret, UnavailableSecret> {
        Ok(Secret::new("key".to_owned()))
    }
}

fn remote(url: &str, timeouts: Timeouts) -> HttpRemote<SystemClock> {
    let key = AccessKey::default();
    let settings = HttpSettings {
        endpoint: url.to_owned(),
        region: None,
        signature: Signature::HmacSha1,
        credentials: Credentials {
            access_key_id: key.id,
            secret: Secret::new(key.secret),
            security_token: None,
            origin: "the test".to_owned(),
        },
        timeouts,
    };
    HttpRemote::new(settings, Arc::new(OneKey), Arc::new(OsNonces), SystemClock).unwrap()
}

/// What `apply saved.plan` does, with other intervals.
fn carry_out_saved(stack: &Sandbox, url: &str, timeouts: Timeouts, pacing: Pacing) -> Outcome {
    let plan = plan::file::read(&stack.read("saved.plan")).unwrap();
    let file = stack.path().join(".syncform/default.db");
    let holder = Holder::current("the test");
    let now = jiff::Timestamp::now();
    let mut store = SqliteStore::open(&file)
        .unwrap()
        .lease(&holder, now, LEASE_TTL)
        .unwrap();
    let surroundings = Surroundings {
        store: &mut store,
        remote: Arc::new(remote(url, timeouts)),
        clock: SystemClock,
    };
    let settings = Settings {
        parallelism: plan.service.parallelism,
        pacing,
        rng: ChaCha8Rng::seed_from_u64(1),
    };
    let (_sender, mut interrupts) = unbounded_channel();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runtime
        .block_on(carry_out(
            &plan,
            surroundings,
            settings,
            &mut interrupts,
            |_| {},
        ))
        .unwrap();
    store.release().unwrap();
    outcome
}

#[test]
fn a_call_without_an_answer_is_sent_again_and_makes_nothing_twice() {
    for operation in [
        "CreateDISyncTask",
        "StartDISyncInstance",
        "CreateDataSource",
    ] {
        let (stack, emulator, url) = served_quickstart();
        stack
            .run(&["--endpoint", &url, "plan", "--out", "saved.plan"])
            .exits(0);
        emulator.hold_up(operation, 1, 3_600_000);
        let timeouts = Timeouts {
            total: Duration::from_millis(500),
            ..Timeouts::default()
        };
        let outcome = carry_out_saved(&stack, &url, timeouts, Pacing::EMULATOR);
        assert_eq!(outcome.ended, Ended::Complete, "{operation}: {outcome:?}");
        emulator.is_in_line_with(&stack);
    }
}

#[tokio::test]
async fn a_socket_that_accepts_and_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let timeouts = Timeouts {
        total: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let call = Call::GetProject {
        project: syncform::resource::ProjectId(10_000),
    };
    let answer: Result<Reply, ApiFault> = remote(&url, timeouts).send(&call).await;
    let fault = answer.unwrap_err();
    assert_eq!(fault.message, format!("no answer from {url} within 0.05 s"));
    // What the program waits for, as its documentation says.
    let real = Timeouts::default();
    assert_eq!((real.connect.as_secs(), real.total.as_secs()), (10, 30));
}

/// No generation ends while this is armed.
fn never_finish(emulator: &Emulator) {
    emulator.arm(&json!([
        { "operation": POLL, "probability": 1.0, "fault": { "kind": "never_finish" } }
    ]));
}

#[test]
fn a_generation_that_passes_the_deadline_is_resumed_and_not_begun_again() {
    let (stack, emulator, url) = served_quickstart();
    stack
        .run(&["--endpoint", &url, "plan", "--out", "saved.plan"])
        .exits(0);
    never_finish(&emulator);
    let pacing = Pacing {
        generation: Duration::from_millis(100),
        ..Pacing::EMULATOR
    };
    let outcome = carry_out_saved(&stack, &url, Timeouts::default(), pacing);
    assert_eq!(outcome.ended, Ended::Partial, "{outcome:?}");
    assert_eq!(
        (outcome.failed.len(), outcome.in_doubt.len()),
        (3, 0),
        "{outcome:?}"
    );
    for (_, _, failure) in &outcome.failed {
        assert!(matches!(failure, Failure::Deadline { .. }), "{failure}");
        assert!(failure.hint().unwrap().contains("apply again"));
    }
    let begun = emulator.calls_of(GENERATE);
    assert_eq!(begun, 3);

    // It goes on without end: whoever asks again waits for the same one.
    let list = stack.run(&["state", "list"]).exits(0);
    assert_eq!(list.stdout.matches("generating").count(), 3, "{list}");
    let plan = stack.run(&["--endpoint", &url, "plan"]).exits(0);
    assert_eq!(
        plan.stdout.matches("resume generation").count(),
        3,
        "{plan}"
    );
    let asked = emulator.calls_of(POLL);
    let apply = ["--endpoint", &url, "apply", "--auto-approve"];
    let mut waiting = Background::start(&stack, &apply);
    waiting.until(|| emulator.calls_of(POLL) > asked + 6);
    waiting.signal(Signal::TERM);
    waiting.ends().exits(6);
    assert_eq!(emulator.calls_of(GENERATE), begun, "it began another one");

    // It ends after all. The one task that waited for another is new.
    emulator.arm(&json!([]));
    stack.run(&apply).exits(0);
    assert_eq!(emulator.calls_of(GENERATE), begun + 1);
    emulator.is_in_line_with(&stack);
}

//! The service as a value: (world, request, time) to (world, outcome).
//!
//! Nothing here does I/O, reads a clock or draws from global chance. A world driven twice with the same requests
//! at the same times from the same seed answers the same, byte for byte, and a clone of it is a snapshot.
//!
//! A call runs like this: nonce, operation, limits, scripted faults, parameters, client token, handler. A call
//! that fails leaves nothing behind, because whatever its handler had begun is rewound.

mod content;
mod drift;
mod fault;
mod inspect;
mod limit;
mod nonce;
mod object;
mod operation;
mod ops;
mod request;
mod script;
mod seeding;
mod settings;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod token;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::fault::Armed;
use self::object::Moment;
use self::operation::{Args, Context, Effect, Operation};
use self::request::Reply;
use self::tables::{Before, LateCall, Sequence, Tables};

pub use self::drift::{Drift, DriftError};
pub use self::fault::{Fault, Rule, RuleError};
pub use self::inspect::Calls;
pub use self::request::{Outcome, Refusal, Request, Response, Transport};
pub use self::settings::{SWITCHES, Settings, Switch, SwitchError};
pub use self::table::DamagedRow;

pub(crate) use self::settings::{Auth, DefaultFormat};

/// How many writes a stale read can look behind, at least.
const HISTORY: usize = 64;
/// How often rows whose time is over are cleared away.
const SWEEP_MS: i64 = 60_000;

/// The service, with everything in it.
///
/// Serializing it keeps everything but the recent past, which only stale reads look at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    tables: Tables,
    #[serde(skip)]
    past: VecDeque<(Moment, Before)>,
    /// The rows that a database is yet to write, if there is one.
    #[serde(skip)]
    unsaved: Option<BTreeSet<(&'static str, String)>>,
}

/// A row to write: its table, its key, and itself as JSON, or none if it is gone.
pub(crate) type RowChange = (&'static str, String, Option<String>);

impl World {
    /// A world with nothing in it. Everything it will ever draw follows from `chance`.
    pub fn new(chance: u64) -> Self {
        Self {
            tables: Tables::new(Settings::default(), chance),
            past: VecDeque::new(),
            unsaved: None,
        }
    }

    /// A world from the rows of a database, which it will have to be told of its changes from now on.
    pub(crate) fn load(
        rows: impl IntoIterator<Item = (String, String, String)>,
    ) -> Result<Option<Self>, DamagedRow> {
        let mut tables = Tables::default();
        for (table, key, value) in rows {
            tables.load(&table, &key, &value)?;
        }
        Ok(tables.is_whole().then(|| Self {
            tables,
            past: VecDeque::new(),
            unsaved: Some(BTreeSet::new()),
        }))
    }

    /// Every row as it would be written.
    pub(crate) fn rows(&self) -> impl Iterator<Item = RowChange> {
        self.tables
            .rows()
            .map(|(table, key, row)| (table, key, Some(row)))
    }

    /// From now on, changes are noted for [`World::unsaved`].
    pub(crate) fn note_changes(&mut self) {
        self.unsaved = Some(BTreeSet::new());
    }

    /// The rows that changed and are not [saved](World::saved) yet.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = RowChange> {
        self.unsaved
            .iter()
            .flatten()
            .map(|(table, key)| (*table, key.clone(), self.tables.row(table, key)))
    }

    /// What [`World::unsaved`] gave is on the disk.
    pub(crate) fn saved(&mut self) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.clear();
        }
    }

    /// The value of every switch.
    pub fn settings(&self) -> &Settings {
        self.tables.settings()
    }

    /// Sets a switch.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
        let set = self.tables.settings_mut().set(name, value);
        self.note();
        set
    }

    /// Arms these fault rules in place of the ones before.
    pub fn arm(&mut self, rules: Vec<Rule>) -> Result<(), RuleError> {
        let armed = rules
            .into_iter()
            .map(Armed::new)
            .collect::<Result<Vec<_>, _>>()?;
        self.tables.faults.retain(|_, _| false);
        for rule in armed {
            let id = self.tables.next_id(Sequence::Fault);
            self.tables.faults.insert(id, rule);
        }
        self.note();
        Ok(())
    }

    /// The rules that are armed, with the calls that each has seen and hit.
    pub fn faults(&self) -> Value {
        self.tables
            .faults
            .values()
            .map(|armed| serde_json::json!(armed))
            .collect()
    }

    /// Answers one call.
    pub fn handle(&mut self, request: &Request, now: jiff::Timestamp) -> Outcome {
        let now = Moment::from(now);
        self.sweep(now);
        self.catch_up(now);
        let request_id = self.next_request_id();
        let (answer, transport) = self.answer(request, now);
        let outcome = match (&answer, transport) {
            (_, Fate::Wire(Transport::DropBefore)) => "dropped-before",
            (_, Fate::Wire(Transport::DropAfter)) => "dropped-after",
            (_, Fate::Wire(Transport::Torn)) => "torn",
            (_, Fate::Late) => "late",
            (Ok(reply), _) if reply.failed => "fail",
            (Ok(_), _) => "ok",
            (Err(refusal), _) => &refusal.code,
        };
        self.count(&request.action, outcome);
        self.note();
        let response = match answer {
            Ok(reply) => respond(reply, &request_id),
            Err(refusal) => refusal.response(&request_id, HOST_ID),
        };
        let transport = match transport {
            Fate::Wire(transport) => transport,
            Fate::Late => Transport::DropBefore,
        };
        Outcome {
            response,
            transport,
        }
    }

    /// Counts a call that the gateway refused, and gives the refusal a request id.
    pub fn refuse(&mut self, action: &str, refusal: &Refusal) -> Response {
        let request_id = self.next_request_id();
        self.count(action, &refusal.code);
        self.note();
        refusal.response(&request_id, HOST_ID)
    }

    fn answer(&mut self, request: &Request, now: Moment) -> (Result<Reply, Refusal>, Fate) {
        let delivered = Fate::Wire(Transport::Deliver);
        let operation = match self.admit(request, now) {
            Ok(operation) => operation,
            Err(refusal) => return (Err(refusal), delivered),
        };
        let fault = self.strike(operation.name);
        if let Some(refusal) = fault.as_ref().and_then(Fault::refusal) {
            return (Err(refusal), delivered);
        }
        if let Err(refusal) = operation.check(&request.params) {
            return (Err(refusal), delivered);
        }
        self.note();
        match &fault {
            // Nobody will see these two replies.
            Some(Fault::DropBefore) => (Ok(Reply::done()), Fate::Wire(Transport::DropBefore)),
            Some(Fault::Late { ms }) => {
                let call = LateCall {
                    due: now.plus(i64::from(*ms)),
                    request: ops::without_secrets(request.clone()),
                };
                let id = self.tables.next_id(Sequence::LateCall);
                self.tables.late_calls.insert(id, call);
                (Ok(Reply::done()), Fate::Late)
            }
            Some(Fault::InBand { message }) => (
                request::fail(message.as_str()).into_reply(operation.style),
                delivered,
            ),
            Some(Fault::Stale { ms }) if operation.effect == Effect::Read => (
                self.look_back(operation, request, now, i64::from(*ms)),
                delivered,
            ),
            None if operation.effect == Effect::Read && self.settings().stale_reads_ms > 0 => {
                let ms = self.settings().stale_reads_ms;
                (self.look_back(operation, request, now, ms), delivered)
            }
            _ => {
                let answer = self.perform(operation, request, now, fault.as_ref());
                self.settle(now);
                let transport = match fault {
                    Some(Fault::Delay { ms }) => Transport::Delay(ms),
                    Some(Fault::DropAfter) => Transport::DropAfter,
                    Some(Fault::Torn) => Transport::Torn,
                    _ => Transport::Deliver,
                };
                (answer, Fate::Wire(transport))
            }
        }
    }

    /// Whether a call may be looked at: its nonce is new, its operation exists, the account has calls left.
    fn admit(&mut self, request: &Request, now: Moment) -> Result<&'static Operation, Refusal> {
        let settings = self.settings();
        let (skew_ms, edition) = (settings.skew_ms, settings.edition);
        if let Some(nonce) = &request.nonce
            && !nonce::note(&mut self.tables.nonces, nonce, skew_ms, now)
        {
            return Err(Refusal::new(
                400,
                "SignatureNonceUsed",
                "Specified signature nonce was used already.",
            ));
        }
        let operation = operation::find(&request.version, &request.action)?;
        self.tables
            .counters_mut()
            .usage
            .admit(edition, operation.effect, now)?;
        Ok(operation)
    }

    /// The fault that hits a call; every rule that matches counts it.
    fn strike(&mut self, operation: &str) -> Option<Fault> {
        let matching: Vec<u64> = self
            .tables
            .faults
            .iter()
            .filter(|(_, armed)| armed.matches(operation))
            .map(|(id, _)| *id)
            .collect();
        let mut hit = None;
        for id in matching {
            let armed = self
                .tables
                .faults
                .edit(&id)
                .expect("the rule was found just now");
            if armed.sees() && hit.is_none() {
                armed.hits += 1;
                hit = Some(armed.rule.fault.clone());
            }
        }
        hit
    }

    /// Runs an operation, unless its client token says that it ran before. A failure is undone.
    fn perform(
        &mut self,
        operation: &Operation,
        request: &Request,
        now: Moment,
        fault: Option<&Fault>,
    ) -> Result<Reply, Refusal> {
        let settings = self.settings().clone();
        if let Some(replay) = token::replay(&self.tables, &settings, operation, request, now) {
            return replay;
        }
        let mut context = Context {
            tables: &mut self.tables,
            settings: &settings,
            args: Args::new(&request.params),
            caller: &request.caller,
            now,
            fault,
        };
        match (operation.handler)(&mut context) {
            Ok(reply) => {
                if !reply.failed {
                    token::keep(&mut self.tables, operation, request, &reply, now);
                }
                Ok(reply)
            }
            Err(failure) => {
                let begun = self.tables.take_before();
                self.tables.rewind(&begun);
                failure.into_reply(operation.style)
            }
        }
    }

    /// Answers a read from the world as it was `ms` ago. What the read itself moves on, it moves in the present.
    fn look_back(
        &mut self,
        operation: &Operation,
        request: &Request,
        now: Moment,
        ms: i64,
    ) -> Result<Reply, Refusal> {
        drop(self.perform(operation, request, now, None));
        self.settle(now);
        let mut tables = self.tables.clone();
        for (_, before) in self
            .past
            .iter()
            .rev()
            .take_while(|(at, _)| now.since(*at) < ms)
        {
            tables.rewind(before);
        }
        let mut past = Self {
            tables,
            past: VecDeque::new(),
            unsaved: None,
        };
        past.perform(operation, request, now, None)
    }

    /// Performs the calls whose late effect is due.
    fn catch_up(&mut self, now: Moment) {
        let mut due: Vec<(Moment, u64)> = self
            .tables
            .late_calls
            .iter()
            .filter(|(_, call)| call.due <= now)
            .map(|(id, call)| (call.due, *id))
            .collect();
        due.sort_unstable();
        for (at, id) in due {
            let Some(call) = self.tables.late_calls.get(&id).cloned() else {
                continue;
            };
            self.tables.late_calls.remove(&id);
            self.note();
            if let Ok(operation) = operation::find(&call.request.version, &call.request.action) {
                // Nobody is left to hear how it went.
                drop(self.perform(operation, &call.request, at, None));
                self.settle(at);
            }
        }
    }

    /// Clears away what nobody can ask for any more.
    fn sweep(&mut self, now: Moment) {
        if now.since(self.tables.counters().swept) < SWEEP_MS {
            return;
        }
        self.tables.counters_mut().swept = now;
        let settings = self.settings().clone();
        nonce::sweep(&mut self.tables.nonces, settings.skew_ms, now);
        token::sweep(&mut self.tables, &settings, now);
        ops::sweep(&mut self.tables, &settings, now);
        self.note();
    }

    /// Ends a step of bookkeeping: the database will hear of what it touched.
    fn note(&mut self) -> Before {
        let before = self.tables.take_before();
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.extend(before.keys());
        }
        before
    }

    /// Ends an operation: as [`World::note`], and stale reads can look behind it.
    fn settle(&mut self, now: Moment) {
        let before = self.note();
        if before.is_empty() {
            return;
        }
        self.past.push_back((now, before));
        let kept_ms = self.settings().stale_reads_ms;
        while self.past.len() > HISTORY
            && self
                .past
                .front()
                .is_some_and(|(at, _)| now.since(*at) >= kept_ms)
        {
            self.past.pop_front();
        }
    }

    fn next_request_id(&mut self) -> String {
        let counters = self.tables.counters_mut();
        counters.requests += 1;
        let mut rng = ChaCha8Rng::seed_from_u64(counters.seed);
        rng.set_stream(counters.requests);
        let bits = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
        uuid::Builder::from_random_bytes(bits.to_be_bytes())
            .into_uuid()
            .hyphenated()
            .to_string()
            .to_ascii_uppercase()
    }

    fn count(&mut self, action: &str, outcome: &str) {
        let name = if operation::is_known(action) {
            action
        } else {
            UNKNOWN_OPERATION
        };
        let mut outcomes: BTreeMap<String, u64> =
            self.tables.calls.get(name).cloned().unwrap_or_default();
        *outcomes.entry(outcome.to_owned()).or_default() += 1;
        self.tables.calls.insert(name.to_owned(), outcomes);
    }
}

/// Under which name calls of operations that nobody knows are counted.
const UNKNOWN_OPERATION: &str = "(unknown)";
/// `HostId` of error bodies.
const HOST_ID: &str = "dataworks.emulator.local";

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Wire(Transport),
    /// The caller gets nothing, and the effect comes later.
    Late,
}

fn respond(reply: Reply, request_id: &str) -> Response {
    let mut body = reply.body;
    body.insert("RequestId".to_owned(), Value::from(request_id));
    Response {
        status: 200,
        headers: Vec::new(),
        body: Value::Object(body),
    }
}

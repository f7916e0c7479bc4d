//! The way from a simulated process to the world: real requests and real answers, without a socket.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use syncform::api::wire::{WireResponse, decode, encode};
use syncform::api::{ApiFault, Call, FaultClass, Page, Reply};
use syncform::emulator::World;
use syncform::emulator::world::{Fault, Request, Rule, Transport};
use syncform::remote::Remote;
use syncform::resource::FileId;
use syncform::secret::Secret;

use super::defect::Defect;
use super::disk::Owner;
use super::oracle::Oracle;
use super::script::CallFault;
use super::stack::{OneSecret, PASSWORD, PROJECT, world};
use super::stage::Sim;

/// How long a caller waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Sends the calls of one process.
pub(crate) struct SimRemote {
    pub(crate) sim: Arc<Sim>,
    pub(crate) owner: Owner,
}

impl Remote for SimRemote {
    async fn send(&self, call: &Call) -> Result<Reply, ApiFault> {
        let call = match self.sim.defect() {
            Some(defect) => defect.misdirect(call),
            None => call.clone(),
        };
        let answer = self.send_once(&call).await;
        if self.sim.has(Defect::StartRepeatedBlindly)
            && matches!(call, Call::Start { .. })
            && answer.as_ref().is_err_and(is_doubtful)
        {
            return self.send_once(&call).await;
        }
        answer
    }
}

/// The beginning of something long.
fn shortened(what: &impl std::fmt::Debug) -> String {
    format!("{what:?}").chars().take(220).collect()
}

/// Whether a failed call may have taken effect.
pub(crate) fn is_doubtful(fault: &ApiFault) -> bool {
    matches!(fault.class, FaultClass::Unknown | FaultClass::Unavailable)
}

/// An answer on its way.
struct Arrival {
    answer: Result<Reply, ApiFault>,
    takes: Duration,
}

impl SimRemote {
    async fn send_once(&self, call: &Call) -> Result<Reply, ApiFault> {
        let (sim, owner) = (&self.sim, self.owner);
        if sim.is_dead(owner) {
            return std::future::pending().await;
        }
        let fault = sim.next_call();
        let n = sim.inner().counts.calls - 1;
        sim.tell(|| {
            let met = fault.map_or_else(String::new, |fault| format!(", and meets {fault:?}"));
            format!("process {owner} sends {n}: {}{met}", shortened(call))
        });
        {
            let file = sim.file();
            sim.inner().oracle.sent(owner, call, &file);
        }
        if let Some(fault) = fault {
            sim.strike(owner, fault);
        }
        if fault == Some(CallFault::CrashBefore) {
            sim.kill(owner);
            return std::future::pending().await;
        }
        let Arrival { answer, takes } = self.arrive(call, fault);
        if fault == Some(CallFault::CrashAfter) {
            sim.kill(owner);
            return std::future::pending().await;
        }
        sim.sleep(owner, takes).await;
        if sim.is_dead(owner) {
            return std::future::pending().await;
        }
        sim.tell(|| {
            let answer = shortened(&answer);
            format!(
                "process {owner} hears of {}: {answer}",
                call.operation().name
            )
        });
        sim.inner().oracle.answered(call, &answer);
        answer
    }

    /// The request reaches the service, or does not; either way this is what the caller will see.
    fn arrive(&self, call: &Call, fault: Option<CallFault>) -> Arrival {
        let (sim, owner) = (&self.sim, self.owner);
        let now = sim.true_now();
        let file = sim.file();
        let inner = &mut *sim.inner();
        let mut takes = Duration::from_millis(5 + u64::from(inner.counts.calls % 7) * 11);
        match fault {
            Some(CallFault::NotSent) => {
                let answer = Err(local(call, FaultClass::NotSent, "connection"));
                return Arrival { answer, takes };
            }
            Some(CallFault::LostRequest) => {
                let answer = Err(local(call, FaultClass::Unknown, "timeout"));
                return Arrival {
                    answer,
                    takes: TIMEOUT,
                };
            }
            _ => {}
        }
        let rule = fault.and_then(rule);
        let armed = rule.is_some();
        if let Some(rule) = rule {
            inner.world.arm(vec![rule]).unwrap();
        }
        let request = encode(call, &OneSecret).unwrap();
        let params = request
            .query
            .iter()
            .chain(&request.body)
            .map(|(name, value)| (*name, value.as_str()));
        let outcome = inner
            .world
            .handle(&Request::new(request.action, params), now);
        if armed {
            inner.world.arm(Vec::new()).unwrap();
        }
        let read = |status: u16, body: &[u8]| {
            let response = WireResponse {
                status,
                body,
                retry_after: None,
                request_id: None,
                clock_skew: None,
                secrets: &[Secret::new(PASSWORD.to_owned())],
            };
            decode(call, &response)
        };
        let body = outcome.response.body.to_string();
        let truth = read(outcome.response.status, body.as_bytes());
        let took_effect = !matches!(outcome.transport, Transport::DropBefore);
        inner
            .oracle
            .arrived(call, &truth, took_effect, &inner.world, &file);
        let answer = match outcome.transport {
            Transport::DropBefore => {
                takes = TIMEOUT;
                Err(local(call, FaultClass::Unknown, "timeout"))
            }
            Transport::DropAfter => Err(local(call, FaultClass::Unknown, "connection")),
            Transport::Torn => read(200, &body.as_bytes()[..body.len() / 2]),
            Transport::Deliver | Transport::Delay(_) => match fault {
                Some(CallFault::UnavailableAfter) => read(
                    500,
                    br#"{"Code":"InternalError.System","Message":"An internal error occurred."}"#,
                ),
                Some(CallFault::Corrupt) => read(200, b"<html>Please log in</html>"),
                Some(CallFault::Slow(seconds)) => {
                    takes = Duration::from_secs(seconds.into());
                    truth
                }
                _ => truth,
            },
        };
        Arrival {
            answer: spoiled(sim, call, answer, owner, &inner.oracle),
            takes,
        }
    }
}

/// What a defective program makes of an answer.
fn spoiled(
    sim: &Sim,
    call: &Call,
    answer: Result<Reply, ApiFault>,
    owner: Owner,
    oracle: &Oracle,
) -> Result<Reply, ApiFault> {
    match (sim.defect(), call, answer) {
        (
            Some(Defect::AdoptUnchecked),
            Call::GetTask { file, .. },
            Ok(Reply::Script(mut script)),
        ) if oracle.impostors.contains(file) => {
            script.tables = original_tables();
            Ok(Reply::Script(script))
        }
        (
            Some(Defect::InBandBelieved),
            Call::Deploy { .. } | Call::Start { .. } | Call::Stop { .. },
            Err(fault),
        ) if fault.code == "in-band failure" => Ok(Reply::Done),
        (Some(Defect::SettledUnseen), Call::ListDatasources { .. }, Ok(Reply::Datasources(_)))
            if oracle.is_settling(owner) =>
        {
            Ok(Reply::Datasources(Page {
                rows: Vec::new(),
                total: 0,
            }))
        }
        (_, _, answer) => answer,
    }
}

/// The tables of the tasks that read `mysql_pub`.
fn original_tables() -> syncform::resource::SourceTables {
    syncform::resource::SourceTables::Own(["orders".to_owned()].into())
}

fn local(call: &Call, class: FaultClass, code: &str) -> ApiFault {
    ApiFault {
        class,
        operation: call.operation().name.to_owned(),
        code: code.to_owned(),
        message: "simulated".to_owned(),
        request_id: None,
        retry_after: None,
        hint: None,
    }
}

/// The rule by which the world itself plays a fault.
fn rule(fault: CallFault) -> Option<Rule> {
    let error = |code: &str| Fault::Error {
        code: code.to_owned(),
        status: None,
        message: None,
        retry_after_ms: None,
    };
    let fault = match fault {
        CallFault::LostReply => Fault::DropAfter,
        CallFault::Late(seconds) => Fault::Late { ms: seconds * 1000 },
        CallFault::Throttled { .. } => error("Throttling.User"),
        CallFault::QuotaSpent => error("Throttling.Api.Risk"),
        CallFault::Unavailable { .. } => error("InternalError.System"),
        CallFault::InBand => Fault::InBand {
            message: format!("something is invalid, said the service of {PASSWORD}"),
        },
        CallFault::Torn => Fault::Torn,
        CallFault::Stale { seconds, .. } => Fault::Stale { ms: seconds * 1000 },
        CallFault::NeverFinish => Fault::NeverFinish,
        CallFault::Dies => Fault::Die {
            message: "dirty data".to_owned(),
        },
        _ => return None,
    };
    Some(Rule {
        operation: "*".to_owned(),
        nth: Some(1),
        probability: None,
        seed: 0,
        times: None,
        fault,
    })
}

/// What a call of the console answers.
fn by_hand(world: &mut World, now: Timestamp, action: &str, params: &[(&str, &str)]) -> Value {
    let request = Request::new(action, params.iter().copied());
    world.handle(&request, now).response.body
}

/// Makes a task of this name with another content, unless the name is taken.
pub(crate) fn impostor(world: &mut World, name: &str, now: Timestamp) -> Option<FileId> {
    static CONTENT: LazyLock<String> = LazyLock::new(|| generated("users"));
    let project = PROJECT.to_string();
    let made = by_hand(
        world,
        now,
        "CreateDISyncTask",
        &[
            ("ProjectId", &project),
            ("TaskType", "DI_REALTIME"),
            ("TaskName", name),
            ("TaskContent", &CONTENT),
        ],
    );
    made["Data"]["FileId"].as_i64().map(FileId)
}

/// A generated script that reads one table.
fn generated(table: &str) -> String {
    let mut elsewhere = world(1);
    elsewhere.set("polls", "1").unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let project = PROJECT.to_string();
    let param = json!({
        "type": "realtime", "version": "1.0",
        "setting": {
            "resourceGroup": "S_res_group_280749521950784_1623033752022",
            "taskType": "oneclick_to_odps", "name": "impostor",
        },
        "steps": [
            { "stepType": "mysql", "name": "Reader", "category": "reader", "parameter": {
                "connection": [{
                    "datasourceType": "mysql", "datasource": "mysql_pub", "table": [table],
                }],
            } },
            { "stepType": "odps", "name": "Writer", "category": "writer", "parameter": {
                "datasource": "odps_first",
            } },
        ],
    })
    .to_string();
    let common = [("ProjectId", project.as_str()), ("TaskType", "DI_REALTIME")];
    let begun = by_hand(
        &mut elsewhere,
        now,
        "GenerateDISyncTaskConfigForCreating",
        &[common[0], common[1], ("TaskParam", &param)],
    );
    let process = begun["Data"]["ProcessId"].to_string();
    let done = by_hand(
        &mut elsewhere,
        now,
        "QueryDISyncTaskConfigProcessResult",
        &[common[0], common[1], ("AsyncProcessId", &process)],
    );
    let content = done["Data"]["TaskContent"].as_str();
    content
        .unwrap_or_else(|| panic!("{begun} {done}"))
        .to_owned()
}

/// Whether a task of this name exists and is deployed.
pub(crate) fn is_deployed(world: &World, name: &str) -> bool {
    files(world)
        .iter()
        .any(|file| file["FileName"] == name && !file["DeployedVersion"].is_null())
}

/// The tasks that exist.
pub(crate) fn files(world: &World) -> Vec<Value> {
    let Value::Array(files) = world.state()["files"].take() else {
        unreachable!("the world lists its files")
    };
    files
        .into_iter()
        .filter(|file| file["Deleted"] == false)
        .collect()
}

/// Lets late effects happen, and says how many are still to come.
pub(crate) fn catch_up(world: &mut World, now: Timestamp) -> usize {
    let project = PROJECT.to_string();
    by_hand(world, now, "GetProject", &[("ProjectId", &project)]);
    world.state()["late_calls"].as_array().map_or(0, Vec::len)
}

//! Tasks as programs: deploy, start, stop, undeploy, delete, and the status of the instance.

use serde_json::{Value, json};

use super::start_param;
use super::task::edit_file;
use super::{instance, solution};
use crate::emulator::world::fault::Fault;
use crate::emulator::world::object::{Env, File, Passing, RunState, SolutionState, TaskType};
use crate::emulator::world::operation::{Context, Operation, PROJECT_ID, Param, Style, TASK_TYPE};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail};
use crate::emulator::world::tables::Sequence;

const FILE: &[Param] = &[
    PROJECT_ID.required(),
    TASK_TYPE.required(),
    Param::id("FileId").required(),
];

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write("DeployDISyncTask", Style::Data, FILE, deploy),
    Operation::write(
        "StartDISyncInstance",
        Style::Data,
        &[
            PROJECT_ID.required(),
            TASK_TYPE.required(),
            Param::id("FileId").required(),
            Param::text("StartParam"),
        ],
        start,
    ),
    Operation::write("StopDISyncInstance", Style::Data, FILE, stop),
    Operation::write("TerminateDISyncInstance", Style::Data, FILE, terminate),
    Operation::write("DeleteDISyncTask", Style::Data, FILE, delete),
    Operation::read("GetDISyncInstanceInfo", Style::Data, FILE, info),
];

fn deploy(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let (id, now) = (call.args.id("FileId"), call.now);
    match call.args.task_type() {
        TaskType::Offline => return Err(Refusal::param_invalid().into()),
        TaskType::Realtime => {
            let file = call.file(id, TaskType::Realtime)?;
            check_deployable(call, file.saved.content)?;
            let node_id = match file.node_id {
                Some(node_id) => node_id,
                None => call.tables.next_id(Sequence::Node),
            };
            let file = edit_file(call, id);
            file.node_id = Some(node_id);
            file.committed = Some(file.saved);
            file.deployed = Some(file.saved);
            file.modified = now;
        }
        TaskType::Solution => {
            let content = call.solution(id)?.saved.content;
            check_deployable(call, content)?;
            let solution = solution::edit(call, id);
            solution.deployed = Some(solution.saved);
            solution.submitted = Some(now);
        }
    }
    Ok(Reply::done())
}

/// A script whose data sources have gone since it was saved cannot be deployed.
fn check_deployable(call: &Context<'_>, content: u64) -> Result<(), Failure> {
    let script = call.tables.script(content);
    let gone = script
        .sources
        .iter()
        .chain([&script.destination])
        .any(|name| call.datasource(Env::Prod, name).is_none());
    if gone {
        Err(fail("submit and deploy fail."))
    } else {
        Ok(())
    }
}

fn start(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let (id, now) = (call.args.id("FileId"), call.now);
    let waiting = RunState::Waiting(Passing {
        reads_left: call.settings.wait_reads,
        until: now.plus(call.settings.wait_ms),
    });
    match call.args.task_type() {
        TaskType::Offline => return Err(Refusal::param_invalid().into()),
        TaskType::Solution => {
            let solution = call.solution(id)?;
            let deployed = solution
                .deployed
                .ok_or_else(|| fail(format!("fileId:[{id}] is not deployed.")))?;
            match solution.state {
                SolutionState::NotRun | SolutionState::Failed(_) => {}
                SolutionState::Step(..) | SolutionState::Running => {
                    return Err(fail(format!("fileId:[{id}] is running.")));
                }
            }
            check_deployable(call, deployed.content)?;
            let state = solution::first_step(call.settings, now);
            let solution = solution::edit(call, id);
            solution.state = state;
            solution.started = Some(now);
        }
        TaskType::Realtime => {
            let param = start_param::parse(call.args.text("StartParam"))?;
            let file = call.file(id, TaskType::Realtime)?;
            let deployed = file
                .deployed
                .ok_or_else(|| fail(format!("fileId:[{id}] is not deployed.")))?;
            match file.state {
                RunState::NotRun | RunState::Paused | RunState::Failed(_) => {}
                RunState::Waiting(_) | RunState::Running => {
                    return Err(fail(format!("fileId:[{id}] is running.")));
                }
                RunState::Killing(_) => {
                    return Err(fail(format!("fileId:[{id}] is being stopped.")));
                }
            }
            check_deployable(call, deployed.content)?;
            let death = death(call.fault);
            let file = edit_file(call, id);
            file.state = death.unwrap_or(waiting);
            file.running = Some(deployed);
            file.start_param = param.or(file.start_param.take());
            file.failovers = 0;
        }
    }
    Ok(Reply::done())
}

/// What a scripted fault makes of an instance.
fn death(fault: Option<&Fault>) -> Option<RunState> {
    match fault {
        Some(Fault::Die { message }) => Some(RunState::Failed(message.clone())),
        _ => None,
    }
}

/// The file of an operation that exists for real-time tasks only.
fn realtime_file<'a>(call: &'a Context<'_>) -> Result<&'a File, Failure> {
    call.workspace()?;
    match call.args.task_type() {
        TaskType::Realtime => call.file(call.args.id("FileId"), TaskType::Realtime),
        TaskType::Offline | TaskType::Solution => Err(Refusal::param_invalid().into()),
    }
}

/// Refuses what needs the instance to stand still.
fn check_still(file: &File) -> Result<(), Failure> {
    match file.state {
        RunState::NotRun | RunState::Paused | RunState::Failed(_) => Ok(()),
        RunState::Waiting(_) | RunState::Running => {
            Err(fail(format!("fileId:[{}] is running.", file.id)))
        }
        RunState::Killing(_) => Err(fail(format!("fileId:[{}] is being stopped.", file.id))),
    }
}

fn stop(call: &mut Context<'_>) -> Answer {
    let file = realtime_file(call)?;
    let id = file.id;
    match file.state {
        RunState::Running | RunState::Waiting(_) => {}
        RunState::Killing(_) => return Err(fail(format!("fileId:[{id}] is being stopped."))),
        RunState::NotRun | RunState::Paused | RunState::Failed(_) => {
            return Err(fail(format!("fileId:[{id}] is not running.")));
        }
    }
    let killing = RunState::Killing(Passing {
        reads_left: call.settings.kill_reads,
        until: call.now.plus(call.settings.kill_ms),
    });
    edit_file(call, id).state = killing;
    Ok(Reply::done())
}

fn terminate(call: &mut Context<'_>) -> Answer {
    let file = realtime_file(call)?;
    let id = file.id;
    if file.deployed.is_none() {
        return Err(fail(format!("fileId:[{id}] is not deployed.")));
    }
    check_still(file)?;
    let file = edit_file(call, id);
    file.deployed = None;
    file.running = None;
    file.state = RunState::NotRun;
    Ok(Reply::done())
}

fn delete(call: &mut Context<'_>) -> Answer {
    let file = realtime_file(call)?;
    let id = file.id;
    check_still(file)?;
    if file.deployed.is_some() {
        return Err(fail(format!(
            "fileId:[{id}] is deployed, take it offline first."
        )));
    }
    let now = call.now;
    edit_file(call, id).deleted = Some(now);
    Ok(Reply::done())
}

fn info(call: &mut Context<'_>) -> Answer {
    call.workspace()?;
    let id = call.args.id("FileId");
    let unknown = |status: Value| {
        Reply::data(json!({
            "Status": status,
            "Name": null,
            "Message": format!("fileId[{id}] is invalid"),
            "SolutionInfo": null,
        }))
        .into_failure()
    };
    match call.args.task_type() {
        TaskType::Offline => Err(Refusal::param_invalid().into()),
        TaskType::Realtime => {
            if call.file(id, TaskType::Realtime).is_err() {
                // No run status means "there is no such task"; the message has to tell.
                return Ok(unknown(Value::Null));
            }
            let (settings, now, death) = (call.settings, call.now, death(call.fault));
            let file = edit_file(call, id);
            if let (Some(death), RunState::Waiting(_) | RunState::Running) = (death, &file.state) {
                file.state = death;
            }
            let (status, message) = instance::observe(&mut file.state, settings, now);
            Ok(Reply::data(json!({
                "Status": status,
                "Name": file.name,
                "Message": message,
                "SolutionInfo": null,
            })))
        }
        TaskType::Solution => {
            if call.solution(id).is_err() {
                return Ok(unknown("fail".into()));
            }
            let (settings, now, death) = (call.settings, call.now, call.fault);
            let solution = solution::edit(call, id);
            if let (
                Some(Fault::Die { message }),
                SolutionState::Step(..) | SolutionState::Running,
            ) = (death, &solution.state)
            {
                solution.state = SolutionState::Failed(message.clone());
            }
            Ok(Reply::data(json!({
                "Status": "success",
                "Name": null,
                "Message": null,
                "SolutionInfo": solution::observe(solution, settings, now),
            })))
        }
    }
}

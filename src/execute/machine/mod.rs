//! The apply machine: a pure function from (plan, journal, event) to instructions.
//!
//! The machine holds no connection, no clock and no file. A driver performs its instructions and feeds back what happened;
//! a run is therefore a sequence of events, which a simulation can replay. [`Machine::apply`] carries a plan out;
//! [`Machine::settle`] finds out what an interrupted run left in doubt, and does nothing else. Both go through the same
//! transitions: [`super::protocol`] says what an answer means, `answers` and `doubt` what follows from it, and this file begins
//! and ends things.

mod answers;
mod doubt;
mod local_fault;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;

use crate::address::Address;
use crate::api::{ApiFault, Call, Reply};
use crate::diff::ReasonCode;
use crate::journal::{CorruptJournal, Entry, Event as Line, Output, StepId, StepStatus, fold};
use crate::plan::{CallKind, Op, Plan, hash};
use crate::resource::TaskType;
use crate::state::{Lineage, StateChange};

use super::change_run::{ChangeRun, Phase, Sending};
use super::outcome::{Ended, Failure, Outcome, Progress};
use super::pacing::Pacing;
use super::protocol;
use super::token::Intent;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The run begins.
    Begin,
    /// A call was answered, or failed.
    Replied(StepId, Box<Result<Reply, ApiFault>>),
    /// A wait is over.
    Woke(StepId),
    /// The run is to end once the calls on their way are answered.
    Interrupt,
}

/// What the driver has to do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Instruction {
    /// Write journal lines and the state that they explain, in one transaction. Everything after it waits until it is durable.
    Persist(Vec<Entry>, Vec<StateChange>),
    /// Tell the user.
    Report(Progress),
    /// Send a call; its answer comes back as [`Event::Replied`].
    Send(StepId, Box<Call>),
    /// Wait; the end of it comes back as [`Event::Woke`].
    Wait(StepId, Duration),
    /// The run is over. Nothing is on its way.
    Done(Outcome),
}

/// How the machine behaves, besides what the plan says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Changes side by side.
    pub parallelism: usize,
    /// Intervals of waiting.
    pub pacing: Pacing,
    /// The source of jitter.
    pub rng: ChaCha8Rng,
}

/// How many lives a run gives an address: its tokens may turn out to be used up by an object that is gone, once because of a
/// restored state, once more because of a generation that expired.
const LIVES: u32 = 3;

/// How often a read-back is repeated before a definite no is believed: reads right after a write may be stale (API facts 10.9).
const SECOND_LOOKS: u32 = 3;

/// See the module's documentation.
#[derive(Debug, Clone)]
pub struct Machine<'p> {
    lineage: &'p Lineage,
    settings: Settings,
    runs: Vec<ChangeRun<'p>>,
    of_step: BTreeMap<StepId, usize>,
    dependents: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    active: usize,
    stopping: Option<Ended>,
    settling: bool,
    now: Timestamp,
    out: Out,
}

/// Instructions of one event, as they are found.
#[derive(Debug, Clone, Default)]
struct Out {
    entries: Vec<Entry>,
    changes: Vec<StateChange>,
    progress: Vec<Progress>,
    io: Vec<Instruction>,
}

impl<'p> Machine<'p> {
    /// A machine that carries the plan out. `generations` says how many lives each address has had.
    pub fn apply(plan: &'p Plan, generations: &BTreeMap<Address, u32>, settings: Settings) -> Self {
        let mut machine = Self::new(plan, generations, settings, false);
        let index: BTreeMap<&Address, usize> = machine
            .runs
            .iter()
            .enumerate()
            .map(|(i, run)| (run.address(), i))
            .collect();
        for (i, run) in machine.runs.iter().enumerate() {
            for address in &run.planned.waits_for {
                machine.dependents[index[address]].push(i);
            }
        }
        machine.ready = (0..machine.runs.len())
            .filter(|i| machine.runs[*i].phase == Phase::Waiting(0))
            .collect();
        machine
    }

    /// A machine that settles what the journal of an interrupted run of this plan leaves in doubt.
    pub fn settle(
        plan: &'p Plan,
        journal: &[Entry],
        generations: &BTreeMap<Address, u32>,
        settings: Settings,
    ) -> Result<Self, CorruptJournal> {
        let mut machine = Self::new(plan, generations, settings, true);
        let statuses = fold(journal)?;
        for (i, run) in machine.runs.iter_mut().enumerate() {
            run.phase = Phase::Left;
            for (at, step) in run.planned.steps.iter().enumerate() {
                match statuses.get(&step.id) {
                    Some(StepStatus::Applied(Output::Process(process))) => {
                        run.process = Some(*process);
                    }
                    Some(StepStatus::Applied(Output::File(file))) => run.file = Some(*file),
                    Some(StepStatus::Applied(Output::Datasource(id))) => {
                        run.datasource = Some(*id);
                    }
                    Some(StepStatus::Applied(Output::None)) if step.op == Op::Deploy => {
                        run.deployed = true;
                    }
                    Some(StepStatus::InDoubt) => {
                        run.go_to(at);
                        run.doubt = true;
                        run.journalled = true;
                        machine.ready.insert(i);
                        // What the journal says of later steps is of a life before.
                        break;
                    }
                    _ => {}
                }
            }
        }
        Ok(machine)
    }

    fn new(
        plan: &'p Plan,
        generations: &BTreeMap<Address, u32>,
        settings: Settings,
        settling: bool,
    ) -> Self {
        let runs: Vec<ChangeRun<'p>> = plan
            .changes
            .iter()
            .filter(|planned| planned.change.withheld.is_none())
            .map(|planned| {
                let generation = generations
                    .get(&planned.change.address)
                    .copied()
                    .unwrap_or(0);
                ChangeRun::new(planned, generation)
            })
            .collect();
        let of_step = runs
            .iter()
            .enumerate()
            .flat_map(|(i, run)| run.planned.steps.iter().map(move |step| (step.id, i)))
            .collect();
        Self {
            lineage: &plan.base.lineage,
            settings,
            of_step,
            dependents: vec![Vec::new(); runs.len()],
            runs,
            ready: BTreeSet::new(),
            active: 0,
            stopping: None,
            settling,
            now: Timestamp::UNIX_EPOCH,
            out: Out::default(),
        }
    }

    /// One event further.
    pub fn handle(&mut self, event: Event, now: Timestamp) -> Vec<Instruction> {
        self.now = now;
        match event {
            Event::Begin => {}
            Event::Replied(step, reply) => self.replied(self.of_step[&step], *reply),
            Event::Woke(step) => self.woke(self.of_step[&step]),
            Event::Interrupt => self.stop(Ended::Interrupted),
        }
        self.start_ready();
        let mut instructions = Vec::new();
        let out = std::mem::take(&mut self.out);
        if !out.entries.is_empty() || !out.changes.is_empty() {
            instructions.push(Instruction::Persist(out.entries, out.changes));
        }
        instructions.extend(out.progress.into_iter().map(Instruction::Report));
        instructions.extend(out.io);
        if self.active == 0 && (self.ready.is_empty() || self.stopping.is_some()) {
            instructions.push(Instruction::Done(self.outcome()));
        }
        instructions
    }

    fn start_ready(&mut self) {
        while self.stopping.is_none() && self.active < self.settings.parallelism {
            let Some(i) = self.ready.pop_first() else {
                return;
            };
            self.active += 1;
            if self.settling {
                self.settle_one(i);
                continue;
            }
            let run = &mut self.runs[i];
            let (address, action) = (run.address().clone(), run.change().action);
            self.out
                .progress
                .push(Progress::Started { address, action });
            if run.change().reason.code == ReasonCode::Vanished {
                // What is made now is another object, under tokens of its own. State keeps the one that it knows until then: a
                // read that is behind shows what was just made as gone.
                let address = run.address().clone();
                self.out.changes.push(StateChange::NextGeneration(address));
                run.generation += 1;
            }
            self.begin_step(i);
        }
    }

    /// Finds out about one step in doubt by reads, or releases it where what the next plan sees is enough.
    fn settle_one(&mut self, i: usize) {
        let run = &self.runs[i];
        let solution = || run.task().task_type == TaskType::Solution;
        let released = match run.op() {
            Op::Generate | Op::UpdateDatasource => true,
            Op::Create => solution(),
            _ => false,
        };
        if released {
            let run = &mut self.runs[i];
            if run.op() == Op::Create {
                run.create_in_doubt = true;
                self.out.changes.extend(run.record());
            }
            self.released(i);
        } else {
            self.send(i, Sending::ReadBack);
        }
    }

    fn released(&mut self, i: usize) {
        self.journal(i, Line::Released);
        self.complete(i);
    }

    fn begin_step(&mut self, i: usize) {
        loop {
            let run = &mut self.runs[i];
            if run.at == run.planned.steps.len() {
                return self.complete(i);
            }
            if self.stopping.is_some() {
                return self.leave(i);
            }
            match run.op() {
                Op::Record => self.out.changes.extend(run.record()),
                Op::Forget => self.out.changes.extend(run.forget()),
                Op::ResumeGeneration => {}
                _ => return self.send(i, Sending::Main),
            }
            run.go_to(run.at + 1);
        }
    }

    fn send(&mut self, i: usize, sending: Sending) {
        let run = &mut self.runs[i];
        let intent = Intent {
            lineage: self.lineage,
            address: run.address(),
            generation: run.generation,
        };
        let call = protocol::call(run, &sending, intent);
        let (step, op, attempt) = (run.step().id, run.op(), run.attempt + run.asked);
        let first =
            sending == Sending::Main && op.call_kind() == CallKind::Write && !run.journalled;
        run.phase = Phase::Calling(sending);
        if first {
            run.journalled = true;
            let token = match &call {
                Call::Generate { token, .. } | Call::CreateTask { token, .. } => {
                    Some(token.clone())
                }
                _ => None,
            };
            let digest = hash::canonical(run.spec());
            self.journal(i, Line::Intent { token, digest });
        }
        let address = self.runs[i].address().clone();
        self.out.progress.push(Progress::Step {
            address,
            op,
            attempt,
        });
        self.out.io.push(Instruction::Send(step, Box::new(call)));
    }

    fn sleep(&mut self, i: usize, then: Sending, duration: Duration) {
        if self.stopping.is_some() {
            return self.leave(i);
        }
        let run = &mut self.runs[i];
        run.phase = Phase::Sleeping(then);
        self.out.io.push(Instruction::Wait(run.step().id, duration));
    }

    fn woke(&mut self, i: usize) {
        // A wait that was cut short by an interrupt still ends.
        if let Phase::Sleeping(then) = self.runs[i].phase.clone() {
            self.send(i, then);
        }
    }

    /// Ends the run early: what is on its way is still answered, nothing new begins.
    fn stop(&mut self, why: Ended) {
        self.stopping.get_or_insert(why);
        for i in 0..self.runs.len() {
            if matches!(self.runs[i].phase, Phase::Sleeping(_)) {
                self.leave(i);
            }
        }
    }

    /// Stops a change between two calls; the next run goes on with it.
    fn leave(&mut self, i: usize) {
        self.runs[i].phase = Phase::Left;
        self.active -= 1;
    }

    fn complete(&mut self, i: usize) {
        self.active -= 1;
        let run = &mut self.runs[i];
        run.phase = Phase::Complete;
        if self.settling {
            return;
        }
        let (address, action) = (run.address().clone(), run.change().action);
        self.out
            .progress
            .push(Progress::Complete { address, action });
        for dependent in self.dependents[i].clone() {
            if let Phase::Waiting(count) = &mut self.runs[dependent].phase {
                *count -= 1;
                if *count == 0 {
                    self.ready.insert(dependent);
                }
            }
        }
    }

    fn fail(&mut self, i: usize, failure: Failure) {
        self.active -= 1;
        let run = &mut self.runs[i];
        run.phase = Phase::Failed(failure.clone());
        let because = run.address().clone();
        let (address, op) = (because.clone(), run.op());
        self.out.progress.push(Progress::Failed {
            address,
            op,
            failure,
        });
        let mut open = self.dependents[i].clone();
        while let Some(dependent) = open.pop() {
            let run = &mut self.runs[dependent];
            if matches!(run.phase, Phase::Waiting(_)) {
                run.phase = Phase::Left;
                let (address, because) = (run.address().clone(), because.clone());
                self.out
                    .progress
                    .push(Progress::Skipped { address, because });
                open.extend(self.dependents[dependent].iter().copied());
            }
        }
    }

    fn journal(&mut self, i: usize, event: Line) {
        let run = &self.runs[i];
        self.out.entries.push(Entry {
            step: run.step().id,
            address: run.address().clone(),
            operation: run.op().as_str().to_owned(),
            at: self.now,
            event,
        });
    }

    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome {
            ended: self.stopping.unwrap_or(Ended::Complete),
            complete: Vec::new(),
            failed: Vec::new(),
            left: Vec::new(),
            in_doubt: Vec::new(),
        };
        for run in &self.runs {
            let address = run.address().clone();
            match &run.phase {
                Phase::Complete => outcome.complete.push((address, run.change().action)),
                Phase::Failed(failure) => {
                    outcome.failed.push((address, run.op(), failure.clone()));
                }
                _ => outcome.left.push(address),
            }
            if run.doubt && run.phase != Phase::Complete {
                outcome.in_doubt.push(run.step().id);
            }
        }
        if outcome.ended == Ended::Complete
            && !self.settling
            && !(outcome.failed.is_empty() && outcome.left.is_empty())
        {
            outcome.ended = Ended::Partial;
        }
        outcome
    }
}

//! One change on its way: where it is, and what was learned on the way.

use std::time::Duration;

use crate::address::Address;
use crate::api::{ApiFault, ClientToken, RunStatus};
use crate::diff::Change;
use crate::plan::{Op, Planned, Step};
use crate::resource::{DatasourceId, DatasourceSpec, FileId, ProcessId, Spec, TaskSpec};
use crate::state::{DatasourceObject, Object, Stage, StateChange, TaskObject, Tracked};

use super::outcome::Failure;

/// Whether a change works.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    /// It waits for so many others.
    Waiting(usize),
    /// A call of its current step is on its way.
    Calling(Sending),
    /// Its current step goes on when it is woken.
    Sleeping(Sending),
    /// Nothing is left to do.
    Complete,
    /// It stopped.
    Failed(Failure),
    /// It was stopped between two steps, or never begun.
    Left,
}

/// What a step sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sending {
    /// Its own call.
    Main,
    /// A read that shows whether its call took effect.
    ReadBack,
    /// A read of the script of the task that has the name.
    Script(FileId),
}

/// One change and what is known of its object.
#[derive(Debug, Clone)]
pub(super) struct ChangeRun<'p> {
    pub(super) planned: &'p Planned,
    pub(super) phase: Phase,
    /// Index of the current step.
    pub(super) at: usize,
    /// Which page of the current list is asked for.
    pub(super) page: u32,
    /// How often the current call failed.
    pub(super) attempt: u32,
    /// How often the current wait asked.
    pub(super) asked: u32,
    /// How long the current wait took.
    pub(super) waited: Duration,
    /// Whether an earlier send of the current call may have taken effect.
    pub(super) doubt: bool,
    /// Whether the current step's intent is in the journal, with no outcome after it.
    pub(super) journalled: bool,
    /// What the current call was refused with, while that is looked into.
    pub(super) refusal: Option<ApiFault>,
    /// The token of the current call.
    pub(super) token: Option<ClientToken>,
    pub(super) process: Option<ProcessId>,
    /// Whether an earlier run's create from that generation may have taken effect.
    pub(super) create_in_doubt: bool,
    pub(super) content: Option<String>,
    pub(super) file: Option<FileId>,
    pub(super) datasource: Option<DatasourceId>,
    pub(super) deployed: bool,
    pub(super) run: Option<RunStatus>,
    /// Which life of the address.
    pub(super) generation: u32,
    /// How many lives this run has begun for it.
    pub(super) lives: u32,
}

impl<'p> ChangeRun<'p> {
    pub(super) fn new(planned: &'p Planned, generation: u32) -> Self {
        let target = &planned.change.target;
        Self {
            planned,
            phase: Phase::Waiting(planned.waits_for.len()),
            at: 0,
            page: 1,
            attempt: 0,
            asked: 0,
            waited: Duration::ZERO,
            doubt: false,
            journalled: false,
            refusal: None,
            token: None,
            process: target.process,
            create_in_doubt: target.create_in_doubt,
            content: None,
            file: target.file,
            datasource: target.datasource,
            deployed: target.deployed,
            run: target.run.clone(),
            generation,
            lives: 0,
        }
    }

    pub(super) fn change(&self) -> &'p Change {
        &self.planned.change
    }

    pub(super) fn address(&self) -> &'p Address {
        &self.planned.change.address
    }

    /// The current step.
    pub(super) fn step(&self) -> Step {
        self.planned.steps[self.at]
    }

    /// The current step's operation. A generation that was to be resumed and is lost is begun anew.
    pub(super) fn op(&self) -> Op {
        match self.step().op {
            Op::ResumeGeneration if self.process.is_none() => Op::Generate,
            op => op,
        }
    }

    /// What the object is, or is to be: of a delete, what it was.
    pub(super) fn spec(&self) -> &'p Spec {
        let change = self.change();
        change
            .after
            .as_ref()
            .or(change.before.as_ref())
            .expect("a change has a before or an after")
    }

    /// The spec of a task's change.
    pub(super) fn task(&self) -> &'p TaskSpec {
        match self.spec() {
            Spec::Task(spec) => spec,
            Spec::Datasource(_) => unreachable!("a task's step belongs to a task's change"),
        }
    }

    /// The spec of a data source's change.
    pub(super) fn source(&self) -> &'p DatasourceSpec {
        match self.spec() {
            Spec::Datasource(spec) => spec,
            Spec::Task(_) => unreachable!("a data source's step belongs to a data source's change"),
        }
    }

    /// The task's id; a step that needs it comes after the one that learns it.
    pub(super) fn file(&self) -> FileId {
        self.file.expect("the task exists by now")
    }

    /// The data source's id.
    pub(super) fn datasource(&self) -> DatasourceId {
        self.datasource.expect("the data source exists by now")
    }

    /// Begins the step at `index`, with nothing known of its call.
    pub(super) fn go_to(&mut self, index: usize) {
        self.at = index;
        self.page = 1;
        self.attempt = 0;
        self.asked = 0;
        self.waited = Duration::ZERO;
        self.doubt = false;
        self.journalled = false;
        self.refusal = None;
        self.token = None;
    }

    /// State's record of the object as it is known now; `None` before there is anything to record.
    pub(super) fn record(&self) -> Option<StateChange> {
        let object = match self.spec() {
            Spec::Datasource(spec) => Object::Datasource(DatasourceObject {
                id: self.datasource?,
                spec: spec.clone(),
            }),
            Spec::Task(spec) => {
                let stage = match (self.file, self.process) {
                    (Some(file), _) if self.deployed => Stage::Deployed { file },
                    (Some(file), _) => Stage::Created { file },
                    (None, Some(process)) => Stage::Generating {
                        process,
                        create_in_doubt: self.create_in_doubt,
                    },
                    (None, None) => return None,
                };
                Object::Task(TaskObject {
                    spec: spec.clone(),
                    stage,
                    run: self.run.clone(),
                })
            }
        };
        let change = self.change();
        let tracked = Tracked {
            object,
            depends_on: change.depends_on.clone(),
            protect: change.protect,
        };
        Some(StateChange::Put(change.address.clone(), Box::new(tracked)))
    }

    /// State's record that the object is gone, and that the next one is another.
    pub(super) fn forget(&self) -> [StateChange; 2] {
        let address = self.address().clone();
        [
            StateChange::Remove(address.clone()),
            StateChange::NextGeneration(address),
        ]
    }
}

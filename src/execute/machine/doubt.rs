//! What follows when a call failed: it is sent again, given up, or looked into.

use crate::api::{ApiFault, FaultClass};
use crate::journal::Event as Line;
use crate::plan::Op;
use crate::resource::TaskType;
use crate::state::StateChange;

use super::super::change_run::Sending;
use super::super::outcome::{Ended, Failure};
use super::super::protocol::{self, ReadBack, Settle};
use super::super::retry;
use super::{Machine, SECOND_LOOKS, local_fault};

impl Machine<'_> {
    /// The step's own call failed.
    pub(super) fn fault(&mut self, i: usize, fault: ApiFault) {
        let op = self.runs[i].op();
        let settle = protocol::settle(op);
        match fault.class {
            FaultClass::QuotaSpent => {
                self.refuse(i, fault);
                self.stop(Ended::QuotaSpent);
            }
            FaultClass::Throttled | FaultClass::NotSent => self.again(i, Sending::Main, fault),
            FaultClass::Unavailable | FaultClass::Unknown => match settle {
                Settle::Read => self.again(i, Sending::Main, fault),
                Settle::Repeat => {
                    self.runs[i].doubt = true;
                    self.again(i, Sending::Main, fault);
                }
                Settle::ReadThenAct => {
                    self.runs[i].doubt = true;
                    self.again(i, Sending::ReadBack, fault);
                }
            },
            FaultClass::TokenMismatch if op == Op::Generate => self.new_life(i, fault),
            FaultClass::AlreadyThere | FaultClass::TokenMismatch => self.look_by_name(i, fault),
            FaultClass::NotFound | FaultClass::Invalid => match (settle, op) {
                (Settle::ReadThenAct, _) => {
                    self.runs[i].refusal = Some(fault);
                    self.send(i, Sending::ReadBack);
                }
                (Settle::Read, Op::Poll) => self.generation_failed(i, fault),
                (Settle::Read, _) if fault.class == FaultClass::NotFound => {
                    self.not_yet(i, "the object is not found".to_owned());
                }
                _ => self.refuse(i, fault),
            },
            FaultClass::Denied => self.refuse(i, fault),
        }
    }

    /// Tries again after a while, as long as the policy says so.
    fn again(&mut self, i: usize, then: Sending, fault: ApiFault) {
        let attempt = self.runs[i].attempt;
        match retry::delay(attempt, &fault, &mut self.settings.rng) {
            Some(delay) => {
                self.runs[i].attempt += 1;
                self.sleep(i, then, delay);
            }
            None => self.refuse(i, fault),
        }
    }

    /// The name is taken, perhaps by an earlier attempt of ours.
    fn look_by_name(&mut self, i: usize, fault: ApiFault) {
        let run = &mut self.runs[i];
        let listed = match run.op() {
            // This API lists no solutions.
            Op::Generate | Op::Create => run.task().task_type == TaskType::Realtime,
            Op::CreateDatasource => true,
            _ => false,
        };
        if listed {
            run.refusal = Some(fault);
            self.send(i, Sending::ReadBack);
        } else if run.doubt || fault.class != FaultClass::AlreadyThere {
            self.refuse(i, fault);
        } else {
            let name = &run.task().name;
            let what =
                format!("the name `{name}` is taken, and this API cannot show by whom: {fault}");
            self.journal(i, Line::Refused { fault });
            self.fail(i, Failure::Conflict { what });
        }
    }

    /// What a read showed of the current call.
    pub(super) fn read_back(&mut self, i: usize, shown: ReadBack) {
        match shown {
            ReadBack::Applied(output) => self.applied(i, output),
            ReadBack::Candidate(file) => self.send(i, Sending::Script(file)),
            ReadBack::Untold(status) => {
                self.journal(i, Line::Released);
                let run = &mut self.runs[i];
                // It may be offline. State takes it for that: to deploy a deployed task costs a call, to take an offline one for
                // deployed leaves it offline for good.
                run.deployed = false;
                run.run = Some(status);
                self.out.changes.extend(run.record());
                if self.settling {
                    return self.complete(i);
                }
                run.go_to(run.at + 1);
                self.begin_step(i);
            }
            ReadBack::NotApplied => self.not_applied(i),
            // What was written a moment ago may not be shown yet.
            ReadBack::Ghost if self.runs[i].asked < SECOND_LOOKS => self.look_again(i),
            ReadBack::Conflict(_) | ReadBack::Ghost if self.settling => self.released(i),
            ReadBack::Conflict(what) => {
                let fault = self.runs[i].refusal.clone();
                let fault =
                    fault.unwrap_or_else(|| local_fault::conflict(self.runs[i].op(), &what));
                self.journal(i, Line::Refused { fault });
                self.fail(i, Failure::Conflict { what });
            }
            ReadBack::Ghost => {
                let fault = self.runs[i].refusal.clone();
                self.new_life(
                    i,
                    fault.unwrap_or_else(|| local_fault::gone(self.runs[i].op())),
                );
            }
        }
    }

    fn not_applied(&mut self, i: usize) {
        let run = &mut self.runs[i];
        let made = matches!(run.op(), Op::Create | Op::CreateDatasource);
        match run.refusal.clone() {
            // What was made is found by its content, and the manifest may ask for another one by the next time: a list that is
            // behind must not hide it.
            _ if self.settling && made && run.asked < SECOND_LOOKS => self.look_again(i),
            _ if self.settling => self.released(i),
            None if self.stopping.is_some() => self.leave(i),
            // Nothing says no: the call may have got lost, and is sent again.
            None => self.send(i, Sending::Main),
            Some(fault) if run.asked >= SECOND_LOOKS => {
                run.doubt = false;
                self.refuse(i, fault);
            }
            Some(_) => self.look_again(i),
        }
    }

    /// Reads back once more, after a while.
    fn look_again(&mut self, i: usize) {
        let run = &mut self.runs[i];
        let interval = self.settings.pacing.interval(run.asked);
        run.asked += 1;
        self.sleep(i, Sending::ReadBack, interval);
    }

    /// A read that should have shown what became of a call failed itself.
    pub(super) fn blind(&mut self, i: usize, sending: Sending, fault: ApiFault) {
        if fault.class == FaultClass::QuotaSpent {
            self.stop(Ended::QuotaSpent);
        }
        let run = &mut self.runs[i];
        match retry::delay(run.attempt, &fault, &mut self.settings.rng) {
            Some(delay) => {
                run.attempt += 1;
                self.sleep(i, sending, delay);
            }
            None => match run.refusal.clone() {
                Some(refusal) if !run.doubt => self.refuse(i, refusal),
                _ => self.fail(i, Failure::InDoubt(fault)),
            },
        }
    }

    /// The call will not take effect; or, after an attempt that may have, it is not known whether it did.
    fn refuse(&mut self, i: usize, fault: ApiFault) {
        let run = &self.runs[i];
        if run.doubt {
            return self.fail(i, Failure::InDoubt(fault));
        }
        let may_exist = run.op() == Op::Create && run.create_in_doubt;
        if matches!(run.op(), Op::Generate | Op::Create)
            && fault.class == FaultClass::Invalid
            && !may_exist
        {
            // Whether a service remembers a refused token is not known; the next attempt is another intent.
            self.out
                .changes
                .push(StateChange::NextGeneration(run.address().clone()));
        }
        if run.journalled {
            self.journal(
                i,
                Line::Refused {
                    fault: fault.clone(),
                },
            );
        }
        self.doubt_deployment(i, &fault);
        self.fail(i, Failure::Refused(fault));
    }

    /// A task that cannot be started may have been taken offline, which no read shows. State takes it for that, and the next run
    /// deploys it before it starts it: once too often costs a call, never leaves it standing for good.
    fn doubt_deployment(&mut self, i: usize, fault: &ApiFault) {
        let run = &mut self.runs[i];
        let definite = matches!(fault.class, FaultClass::Invalid | FaultClass::NotFound);
        if run.op() == Op::Start && definite && run.task().task_type == TaskType::Realtime {
            run.deployed = false;
            self.out.changes.extend(run.record());
        }
    }
}

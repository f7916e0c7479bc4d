//! What follows from an answer to a step's own call.

use crate::api::{ApiFault, FaultClass, Reply};
use crate::diff::Action;
use crate::journal::{Event as Line, Output};
use crate::plan::Op;

use super::super::change_run::{Phase, Sending};
use super::super::outcome::Failure;
use super::super::protocol::{self, Answer, ReadBack, Seen};
use super::{LIVES, Machine, SECOND_LOOKS, local_fault};

impl Machine<'_> {
    pub(super) fn replied(&mut self, i: usize, reply: Result<Reply, ApiFault>) {
        let Phase::Calling(sending) = self.runs[i].phase.clone() else {
            unreachable!("only a call that was sent is answered")
        };
        if let Ok(Reply::Datasources(page)) = &reply {
            let run = &mut self.runs[i];
            if protocol::is_on_a_later_page(run, page) {
                run.page += 1;
                return self.send(i, sending);
            }
            run.page = 1;
        }
        match sending {
            Sending::Main => match reply {
                Ok(reply) => match protocol::answer(&self.runs[i], reply) {
                    Ok(answer) => self.answered(i, answer),
                    Err(other) => self.fault(i, local_fault::unexpected(self.runs[i].op(), &other)),
                },
                Err(fault) => match protocol::already_so(self.runs[i].op(), &fault) {
                    Some(answer) => self.answered(i, answer),
                    None => self.fault(i, fault),
                },
            },
            Sending::ReadBack => match protocol::read_back_answer(&self.runs[i], reply) {
                Ok(shown) => self.read_back(i, shown),
                Err(fault) => self.blind(i, Sending::ReadBack, fault),
            },
            Sending::Script(file) => match reply {
                Ok(Reply::Script(script)) => {
                    let shown = protocol::script_answer(&self.runs[i], file, &script);
                    self.read_back(i, shown);
                }
                Ok(_) => self.read_back(i, ReadBack::NotApplied),
                Err(fault) if fault.class == FaultClass::NotFound => {
                    self.read_back(i, ReadBack::NotApplied);
                }
                Err(fault) => self.blind(i, Sending::Script(file), fault),
            },
        }
    }

    fn answered(&mut self, i: usize, answer: Answer) {
        match answer {
            Answer::Applied(output) => self.applied(i, output),
            Answer::Seen(seen) => self.seen(i, seen),
            Answer::NotYet(what) if self.runs[i].change().action == Action::Forget => {
                // It is there after all, and a read of the plan was behind: state keeps it, and the next plan sees it.
                let waited = self.runs[i].waited;
                self.fail(i, Failure::Deadline { what, waited });
            }
            Answer::NotYet(what) => self.not_yet(i, what),
            Answer::Died(message) => self.fail(i, Failure::Died(message)),
        }
    }

    /// The step's call took effect.
    pub(super) fn applied(&mut self, i: usize, output: Output) {
        self.journal(i, Line::Applied { output });
        let run = &mut self.runs[i];
        let op = run.op();
        let mut next = run.at + 1;
        match (op, output) {
            // The task is there already: what would have made it is passed over.
            (Op::Generate, Output::File(file)) => {
                run.file = Some(file);
                let create = run
                    .planned
                    .steps
                    .iter()
                    .position(|step| step.op == Op::Create);
                next = create.expect("what is generated is created") + 1;
            }
            (_, Output::Process(process)) => run.process = Some(process),
            (_, Output::File(file)) => run.file = Some(file),
            (_, Output::Datasource(id)) => run.datasource = Some(id),
            (Op::Deploy, _) => run.deployed = true,
            (Op::Terminate, _) => run.deployed = false,
            (_, Output::None) => {}
        }
        // What a start, a stop or a delete comes to is recorded when it is seen.
        if !matches!(op, Op::Start | Op::Stop | Op::Delete | Op::DeleteDatasource) {
            self.out.changes.extend(run.record());
        }
        if self.settling {
            return self.complete(i);
        }
        run.go_to(next);
        self.begin_step(i);
    }

    /// What a read waited for is there.
    fn seen(&mut self, i: usize, seen: Seen) {
        let run = &mut self.runs[i];
        if seen == Seen::Gone && run.change().action == Action::Forget && run.asked < SECOND_LOOKS {
            return self.not_yet(i, "the object was not there before".to_owned());
        }
        match seen {
            Seen::Content(content) => run.content = Some(content),
            Seen::Run(status) => {
                let unasked = protocol::runs_unasked(run, &status);
                let what = format!("the task is {} and should be stopped", status.as_str());
                run.run = Some(status);
                self.out.changes.extend(run.record());
                if unasked {
                    return self.fail(i, Failure::NotAsAsked(what));
                }
            }
            Seen::There => {}
            Seen::Gone => self.out.changes.extend(run.forget()),
        }
        run.go_to(run.at + 1);
        self.begin_step(i);
    }

    pub(super) fn not_yet(&mut self, i: usize, what: String) {
        let pacing = self.settings.pacing;
        let run = &mut self.runs[i];
        let interval = pacing.interval(run.asked);
        let deadline = if run.op() == Op::Poll {
            pacing.generation
        } else {
            pacing.settling
        };
        run.attempt = 0;
        run.asked += 1;
        run.waited += interval;
        if run.waited > deadline {
            let waited = run.waited;
            return self.fail(i, Failure::Deadline { what, waited });
        }
        self.sleep(i, Sending::Main, interval);
    }

    /// A generation failed, or the service does not know it.
    pub(super) fn generation_failed(&mut self, i: usize, fault: ApiFault) {
        let run = &self.runs[i];
        let unknown = fault.class == FaultClass::NotFound;
        let resumed = run.planned.steps[0].op == Op::ResumeGeneration && run.lives == 0;
        // With a generation its tokens are given up, and by those alone a solution is found again: not at the first word.
        if (unknown || resumed) && run.asked < SECOND_LOOKS {
            return self.not_yet(i, "the generation is not found".to_owned());
        }
        if unknown || resumed {
            // Its time ran out, or its token replayed one from long ago.
            return self.new_life(i, fault);
        }
        self.out.changes.extend(run.forget());
        self.fail(i, Failure::Refused(fault));
    }

    /// Begins again from the generation, under new tokens: the old ones belong to an object that is gone.
    pub(super) fn new_life(&mut self, i: usize, fault: ApiFault) {
        if self.runs[i].journalled {
            self.journal(
                i,
                Line::Refused {
                    fault: fault.clone(),
                },
            );
        }
        let run = &mut self.runs[i];
        let begins = matches!(run.planned.steps[0].op, Op::Generate | Op::ResumeGeneration);
        if !begins || run.lives + 1 >= LIVES {
            return self.fail(i, Failure::Refused(fault));
        }
        self.out.changes.extend(run.forget());
        run.lives += 1;
        run.generation += 1;
        run.process = None;
        run.create_in_doubt = false;
        run.content = None;
        run.file = None;
        run.deployed = false;
        run.run = None;
        run.go_to(0);
        self.begin_step(i);
    }
}

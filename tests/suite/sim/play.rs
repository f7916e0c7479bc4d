//! Playing a script from its beginning to the day after, when everything must be as it was asked for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use syncform::address::{Address, Kind};
use syncform::diff::Action;
use syncform::execute::Ended;
use syncform::plan::Op;

use super::defect::Defect;
use super::network::{self, files};
use super::process::{End, apply, apply_saved, save_plan};
use super::script::{Edit, Review, Script};
use super::stack::{MANAGED, PASSWORD, SOLUTION, Stack, Variant, Wish};
use super::stage::{Counts, Sim};

/// What came of a script.
#[derive(Debug)]
pub(crate) struct Played {
    /// What must not be, if anything.
    pub(crate) violation: Option<String>,
    /// How much happened.
    pub(crate) counts: Counts,
    /// Which states were seen.
    pub(crate) states: BTreeSet<u64>,
    /// How each process ended, for people.
    pub(crate) log: Vec<String>,
    /// What happened, call by call, when it was asked for.
    pub(crate) story: Vec<String>,
    /// How much had happened when each chapter began, and when the last one ended.
    pub(crate) begun: Vec<Counts>,
    /// Which steps of which actions were planned.
    pub(crate) planned: BTreeSet<(Action, Op)>,
}

/// Plays a script.
pub(crate) fn play(script: &Script, defect: Option<Defect>) -> Played {
    play_and_tell(script, defect, false)
}

/// Plays a script, and tells what happened if `told`.
pub(crate) fn play_and_tell(script: &Script, defect: Option<Defect>, told: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let sim = Sim::new(script, defect);
        sim.inner().story = told.then(Vec::new);
        let mut log = Vec::new();
        let mut begun = Vec::new();
        let end = story(&sim, &mut log, &mut begun).await;
        let inner = &mut *sim.inner();
        Played {
            violation: inner.oracle.violation.take().or(end.err()),
            counts: inner.counts,
            states: std::mem::take(&mut inner.oracle.states),
            log,
            story: inner.story.take().unwrap_or_default(),
            begun,
            planned: std::mem::take(&mut inner.oracle.steps),
        }
    })
}

async fn story(
    sim: &Arc<Sim>,
    log: &mut Vec<String>,
    begun: &mut Vec<Counts>,
) -> Result<(), String> {
    let mut current = Variant::EMPTY;
    // Whether everything that is there is in state: what a lost state knew has to be found before it can be removed.
    let mut whole = true;
    for chapter in &sim.script.chapters {
        if chapter.mishap.is_some() || (current.loses_by(&chapter.variant)) {
            quiet(sim).await;
        }
        // A delete that did not get through is known to the state alone.
        if let Some(mishap) = chapter.mishap.filter(|_| !sim.has_more_than(current)) {
            sim.mishap(mishap);
            whole = false;
        }
        for edit in &chapter.edits {
            sim.edit(*edit);
        }
        sim.file().begin_chapter();
        begun.push(sim.inner().counts);
        let mut next = chapter.variant;
        if !whole {
            // Nobody can find what is both lost and changed: a data source keeps its content, and nothing goes.
            next.managed = next.managed.and(current.managed.or(next.managed));
            if current.loses_by(&next) {
                next = current;
            }
        }
        if next.managed.is_none() && has_conflict(sim) {
            sim.edit(Edit::DeleteDatasource);
        }
        current = next;
        let stack = Stack::of(current);
        for _ in 0..chapter.applies {
            tokio::time::sleep(Duration::from_secs(chapter.pause)).await;
            let ends = together(sim, &stack, chapter.review.as_ref()).await;
            for end in &ends {
                log.push(end.to_string());
                whole |= matches!(end, End::Nothing)
                    || matches!(end, End::Ran(outcome) if outcome.ended == Ended::Complete);
            }
            let oracle = &mut sim.inner().oracle;
            if let Some(violation) = oracle.violation.clone() {
                return Err(violation);
            }
            whole &= !std::mem::take(&mut oracle.amnesia);
        }
    }
    begun.push(sim.inner().counts);
    if !whole || has_conflict(sim) {
        sim.console_agrees_with(current);
    }
    the_day_after(sim, &Stack::of(current), log).await
}

/// Whether the data source may be another one than is asked for, before state came to know it: somebody changed it, or it was
/// made when nobody waited for it any more. That is a conflict, which only somebody can resolve.
fn has_conflict(sim: &Sim) -> bool {
    let billing = Address::new(Kind::Datasource, MANAGED);
    let known = sim.file().state().resources.contains_key(&billing);
    let changes = |edit| edit == Edit::ChangeDatasource;
    !known && (sim.script.edits().any(changes) || sim.script.has_late_effects())
}

/// One apply, and another one beside it if the script says so.
async fn together(sim: &Arc<Sim>, stack: &Stack, review: Option<&Review>) -> Vec<End> {
    let rival = sim.on_rival();
    let first = async {
        let end = match review {
            None => apply(sim, stack).await,
            Some(review) => reviewed(sim, stack, review).await,
        };
        sim.no_rival();
        end
    };
    let second = async {
        let after = rival.await.ok()?;
        tokio::time::sleep(after).await;
        Some(apply(sim, stack).await)
    };
    let (first, second) = tokio::join!(first, second);
    [Some(first), second].into_iter().flatten().collect()
}

/// A plan is saved, looked at, and applied.
async fn reviewed(sim: &Arc<Sim>, stack: &Stack, review: &Review) -> End {
    let plan = match save_plan(sim, stack).await {
        Ok(plan) => plan,
        Err(end) => return end,
    };
    tokio::time::sleep(Duration::from_secs(review.takes)).await;
    for edit in &review.edits {
        sim.edit(*edit);
    }
    apply_saved(sim, &plan).await
}

/// Until nothing is on its way any more.
async fn quiet(sim: &Sim) {
    loop {
        tokio::time::sleep(Duration::from_secs(120)).await;
        let now = sim.true_now();
        let inner = &mut *sim.inner();
        let late = network::catch_up(&mut inner.world, now);
        inner.oracle.world_changed(&inner.world);
        if late == 0 {
            return;
        }
    }
}

/// The faults are over and late effects have come: one apply makes everything as it was asked for, and the next has nothing to
/// do.
async fn the_day_after(sim: &Arc<Sim>, stack: &Stack, log: &mut Vec<String>) -> Result<(), String> {
    sim.calm();
    sim.remove_impostors();
    if sim.script.has_endless_generation() {
        // It is given up when the service has forgotten it.
        tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    }
    quiet(sim).await;
    sim.file().force_unlock(sim.true_now());
    let end = apply(sim, stack).await;
    log.push(format!("the day after: {end}"));
    sim.inner().oracle.violation.clone().map_or(Ok(()), Err)?;
    match &end {
        End::Nothing => {}
        End::Ran(outcome) if outcome.ended == Ended::Complete => {}
        end => return Err(format!("the last apply did not get through: {end}")),
    }
    as_asked(sim, stack.variant)?;
    let end = apply(sim, stack).await;
    sim.inner().oracle.violation.clone().map_or(Ok(()), Err)?;
    if !matches!(end, End::Nothing) {
        return Err(format!("the plan after the last apply is not empty: {end}"));
    }
    let file = sim.file();
    let state = format!("{:?} {:?}", file.state(), file.open_entries());
    if state.contains(PASSWORD) {
        return Err("a secret is in the state file".to_owned());
    }
    Ok(())
}

/// The world is what the stack asks for, and nothing else.
fn as_asked(sim: &Sim, variant: Variant) -> Result<(), String> {
    let inner = sim.inner();
    let mut files = files(&inner.world);
    for (label, wish) in variant.realtime() {
        let Some(at) = files.iter().position(|file| file["FileName"] == label) else {
            return Err(format!("task {label} is not there"));
        };
        let file = files.remove(at);
        // That a task that is not to run was taken offline, by somebody or by a delete that the state no longer knows, is
        // nothing that the API shows.
        let unseen = wish != Wish::Started && sim.script.takes_offline();
        let well = (unseen || !file["DeployedVersion"].is_null())
            && match wish {
                // Where reads are stale, only readers see that what was queued runs, and that what was being stopped stands.
                Wish::Started => ["RUN", "WAIT"]
                    .iter()
                    .any(|status| file["Status"] == *status),
                Wish::Stopped => ["NORUN", "PAUSE", "KILLING"]
                    .iter()
                    .any(|status| file["Status"] == *status),
                Wish::Unmanaged => true,
            };
        if !well {
            return Err(format!("task {label} is not as asked: {file}"));
        }
    }
    if let Some(file) = files.first() {
        return Err(format!("a task is there that nobody asked for: {file}"));
    }
    let state = inner.world.state();
    let rows = |kind: &str| -> Vec<Value> { state[kind].as_array().cloned().unwrap_or_default() };
    let solutions = rows("solutions");
    let wanted = usize::from(variant.solution.is_some());
    if solutions.len() != wanted || solutions.iter().any(|one| one["name"] != SOLUTION) {
        return Err(format!("{wanted} solutions were asked for: {solutions:?}"));
    }
    let managed: Vec<Value> = rows("datasources")
        .into_iter()
        .filter(|row| row["name"] == MANAGED)
        .collect();
    let users: Vec<&str> = managed
        .iter()
        .filter_map(|row| row["content"]["username"].as_str())
        .collect();
    let wanted = variant.managed.map(|user| format!("sync{user}"));
    if users != wanted.as_deref().into_iter().collect::<Vec<_>>() {
        return Err(format!("the data source is not as asked: {managed:?}"));
    }
    Ok(())
}

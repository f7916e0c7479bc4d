//! The crash sweep: for each kind of change, the process dies before and after each call and each commit, and again at each
//! place of the run that recovers.
//!
//! `SYNCFORM_CRASH_PAIRS=100000 cargo test crash:: -- --nocapture` sweeps every pair; by default a part of them, evenly
//! spread.

mod killed;
mod kinds;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use syncform::diff::Action;
use syncform::plan::Op;

use crate::sim::play::{Played, play};
use crate::sim::script::{CallFault, Script, WriteFault};
use crate::sim::stage::Counts;
use crate::support::{budget, in_parallel};
use kinds::{KINDS, Kind};

/// How many pairs are tried when nothing else is asked for.
const PAIRS: u64 = 2_000;

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    BeforeCall(u32),
    AfterCall(u32),
    BeforeWrite(u32),
    AfterWrite(u32),
}

impl Point {
    /// Every point between two moments.
    fn all(from: Counts, to: Counts) -> Vec<Self> {
        let calls = (from.calls..to.calls).flat_map(|n| [Self::BeforeCall(n), Self::AfterCall(n)]);
        let writes =
            (from.writes..to.writes).flat_map(|n| [Self::BeforeWrite(n), Self::AfterWrite(n)]);
        calls.chain(writes).collect()
    }

    /// Lets the process die there.
    fn put_into(self, script: &mut Script) {
        match self {
            Self::BeforeCall(n) => script.on_calls.push((n, CallFault::CrashBefore)),
            Self::AfterCall(n) => script.on_calls.push((n, CallFault::CrashAfter)),
            Self::BeforeWrite(n) => script.on_writes.push((n, WriteFault::CrashBefore)),
            Self::AfterWrite(n) => script.on_writes.push((n, WriteFault::CrashAfter)),
        }
    }
}

/// Plays a kind's script with a last chapter of so many applies, and the process dying at these points.
fn run(kind: &Kind, applies: u32, points: &[Point]) -> Played {
    let mut script = (kind.script)();
    script.chapters.last_mut().unwrap().applies = applies;
    for point in points {
        point.put_into(&mut script);
    }
    let played = play(&script, None);
    if let Some(violation) = &played.violation {
        panic!(
            "{}: {violation}\nwith the process dying at {points:?} of\n{script}\n{}",
            kind.name,
            played.log.join("\n")
        );
    }
    played
}

/// When the chapter under test began and ended.
fn span(played: &Played) -> (Counts, Counts) {
    let [.., from, to] = played.begun[..] else {
        unreachable!("every script has a chapter")
    };
    (from, to)
}

/// Every kind with each of its points.
fn singles() -> Vec<(&'static Kind, Point)> {
    let points = |kind: &'static Kind| {
        let (from, to) = span(&run(kind, 1, &[]));
        Point::all(from, to).into_iter().map(move |p| (kind, p))
    };
    KINDS.iter().flat_map(points).collect()
}

#[test]
fn a_crash_at_any_place_is_recovered_from() {
    let singles = singles();
    let crashes = AtomicUsize::new(0);
    in_parallel(&singles, |(kind, point)| {
        let played = run(kind, 1, &[*point]);
        assert_eq!(played.counts.crashes, 1, "{}: {point:?}", kind.name);
        crashes.fetch_add(1, Ordering::Relaxed);
    });
    println!(
        "crash sweep: {} kinds of change, {} places, each died at and recovered from",
        KINDS.len(),
        crashes.into_inner()
    );
}

#[test]
fn a_crash_of_the_recovery_is_recovered_from() {
    let most = usize::try_from(budget("SYNCFORM_CRASH_PAIRS", PAIRS)).unwrap();
    let pairs = Mutex::new(Vec::new());
    let singles = singles();
    // So many first crashes that each can be given all of its seconds, spread over all of them.
    let firsts = (most / 50).clamp(6, singles.len());
    let chosen: Vec<_> = (0..firsts)
        .map(|i| singles[i * singles.len() / firsts])
        .collect();
    in_parallel(&chosen, |(kind, first)| {
        let (from, to) = span(&run(kind, 2, &[*first]));
        let seconds = Point::all(from, to)
            .into_iter()
            .filter(|second| is_later(*first, *second));
        let pairs = &mut *pairs.lock().unwrap();
        pairs.extend(seconds.map(|second| (*kind, *first, second)));
    });
    let pairs = pairs.into_inner().unwrap();
    let tried = most.min(pairs.len());
    let chosen: Vec<_> = (0..tried).map(|i| pairs[i * pairs.len() / tried]).collect();
    let twice = AtomicUsize::new(0);
    in_parallel(&chosen, |(kind, first, second)| {
        let played = run(kind, 2, &[*first, *second]);
        twice.fetch_add(usize::from(played.counts.crashes == 2), Ordering::Relaxed);
    });
    println!(
        "crash sweep: {tried} of {} pairs after {firsts} of {} places; in {} the process died twice",
        pairs.len(),
        singles.len(),
        twice.into_inner()
    );
}

/// Whether the second crash can come after the first. Calls and writes are counted apart: of the others, the script tells.
fn is_later(first: Point, second: Point) -> bool {
    match (first, second) {
        (
            Point::BeforeCall(a) | Point::AfterCall(a),
            Point::BeforeCall(b) | Point::AfterCall(b),
        )
        | (
            Point::BeforeWrite(a) | Point::AfterWrite(a),
            Point::BeforeWrite(b) | Point::AfterWrite(b),
        ) => b > a,
        _ => true,
    }
}

/// Actions of which every plan of this version says that it cannot carry them out.
const WITHHELD: [Action; 2] = [Action::Replace, Action::Restart];

#[test]
fn every_kind_of_change_is_swept() {
    let mut planned = BTreeSet::new();
    for kind in KINDS {
        planned.extend(run(kind, 1, &[]).planned);
    }
    let actions: BTreeSet<Action> = planned.iter().map(|(action, _)| *action).collect();
    let ops: BTreeSet<Op> = planned.iter().map(|(_, op)| *op).collect();
    let missing_actions: Vec<_> = Action::ALL
        .iter()
        .filter(|action| !actions.contains(action) && !WITHHELD.contains(action))
        .collect();
    let missing_ops: Vec<_> = Op::ALL.iter().filter(|op| !ops.contains(op)).collect();
    assert!(
        missing_actions.is_empty() && missing_ops.is_empty(),
        "`KINDS` lacks a kind of change that takes {missing_actions:?} or {missing_ops:?}"
    );
    let swept_at_last = WITHHELD.iter().filter(|action| actions.contains(action));
    assert_eq!(
        swept_at_last.count(),
        0,
        "`WITHHELD` lists what is carried out"
    );
}

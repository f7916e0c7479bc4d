//! Many seeds, on every core; and the proof that the campaign can fail.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::defect::Defect;
use super::play::{Played, play, play_and_tell};
use super::script::Script;
use crate::support::{budget, in_parallel};

/// How many seeds are played when nothing else is asked for.
const SEEDS: u64 = 2_000;

/// Within how many seeds a defect must be found.
const SEEDS_PER_DEFECT: u64 = 2_000;

/// What a campaign saw.
#[derive(Debug, Default)]
struct Figures {
    seeds: u64,
    calls: u64,
    writes: u64,
    waits: u64,
    processes: u64,
    crashes: u64,
    states: BTreeSet<u64>,
}

impl Figures {
    fn add(&mut self, played: &Played) {
        let counts = played.counts;
        self.seeds += 1;
        self.calls += u64::from(counts.calls);
        self.writes += u64::from(counts.writes);
        self.waits += u64::from(counts.waits);
        self.processes += u64::from(counts.processes);
        self.crashes += u64::from(counts.crashes);
        self.states.extend(&played.states);
    }
}

/// Plays seeds until one fails; the smallest that did, and what was seen.
fn search(seeds: std::ops::Range<u64>, defect: Option<Defect>) -> (Option<u64>, Figures) {
    let stop = AtomicBool::new(false);
    let found = Mutex::new((None::<u64>, Figures::default()));
    in_parallel(
        seeds.take_while(|_| !stop.load(Ordering::Relaxed)),
        |seed| {
            let played = play(&Script::draw(seed), defect);
            let (failed, figures) = &mut *found.lock().unwrap();
            figures.add(&played);
            if played.violation.is_some() {
                *failed = Some(failed.map_or(seed, |before| before.min(seed)));
                stop.store(true, Ordering::Relaxed);
            }
        },
    );
    found.into_inner().unwrap()
}

/// What a failing seed comes to: what is wrong, the fewest events that bring it about, and how to see it again.
fn explain(seed: u64) -> String {
    let whole = Script::draw(seed);
    let violation = play(&whole, None).violation;
    let same = |other: Option<String>| kind(other.as_deref()) == kind(violation.as_deref());
    let least = whole.minimised(|script| same(play(script, None).violation));
    let played = play_and_tell(&least, None, true);
    format!(
        "seed {seed}: {}\n\nthe fewest events that bring it about: {least}\nwhich then come to: {}\n{}\n\n{}\n\nsee it again: \
         SYNCFORM_SIM_SEED={seed} cargo test sim::campaign::one_seed -- --nocapture",
        violation.as_deref().unwrap_or("nothing, the second time"),
        played
            .violation
            .as_deref()
            .unwrap_or("nothing, the second time"),
        played.log.join("\n"),
        played.story.join("\n"),
    )
}

/// The beginning of a violation without its numbers: a smaller script must fail in the same way.
fn kind(violation: Option<&str>) -> Option<String> {
    let letters = violation?.chars().filter(|c| !c.is_ascii_digit());
    Some(letters.take(30).collect())
}

#[test]
fn nothing_twice_and_nothing_lost() {
    let seeds = budget("SYNCFORM_SIM_SEEDS", SEEDS);
    let first = budget("SYNCFORM_SIM_FIRST", 0);
    let (failed, figures) = search(first..first + seeds, None);
    println!(
        "simulation: {} seeds, {} events ({} calls, {} writes, {} waits), {} processes of which {} were killed, {} distinct \
         states",
        figures.seeds,
        figures.calls + figures.writes + figures.waits,
        figures.calls,
        figures.writes,
        figures.waits,
        figures.processes,
        figures.crashes,
        figures.states.len(),
    );
    if let Some(seed) = failed {
        panic!("{}", explain(seed));
    }
}

/// Plays the seed that `SYNCFORM_SIM_SEED` names, and tells what happened.
#[test]
fn one_seed() {
    let seed = budget("SYNCFORM_SIM_SEED", 0);
    let script = Script::draw(seed);
    let played = play_and_tell(&script, None, true);
    println!(
        "{script}\n{}\n\n{}",
        played.log.join("\n"),
        played.story.join("\n")
    );
    if played.violation.is_some() {
        panic!("{}", explain(seed));
    }
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for seed in 0..20 {
        let script = Script::draw(seed);
        let (once, again) = (play(&script, None), play(&script, None));
        assert_eq!(once.log, again.log, "seed {seed}");
        assert_eq!(once.counts, again.counts, "seed {seed}");
        assert_eq!(once.states, again.states, "seed {seed}");
    }
}

#[test]
fn every_defect_is_found() {
    for defect in Defect::ALL {
        let (found, figures) = search(0..SEEDS_PER_DEFECT, Some(defect));
        let seed = found
            .unwrap_or_else(|| panic!("{defect:?} was not found within {SEEDS_PER_DEFECT} seeds"));
        let violation = play(&Script::draw(seed), Some(defect)).violation;
        println!(
            "{defect:?}: seed {seed}, after {} seeds: {}",
            figures.seeds,
            violation.unwrap_or_default()
        );
    }
}

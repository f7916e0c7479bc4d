//! What happens in one simulation: a script, drawn from a seed, that can be printed and cut down.
//!
//! Faults strike the n-th call and the n-th write of the whole simulation, so that the rest of a script stays the same when one
//! of them is taken out.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::stack::{Variant, Wish};

/// A whole simulation.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    /// Whether the state file is the real store's.
    pub(crate) real_store: bool,
    /// How many changes are carried out side by side.
    pub(crate) parallelism: usize,
    /// Switches of the emulator.
    pub(crate) switches: Vec<(&'static str, &'static str)>,
    pub(crate) chapters: Vec<Chapter>,
    pub(crate) on_calls: Vec<(u32, CallFault)>,
    pub(crate) on_writes: Vec<(u32, WriteFault)>,
}

/// What the user wants for a while.
#[derive(Debug, Clone)]
pub(crate) struct Chapter {
    pub(crate) variant: Variant,
    /// What happens to the state file before.
    pub(crate) mishap: Option<Mishap>,
    /// What somebody does in the console before.
    pub(crate) edits: Vec<Edit>,
    /// How often the user applies, at most.
    pub(crate) applies: u32,
    /// How long the user waits before each, in seconds.
    pub(crate) pause: u64,
    /// Whether each is of a plan that was saved, and what happens between the two.
    pub(crate) review: Option<Review>,
}

/// What happens while a saved plan is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    /// How long that takes, in seconds.
    pub(crate) takes: u64,
    /// What somebody does in the console meanwhile.
    pub(crate) edits: Vec<Edit>,
}

impl Chapter {
    /// One apply of a variant.
    pub(crate) fn of(variant: Variant) -> Self {
        Self {
            variant,
            mishap: None,
            edits: Vec::new(),
            applies: 1,
            pause: 90,
            review: None,
        }
    }
}

/// What can happen to a state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// It is lost, and a new one is made.
    Lost,
    /// A copy from so many commits ago is put in its place.
    Restored(usize),
}

/// What can happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallFault {
    /// Connecting fails.
    NotSent,
    /// The request is lost; the caller waits in vain.
    LostRequest,
    /// It takes effect, and the answer is lost.
    LostReply,
    /// It takes effect so many seconds after the caller gave up.
    Late(u32),
    /// It and the next calls are turned down with 429.
    Throttled { calls: u32 },
    /// The day's calls are used up.
    QuotaSpent,
    /// It and the next calls are answered 500, with nothing done.
    Unavailable { calls: u32 },
    /// It is answered 500 although it took effect.
    UnavailableAfter,
    /// It fails with HTTP 200.
    InBand,
    /// Half of the answer arrives.
    Torn,
    /// Something else answers in the service's place.
    Corrupt,
    /// The answer takes so many seconds.
    Slow(u32),
    /// It and the next calls, where they read, show the world as it was so many seconds ago.
    Stale { seconds: u32, calls: u32 },
    /// The generation that it begins or asks for never ends.
    NeverFinish,
    /// The instance that it is about dies.
    Dies,
    /// The process dies before it is sent.
    CrashBefore,
    /// The process dies after it took effect.
    CrashAfter,
    /// The process stands still for so many seconds, while somebody else applies.
    Freeze(u32),
    /// Somebody else applies at the same time.
    Rival,
    /// The user interrupts, so many times.
    Interrupt(u32),
    /// The process's clock jumps by so many seconds.
    ClockJumps(i32),
    /// Somebody works in the console.
    Console(Edit),
}

/// What somebody does in the console, to a task by its place among the simulation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    Delete(usize),
    Stop(usize),
    Start(usize),
    TakeOffline(usize),
    DeleteDatasource,
    ChangeDatasource,
    /// A task of the same name and another content, if the name is free.
    Impostor(usize),
}

/// What can happen to a write of the state file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteFault {
    CrashBefore,
    CrashAfter,
    /// It fails, with nothing written.
    Fails(StoreFault),
    /// It fails although it was written.
    FailsAfter(StoreFault),
    /// The power goes, and the last commits with it, although the disk had promised them.
    PowerLoss(usize),
}

/// How a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreFault {
    Full,
    Busy,
    ReadOnly,
    Io,
}

impl std::fmt::Display for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let store = if self.real_store { "real" } else { "model" };
        writeln!(
            f,
            "seed {}, {store} store, {} side by side, {:?}",
            self.seed, self.parallelism, self.switches
        )?;
        for chapter in &self.chapters {
            writeln!(f, "  {chapter:?}")?;
        }
        for (at, fault) in &self.on_calls {
            writeln!(f, "  call {at}: {fault:?}")?;
        }
        for (at, fault) in &self.on_writes {
            writeln!(f, "  write {at}: {fault:?}")?;
        }
        Ok(())
    }
}

impl Script {
    /// A script in which nothing goes wrong.
    pub(crate) fn calm(chapters: Vec<Chapter>) -> Self {
        Self {
            seed: 0,
            real_store: false,
            parallelism: 2,
            switches: Vec::new(),
            chapters,
            on_calls: Vec::new(),
            on_writes: Vec::new(),
        }
    }

    /// The script of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let real_store = rng.random_ratio(1, 16);
        let solution = rng.random_ratio(1, 8);
        let mut script = Self {
            seed,
            real_store,
            parallelism: rng.random_range(1..=4),
            switches: switches(&mut rng, solution),
            chapters: chapters(&mut rng, solution, real_store),
            on_calls: Vec::new(),
            on_writes: Vec::new(),
        };
        let reach = 40 * u32::try_from(script.chapters.len()).unwrap();
        for _ in 0..rng.random_range(0..=8) {
            let at = rng.random_range(0..reach);
            let fault = call_fault(&mut rng);
            // To outlast such a generation is to outlast what a solution in doubt could be found by.
            if !(solution && fault == CallFault::NeverFinish) {
                script.on_calls.push((at, fault));
            }
        }
        for _ in 0..rng.random_range(0..=3) {
            let at = rng.random_range(0..reach);
            let fault = write_fault(&mut rng);
            // As above: what is forgotten of a solution is found by its token alone, as long as its generation is kept.
            if !(solution && matches!(fault, WriteFault::PowerLoss(_))) {
                script.on_writes.push((at, fault));
            }
        }
        script
    }

    /// Everything that somebody does in the console.
    pub(crate) fn edits(&self) -> impl Iterator<Item = Edit> {
        let at_calls = self.on_calls.iter().filter_map(|(_, fault)| match fault {
            CallFault::Console(edit) => Some(*edit),
            _ => None,
        });
        let in_chapters = self.chapters.iter().flat_map(|chapter| {
            let reviewed = chapter.review.iter().flat_map(|review| &review.edits);
            chapter.edits.iter().chain(reviewed).copied()
        });
        at_calls.chain(in_chapters)
    }

    /// Whether a task can be offline without anybody's knowing: taken so in the console, by a delete of which the state was
    /// lost, or by a call that took effect when nobody waited for it any more.
    pub(crate) fn takes_offline(&self) -> bool {
        let power_loss = |fault: &WriteFault| matches!(fault, WriteFault::PowerLoss(_));
        self.edits()
            .any(|edit| matches!(edit, Edit::TakeOffline(_)))
            || self.has_late_effects()
            || self.on_writes.iter().any(|(_, fault)| power_loss(fault))
            || self.chapters.iter().any(|chapter| chapter.mishap.is_some())
    }

    /// Whether a call takes effect when nobody waits for it any more.
    pub(crate) fn has_late_effects(&self) -> bool {
        let late = |fault: &CallFault| matches!(fault, CallFault::Late(_));
        self.on_calls.iter().any(|(_, fault)| late(fault))
    }

    /// Whether a generation never ends.
    pub(crate) fn has_endless_generation(&self) -> bool {
        let endless = |fault: &CallFault| *fault == CallFault::NeverFinish;
        self.on_calls.iter().any(|(_, fault)| endless(fault))
    }

    /// How many events could be taken out.
    pub(crate) fn len(&self) -> usize {
        self.on_calls.len() + self.on_writes.len() + self.switches.len()
    }

    /// The script without its n-th event.
    pub(crate) fn without(&self, mut n: usize) -> Self {
        let mut less = self.clone();
        if n < less.on_calls.len() {
            less.on_calls.remove(n);
            return less;
        }
        n -= less.on_calls.len();
        if n < less.on_writes.len() {
            less.on_writes.remove(n);
            return less;
        }
        n -= less.on_writes.len();
        less.switches.remove(n);
        less
    }

    /// The fewest events with which `fails` still says so, as found by taking them out one at a time.
    pub(crate) fn minimised(mut self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut n = 0;
        while n < self.len() {
            let less = self.without(n);
            if fails(&less) {
                self = less;
            } else {
                n += 1;
            }
        }
        for i in 0..self.chapters.len() {
            let mut less = self.clone();
            less.chapters[i].review = None;
            if fails(&less) {
                self = less;
            }
        }
        while self.chapters.len() > 1 {
            let mut less = self.clone();
            less.chapters.pop();
            if !fails(&less) {
                break;
            }
            self = less;
        }
        self
    }
}

fn switches(rng: &mut impl Rng, solution: bool) -> Vec<(&'static str, &'static str)> {
    let mut switches = Vec::new();
    let mut choose = |name, values: &[&'static str]| {
        let value = values[rng.random_range(0..values.len())];
        if !value.is_empty() {
            switches.push((name, value));
        }
    };
    choose("polls", &["", "1", "6"]);
    choose("wait_reads", &["", "0", "3"]);
    choose("kill_reads", &["", "0", "3"]);
    choose("generate_ms", &["", "", "4000", "120000"]);
    choose(
        "in_progress",
        &["", "running", "fail-with-message", "fail-without-message"],
    );
    choose("generate_status", &["", "success"]);
    choose("failed_status", &["", "norun"]);
    choose("name_hold_s", &["", "", "", "20"]);
    choose("token_mismatch", &["", "", "first-result"]);
    // A solution whose token is forgotten cannot be found again by anybody: no operation lists solutions.
    if !solution {
        choose("token_retention_s", &["", "600", "none"]);
        choose("process_ttl_s", &["", "", "600"]);
    }
    switches
}

fn chapters(rng: &mut impl Rng, solution: bool, real_store: bool) -> Vec<Chapter> {
    let count = rng.random_range(1..=3);
    (0..count)
        .map(|i| {
            let mishap = if i == 0 || solution || real_store || !rng.random_ratio(1, 4) {
                None
            } else if rng.random_ratio(1, 2) {
                Some(Mishap::Lost)
            } else {
                Some(Mishap::Restored(rng.random_range(1..25)))
            };
            Chapter {
                variant: variant(rng, solution),
                mishap,
                edits: Vec::new(),
                applies: rng.random_range(1..=3),
                pause: [1, 20, 90, 400][rng.random_range(0..4)],
                review: rng.random_ratio(1, 4).then(|| review(rng, solution)),
            }
        })
        .collect()
}

fn review(rng: &mut impl Rng, solution: bool) -> Review {
    // To outlast a generation is to outlast what a solution in doubt could be found by.
    let longest = if solution { 400 } else { 4000 };
    Review {
        takes: [1, 90, longest][rng.random_range(0..3)],
        edits: (0..rng.random_range(0..3)).map(|_| edit(rng)).collect(),
    }
}

fn wish(rng: &mut impl Rng) -> Wish {
    match rng.random_range(0..6) {
        0 | 1 => Wish::Stopped,
        2 => Wish::Unmanaged,
        _ => Wish::Started,
    }
}

fn variant(rng: &mut impl Rng, solution: bool) -> Variant {
    let managed = rng.random_ratio(2, 3).then(|| rng.random_range(0..3));
    let mut tasks = [None; 3];
    for (i, task) in tasks.iter_mut().enumerate() {
        if rng.random_ratio(3, 4) && (i != 1 || managed.is_some()) {
            *task = Some(wish(rng));
        }
    }
    Variant {
        tasks,
        solution: solution.then_some(Wish::Started),
        managed,
    }
}

fn call_fault(rng: &mut impl Rng) -> CallFault {
    match rng.random_range(0..42) {
        0 => CallFault::NotSent,
        1..=3 => CallFault::LostRequest,
        4..=7 => CallFault::LostReply,
        8..=10 => CallFault::Late(rng.random_range(1..400)),
        11 => CallFault::Throttled {
            calls: rng.random_range(1..12),
        },
        12 => CallFault::QuotaSpent,
        13 => CallFault::Unavailable {
            calls: rng.random_range(1..8),
        },
        14 | 15 => CallFault::UnavailableAfter,
        16 | 36 | 37 => CallFault::InBand,
        17 => CallFault::Torn,
        18 => CallFault::Corrupt,
        19 => CallFault::Slow(rng.random_range(1..50)),
        20 | 34 | 35 => CallFault::Stale {
            // As far behind as reads are promised to be survived.
            seconds: rng.random_range(1..9),
            calls: rng.random_range(1..20),
        },
        21 | 38..=41 => CallFault::NeverFinish,
        22 => CallFault::Dies,
        23 => CallFault::CrashBefore,
        24..=26 => CallFault::CrashAfter,
        27 | 28 => CallFault::Freeze(rng.random_range(20..200)),
        29 => CallFault::Rival,
        30 => CallFault::Interrupt(rng.random_range(1..=2)),
        31 => CallFault::ClockJumps(rng.random_range(-4000..4000)),
        _ => CallFault::Console(edit(rng)),
    }
}

fn edit(rng: &mut impl Rng) -> Edit {
    let task = rng.random_range(0..3);
    match rng.random_range(0..10) {
        8 | 9 => Edit::Impostor(task),
        0 | 1 => Edit::Delete(task),
        2 => Edit::Stop(task),
        3 => Edit::Start(task),
        4 | 5 => Edit::TakeOffline(task),
        6 => Edit::DeleteDatasource,
        _ => Edit::ChangeDatasource,
    }
}

fn write_fault(rng: &mut impl Rng) -> WriteFault {
    let failure = [
        StoreFault::Full,
        StoreFault::Busy,
        StoreFault::ReadOnly,
        StoreFault::Io,
    ][rng.random_range(0..4)];
    match rng.random_range(0..6) {
        0 => WriteFault::CrashBefore,
        1 | 2 => WriteFault::CrashAfter,
        3 => WriteFault::Fails(failure),
        4 => WriteFault::FailsAfter(failure),
        _ => WriteFault::PowerLoss(rng.random_range(1..6)),
    }
}

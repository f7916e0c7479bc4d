//! The kinds of change that are swept: for each, how to come to where it is the next thing to do. The last chapter is it.

use crate::sim::script::{Chapter, Edit, Mishap, Script};
use crate::sim::stack::{Variant, Wish};

/// A kind of change.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) script: fn() -> Script,
}

const NOTHING: Variant = Variant::EMPTY;
const STARTED: Variant = one(Wish::Started);
const STOPPED: Variant = one(Wish::Stopped);
const MANAGED: Variant = Variant {
    managed: Some(0),
    ..NOTHING
};
const SOLUTION: Variant = Variant {
    solution: Some(Wish::Started),
    ..NOTHING
};
const EVERYTHING: Variant = Variant {
    tasks: [
        Some(Wish::Started),
        Some(Wish::Stopped),
        Some(Wish::Unmanaged),
    ],
    solution: None,
    managed: Some(0),
};

const fn one(wish: Wish) -> Variant {
    Variant {
        tasks: [Some(wish), None, None],
        ..Variant::EMPTY
    }
}

fn steps<const N: usize>(variants: [Variant; N]) -> Script {
    Script::calm(variants.into_iter().map(Chapter::of).collect())
}

/// From one variant to another, with something that happens between.
fn between(before: Variant, after: Variant, happens: impl FnOnce(&mut Chapter)) -> Script {
    let mut last = Chapter::of(after);
    happens(&mut last);
    Script::calm(vec![Chapter::of(before), last])
}

/// A generation that outlasts the first apply's patience.
fn slow(mut script: Script) -> Script {
    script.switches.push(("generate_ms", "2000000"));
    script
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "create and start a task",
        script: || steps([STARTED]),
    },
    Kind {
        name: "create a task that is not to run",
        script: || steps([STOPPED]),
    },
    Kind {
        name: "start a task that never ran",
        script: || steps([STOPPED, STARTED]),
    },
    Kind {
        name: "start a task that was stopped",
        script: || steps([STARTED, STOPPED, STARTED]),
    },
    Kind {
        name: "stop a task",
        script: || steps([STARTED, STOPPED]),
    },
    Kind {
        name: "delete a running task",
        script: || steps([STARTED, NOTHING]),
    },
    Kind {
        name: "delete a task that stands still",
        script: || steps([STOPPED, NOTHING]),
    },
    Kind {
        name: "create and start a solution",
        script: || steps([SOLUTION]),
    },
    Kind {
        name: "create a data source",
        script: || steps([MANAGED]),
    },
    Kind {
        name: "update a data source",
        script: || {
            let changed = Variant {
                managed: Some(1),
                ..NOTHING
            };
            steps([MANAGED, changed])
        },
    },
    Kind {
        name: "delete a data source",
        script: || steps([MANAGED, NOTHING]),
    },
    Kind {
        name: "adopt a running task",
        script: || between(STARTED, STARTED, |last| last.mishap = Some(Mishap::Lost)),
    },
    Kind {
        name: "adopt a task that stands still",
        script: || between(STOPPED, STOPPED, |last| last.mishap = Some(Mishap::Lost)),
    },
    Kind {
        name: "adopt a data source",
        script: || between(MANAGED, MANAGED, |last| last.mishap = Some(Mishap::Lost)),
    },
    Kind {
        name: "resume a generation",
        script: || slow(steps([STARTED, STARTED])),
    },
    Kind {
        name: "forget a generation",
        script: || slow(steps([STARTED, NOTHING])),
    },
    Kind {
        name: "forget a task that somebody deleted",
        script: || between(STARTED, NOTHING, |last| last.edits.push(Edit::Delete(0))),
    },
    Kind {
        name: "create a task again that somebody deleted",
        script: || between(STARTED, STARTED, |last| last.edits.push(Edit::Delete(0))),
    },
    Kind {
        name: "forget a data source that somebody deleted",
        script: || {
            between(MANAGED, NOTHING, |last| {
                last.edits.push(Edit::DeleteDatasource)
            })
        },
    },
    Kind {
        name: "create a data source again that somebody deleted",
        script: || {
            between(MANAGED, MANAGED, |last| {
                last.edits.push(Edit::DeleteDatasource)
            })
        },
    },
    Kind {
        name: "change back what somebody changed",
        script: || {
            between(MANAGED, MANAGED, |last| {
                last.edits.push(Edit::ChangeDatasource)
            })
        },
    },
    Kind {
        name: "deploy and start again what somebody took offline",
        script: || {
            between(STARTED, STARTED, |last| {
                last.edits.push(Edit::TakeOffline(0))
            })
        },
    },
    Kind {
        name: "record what a task depends on",
        script: || {
            let alone = Variant {
                tasks: [None, None, Some(Wish::Stopped)],
                ..NOTHING
            };
            let both = Variant {
                tasks: [Some(Wish::Stopped), None, Some(Wish::Stopped)],
                ..NOTHING
            };
            steps([alone, both])
        },
    },
    Kind {
        name: "create everything",
        script: || steps([EVERYTHING]),
    },
    Kind {
        name: "delete everything",
        script: || steps([EVERYTHING, NOTHING]),
    },
];

//! What the long campaigns share: budgets from variables, and work on every core.

use std::sync::Mutex;

/// How much of something to do: what the variable says, or else the default.
#[track_caller]
pub(crate) fn budget(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number: {text}"))
    })
}

/// Works on the items with every core, each item once and in no particular order.
pub(crate) fn in_parallel<I: IntoIterator<IntoIter: Send>>(
    items: I,
    work: impl Fn(I::Item) + Sync,
) {
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap().next();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = next() {
                    work(item);
                }
            });
        }
    });
}

//! What the campaign found, cut down to the fewest events: each of these went wrong once.

use super::play::play;
use super::script::{CallFault, Chapter, Edit, Mishap, Review, Script, StoreFault, WriteFault};
use super::stack::{Variant, Wish};

const STARTED: Variant = Variant {
    tasks: [Some(Wish::Started), None, None],
    ..Variant::EMPTY
};
const STOPPED: Variant = Variant {
    tasks: [Some(Wish::Stopped), None, None],
    ..Variant::EMPTY
};

fn managed(user: u8) -> Variant {
    Variant {
        managed: Some(user),
        ..Variant::EMPTY
    }
}

/// One apply of each variant, with a second's pause.
fn applies(variants: &[Variant]) -> Script {
    let chapter = |variant: &Variant| Chapter {
        pause: 1,
        ..Chapter::of(*variant)
    };
    Script::calm(variants.iter().map(chapter).collect())
}

#[track_caller]
fn check(script: &Script) {
    let played = play(script, None);
    if let Some(violation) = played.violation {
        panic!("{violation}\n{script}\n{}", played.log.join("\n"));
    }
}

/// Every read from a call on, for a while, shows the world as it was.
fn stale(mut script: Script, from: u32, calls: u32) -> Script {
    script
        .on_calls
        .push((from, CallFault::Stale { seconds: 8, calls }));
    script
}

#[test]
fn a_poll_that_is_behind_does_not_end_a_generation() {
    for from in 0..12 {
        check(&stale(applies(&[STARTED]), from, 4));
    }
}

#[test]
fn a_generation_goes_on_when_only_run_changed() {
    let mut script = applies(&[STOPPED, STARTED]);
    script.switches.push(("generate_ms", "2000000"));
    check(&script);
}

#[test]
fn a_list_that_is_behind_makes_nobody_forget_what_was_just_made() {
    for from in 0..30 {
        check(&stale(
            applies(&[managed(1), managed(2), Variant::EMPTY]),
            from,
            8,
        ));
        check(&stale(applies(&[STARTED, Variant::EMPTY]), from, 8));
    }
}

#[test]
fn a_task_is_offline_only_when_the_service_said_so() {
    let mut script = stale(applies(&[STARTED, Variant::EMPTY]), 15, 20);
    script.chapters.push(Chapter::of(Variant::EMPTY));
    for from in 10..30 {
        let mut script = script.clone();
        script.on_calls[0].0 = from;
        check(&script);
    }
}

#[test]
fn a_task_that_was_taken_offline_in_the_console_is_deployed_again() {
    let mut script = applies(&[STOPPED, STARTED]);
    script.chapters[1].edits.push(Edit::TakeOffline(0));
    check(&script);
}

#[test]
fn a_solution_that_died_is_started_again() {
    let solution = Variant {
        solution: Some(Wish::Started),
        ..Variant::EMPTY
    };
    for call in 0..14 {
        let mut script = applies(&[solution, solution]);
        script.on_calls.push((call, CallFault::Dies));
        check(&script);
    }
}

#[test]
fn a_task_of_the_same_name_that_somebody_else_made_is_not_deleted() {
    for call in 0..14 {
        let mut script = applies(&[STARTED, Variant::EMPTY]);
        script
            .on_calls
            .push((call, CallFault::Console(Edit::Impostor(0))));
        check(&script);
    }
}

#[test]
fn a_data_source_that_was_deleted_and_made_again_is_the_one_that_is_changed() {
    let [first, second] = [
        Variant {
            tasks: [Some(Wish::Started); 3],
            solution: None,
            managed: Some(0),
        },
        Variant {
            tasks: [Some(Wish::Stopped), Some(Wish::Unmanaged), None],
            solution: None,
            managed: Some(1),
        },
    ];
    let mut script = Script::calm([first, second].map(Chapter::of).into());
    for (chapter, applies) in script.chapters.iter_mut().zip([2, 3]) {
        chapter.applies = applies;
        chapter.pause = 400;
    }
    script.switches.push(("wait_reads", "3"));
    let deleted = CallFault::Console(Edit::DeleteDatasource);
    script.on_calls = vec![(30, CallFault::Late(316)), (45, deleted), (16, deleted)];
    script.on_writes = vec![(14, WriteFault::CrashAfter)];
    check(&script);
}

#[test]
fn a_generation_that_is_resumed_is_not_given_up_at_the_first_word() {
    let variant = Variant {
        tasks: [
            Some(Wish::Started),
            Some(Wish::Stopped),
            Some(Wish::Started),
        ],
        solution: Some(Wish::Started),
        managed: Some(2),
    };
    let mut script = Script::calm(vec![Chapter::of(variant)]);
    script.chapters[0].applies = 2;
    script.chapters[0].pause = 1;
    script.switches.push(("polls", "1"));
    script.on_calls = vec![
        (0, CallFault::Corrupt),
        (1, CallFault::NotSent),
        (17, CallFault::InBand),
        (9, CallFault::Late(185)),
    ];
    script.on_writes = vec![(7, WriteFault::Fails(StoreFault::Io))];
    check(&script);
}

#[test]
fn what_a_lost_state_had_sent_and_comes_late_is_found_by_its_name() {
    let mut script = applies(&[STARTED]);
    script.chapters[0].applies = 2;
    script.chapters[0].pause = 400;
    script.switches.push(("polls", "1"));
    for call in 0..12 {
        for write in 0..8 {
            let mut script = script.clone();
            script.on_calls = vec![(call, CallFault::Late(251))];
            script.on_writes = vec![(write, WriteFault::PowerLoss(5))];
            check(&script);
        }
    }
}

#[test]
fn a_solution_that_may_exist_keeps_the_token_that_finds_it() {
    let solution = Variant {
        solution: Some(Wish::Started),
        ..Variant::EMPTY
    };
    for write in 2..8 {
        for call in 3..16 {
            let mut script = applies(&[solution, solution, solution]);
            script.on_writes = vec![(write, WriteFault::CrashAfter)];
            script.on_calls = vec![(call, CallFault::InBand)];
            for chapter in &mut script.chapters {
                chapter.pause = 90;
            }
            check(&script);
            script.on_writes = vec![(write, WriteFault::CrashBefore)];
            check(&script);
        }
    }
}

#[test]
fn a_data_source_that_a_list_hides_is_found_before_its_content_is_changed() {
    for call in 2..10 {
        let mut script = stale(applies(&[managed(2), managed(1), managed(1)]), call, 17);
        script.on_calls.push((call + 1, CallFault::Interrupt(2)));
        check(&script);
        script.on_calls[1].1 = CallFault::CrashAfter;
        check(&script);
    }
}

#[test]
fn an_old_state_finds_the_task_that_was_made_again_since() {
    let again = Chapter {
        edits: vec![Edit::Delete(0)],
        ..Chapter::of(STARTED)
    };
    for commits in 1..40 {
        for variant in [STOPPED, STARTED] {
            let old = Chapter {
                mishap: Some(Mishap::Restored(commits)),
                applies: 0,
                ..Chapter::of(variant)
            };
            check(&Script::calm(vec![
                Chapter::of(STARTED),
                again.clone(),
                old,
            ]));
        }
    }
}

#[test]
fn a_task_that_somebody_starts_meanwhile_is_not_said_to_stand_still() {
    for call in 0..14 {
        let mut script = applies(&[STOPPED, STOPPED]);
        let started = CallFault::Console(Edit::Start(0));
        script.on_calls.push((call, started));
        check(&script);
    }
    let mut script = applies(&[STOPPED, STOPPED]);
    script.chapters[1].mishap = Some(Mishap::Lost);
    script.chapters[1].review = Some(Review {
        takes: 90,
        edits: vec![Edit::Start(0)],
    });
    check(&script);
}

#[test]
fn what_an_earlier_life_did_is_not_said_of_the_next() {
    for deleted in 5..14 {
        for dies in deleted + 1..deleted + 26 {
            let mut script = applies(&[STARTED]);
            script.on_calls = vec![
                (deleted, CallFault::Console(Edit::Delete(0))),
                (dies, CallFault::CrashAfter),
            ];
            check(&script);
        }
    }
}

//! Plans as comments on pull requests.

use std::sync::OnceLock;

use insta::assert_snapshot;
use proptest::prelude::*;
use syncform::plan::{Mode, Plan};
use syncform::render::plan_markdown;

use super::support::{
    PASSWORD, create, delete, everything, fingerprint, hostile, plan_of, stuck_solution, task,
    task_spec,
};

fn plans() -> &'static [Plan] {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let shards =
            (0..40).map(|i| create(task("shard").with_key(format!("{i:02}")), task_spec("s")));
        vec![
            everything(),
            hostile(),
            plan_of(Mode::Apply, shards.collect(), Vec::new()),
            plan_of(Mode::Apply, Vec::new(), Vec::new()),
            plan_of(Mode::RefreshOnly, Vec::new(), everything().drift),
        ]
    })
}

#[test]
fn a_comment() {
    assert_snapshot!(plan_markdown::plan(&everything(), None));
}

#[test]
fn a_comment_of_a_destroy() {
    let changes = vec![delete(task("orders")), stuck_solution(task("copy"))];
    let plan = plan_of(Mode::Destroy, changes, Vec::new());
    assert_snapshot!(plan_markdown::plan(&plan, None));
}

#[test]
fn details_are_cut_before_rows_and_the_comment_says_so() {
    let plan = &plans()[2];
    let whole = plan_markdown::plan(plan, None);
    let rows = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("| `+`"))
            .count()
    };
    let without_details = plan_markdown::plan(plan, Some(whole.len() - 1));
    assert_eq!(rows(&without_details), 40);
    assert!(
        without_details.contains("fit into the comment: 2 details._"),
        "{without_details}"
    );
    let some = plan_markdown::plan(plan, Some(2_000));
    assert!(rows(&some) > 5 && rows(&some) < 40, "{some}");
    assert!(some.contains(", 40 details._"), "{some}");
    assert_snapshot!(plan_markdown::plan(plan, Some(300)), @r"
    ### Plan: 40 to create

    Stack `shop-lake`, environment `prod`.

    API calls: 160 writes, 80 reads or more.

    _Left out, since they would not fit into the comment: 40 changes, 40 details._

    Plan hash: `sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef`
    ");
}

#[test]
fn text_of_others_is_no_markup() {
    let text = plan_markdown::plan(&hostile(), None);
    assert_snapshot!(text);
    assert!(!text.contains(PASSWORD) && !text.contains(&fingerprint()));
    assert!(
        !text
            .chars()
            .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
    );
    let table = text.lines().filter(|line| line.starts_with("| "));
    for row in table {
        assert_eq!(row.matches('|').count(), 6, "{row}");
        let outside_code: String = row.split('`').step_by(2).collect();
        assert!(!outside_code.contains("<img"), "{row}");
        assert!(!outside_code.contains('@'), "{row}");
    }
}

proptest! {
    #[test]
    fn a_comment_is_never_longer_than_it_may_be(which in 0..5_usize, max in 0..9_000_usize) {
        let plan = &plans()[which];
        let text = plan_markdown::plan(plan, Some(max));
        prop_assert!(text.len() <= max, "{} > {max}", text.len());
        if max >= 400 {
            prop_assert!(text.starts_with("### "), "{text}");
            prop_assert!(text.contains(&plan.hash), "{text}");
            let whole = plan_markdown::plan(plan, None);
            prop_assert!(text == whole || text.contains("eft out"), "{text}");
        }
        // Every fence and every folded part that is opened is closed.
        prop_assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
}

//! What holds of every manifest, sound or not.

use proptest::prelude::*;

use syncform::desired::{Inputs, Metas, build, specs};
use syncform::manifest::Sources;
use syncform::render::{diagnostics_json, snippet};
use syncform::source::SourceFile;

use super::support::{BASE, sources};

const TASKS: &str = include_str!("../../../examples/quickstart/tasks.toml");
const DATASOURCES: &str = include_str!("../../../examples/quickstart/datasources.toml");
const TABLES: &str = include_str!("../../../examples/quickstart/tables.toml");
const STACK: &str = include_str!("../../../examples/quickstart/syncform.toml");

/// Words and marks that manifests are made of, to be put where they do not belong.
const SPLINTERS: [&str; 24] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "#",
    "${",
    "}",
    "$${",
    "var.x",
    "each.key",
    "task",
    "password = \"hunter2\"",
    "for_each = [\"a\"]",
    "\u{202e}",
    "\r\n",
    "-1e999",
];

/// Everything that users can get to see of a stack.
fn shown(sources: &Sources) -> String {
    let (desired, mut diagnostics) = build(sources, &Inputs::default());
    assert_eq!(desired.is_none(), diagnostics.has_errors());
    if let Some(desired) = desired {
        diagnostics.extend(specs(&desired, &Metas::default()).1);
    }
    let json = diagnostics_json::validation(&sources.map, &diagnostics);
    snippet::diagnostics(&sources.map, &diagnostics, false) + &json.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        shown(&sources(&[("syncform.toml", BASE), ("any.toml", &text)]));
    }

    #[test]
    fn a_damaged_manifest_is_answered(
        file in 0_usize..4,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0..SPLINTERS.len()), 1..4),
    ) {
        let mut texts = [STACK, DATASOURCES, TABLES, TASKS].map(str::to_owned);
        for (at, removed, splinter) in edits {
            let text = &mut texts[file];
            let from = text.floor_char_boundary(at.index(text.len()));
            let to = text.floor_char_boundary((from + removed).min(text.len()));
            text.replace_range(from..to, SPLINTERS[splinter]);
        }
        let [stack, datasources, tables, tasks] = &texts;
        let shown = shown(&sources(&[
            ("syncform.toml", stack),
            ("datasources.toml", datasources),
            ("tables.toml", tables),
            ("tasks.toml", tasks),
        ]));
        prop_assert!(!shown.contains("hunter2"), "{shown}");
        prop_assert!(!shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn the_order_of_files_does_not_matter(
        order in Just((0..5_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let files = [
            ("syncform.toml", STACK),
            ("a.toml", DATASOURCES),
            ("b.toml", TABLES),
            ("c.toml", TASKS),
            ("d.toml", "[task.orders_to_odps]\nsource = \"x\"\n[table.a]\ninclude = [\"${var.y}\"]\n"),
        ];
        let in_order = |order: &[usize]| {
            shown(&Sources::new(order.iter().map(|i| SourceFile {
                path: files[*i].0.to_owned(),
                text: files[*i].1.to_owned(),
            })))
        };
        prop_assert_eq!(in_order(&order), in_order(&[0, 1, 2, 3, 4]));
    }
}

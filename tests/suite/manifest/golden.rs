//! One broken stack for each class of mistake, and the exact text that users get.

use std::collections::BTreeMap;

use syncform::desired::{DatasourceMeta, Desired, Inputs, Metas, build_checked, specs};
use syncform::diagnostic::Diagnostics;
use syncform::graph;
use syncform::manifest::Sources;
use syncform::render::{diagnostics_json, snippet};

use super::support::{BASE, sources};

/// What a user reads of a stack: the mistakes of its manifests, or those that the source's tables bring up.
fn said(sources: &Sources) -> Diagnostics {
    let check = |desired: &Desired| graph::check(desired).1;
    let (desired, mut diagnostics) = build_checked(sources, &Inputs::default(), check);
    if let Some(desired) = desired {
        let tables = ["orders", "order_items", "users"];
        let meta = DatasourceMeta {
            own_database: Some("shop".to_owned()),
            databases: BTreeMap::from([(
                "shop".to_owned(),
                tables.into_iter().map(str::to_owned).collect(),
            )]),
        };
        let metas = Metas(BTreeMap::from([(
            "datasource.mysql_pub".parse().unwrap(),
            meta,
        )]));
        diagnostics.extend(specs(&desired, &metas).1);
    }
    diagnostics
}

macro_rules! golden {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let name = stringify!($name);
            let manifest = include_str!(concat!("broken/", stringify!($name), ".toml"));
            let path = format!("{name}.toml");
            let sources = sources(&[("syncform.toml", BASE), (&path, manifest)]);
            let diagnostics = said(&sources);
            assert!(!diagnostics.is_empty());
            insta::with_settings!({ snapshot_path => "broken", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(name, snippet::diagnostics(&sources.map, &diagnostics, false));
            });
        }
    )*};
}

golden! {
    cycle
    syntax
    unknown_field
    wrong_type
    unknown_reference
    wrong_reference
    other_workspace
    name_conflict
    glob_without_match
    unsupported_pair
    no_effect
    secret_literal
    incomplete_policy
    duplicate
    interpolation
    outside_stack
    invalid_pattern
    missing_field
    mixed_forms
    for_each
}

#[test]
fn programs_read_the_same() {
    let manifest = include_str!("broken/secret_literal.toml");
    let sources = sources(&[("syncform.toml", BASE), ("secret_literal.toml", manifest)]);
    let json = diagnostics_json::validation(&sources.map, &said(&sources));
    insta::with_settings!({ snapshot_path => "broken", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_json_snapshot!("secret_literal_json", json);
    });
}

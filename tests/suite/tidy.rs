//! Repository rules, held by tests: who may know whom, how long a file may be, that every test is run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The layers of ARCHITECTURE.md, lowest first. A module may use its own layer and those below.
const LAYERS: &[&[&str]] = &[
    &["address", "source", "diagnostic", "secret"],
    &["resource", "state", "api", "journal"],
    &["manifest", "desired"],
    &["graph", "diff", "plan"],
    &["render", "execute"],
    &["clock", "refresh", "remote", "store", "emulator", "cli"],
];

/// The doors of the shell that the layer of paper may name, because their drivers live beside the decisions.
const DOORS: &[(&str, &[&str])] = &[("execute", &["clock", "remote", "store"])];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(below: &str) -> Vec<(PathBuf, String)> {
    let mut open = vec![root().join(below)];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((path.strip_prefix(root()).unwrap().to_owned(), text));
        }
    }
    files.sort();
    files
}

fn module_of(path: &Path) -> Option<String> {
    let below = path.strip_prefix("src").ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

/// The modules that a text names as `crate::module`.
fn used(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    code.join("\n")
        .split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn modules_use_only_their_own_layer_and_those_below() {
    let layer: BTreeMap<&str, usize> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(i, modules)| modules.iter().map(move |module| (*module, i)))
        .collect();
    let mut wrong = Vec::new();
    for (path, text) in rust_files("src") {
        let Some(module) = module_of(&path).filter(|m| m != "lib" && m != "main") else {
            continue;
        };
        let own = layer.get(module.as_str());
        let own = own.unwrap_or_else(|| panic!("{module} belongs to no layer"));
        let doors = DOORS
            .iter()
            .find(|(name, _)| *name == module)
            .map_or(&[][..], |(_, d)| d);
        for name in used(&text) {
            let known = layer.get(name.as_str());
            if known.is_some_and(|other| other > own) && !doors.contains(&name.as_str()) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn client_and_emulator_share_only_signatures() {
    for (path, text) in rust_files("src") {
        let module = module_of(&path);
        if module.as_deref() == Some("emulator") {
            let names = used(&text);
            let foreign: Vec<_> = names
                .iter()
                .filter(|name| {
                    LAYERS
                        .iter()
                        .flat_map(|l| l.iter())
                        .any(|module| module == name)
                })
                .filter(|name| !matches!(name.as_str(), "emulator" | "api" | "render"))
                .collect();
            assert!(foreign.is_empty(), "{} knows {foreign:?}", path.display());
            assert!(
                !text.contains("api::wire"),
                "{} knows the client's wire",
                path.display()
            );
        } else if module.as_deref() != Some("cli") {
            assert!(
                !used(&text).contains("emulator"),
                "{} knows the emulator",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_graph_names_petgraph() {
    for (path, text) in rust_files("src") {
        let named = text.contains("petgraph::");
        assert!(
            !named || path.ends_with("src/graph.rs"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn every_file_says_what_it_is_for_and_can_be_held_in_the_head() {
    for (path, text) in rust_files("src").into_iter().chain(rust_files("tests")) {
        assert!(
            text.starts_with("//!"),
            "{} does not say what it is for",
            path.display()
        );
        let lines = text.lines().count();
        assert!(lines <= 800, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_test_file_is_named_by_a_module() {
    let files = rust_files("tests/suite");
    let all: String = files.iter().map(|(_, text)| text.as_str()).collect();
    for (path, _) in &files {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = if stem == "mod" {
            path.parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
        } else {
            stem
        };
        assert!(
            name == "main" || all.contains(&format!("mod {name};")),
            "{} is in no `mod` line",
            path.display()
        );
    }
}

#[test]
fn documents_link_to_files_that_exist() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "RELIABILITY.md",
        "docs/emulator.md",
    ] {
        let path = root().join(document);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{document} links to {link}");
        }
    }
}

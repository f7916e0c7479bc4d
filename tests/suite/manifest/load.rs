//! Which files are read, and what is said of those that cannot be.

use std::fs;
use std::path::Path;

use syncform::desired::{Inputs, build};
use syncform::diagnostic::Diagnostics;
use syncform::manifest::{Sources, load};
use syncform::render::snippet;

use super::support::BASE;

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn paths(sources: &Sources) -> Vec<&str> {
    sources
        .manifests
        .iter()
        .map(|id| sources.map.file(*id).path.as_str())
        .collect()
}

fn said(sources: &Sources, diagnostics: &Diagnostics) -> String {
    snippet::diagnostics(&sources.map, diagnostics, false)
}

#[test]
fn only_the_stacks_own_manifests_are_read() {
    let root = tempfile::tempdir().unwrap();
    let with_seed = BASE.replace(
        "[provider]",
        "[provider]\nendpoint = \"embedded\"\nseed = \"emulator.toml\"",
    );
    for (path, text) in [
        ("syncform.toml", with_seed.as_str()),
        ("b/c/deep.toml", ""),
        ("a.toml", ""),
        ("notes.md", "x"),
        ("emulator.toml", "[[workspace]]"),
        ("env/dev.toml", "[provider]\nseed = \"seeds/dev.toml\""),
        ("env/more/ignored.toml", "x = "),
        ("seeds/dev.toml", "[[workspace]]"),
        (".hidden/x.toml", "x = "),
        (".hidden.toml", "x = "),
        ("other/syncform.toml", "x = "),
        ("other/task.toml", "x = "),
    ] {
        write(root.path(), path, text);
    }
    let (sources, diagnostics) = load(root.path());
    assert!(diagnostics.is_empty());
    assert_eq!(
        paths(&sources),
        ["a.toml", "b/c/deep.toml", "syncform.toml"]
    );
    assert_eq!(sources.environments.keys().collect::<Vec<_>>(), ["dev"]);
    assert!(build(&sources, &Inputs::default()).0.is_some());
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_stack_only() {
    use std::os::unix::fs::symlink;

    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "x.toml", "");
    write(root.path(), "syncform.toml", BASE);
    write(root.path(), ".shared/tables.toml", "");
    symlink(
        root.path().join(".shared/tables.toml"),
        root.path().join("tables.toml"),
    )
    .unwrap();
    symlink(root.path(), root.path().join("circle")).unwrap();
    symlink(outside.path(), root.path().join("away")).unwrap();
    symlink(outside.path().join("x.toml"), root.path().join("x.toml")).unwrap();
    let (sources, diagnostics) = load(root.path());
    assert_eq!(paths(&sources), ["syncform.toml", "tables.toml"]);
    assert!(!diagnostics.has_errors());
    insta::assert_snapshot!(said(&sources, &diagnostics), @r"
    warning[outside-stack]: the path leads outside the stack
     |
     = note: `away` is a link that leads outside the stack, so it is not read
     = help: copy what it leads to into the stack

    warning[outside-stack]: the path leads outside the stack
     |
     = note: `x.toml` is a link that leads outside the stack, so it is not read
     = help: copy what it leads to into the stack

    2 warnings
    ");
}

#[test]
fn what_cannot_be_read_is_said_and_nothing_is_guessed_from_its_absence() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "syncform.toml", BASE);
    write(root.path(), "latin.toml", b"# caf\xe9\n[table.more]\n");
    write(
        root.path(),
        "task.toml",
        "[task.orders]\ntables = [\"more\"]\nname = 5\n",
    );
    let (sources, mut diagnostics) = load(root.path());
    let (desired, found) = build(&sources, &Inputs::default());
    assert!(desired.is_none());
    diagnostics.extend(found);
    insta::assert_snapshot!(said(&sources, &diagnostics), @r"
    error[missing-field]: a required field is missing
     --> task.toml:1:1
      |
    1 | [task.orders]
      | ^^^^^^^^^^^^^ `task.orders` needs `workspace`, `type`, `source`, `destination` and `resource_group`

    error[wrong-type]: the value has the wrong type
     --> task.toml:3:8
      |
    3 | name = 5
      |        ^ expected a string, found an integer

    error[unreadable-manifest]: a manifest cannot be read
     --> latin.toml:1:6
      |
    1 | # caf�
      |      ^ the text is not UTF-8 from here on
      |
      = help: save the file as UTF-8

    3 errors in 2 files
    ");
}

#[test]
fn a_directory_that_is_no_stack_says_so() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "a.toml", "");
    let (sources, mut diagnostics) = load(root.path());
    let (desired, found) = build(&sources, &Inputs::default());
    assert!(desired.is_none());
    diagnostics.extend(found);
    insta::assert_snapshot!(said(&sources, &diagnostics), @r"
    error[not-a-stack]: the directory is not a stack
     |
     = note: there is no `syncform.toml` here
     = help: run `syncform init` for a stack to start from, or choose another directory with `-C DIR`

    1 error
    ");

    let (sources, diagnostics) = load(&root.path().join("missing"));
    assert!(sources.stack.is_none());
    assert!(diagnostics.has_errors());
}

//! `init` and `validate` as users run them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn syncform(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syncform"))
        .env_clear()
        .current_dir(directory)
        .args(args)
        .output()
        .unwrap()
}

/// Exit code, stdout and stderr together, the directory's name left out.
fn seen(output: &Output) -> String {
    format!(
        "exit: {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn what_init_writes_is_sound() {
    let root = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(seen(&syncform(root.path(), &["init", "shop"])), @r#"
    exit: 0
    --- stdout
    Wrote a stack to `shop`:
      syncform.toml
      datasources.toml
      tables.toml
      tasks.toml
      env/dev.toml
      env/prod.toml
      emulator.toml

    Next, read `syncform.toml`, then:
      cd shop
      export HOLO_ACCESS_KEY=anything   # its one secret; the embedded endpoint takes any
      syncform plan
      syncform apply

    Keep `.syncform/`, where the state is, out of version control.
    --- stderr
    "#);
    let shop = root.path().join("shop");
    for file in ["syncform.toml", "env/prod.toml", "emulator.toml"] {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
        assert_eq!(
            fs::read(shop.join(file)).unwrap(),
            fs::read(example.join(file)).unwrap()
        );
    }
    insta::assert_snapshot!(seen(&syncform(&shop, &["validate"])), @r#"
    exit: 0
    --- stdout
    The stack `quickstart` is sound: 1 workspace, 4 data sources, 3 table sets, 2 DDL policies, 4 tasks; in 4 manifests.
    --- stderr
    "#);
    insta::assert_snapshot!(seen(&syncform(&shop, &["validate", "--env", "prod", "--json"])), @r#"
    exit: 0
    --- stdout
    {
      "format_version": "1.0",
      "valid": true,
      "error_count": 0,
      "warning_count": 0,
      "diagnostics": []
    }
    --- stderr
    "#);
}

#[test]
fn init_overwrites_nothing() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("tasks.toml"), "mine").unwrap();
    insta::assert_snapshot!(seen(&syncform(root.path(), &["init"])), @r#"
    exit: 1
    --- stdout
    --- stderr
    error: nothing was written, as there is already tasks.toml
    hint: choose another directory: `syncform init DIR`
    "#);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    assert_eq!(fs::read(root.path().join("tasks.toml")).unwrap(), b"mine");
}

#[test]
fn validate_tells_every_mistake() {
    let root = tempfile::tempdir().unwrap();
    syncform(root.path(), &["init"]);
    fs::write(
        root.path().join("more.toml"),
        "[table.more]\ndatasource = \"mysql_pbu\"\ninclude = [\"[\"]\n",
    )
    .unwrap();
    insta::assert_snapshot!(seen(&syncform(root.path(), &["validate"])), @r#"
    exit: 1
    --- stdout
    --- stderr
    error[unknown-reference]: the reference leads nowhere
     --> more.toml:2:14
      |
    2 | datasource = "mysql_pbu"
      |              ^^^^^^^^^^^ no data source is named `mysql_pbu`
      |
      = help: did you mean `mysql_pub`?

    error[invalid-pattern]: the pattern is not valid
     --> more.toml:3:12
      |
    3 | include = ["["]
      |            ^^^ `[`: unclosed character class; missing ']'
      |
      = help: a glob has `*` for any text, `?` for one character, `[ab]` for one of some

    2 errors in 1 file
    error: the stack cannot be used: 2 errors in 1 file
    "#);
    let json = syncform(root.path(), &["validate", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["error_count"], 2);
    assert_eq!(document["valid"], false);
    assert_eq!(document["diagnostics"][0]["range"]["start"]["line"], 2);
}

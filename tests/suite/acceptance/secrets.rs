//! The secret of the quickstart is in no file, on no screen.

use crate::support::Sandbox;

const SECRET: &str = "wJalrXUtnFEMI-K7MDENG";

#[test]
fn a_secret_reaches_the_api_and_nothing_else() {
    let mut stack = Sandbox::example("quickstart");
    stack.set("HOLO_ACCESS_KEY", SECRET);
    let runs = [
        stack.run(&["-vv", "plan", "--out", "saved.plan"]).exits(0),
        stack.run(&["-vv", "apply", "saved.plan"]).exits(0),
        stack.run(&["-vv", "plan", "--json"]).exits(0),
        stack.run(&["-vv", "show", "--json"]).exits(0),
        stack
            .run(&["-vv", "state", "show", "datasource.holo_bi", "--json"])
            .exits(0),
        stack.run(&["-vv", "state", "journal", "--json"]).exits(0),
        stack.run(&["-vv", "destroy", "--auto-approve"]).exits(0),
    ];
    for run in runs {
        assert!(!run.to_string().contains(SECRET), "{run}");
    }
    for file in stack.files() {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes
            .windows(SECRET.len())
            .any(|window| window == SECRET.as_bytes());
        assert!(!found, "{} holds the secret", file.display());
    }
}

#[test]
fn a_changed_secret_is_an_update_that_does_not_show_it() {
    let mut stack = Sandbox::example("quickstart");
    stack.set("HOLO_ACCESS_KEY", SECRET);
    stack.run(&["apply", "--auto-approve"]).exits(0);
    stack.set("HOLO_ACCESS_KEY", "another-secret");
    let plan = stack.run(&["plan", "--detailed-exitcode"]).exits(2);
    assert!(plan.stdout.contains("datasource.holo_bi"), "{plan}");
    assert!(plan.stdout.contains("(secret)"), "{plan}");
    assert!(!plan.to_string().contains("another-secret"), "{plan}");
    stack.run(&["apply", "--auto-approve"]).exits(0);
    stack.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_literal_secret_is_refused_without_showing_it() {
    let stack = Sandbox::example("quickstart");
    stack.edit(
        "datasources.toml",
        "{ env = \"HOLO_ACCESS_KEY\" }",
        &format!("\"{SECRET}\""),
    );
    let plan = stack.run(&["plan"]).exits(1);
    assert!(plan.stderr.contains("secret-literal"), "{plan}");
    assert!(!plan.to_string().contains(SECRET), "{plan}");
}

#[test]
fn a_secret_file_outside_the_stack_is_not_read() {
    let stack = Sandbox::example("quickstart");
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), SECRET).unwrap();
    std::os::unix::fs::symlink(outside.path(), stack.path().join("key.txt")).unwrap();
    stack.edit(
        "datasources.toml",
        "{ env = \"HOLO_ACCESS_KEY\" }",
        "{ file = \"key.txt\" }",
    );
    let plan = stack.run(&["plan"]).exits(1);
    assert!(plan.stderr.contains("it leads outside the stack"), "{plan}");
}

//! The manual: what each command says of itself is what users read.

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn every_command_explains_itself() {
    let stack = Sandbox::example("quickstart");
    let commands = [
        &["--help"][..],
        &["init", "--help"],
        &["validate", "--help"],
        &["plan", "--help"],
        &["apply", "--help"],
        &["destroy", "--help"],
        &["show", "--help"],
        &["state", "--help"],
        &["unlock", "--help"],
        &["emulator", "--help"],
    ];
    let mut manual = String::new();
    for words in commands {
        let help = stack.run(words).exits(0).stdout;
        manual.push_str(&format!("$ syncform {}\n{help}\n", words.join(" ")));
    }
    assert_snapshot!("manual", manual);
}

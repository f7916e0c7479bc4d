//! Variables, environments and options: where values come from, and what is said of wrong ones.

use std::collections::BTreeMap;

use syncform::desired::Inputs;
use syncform::render::snippet;
use syncform::resource::Resource;

use super::support::{BASE, build_with, desired};

const VARIABLES: &str = r#"
[variables.name]
default = "orders"
[variables.project]
description = "the workspace's number"
type = "integer"
[variables.tables]
default = ["orders"]
[variables.protect]
default = false

[workspace.other]
project_id = "${var.project}"
"#;

fn inputs(environment: Option<&str>, variables: &[(&str, &str)]) -> Inputs {
    Inputs {
        environment: environment.map(str::to_owned),
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Inputs::default()
    }
}

fn said(files: &[(&str, &str)], inputs: &Inputs) -> String {
    let (sources, desired, diagnostics) = build_with(files, inputs);
    assert!(desired.is_none());
    snippet::diagnostics(&sources.map, &diagnostics, false)
}

#[test]
fn options_come_before_environments_and_environments_before_defaults() {
    let project = |environment, variables: &[(&str, &str)]| {
        let files = [
            ("syncform.toml", BASE),
            ("variables.toml", VARIABLES),
            ("env/dev.toml", "[variables]\nproject = 20\n"),
        ];
        let desired = desired(&files, &inputs(environment, variables));
        match &desired.resources[&"workspace.other".parse().unwrap()].resource {
            Resource::Workspace(workspace) => workspace.project_id.0,
            other => panic!("a {:?}", other.kind()),
        }
    };
    assert_eq!(project(Some("dev"), &[]), 20);
    assert_eq!(project(Some("dev"), &[("project", "30")]), 30);
    assert_eq!(
        project(None, &[("project", "40"), ("tables", "[\"a\"]")]),
        40
    );
}

#[test]
fn every_wrong_value_is_told() {
    let files = [
        ("syncform.toml", BASE),
        ("variables.toml", VARIABLES),
        (
            "env/dev.toml",
            "[variables]\nproject = \"20\"\nnmae = \"x\"\nname = \"${var.project}\"\n[limits]\nqps = 1\n[provider]\nregion = \"Shanghai\"\n",
        ),
    ];
    let inputs = Inputs {
        endpoint: Some("ftp://example.com".to_owned()),
        ..inputs(
            Some("dev"),
            &[("protect", "maybe"), ("tabels", "[]"), ("tables", "orders")],
        )
    };
    insta::assert_snapshot!(said(&files, &inputs), @r#"
    error[wrong-type]: the value has the wrong type
     --> env/dev.toml:2:11
      |
    2 | project = "20"
      |           ^^^^ the variable is an integer, this is a string

    error[unknown-variable]: the variable is not declared
     --> env/dev.toml:3:1
      |
    3 | nmae = "x"
      | ^^^^ no variable is named `nmae`
      |
      = help: did you mean `name`?

    error[interpolation]: the interpolation cannot be evaluated
     --> env/dev.toml:4:9
      |
    4 | name = "${var.project}"
      |         ^^^^^^^^^^^^^^ variables have no values yet at this place
      |
      = help: only `${env}` can be used here

    error[unknown-field]: unknown field
     --> env/dev.toml:5:2
      |
    5 | [limits]
      |  ^^^^^^ an environment has no field `limits`
      |
      = help: it has `variables` and `provider`

    error[invalid-value]: the value is not allowed here
     --> env/dev.toml:8:10
      |
    8 | region = "Shanghai"
      |          ^^^^^^^^^^ `Shanghai` is not a region's id
      |
      = help: ids look like `cn-shanghai` and `ap-southeast-1`

    error[wrong-type]: the value has the wrong type
     --> variables.toml:7:12
      |
    7 | [variables.tables]
      |            ^^^^^^ the value that `--var tables=…` gives is not a list
      |
      = help: write it as TOML would: `3`, `true`, `["a", "b"]`

    error[wrong-type]: the value has the wrong type
     --> variables.toml:9:12
      |
    9 | [variables.protect]
      |            ^^^^^^^ the value that `--var protect=…` gives is not a boolean
      |
      = help: write it as TOML would: `3`, `true`, `["a", "b"]`

    error[invalid-value]: the value is not allowed here
     |
     = note: `--endpoint`: an endpoint begins with `https://` or `http://`
     = help: use "embedded", or a URL such as "https://dataworks.cn-shanghai.aliyuncs.com"

    error[unknown-variable]: the variable is not declared
     |
     = note: no variable is named `tabels`, as `--var` has it
     = help: did you mean `tables`?

    9 errors in 2 files
    "#);
}

#[test]
fn a_variable_without_a_value_says_what_it_is_for() {
    let files = [("syncform.toml", BASE), ("variables.toml", VARIABLES)];
    insta::assert_snapshot!(said(&files, &inputs(None, &[])), @r#"
    error[unset-variable]: the variable has no value
     --> variables.toml:4:12
      |
    4 | [variables.project]
      |            ^^^^^^^ variable `project` (the workspace's number) has neither a default nor a value
      |
      = help: give it a `default`, choose an environment that has a value, or use `--var project=…`

    1 error in 1 file
    "#);
}

#[test]
fn an_environment_that_does_not_exist_names_those_that_do() {
    let files = [
        ("syncform.toml", BASE),
        ("env/dev.toml", ""),
        ("env/prod.toml", ""),
    ];
    insta::assert_snapshot!(said(&files, &inputs(Some("prd"), &[])), @r#"
    error[unknown-environment]: the environment does not exist
     |
     = note: there is no `env/prd.toml` for `--env prd`
     = help: did you mean `prod`?

    1 error
    "#);
    insta::assert_snapshot!(said(&files, &inputs(Some("../x"), &[])), @r#"
    error[unknown-environment]: the environment does not exist
     |
     = note: there is no `env/../x.toml` for `--env ../x`
     = help: known: `dev` and `prod`

    1 error
    "#);
    insta::assert_snapshot!(said(&files[..1], &inputs(Some("default"), &[])), @r#"
    error[unknown-environment]: the environment does not exist
     |
     = note: there is no `env/default.toml` for `--env default`
     = help: that is what running without `--env` is called: leave it out

    1 error
    "#);
}

#[test]
fn the_stack_and_its_provider_are_checked() {
    let stack = r#"
[stack]
name = "shop lake"
requires = ">=99"

[provider]
endpoint = "https://user@host"
seed = "seeds/${env}.toml"
signature = "hmac"
limits = { qps = 0, paralelism = 3 }
"#;
    insta::assert_snapshot!(said(&[("syncform.toml", stack)], &inputs(None, &[])), @r#"
    error[invalid-value]: the value is not allowed here
     --> syncform.toml:3:8
      |
    3 | name = "shop lake"
      |        ^^^^^^^^^^^ `shop lake` cannot name a stack
      |
      = help: use letters, digits, `_` and `-`, and begin with a letter or `_`

    error[version-mismatch]: the stack asks for another version of syncform
     --> syncform.toml:4:12
      |
    4 | requires = ">=99"
      |            ^^^^^^ the stack requires `>=99`, and this is syncform 0.1.0
      |
      = help: install a version that the stack allows

    error[invalid-value]: the value is not allowed here
     --> syncform.toml:7:12
      |
    7 | endpoint = "***"
      |            ^^^^^ credentials do not belong into an endpoint
      |
      = help: use "embedded", or a URL such as "https://dataworks.cn-shanghai.aliyuncs.com"

    error[interpolation]: the interpolation cannot be evaluated
     --> syncform.toml:8:8
      |
    8 | seed = "seeds/${env}.toml"
      |        ^^^^^^^^^^^^^^^^^^^ the seed's path is needed before anything can be evaluated
      |
      = help: give each environment its own `[provider] seed` in `env/<name>.toml`

    error[invalid-value]: the value is not allowed here
     --> syncform.toml:9:13
      |
    9 | signature = "hmac"
      |             ^^^^^^ `hmac` is none of `hmac-sha1` and `acs3-hmac-sha256`
      |
      = help: did you mean `hmac-sha1`?

    error[invalid-value]: the value is not allowed here
      --> syncform.toml:10:18
       |
    10 | limits = { qps = 0, paralelism = 3 }
       |                  ^ 0 is out of range: 1 to 10000

    error[unknown-field]: unknown field
      --> syncform.toml:10:21
       |
    10 | limits = { qps = 0, paralelism = 3 }
       |                     ^^^^^^^^^^ [provider.limits] has no field `paralelism`
       |
       = help: did you mean `parallelism`?

    7 errors in 1 file
    "#);
    insta::assert_snapshot!(said(&[("syncform.toml", "")], &inputs(None, &[])), @r#"
    error[missing-field]: a required field is missing
     --> syncform.toml:1:1
      |
    1 |
      | ^ `syncform.toml` needs [stack]
      |
      = help: begin it with `[stack]` and `name = "…"`

    error[missing-field]: a required field is missing
     --> syncform.toml:1:1
      |
    1 |
      | ^ [provider] needs `region`, from which the endpoint follows, or `endpoint`
      |
      = help: for example `region = "cn-shanghai"`

    2 errors in 1 file
    "#);
}

#[test]
fn a_secret_is_not_shown_wherever_it_came_from() {
    let manifest = r#"
[variables.holo]
default = "hunter2-default"
type = "string"
defualt = "x"

[datasource.holo]
workspace = "analytics"
type = "holo"
content = { accessKey = "${var.holo}" }
"#;
    let files = [
        ("syncform.toml", BASE),
        ("holo.toml", manifest),
        (
            "env/dev.toml",
            "[variables]\nholo = \"hunter2-dev\"\nholo_2 = 1\n",
        ),
    ];
    for variables in [
        BTreeMap::new(),
        BTreeMap::from([("holo", "hunter2-option")]),
    ] {
        let variables: Vec<_> = variables.into_iter().collect();
        let said = said(&files, &inputs(Some("dev"), &variables));
        assert!(said.contains("secret-literal"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

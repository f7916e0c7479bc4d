//! Where the access key is found, and what stops the search.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use syncform::remote::credentials::{Environment, NoCredentials, find};

/// Variables, files and one program, all made up.
#[derive(Default)]
struct MadeUp {
    vars: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<&'static str, &'static str>,
    printed: Option<&'static str>,
}

impl Environment for MadeUp {
    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).map(|value| (*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let found = self.files.get(path.to_str().unwrap());
        found
            .map(|text| (*text).to_owned())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn run(&self, words: &[&str]) -> io::Result<String> {
        assert_eq!(words, ["get-key", "--json"]);
        self.printed
            .map(str::to_owned)
            .ok_or_else(|| io::Error::other("exit status: 1"))
    }
}

const CLI: &str = "/home/u/.aliyun/config.json";
const INI: &str = "/home/u/.alibabacloud/credentials.ini";

const PROFILES: &str = r#"{"current":"main","profiles":[
    {"name":"main","mode":"AK","access_key_id":"cli-id","access_key_secret":"s1","sts_token":"left over"},
    {"name":"sts","mode":"StsToken","access_key_id":"sts-id","access_key_secret":"s2","sts_token":"t2"},
    {"name":"half","mode":"AK","access_key_id":"half-id"},
    {"name":"role","mode":"RamRoleArn","access_key_id":"role-id","access_key_secret":"s3"},
    {"name":"program","mode":"External","process_command":"get-key  --json"}]}"#;

fn with(vars: &[(&'static str, &'static str)], files: &[(&'static str, &'static str)]) -> MadeUp {
    let mut vars: BTreeMap<_, _> = vars.iter().copied().collect();
    vars.insert("HOME", "/home/u");
    MadeUp {
        vars,
        files: files.iter().copied().collect(),
        printed: None,
    }
}

/// `id secret token`, or what went wrong.
fn found(profile: Option<&str>, environment: &MadeUp) -> Result<String, NoCredentials> {
    find(profile, environment).map(|found| {
        let token = found
            .security_token
            .as_ref()
            .map_or("-", |token| token.reveal());
        format!("{} {} {token}", found.access_key_id, found.secret.reveal())
    })
}

const ID: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id");
const SECRET: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s0");
const TOKEN: (&str, &str) = ("ALIBABA_CLOUD_SECURITY_TOKEN", "t0");

#[test]
fn the_order_of_places() {
    let ini =
        "[default]\ntype = access_key # comment\naccess_key_id=ini-id\naccess_key_secret = s4\n";
    let both = [(CLI, PROFILES), (INI, ini)];
    let cases: &[(Option<&str>, MadeUp, &str)] = &[
        (None, with(&[ID, SECRET], &both), "env-id s0 -"),
        (None, with(&[ID, SECRET, TOKEN], &both), "env-id s0 t0"),
        (
            None,
            with(&[("ALIBABA_CLOUD_ACCESS_KEY_ID", "")], &both),
            "cli-id s1 -",
        ),
        (
            None,
            with(&[("ALIBABA_CLOUD_PROFILE", "sts")], &both),
            "sts-id s2 t2",
        ),
        (
            None,
            with(&[("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")], &both),
            "ini-id s4 -",
        ),
        (None, with(&[], &[(INI, ini)]), "ini-id s4 -"),
        // The manifest's profile goes before the environment.
        (Some("sts"), with(&[ID, SECRET], &both), "sts-id s2 t2"),
        // `aliyun` writes a profile without a key before it is configured.
        (
            None,
            with(
                &[],
                &[
                    (
                        CLI,
                        r#"{"current":"default","profiles":[{"name":"default","mode":"AK"}]}"#,
                    ),
                    (INI, ini),
                ],
            ),
            "ini-id s4 -",
        ),
    ];
    for (profile, environment, expected) in cases {
        assert_eq!(found(*profile, environment).as_deref(), Ok(*expected));
    }
}

#[test]
fn a_program_may_print_the_key() {
    let mut environment = with(&[], &[(CLI, PROFILES)]);
    environment.printed =
        Some(r#"{"mode":"StsToken","access_key_id":"p","access_key_secret":"s","sts_token":"t"}"#);
    assert_eq!(found(Some("program"), &environment).as_deref(), Ok("p s t"));
    environment.printed = Some("secret-in-odd-output");
    let error = found(Some("program"), &environment).unwrap_err();
    assert!(!error.to_string().contains("secret-in"), "{error}");
    environment.printed = None;
    assert!(matches!(
        found(Some("program"), &environment),
        Err(NoCredentials::Program { .. })
    ));
}

#[test]
fn what_is_configured_is_never_passed_over() {
    let cli = [(CLI, PROFILES)];
    let cases: &[(Option<&str>, MadeUp, &str)] = &[
        (None, with(&[], &[]), "no access key is configured"),
        (
            None,
            with(&[ID], &cli),
            "the environment has no ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        ),
        (
            None,
            with(&[SECRET], &cli),
            "the environment has no ALIBABA_CLOUD_ACCESS_KEY_ID",
        ),
        (
            Some("half"),
            with(&[ID, SECRET], &cli),
            "the profile \"half\" of /home/u/.aliyun/config.json has no access_key_secret",
        ),
        (
            Some("none"),
            with(&[ID, SECRET], &cli),
            "there is no profile \"none\" in /home/u/.aliyun/config.json",
        ),
        (
            None,
            with(&[("ALIBABA_CLOUD_PROFILE", "none")], &cli),
            "there is no profile \"none\" in /home/u/.aliyun/config.json and /home/u/.alibabacloud/credentials.ini",
        ),
        (
            Some("role"),
            with(&[], &cli),
            "the profile \"role\" of /home/u/.aliyun/config.json asks for credentials of the kind RamRoleArn, which \
             syncform does not support",
        ),
        (
            None,
            with(&[("ALIBABA_CLOUD_CREDENTIALS_URI", "http://x")], &[]),
            "the environment variable ALIBABA_CLOUD_CREDENTIALS_URI asks for credentials of the kind credentials URI, \
             which syncform does not support",
        ),
        (
            None,
            with(
                &[],
                &[(INI, "[default]\ntype = ecs_ram_role\nrole_name = r\n")],
            ),
            "the section [default] of /home/u/.alibabacloud/credentials.ini asks for credentials of the kind \
             ecs_ram_role, which syncform does not support",
        ),
        (
            None,
            with(&[("ALIBABA_CLOUD_CREDENTIALS_FILE", "/x")], &[]),
            "/x cannot be read: ALIBABA_CLOUD_CREDENTIALS_FILE names it, and it does not exist",
        ),
        (
            None,
            with(&[], &[(CLI, "{\n  \"profiles\": \"s3cret\"}")]),
            "/home/u/.aliyun/config.json cannot be read: line 2, column 22: no profiles in JSON",
        ),
    ];
    for (profile, environment, expected) in cases {
        let error = found(*profile, environment).unwrap_err();
        assert_eq!(error.to_string(), *expected);
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn three_variables_of_oidc_are_a_wish_that_cannot_be_met() {
    let environment = with(
        &[
            ("ALIBABA_CLOUD_ROLE_ARN", "r"),
            ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p"),
            ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/t"),
        ],
        &[(CLI, PROFILES)],
    );
    assert!(matches!(
        found(None, &environment),
        Err(NoCredentials::Unsupported { .. })
    ));
}

//! A world that lasts: closed, killed, opened again, it goes on where it was.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use syncform::emulator::{AccessKey, Options, StartError, StoreError, start};

use super::client::{Api, Client, options};
use super::lifecycle::{REALTIME, create, status, task_param, with};

fn kept(path: &Path) -> Options {
    Options {
        db: Some(path.to_owned()),
        ..options(&[])
    }
}

#[tokio::test]
async fn a_world_opened_again_is_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.db");
    let api = Api::with(kept(&path)).await;
    let id = create(&api, REALTIME, "t").await;
    let file = with(REALTIME, &[("FileId", &id)]);
    api.ok("DeployDISyncTask", &file).await;
    api.ok("StartDISyncInstance", &file).await;
    let param = task_param("u", &["orders"]).to_string();
    let token = with(REALTIME, &[("TaskParam", &param), ("ClientToken", "k")]);
    let generated = api.ok("GenerateDISyncTaskConfigForCreating", &token).await;
    let used = [("ProjectId", "10000"), ("SignatureNonce", "once")];
    api.ok("ListDataSources", &used).await;
    api.arm(
        "DeployDISyncTask",
        serde_json::json!({ "kind": "drop_before" }),
    )
    .await;
    let (state, calls) = (api.running.state().await, api.running.calls().await);
    api.running.shutdown().await.unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let api = Api::with(kept(&path)).await;
    assert_eq!(api.running.state().await, state);
    assert_eq!(api.running.calls().await, calls);
    assert_eq!(status(&api, &id).await, "WAIT");
    assert_eq!(status(&api, &id).await, "RUN");
    let again = api.ok("GenerateDISyncTaskConfigForCreating", &token).await;
    assert_eq!(again["Data"], generated["Data"]);
    assert_eq!(
        api.refusal("ListDataSources", &used).await,
        "400 SignatureNonceUsed"
    );
    api.client
        .try_call("DeployDISyncTask", &file)
        .await
        .expect_err("the rule is still armed");
    assert_ne!(create(&api, REALTIME, "v").await, id);
}

#[tokio::test]
async fn a_file_that_is_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let refused = async |path: &Path| match start(kept(path)).await {
        Err(StartError::Store(error)) => error,
        other => panic!("{other:?}"),
    };
    let text = directory.path().join("notes.txt");
    std::fs::write(&text, "a".repeat(5000)).unwrap();
    assert!(matches!(refused(&text).await, StoreError::Foreign(_)));
    assert_eq!(std::fs::read_to_string(&text).unwrap(), "a".repeat(5000));

    let foreign = directory.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE mine (a)").unwrap();
    drop(connection);
    assert!(matches!(refused(&foreign).await, StoreError::Foreign(_)));

    let newer = directory.path().join("newer.db");
    Api::with(kept(&newer))
        .await
        .running
        .shutdown()
        .await
        .unwrap();
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(
        refused(&newer).await,
        StoreError::Newer { found: 99, .. }
    ));
    let nowhere = directory.path().join("no/such/directory.db");
    assert!(matches!(refused(&nowhere).await, StoreError::Open { .. }));
}

/// The program itself, which can be killed.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        use std::io::BufRead as _;
        let mut child = Command::new(env!("CARGO_BIN_EXE_syncform"))
            .args(["emulator", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufReader::new(out).read_line(&mut line).unwrap();
        let url = line
            .trim_end()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { child, url }
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let (db, seed) = (
        directory.path().join("world.db"),
        directory.path().join("seed.toml"),
    );
    std::fs::write(&seed, super::SEED).unwrap();
    let arguments = [
        "--db",
        db.to_str().unwrap(),
        "--seed",
        seed.to_str().unwrap(),
        "--access-key",
        "id:secret",
    ];
    let key: AccessKey = "id:secret".parse().unwrap();
    let mut answered = Vec::new();
    for round in 0..3 {
        let mut program = Program::start(&arguments);
        let client = Client::new(&program.url, key.clone());
        for call in 0..20 {
            let name = format!("bus_{round}_{call}");
            let params = [
                ("ProjectId", "10000"),
                ("Name", name.as_str()),
                ("DataSourceType", "kafka"),
                ("Content", "{}"),
                ("EnvType", "1"),
            ];
            client.ok("CreateDataSource", &params).await;
            answered.push(name);
        }
        program.child.kill().unwrap();
        program.child.wait().unwrap();
    }
    let mut program = Program::start(&arguments);
    let client = Client::new(&program.url, key);
    let params = [
        ("ProjectId", "10000"),
        ("Name", "bus_"),
        ("PageSize", "100"),
    ];
    let list = client.ok("ListDataSources", &params).await;
    let rows = list["Data"]["DataSources"].as_array().unwrap();
    let found: Vec<&str> = rows.iter().filter_map(|row| row["Name"].as_str()).collect();
    // The seed's own source has such a name too.
    assert_eq!(
        found
            .into_iter()
            .filter(|name| *name != "kafka_bus")
            .collect::<Vec<_>>(),
        answered
    );
    let pid = rustix::process::Pid::from_child(&program.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn wrong_usage_lists_the_switches() {
    let output = Command::new(env!("CARGO_BIN_EXE_syncform"))
        .args(["emulator", "--listen", "127.0.0.1:0", "--set", "pols=1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.starts_with("error: there is no switch `pols`\n\nswitches:\n  polls "),
        "{errors}"
    );
    let remote = Command::new(env!("CARGO_BIN_EXE_syncform"))
        .args(["emulator", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(remote.status.code(), Some(64));
}

#[test]
fn a_broken_seed_names_file_line_and_column() {
    let directory = tempfile::tempdir().unwrap();
    let seed = directory.path().join("seed.toml");
    std::fs::write(&seed, "[[workspace]]\nproject_id = 1\nnam = \"x\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_syncform"))
        .args([
            "emulator",
            "--listen",
            "127.0.0.1:0",
            "--seed",
            seed.to_str().unwrap(),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    let expected = format!("error: {}:3:1: unknown field `nam`", seed.display());
    assert!(errors.starts_with(&expected), "{errors}");
    assert!(output.stdout.is_empty());
}

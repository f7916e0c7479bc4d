//! `state` and `unlock` as a person sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use insta::assert_snapshot;
use jiff::Timestamp;
use syncform::address::{Address, Kind};
use syncform::api::{ApiFault, ClientToken, FaultClass, RunStatus};
use syncform::journal::{Entry, Event, Output, RunId, StepId};
use syncform::resource::{
    DatasourceId, DatasourceSpec, DatasourceType, DestinationType, EnvType, FileId, ProjectId, Run,
    SourceTables, StartSettings, TaskSpec, TaskType,
};
use syncform::secret::{FingerprintKey, SecretRef};
use syncform::state::{
    DatasourceObject, Lineage, Object, Serial, Stage, StateChange, TaskObject, Tracked,
};
use syncform::store::{Holder, LeasedStore, Minted, Process, RunEnd, SqliteStore, Store};
use tempfile::TempDir;

/// Runs the binary in a stack's directory: stdout, stderr and the exit code.
fn run(stack: &TempDir, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_syncform"))
        .args(words)
        .current_dir(stack.path())
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!(
        "{}{}[exit {}]",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap()
    )
}

/// Seconds into the test, in a future in which no lock has run out.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(7_000_000_000 + second).unwrap()
}

fn elsewhere() -> Holder {
    Holder {
        owner: "build".to_owned(),
        process: Process {
            host: "build-7\x1b[31m".to_owned(),
            machine: String::new(),
            pid: 4711,
            started: None,
        },
        command: "syncform apply".to_owned(),
    }
}

/// A stack whose last run did not finish, its lock still held.
fn half_applied() -> TempDir {
    let stack = tempfile::tempdir().unwrap();
    let minted = Minted {
        lineage: Lineage("lineage".to_owned()),
        stack: "shop-lake".to_owned(),
        fingerprint_key: FingerprintKey::new(vec![7; 32]),
    };
    let file = stack.path().join(".syncform/default.db");
    let store = SqliteStore::open_or_create(&file, &minted).unwrap();
    let mut store = store
        .lease(&elsewhere(), at(0), std::time::Duration::from_secs(60))
        .unwrap();
    let first = store.begin(Serial(0), "plan", at(1)).unwrap();
    store.finish(first, RunEnd::Complete, at(2)).unwrap();
    let run = store.begin(Serial(1), "plan", at(3)).unwrap();
    fill(&mut store, run);
    stack
}

fn fill(store: &mut LeasedStore, run: RunId) {
    let source = Address::new(Kind::Datasource, "mysql_pub");
    let task = Address::new(Kind::Task, "orders").with_key("00");
    let line = |step, address: &Address, operation: &str, event| Entry {
        step: StepId(step),
        address: address.clone(),
        operation: operation.to_owned(),
        at: at(4 + i64::from(step)),
        event,
    };
    let intent = |token: Option<&str>| Event::Intent {
        token: token.map(|token| ClientToken(token.to_owned())),
        digest: "sha256:00".to_owned(),
    };
    let created = Output::Datasource(DatasourceId(12));
    let fault = ApiFault {
        class: FaultClass::Invalid,
        operation: "StartDISyncInstance".to_owned(),
        code: "Invalid.Status".to_owned(),
        message: "not now".to_owned(),
        request_id: None,
        retry_after: None,
        hint: None,
    };
    let entries = [
        line(0, &source, "CreateDataSource", intent(None)),
        line(
            0,
            &source,
            "CreateDataSource",
            Event::Applied { output: created },
        ),
        line(1, &task, "CreateDISyncTask", intent(Some("token-1"))),
        line(
            1,
            &task,
            "CreateDISyncTask",
            Event::Applied {
                output: Output::File(FileId(345)),
            },
        ),
        line(2, &task, "StartDISyncInstance", intent(None)),
        line(2, &task, "StartDISyncInstance", Event::Refused { fault }),
    ];
    let changes = [
        put(&source, datasource(), BTreeSet::new()),
        put(&task, started(), BTreeSet::from([source.clone()])),
        StateChange::NextGeneration(task.clone()),
    ];
    store.commit(run, &entries, &changes).unwrap();
    let Object::Task(mut seen) = started() else {
        unreachable!("a task")
    };
    seen.run = Some(RunStatus::Pause);
    store
        .record_actual(&BTreeMap::from([(task, Object::Task(seen))]), at(9))
        .unwrap();
}

fn put(address: &Address, object: Object, depends_on: BTreeSet<Address>) -> StateChange {
    let tracked = Tracked {
        object,
        depends_on,
        protect: false,
    };
    StateChange::Put(address.clone(), Box::new(tracked))
}

fn datasource() -> Object {
    Object::Datasource(DatasourceObject {
        id: DatasourceId(12),
        spec: DatasourceSpec {
            project_id: ProjectId(10_000),
            name: "mysql_pub".to_owned(),
            datasource_type: DatasourceType::Mysql,
            env: EnvType::Prod,
            content: BTreeMap::from([("database".to_owned(), "shop".into())]),
            secrets: BTreeMap::from([(
                "password".to_owned(),
                SecretRef::Env("MYSQL_PUB_PASSWORD".to_owned()),
            )]),
            fingerprints: BTreeMap::new(),
            description: None,
        },
    })
}

fn started() -> Object {
    Object::Task(TaskObject {
        spec: TaskSpec {
            project_id: ProjectId(10_000),
            name: "orders_00".to_owned(),
            task_type: TaskType::Realtime,
            source: "mysql_pub".to_owned(),
            destination: "odps_first".to_owned(),
            destination_type: DestinationType::Odps,
            tables: SourceTables::Own(["a", "b", "c", "d"].map(str::to_owned).into()),
            resource_group: "S_res_group_1".to_owned(),
            schedule_resource_group: None,
            folder: None,
            half_cus: None,
            start: StartSettings::default(),
            run: Run::Started,
        },
        stage: Stage::Deployed { file: FileId(345) },
        run: Some(RunStatus::Run),
    })
}

#[test]
fn before_the_first_apply_there_is_nothing_and_no_error() {
    let stack = tempfile::tempdir().unwrap();
    assert_snapshot!(run(&stack, &["state", "list"]), @r"
    Nothing was applied yet: there is no ./.syncform/default.db.
    [exit 0]
    ");
    assert_snapshot!(run(&stack, &["state", "list", "--json"]), @r"
    []
    Nothing was applied yet: there is no ./.syncform/default.db.
    [exit 0]
    ");
    assert_snapshot!(run(&stack, &["state", "journal"]), @r"
    Nothing was applied yet: there is no ./.syncform/default.db.
    [exit 0]
    ");
    assert_snapshot!(run(&stack, &["state", "show", "task.orders"]), @r"
    Nothing was applied yet: there is no ./.syncform/default.db.
    error: `task.orders` is not in state
    hint: `syncform state list` lists what is
    [exit 1]
    ");
    assert_snapshot!(run(&stack, &["unlock"]), @r"
    Nobody holds the lock.
    [exit 0]
    ");
    // Looking makes nothing.
    assert_eq!(std::fs::read_dir(stack.path()).unwrap().count(), 0);
}

#[test]
fn list_shows_every_object() {
    let stack = half_applied();
    assert_snapshot!(run(&stack, &["state", "list"]), @r#"
    ADDRESS               ID   STATUS             NAME
    datasource.mysql_pub  12   created            mysql_pub
    task.orders["00"]     345  deployed, running  orders_00
    [exit 0]
    "#);
    assert_snapshot!(run(&stack, &["state", "list", "--json"]), @r#"
    [
      {
        "address": "datasource.mysql_pub",
        "kind": "datasource",
        "id": 12,
        "name": "mysql_pub",
        "status": "created"
      },
      {
        "address": "task.orders[\"00\"]",
        "kind": "task",
        "id": 345,
        "name": "orders_00",
        "status": "deployed, running"
      }
    ]
    [exit 0]
    "#);
}

#[test]
fn show_tells_what_was_applied_and_what_was_seen() {
    let stack = half_applied();
    assert_snapshot!(run(&stack, &["state", "show", r#"task.orders["00"]"#]), @r#"
    task.orders["00"]
      id          345
      status      deployed, running
      protect     no
      depends on  datasource.mysql_pub
      generation  1

    Last applied:
      project_id = 10000
      name = "orders_00"
      task_type = "realtime"
      source = "mysql_pub"
      destination = "odps_first"
      destination_type = "odps"
      tables.own = [
        "a"
        "b"
        "c"
        "d"
      ]
      resource_group = "S_res_group_1"
      run = "started"

    Last seen 2191-10-27 12:26:49Z: deployed, stopped
    [exit 0]
    "#);
    assert_snapshot!(run(&stack, &["state", "show", "datasource.mysql_pub", "--json"]), @r#"
    {
      "address": "datasource.mysql_pub",
      "object": {
        "kind": "datasource",
        "id": 12,
        "spec": {
          "project_id": 10000,
          "name": "mysql_pub",
          "datasource_type": "mysql",
          "env": "prod",
          "content": {
            "database": "shop"
          },
          "secrets": {
            "password": {
              "env": "MYSQL_PUB_PASSWORD"
            }
          },
          "fingerprints": {},
          "description": null
        }
      },
      "depends_on": [],
      "protect": false,
      "generation": 0,
      "seen": null
    }
    [exit 0]
    "#);
    assert_snapshot!(run(&stack, &["state", "show", "datasource.mysql_pup"]), @r"
    error: `datasource.mysql_pup` is not in state
    hint: did you mean `datasource.mysql_pub`?
    [exit 1]
    ");
}

#[test]
fn journal_tells_what_was_sent() {
    let stack = half_applied();
    assert_snapshot!(run(&stack, &["state", "journal"]), @r#"
    Run 2, began 2191-10-27 12:26:43Z, not finished
    TIME                  STEP  ADDRESS               OPERATION            EVENT
    2191-10-27 12:26:44Z  0     datasource.mysql_pub  CreateDataSource     about to send
    2191-10-27 12:26:44Z  0     datasource.mysql_pub  CreateDataSource     done, data source 12
    2191-10-27 12:26:45Z  1     task.orders["00"]     CreateDISyncTask     about to send, token token-1
    2191-10-27 12:26:45Z  1     task.orders["00"]     CreateDISyncTask     done, task 345
    2191-10-27 12:26:46Z  2     task.orders["00"]     StartDISyncInstance  about to send
    2191-10-27 12:26:46Z  2     task.orders["00"]     StartDISyncInstance  refused: Invalid.Status: not now

    Other runs (`--run N` shows one):
      1 began 2191-10-27 12:26:41Z, ended 2191-10-27 12:26:42Z: complete
    [exit 0]
    "#);
    assert_snapshot!(run(&stack, &["state", "journal", "--run", "1"]), @r"
    Run 1, began 2191-10-27 12:26:41Z, ended 2191-10-27 12:26:42Z: complete
    It sent nothing that changes anything.

    Other runs (`--run N` shows one):
      2 began 2191-10-27 12:26:43Z, not finished
    [exit 0]
    ");
    assert_snapshot!(run(&stack, &["state", "journal", "--run", "1", "--json"]), @r#"
    [
      {
        "run": 1,
        "began": "2191-10-27T12:26:41Z",
        "ended": "2191-10-27T12:26:42Z",
        "outcome": "complete",
        "entries": []
      }
    ]
    [exit 0]
    "#);
    assert_snapshot!(run(&stack, &["state", "journal", "--run", "9"]), @r"
    error: there is no run 9
    hint: `syncform state journal` lists the runs that are kept
    [exit 1]
    ");
}

#[test]
fn a_lock_is_shown_and_taken_away() {
    let stack = half_applied();
    assert_snapshot!(run(&stack, &["unlock"]), @r"
    The lock is held by `syncform apply` (process 4711 on build-7\u{1b}[31m).
      since     2191-10-27 12:26:40Z
      renewed   2191-10-27 12:26:40Z
      runs out  2191-10-27 12:27:40Z
    It is in use, as far as can be told. `syncform unlock --force` takes it away; its holder then sends and writes nothing more.
    [exit 5]
    ");
    assert_snapshot!(run(&stack, &["unlock", "--force"]), @r"
    The lock is free. Before, it was held by `syncform apply` (process 4711 on build-7\u{1b}[31m).
    [exit 0]
    ");
    assert_snapshot!(run(&stack, &["unlock"]), @r"
    Nobody holds the lock.
    [exit 0]
    ");
}

#[test]
fn a_file_that_is_no_state_is_named() {
    let stack = tempfile::tempdir().unwrap();
    std::fs::write(
        stack.path().join("notes.txt"),
        "no database at all, ".repeat(99),
    )
    .unwrap();
    assert_snapshot!(run(&stack, &["state", "list", "--state", "notes.txt"]), @r"
    error: the state file notes.txt was not made by syncform: it is not a database
      caused by: SQLite: file is not a database (code 26)
    hint: nothing was written to it; move it away, or name another file with `--state`
    [exit 1]
    ");
    assert_snapshot!(run(&stack, &["unlock", "--force", "--state", "notes.txt"]), @r"
    error: the state file notes.txt was not made by syncform: it is not a database
      caused by: SQLite: file is not a database (code 26)
    hint: nothing was written to it; move it away, or name another file with `--state`
    [exit 1]
    ");
}

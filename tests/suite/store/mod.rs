//! The state store through its public face: files, lock, durability, damage.

mod damage;
mod files;
mod lease;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use syncform::address::{Address, Kind};
use syncform::api::ClientToken;
use syncform::journal::{Entry, Event, Output, StepId};
use syncform::resource::{DatasourceId, DatasourceSpec, DatasourceType, EnvType, ProjectId};
use syncform::secret::FingerprintKey;
use syncform::state::{DatasourceObject, Lineage, Object, StateChange, Tracked};
use syncform::store::{FileProblem, Holder, LeasedStore, Minted, Process, SqliteStore, StoreError};
use tempfile::TempDir;

const TTL: Duration = Duration::from_secs(60);

/// A directory with room for one state file, `.syncform/default.db`.
struct Stack(TempDir);

impl Stack {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join(".syncform")
    }

    fn file(&self) -> PathBuf {
        self.directory().join("default.db")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open_or_create(&self.file(), &minted("one")).unwrap()
    }

    fn leased(&self, owner: &str) -> LeasedStore {
        self.store().lease(&elsewhere(owner), at(0), TTL).unwrap()
    }
}

fn minted(lineage: &str) -> Minted {
    Minted {
        lineage: Lineage(lineage.to_owned()),
        stack: "shop-lake".to_owned(),
        fingerprint_key: FingerprintKey::new(vec![7; 32]),
    }
}

/// Seconds into the test.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

/// A holder on another host, which nobody here can judge dead.
fn elsewhere(owner: &str) -> Holder {
    Holder {
        owner: owner.to_owned(),
        process: Process {
            host: format!("host-of-{owner}"),
            machine: String::new(),
            pid: 4711,
            started: None,
        },
        command: "syncform apply".to_owned(),
    }
}

fn datasource(label: &str) -> Address {
    Address::new(Kind::Datasource, label)
}

fn object(name: &str, id: i64) -> Object {
    Object::Datasource(DatasourceObject {
        id: DatasourceId(id),
        spec: DatasourceSpec {
            project_id: ProjectId(10_000),
            name: name.to_owned(),
            datasource_type: DatasourceType::Mysql,
            env: EnvType::Prod,
            content: BTreeMap::new(),
            secrets: BTreeMap::new(),
            fingerprints: BTreeMap::new(),
            description: None,
        },
    })
}

fn put(label: &str, id: i64) -> StateChange {
    let tracked = Tracked {
        object: object(label, id),
        depends_on: BTreeSet::from([datasource("before")]),
        protect: true,
    };
    StateChange::Put(datasource(label), Box::new(tracked))
}

fn entry(step: u32, event: Event) -> Entry {
    Entry {
        step: StepId(step),
        address: datasource("mysql_pub"),
        operation: "CreateDataSource".to_owned(),
        at: at(1),
        event,
    }
}

fn intent(step: u32) -> Entry {
    entry(
        step,
        Event::Intent {
            token: Some(ClientToken("token".to_owned())),
            digest: "sha256:00".to_owned(),
        },
    )
}

fn applied(step: u32, id: i64) -> Entry {
    entry(
        step,
        Event::Applied {
            output: Output::Datasource(DatasourceId(id)),
        },
    )
}

fn problem(error: &StoreError) -> &FileProblem {
    error
        .problem()
        .unwrap_or_else(|| panic!("not about the file: {error}"))
}

/// A copy of the file and of what SQLite keeps beside it: what is left when the machine stops now.
fn copy(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let with = |path: &Path| {
            let mut path = path.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        if with(from).exists() {
            std::fs::copy(with(from), with(to)).unwrap();
        }
    }
}

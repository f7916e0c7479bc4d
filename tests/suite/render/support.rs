//! Plans to render: small builders over the plan's own types, and one plan that has everything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syncform::address::{Address, Kind};
use syncform::api::RunStatus;
use syncform::diff::{
    Action, Change, Comparison, Drift, Effect, FieldChange, Reason, ReasonCode, TableDelta, Target,
    Withheld, WithheldKind,
};
use syncform::plan::{self, Base, Mode, Plan, Request, Service};
use syncform::resource::{
    DatasourceId, DatasourceSpec, DatasourceType, DdlAction, DdlPolicy, DestinationType, EnvType,
    ErrorLimit, FailoverLimit, FileId, ProjectId, Run, SourceTables, Spec, StartSettings, TaskSpec,
    TaskType,
};
use syncform::secret::{FingerprintKey, Secret, SecretRef};
use syncform::source::Location;
use syncform::state::{
    DatasourceObject, Lineage, Object, Serial, Stage, State, TaskObject, Tracked,
};

/// What a data source's password is in these plans: no output may show it.
pub(crate) const PASSWORD: &str = "hunter2-is-not-a-password";

/// The hex of the password's fingerprint, which no output may show either.
pub(crate) fn fingerprint() -> String {
    let print = Secret::new(PASSWORD.to_owned()).fingerprint(&FingerprintKey::new(vec![7; 32]));
    json!(print).as_str().unwrap().to_owned()
}

pub(crate) fn task(label: &str) -> Address {
    Address::new(Kind::Task, label)
}

pub(crate) fn datasource(label: &str) -> Address {
    Address::new(Kind::Datasource, label)
}

pub(crate) fn tables<T: Into<String>>(names: impl IntoIterator<Item = T>) -> SourceTables {
    SourceTables::Own(names.into_iter().map(Into::into).collect())
}

pub(crate) fn task_spec(name: &str) -> TaskSpec {
    TaskSpec {
        project_id: ProjectId(10_000),
        name: name.to_owned(),
        task_type: TaskType::Realtime,
        source: "mysql_pub".to_owned(),
        destination: "odps_first".to_owned(),
        destination_type: DestinationType::Odps,
        tables: tables(["orders", "order_items"]),
        resource_group: "S_res_group_280749521950784_1623033752022".to_owned(),
        schedule_resource_group: None,
        folder: None,
        half_cus: None,
        start: StartSettings {
            failover_limit: Some(FailoverLimit {
                count: 10,
                interval: 30,
            }),
            error_limit: Some(ErrorLimit { record: 0 }),
            ddl_policy: Some(DdlPolicy::total(|_| DdlAction::Warning)),
        },
        run: Run::Started,
    }
}

pub(crate) fn datasource_spec(name: &str) -> DatasourceSpec {
    DatasourceSpec {
        project_id: ProjectId(10_000),
        name: name.to_owned(),
        datasource_type: DatasourceType::Mysql,
        env: EnvType::Prod,
        content: BTreeMap::from([
            ("database".to_owned(), json!("shop")),
            ("username".to_owned(), json!("sync")),
        ]),
        secrets: BTreeMap::from([(
            "password".to_owned(),
            SecretRef::Env("MYSQL_PUB_PASSWORD".to_owned()),
        )]),
        fingerprints: BTreeMap::from([(
            "password".to_owned(),
            Secret::new(PASSWORD.to_owned()).fingerprint(&FingerprintKey::new(vec![7; 32])),
        )]),
        description: None,
    }
}

pub(crate) fn field(field: &str, before: Value, after: Value) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        before,
        after,
        actual: None,
        sensitive: false,
    }
}

pub(crate) fn secret(field: &str) -> FieldChange {
    FieldChange {
        sensitive: true,
        ..self::field(field, Value::Null, Value::Null)
    }
}

pub(crate) fn change(address: Address, action: Action, code: ReasonCode, text: &str) -> Change {
    Change {
        address,
        action,
        effect: Effect::None,
        reason: Reason {
            code,
            text: text.to_owned(),
            location: Some(Location {
                file: "tasks/orders.toml".to_owned(),
                line: 12,
            }),
        },
        fields: Vec::new(),
        tables: TableDelta::default(),
        before: None,
        after: None,
        target: Target::default(),
        depends_on: BTreeSet::new(),
        protect: false,
        withheld: None,
    }
}

pub(crate) fn withheld(kind: WithheldKind, why: &str, instead: &str) -> Option<Withheld> {
    Some(Withheld {
        kind,
        why: why.to_owned(),
        instead: instead.to_owned(),
    })
}

/// A new task with all of its fields.
pub(crate) fn create(address: Address, spec: TaskSpec) -> Change {
    let mut change = change(
        address,
        Action::Create,
        ReasonCode::NotThere,
        "it does not exist yet",
    );
    change.fields = vec![
        field("name", Value::Null, json!(spec.name)),
        field("type", Value::Null, json!(spec.task_type)),
        field("workspace", Value::Null, json!(spec.project_id)),
        field("source", Value::Null, json!(spec.source)),
        field("destination", Value::Null, json!(spec.destination)),
        field("resource_group", Value::Null, json!(spec.resource_group)),
        field(
            "failover_limit",
            Value::Null,
            json!(spec.start.failover_limit),
        ),
        field("ddl_policy", Value::Null, json!(spec.start.ddl_policy)),
    ];
    change.tables.added = spec.tables.names().into_iter().collect();
    change.after = Some(Spec::Task(spec));
    change
}

/// A change of a running task that is there.
pub(crate) fn existing(address: Address, action: Action, code: ReasonCode, text: &str) -> Change {
    let mut change = change(address, action, code, text);
    let spec = task_spec(&change.address.label);
    change.before = Some(Spec::Task(spec.clone()));
    change.after = Some(Spec::Task(spec));
    change.target = Target {
        file: Some(FileId(1_000_001)),
        deployed: true,
        run: Some(RunStatus::Run),
        ..Target::default()
    };
    change
}

/// A running task that no manifest declares any more.
pub(crate) fn delete(address: Address) -> Change {
    let text = "no manifest declares it any more";
    let mut change = existing(address, Action::Delete, ReasonCode::NotDeclared, text);
    change.reason.location = None;
    change.effect = Effect::Resync;
    change.tables.removed = vec!["order_items".to_owned(), "orders".to_owned()];
    change.after = None;
    change
}

/// A solution that no manifest declares any more: nobody can delete it here.
pub(crate) fn stuck_solution(address: Address) -> Change {
    let mut change = delete(address);
    change.effect = Effect::Impossible;
    change.withheld = withheld(
        WithheldKind::Impossible,
        "this API can neither stop nor delete a solution",
        "stop and delete solution 1000001 (`copy`) in the console; the next plan sees that it is gone",
    );
    if let Some(Spec::Task(spec)) = &mut change.before {
        spec.task_type = TaskType::Solution;
    }
    change
}

/// A plan of these changes.
pub(crate) fn plan_of(mode: Mode, changes: Vec<Change>, drift: Vec<Drift>) -> Plan {
    let request = Request {
        stack: "shop-lake".to_owned(),
        environment: Some("prod".to_owned()),
        mode,
        base: Base {
            lineage: Lineage("5b1f0a52-8f2b-4d6e-9c55-0c8f6f0f7f10".to_owned()),
            serial: Serial(7),
        },
        service: Service {
            region: Some("cn-shanghai".to_owned()),
            endpoint: "region".to_owned(),
            seed: None,
            profile: None,
            signature: "hmac-sha1".to_owned(),
            qps: 5,
            parallelism: 10,
        },
        offline: false,
    };
    let comparison = Comparison {
        changes: changes
            .into_iter()
            .map(|change| (change.address.clone(), change))
            .collect(),
        unchanged: BTreeSet::from([task("quiet"), datasource("kafka_first")]),
        drift,
    };
    let mut plan = plan::build(request, comparison).unwrap();
    // The hash is the plan's business: here it is only shown.
    plan.hash = format!("sha256:{}", "0123456789abcdef".repeat(4));
    plan
}

/// Every action, every effect, every kind of no, secrets, drift, folded tables, instances of a for_each.
pub(crate) fn everything() -> Plan {
    let mut changes = vec![delete(task("old_orders")), stuck_solution(task("copy"))];

    let mut protected = delete(task("audit"));
    protected.withheld = withheld(
        WithheldKind::Protected,
        "`protect = true` forbids to delete it",
        "set `protect = false` and apply that first",
    );
    changes.push(protected);

    let mut forgotten = change(
        datasource("gone"),
        Action::Forget,
        ReasonCode::NotDeclared,
        "no manifest declares it, and it does not exist any more",
    );
    forgotten.reason.location = None;
    forgotten.before = Some(Spec::Datasource(datasource_spec("gone")));
    changes.push(forgotten);

    let mut source = change(
        datasource("mysql_pub"),
        Action::Create,
        ReasonCode::NotThere,
        "it does not exist yet",
    );
    source.fields = vec![
        field("database", Value::Null, json!("shop")),
        field("username", Value::Null, json!("sync")),
        secret("password"),
    ];
    source.after = Some(Spec::Datasource(datasource_spec("mysql_pub")));
    changes.push(source);

    let mut holo = change(
        datasource("holo"),
        Action::Update,
        ReasonCode::Drifted,
        "`username` was changed outside of syncform",
    );
    holo.effect = Effect::InPlace;
    let mut username = field("username", json!("sync"), json!("sync"));
    username.actual = Some(json!("root"));
    holo.fields = vec![username, secret("password")];
    holo.before = Some(Spec::Datasource(datasource_spec("holo")));
    holo.after = holo.before.clone();
    holo.target.datasource = Some(DatasourceId(22_130));
    changes.push(holo);

    let mut orders = create(task("orders"), task_spec("orders_to_odps"));
    orders.depends_on.insert(datasource("mysql_pub"));
    changes.push(orders);
    for (key, table) in [("00", "orders_00"), ("01", "orders_01")] {
        let mut spec = task_spec(&format!("sharded_{key}"));
        spec.tables = tables([table]);
        changes.push(create(task("sharded").with_key(key), spec));
    }
    let mut many = task_spec("many");
    many.tables = SourceTables::ByDatabase(BTreeMap::from([
        (
            "shop".to_owned(),
            (0..5_000).map(|i| format!("order_{i:04}")).collect(),
        ),
        ("shop.eu".to_owned(), BTreeSet::from(["users".to_owned()])),
    ]));
    changes.push(create(task("many"), many));

    let mut adopted = existing(
        task("by_hand"),
        Action::Adopt,
        ReasonCode::Untracked,
        "task 1000001 exists with this name and content, and state does not know it",
    );
    adopted.before = None;
    changes.push(adopted);

    let mut conflict = create(task("taken"), task_spec("taken"));
    conflict.reason.code = ReasonCode::Conflict;
    conflict.reason.text =
        "task 77 has the name `taken` and another content: its source is `a`, not `b`".to_owned();
    conflict.withheld = withheld(
        WithheldKind::Conflict,
        "the name is taken by task 77, which this stack did not make",
        "give this task another `name`, or rename or delete the other one in the console",
    );
    changes.push(conflict);

    let mut started = existing(
        task("started"),
        Action::Start,
        ReasonCode::NotRunning,
        "it is stopped and should be running",
    );
    started.target.run = Some(RunStatus::Pause);
    let mut run = field("run", json!("stopped"), json!("started"));
    run.actual = Some(json!("pause"));
    started.fields = vec![run];
    changes.push(started);

    let mut stopped = existing(
        task("stopped"),
        Action::Stop,
        ReasonCode::Running,
        "it is running and should be stopped",
    );
    if let Some(Spec::Task(spec)) = &mut stopped.after {
        spec.run = Run::Stopped;
    }
    stopped.fields = vec![field("run", json!("started"), json!("stopped"))];
    changes.push(stopped);

    let unsupported = |why: &str, instead: &str| withheld(WithheldKind::Unsupported, why, instead);
    let mut retabled = existing(
        task("retabled"),
        Action::Update,
        ReasonCode::Changed,
        "the manifest changed `tables`",
    );
    retabled.effect = Effect::InitTables;
    retabled.tables.added = vec!["order_refunds".to_owned()];
    retabled.tables.removed = vec!["order_tmp".to_owned()];
    retabled.withheld = unsupported(
        "this version cannot change the tables of a task that exists (`retabled`)",
        "declare a second task for the new tables, or remove this task, apply, and declare it again",
    );
    changes.push(retabled);

    let mut restarted = existing(
        task("restarted"),
        Action::Restart,
        ReasonCode::Changed,
        "the manifest changed `ddl_policy`",
    );
    restarted.effect = Effect::Restart;
    restarted.fields = vec![field(
        "ddl_policy",
        json!({ "add_column": "normal", "drop_column": "ignore" }),
        json!({ "add_column": "normal", "drop_column": "critical" }),
    )];
    restarted.withheld = unsupported(
        "this version cannot restart a task with new settings (`restarted`)",
        "set `run = \"stopped\"`, apply, set it back to \"started\", and apply again",
    );
    changes.push(restarted);

    let mut replaced = existing(
        task("replaced"),
        Action::Replace,
        ReasonCode::Changed,
        "the manifest changed `source`",
    );
    replaced.effect = Effect::Resync;
    replaced.fields = vec![field("source", json!("mysql_pub"), json!("mysql_new"))];
    replaced.withheld = unsupported(
        "this version cannot replace a task in one run (`replaced`)",
        "remove the task, apply, declare it again, and apply",
    );
    changes.push(replaced);

    let drift = vec![
        Drift {
            address: datasource("holo"),
            differences: vec!["`username` was \"sync\" and is \"root\"".to_owned()],
        },
        Drift {
            address: task("started"),
            differences: vec!["it was running and is stopped: Killed by \u{1b}[31mroot".to_owned()],
        },
    ];
    plan_of(Mode::Apply, changes, drift)
}

/// A plan whose every text that others wrote tries to steer a terminal, a web page or a reader.
pub(crate) fn hostile() -> Plan {
    let evil = "a\u{1b}[31m\u{202e}b\r\n| `c` <img src=x> @everyone\u{7}\u{9b}0m";
    let mut spec = task_spec(evil);
    spec.tables = tables([evil, "x\u{200b}y"]);
    let mut made = create(task("sharded").with_key(evil), spec);
    made.reason.text = evil.to_owned();
    made.reason.location = Some(Location {
        file: evil.to_owned(),
        line: 1,
    });
    made.fields
        .push(field(evil, json!({ evil: evil }), json!({ evil: [evil] })));
    let mut refused = create(task("refused"), task_spec("refused"));
    refused.withheld = withheld(WithheldKind::Conflict, evil, evil);
    let mut behind = stuck_solution(task("behind"));
    behind.withheld = withheld(WithheldKind::Impossible, evil, evil);
    let drift = vec![Drift {
        address: task("drifted").with_key(evil),
        differences: vec![evil.to_owned()],
    }];
    let mut plan = plan_of(Mode::Apply, vec![made, refused, behind], drift);
    plan.stack = evil.to_owned();
    plan.environment = Some(evil.to_owned());
    plan.service.region = Some(evil.to_owned());
    plan
}

/// A state with these objects.
pub(crate) fn state_of(resources: impl IntoIterator<Item = (Address, Tracked)>) -> State {
    State {
        lineage: Lineage("5b1f0a52-8f2b-4d6e-9c55-0c8f6f0f7f10".to_owned()),
        serial: Serial(7),
        resources: resources.into_iter().collect(),
        generations: BTreeMap::new(),
    }
}

/// A running task that state knows.
pub(crate) fn known_task(spec: TaskSpec) -> Tracked {
    Tracked {
        object: Object::Task(TaskObject {
            spec,
            stage: Stage::Deployed {
                file: FileId(1_000_001),
            },
            run: Some(RunStatus::Run),
        }),
        depends_on: BTreeSet::from([datasource("mysql_pub")]),
        protect: false,
    }
}

/// A data source that state knows.
pub(crate) fn known_datasource(name: &str) -> Tracked {
    Tracked {
        object: Object::Datasource(DatasourceObject {
            id: DatasourceId(22_130),
            spec: datasource_spec(name),
        }),
        depends_on: BTreeSet::new(),
        protect: true,
    }
}

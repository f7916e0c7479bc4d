//! The examples are sound in every environment, and as large as they say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syncform::desired::{DatasourceMeta, Desired, Inputs, Metas, build, needed_meta, specs};
use syncform::emulator::Seed;
use syncform::manifest::load;
use syncform::render::snippet;
use syncform::resource::TaskSpec;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

fn read(name: &str, environment: Option<&str>) -> (Desired, Vec<TaskSpec>) {
    let (sources, mut diagnostics) = load(&example(name));
    let inputs = Inputs {
        environment: environment.map(str::to_owned),
        ..Inputs::default()
    };
    let (desired, found) = build(&sources, &inputs);
    diagnostics.extend(found);
    assert!(
        diagnostics.is_empty(),
        "{}",
        snippet::diagnostics(&sources.map, &diagnostics, false)
    );
    let desired = desired.unwrap();
    let seed = desired.provider.seed.as_deref().unwrap();
    let seed = std::fs::read_to_string(example(name).join(seed)).unwrap();
    Seed::parse(&seed).unwrap();
    let metas = listed(&desired, &seed);
    let (specs, diagnostics) = specs(&desired, &metas);
    assert!(
        diagnostics.is_empty(),
        "{}",
        snippet::diagnostics(&sources.map, &diagnostics, false)
    );
    (desired, specs.into_values().collect())
}

/// The tables that a seed lists, for the data sources that need them.
fn listed(desired: &Desired, seed: &str) -> Metas {
    let seed: toml::Table = seed.parse().unwrap();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let metas = needed_meta(desired).into_iter().map(|address| {
        let datasource = desired.datasource(&address).unwrap();
        let row = seed["datasource"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| {
                row["name"].as_str() == Some(&datasource.name)
                    && row["project_id"].as_integer() == Some(datasource.project_id.0)
            })
            .unwrap();
        let tables = |database: &toml::Value| -> BTreeSet<String> {
            let long = database.get("table").and_then(toml::Value::as_array);
            let long = long.into_iter().flatten().map(|table| text(&table["name"]));
            let short = database["tables"].as_array().unwrap().iter().map(text);
            short.chain(long).collect()
        };
        let databases = row["database"].as_array().unwrap().iter();
        let meta = DatasourceMeta {
            own_database: Some(text(&row["content"]["database"])),
            databases: databases
                .map(|db| (text(&db["name"]), tables(db)))
                .collect(),
        };
        (address, meta)
    });
    Metas(metas.collect())
}

#[test]
fn the_quickstart_is_sound_in_every_environment() {
    for (environment, project) in [(None, 10000), (Some("dev"), 10001), (Some("prod"), 10002)] {
        let (desired, specs) = read("quickstart", environment);
        let tables: BTreeMap<&str, usize> = specs
            .iter()
            .map(|spec| (spec.name.as_str(), spec.tables.len()))
            .collect();
        assert_eq!(
            tables,
            BTreeMap::from([
                ("customers_once", 3),
                ("events_to_kafka", 3),
                ("orders_to_holo", 3),
                ("orders_to_odps", 6),
            ])
        );
        assert!(specs.iter().all(|spec| spec.project_id.0 == project));
        let protected = desired.tasks().any(|(_, _, task)| task.protect);
        assert_eq!(protected, environment == Some("prod"));
    }
}

#[test]
fn the_shop_lake_has_thirty_tasks_and_carries_four_hundred_tables() {
    for environment in [None, Some("prod")] {
        let (_, specs) = read("shop-lake", environment);
        assert_eq!(specs.len(), 30);
        let carried: BTreeSet<(i64, &str, String)> = specs
            .iter()
            .flat_map(|spec| {
                let names = spec.tables.names().into_iter();
                names.map(|table| (spec.project_id.0, spec.source.as_str(), table))
            })
            .collect();
        // Two more exist, and are excluded.
        assert_eq!(carried.len(), 400);
    }
}

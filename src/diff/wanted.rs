//! From declared resources to what is wanted of the remote: specs, what they depend on, where they are declared.

use std::collections::BTreeMap;

use super::Wanted;
use crate::address::{Address, Kind};
use crate::desired::{Declared, Desired};
use crate::graph::DependencyGraph;
use crate::resource::{ContentValue, Datasource, DatasourceSpec, Resource, Spec, TaskSpec};
use crate::secret::{Fingerprint, SecretRef};
use crate::source::SourceMap;

/// Every object that the stack manages. `fingerprints` has one for each secret that a data source refers to.
pub fn wanted(
    desired: &Desired,
    graph: &DependencyGraph,
    tasks: BTreeMap<Address, TaskSpec>,
    fingerprints: &BTreeMap<SecretRef, Fingerprint>,
    sources: &SourceMap,
) -> BTreeMap<Address, Wanted> {
    let managed = |address: &Address| match address.kind {
        Kind::Task => true,
        Kind::Datasource => desired
            .datasource(address)
            .is_some_and(|d| d.content.is_some()),
        Kind::Workspace | Kind::Table | Kind::DdlPolicy => false,
    };
    let wanted = |address: &Address, declared: &Declared, spec: Spec, protect: bool| Wanted {
        spec,
        protect,
        depends_on: graph.nearest(address, managed),
        location: sources.location(declared.span),
        fields: declared
            .fields
            .iter()
            .map(|(field, span)| (field.clone(), sources.location(*span)))
            .collect(),
    };
    let mut all = BTreeMap::new();
    for (address, spec) in tasks {
        let declared = &desired.resources[&address];
        let Resource::Task(task) = &declared.resource else {
            continue;
        };
        all.insert(
            address.clone(),
            wanted(&address, declared, Spec::Task(spec), task.protect),
        );
    }
    for (address, declared, datasource) in desired.datasources() {
        if let Some(spec) = datasource_spec(datasource, fingerprints) {
            let spec = Spec::Datasource(spec);
            all.insert(
                address.clone(),
                wanted(address, declared, spec, datasource.protect),
            );
        }
    }
    all
}

/// A managed data source in the remote's terms; `None` for one that is only looked up.
fn datasource_spec(
    datasource: &Datasource,
    fingerprints: &BTreeMap<SecretRef, Fingerprint>,
) -> Option<DatasourceSpec> {
    let content = datasource.content.as_ref()?;
    let mut spec = DatasourceSpec {
        project_id: datasource.project_id,
        name: datasource.name.clone(),
        datasource_type: datasource.datasource_type,
        env: datasource.env,
        content: BTreeMap::new(),
        secrets: BTreeMap::new(),
        fingerprints: BTreeMap::new(),
        description: datasource.description.clone(),
    };
    for (key, value) in content {
        match value {
            ContentValue::Plain(value) => {
                spec.content.insert(key.clone(), value.clone());
            }
            ContentValue::Secret(reference) => {
                if let Some(print) = fingerprints.get(reference) {
                    spec.fingerprints.insert(key.clone(), print.clone());
                }
                spec.secrets.insert(key.clone(), reference.clone());
            }
        }
    }
    Some(spec)
}

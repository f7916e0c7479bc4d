//! The dependency graph: what must be there before what. The only file that names petgraph.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::address::Address;
use crate::desired::{Declared, Desired};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resource::Resource;

/// Addresses and what each depends on; free of circles.
#[derive(Debug, Clone)]
pub struct DependencyGraph {
    /// Edges lead from the dependent to what it depends on.
    graph: DiGraph<Address, ()>,
    index: BTreeMap<Address, NodeIndex>,
}

/// Addresses that depend on each other in a circle, each on the next and the last on the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<Address>);

impl std::fmt::Display for Cycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for address in &self.0 {
            write!(f, "{address} → ")?;
        }
        self.0.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

impl DependencyGraph {
    /// Builds the graph of every address and the addresses that it depends on; all cycles are reported.
    pub fn build<'a>(
        nodes: impl IntoIterator<Item = (&'a Address, BTreeSet<Address>)>,
    ) -> Result<Self, Vec<Cycle>> {
        let mut built = Self {
            graph: DiGraph::new(),
            index: BTreeMap::new(),
        };
        for (address, dependencies) in nodes {
            let from = built.node(address);
            for dependency in &dependencies {
                let to = built.node(dependency);
                built.graph.update_edge(from, to, ());
            }
        }
        let mut cycles: Vec<_> = tarjan_scc(&built.graph)
            .iter()
            .filter_map(|scc| built.cycle_within(scc))
            .collect();
        cycles.sort_by(|a, b| a.0.cmp(&b.0));
        if cycles.is_empty() {
            Ok(built)
        } else {
            Err(cycles)
        }
    }

    /// Every address, each after all that it depends on; free choices go by address.
    pub fn order(&self) -> Vec<Address> {
        let mut waiting: BTreeMap<NodeIndex, usize> = self
            .graph
            .node_indices()
            .map(|n| {
                (
                    n,
                    self.graph
                        .neighbors_directed(n, Direction::Outgoing)
                        .count(),
                )
            })
            .collect();
        let mut ready: BTreeSet<(&Address, NodeIndex)> = waiting
            .iter()
            .filter(|(_, count)| **count == 0)
            .map(|(node, _)| (&self.graph[*node], *node))
            .collect();
        let mut order = Vec::with_capacity(self.graph.node_count());
        while let Some((address, node)) = ready.pop_first() {
            order.push(address.clone());
            for dependent in self.graph.neighbors_directed(node, Direction::Incoming) {
                let count = waiting.get_mut(&dependent).expect("every node was counted");
                *count -= 1;
                if *count == 0 {
                    ready.insert((&self.graph[dependent], dependent));
                }
            }
        }
        order
    }

    /// What an address depends on directly.
    pub fn dependencies(&self, address: &Address) -> BTreeSet<Address> {
        self.neighbors(address, Direction::Outgoing)
    }

    /// The nearest addresses among `stops` that `address` depends on, looking through all others.
    pub fn nearest(
        &self,
        address: &Address,
        stops: impl Fn(&Address) -> bool,
    ) -> BTreeSet<Address> {
        let mut found = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open: Vec<Address> = self.dependencies(address).into_iter().collect();
        while let Some(next) = open.pop() {
            if !seen.insert(next.clone()) {
                continue;
            }
            if stops(&next) {
                found.insert(next);
            } else {
                open.extend(self.dependencies(&next));
            }
        }
        found
    }

    /// The given addresses with all that they depend on, or with all that depends on them.
    pub fn closure(&self, of: &BTreeSet<Address>, toward: Toward) -> BTreeSet<Address> {
        let direction = match toward {
            Toward::Dependencies => Direction::Outgoing,
            Toward::Dependents => Direction::Incoming,
        };
        let mut closed = BTreeSet::new();
        let mut open: Vec<Address> = of.iter().cloned().collect();
        while let Some(next) = open.pop() {
            if closed.insert(next.clone()) {
                open.extend(self.neighbors(&next, direction));
            }
        }
        closed
    }

    fn neighbors(&self, address: &Address, direction: Direction) -> BTreeSet<Address> {
        self.index.get(address).map_or_else(BTreeSet::new, |node| {
            self.graph
                .neighbors_directed(*node, direction)
                .map(|n| self.graph[n].clone())
                .collect()
        })
    }

    fn node(&mut self, address: &Address) -> NodeIndex {
        match self.index.get(address) {
            Some(node) => *node,
            None => {
                let node = self.graph.add_node(address.clone());
                self.index.insert(address.clone(), node);
                node
            }
        }
    }

    /// One circle through the component's smallest address, the shortest there is; none if the component has no circle.
    fn cycle_within(&self, component: &[NodeIndex]) -> Option<Cycle> {
        let start = *component.iter().min_by_key(|n| &self.graph[**n])?;
        let inside: BTreeSet<_> = component.iter().copied().collect();
        let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(node) = open.pop_front() {
            let mut next: Vec<_> = self
                .graph
                .neighbors_directed(node, Direction::Outgoing)
                .filter(|n| inside.contains(n))
                .collect();
            next.sort_by_key(|n| &self.graph[*n]);
            for to in next {
                if to == start {
                    let mut path = vec![self.graph[node].clone()];
                    let mut at = node;
                    while at != start {
                        at = came_from[&at];
                        path.push(self.graph[at].clone());
                    }
                    path.reverse();
                    return Some(Cycle(path));
                }
                if let Entry::Vacant(unseen) = came_from.entry(to) {
                    unseen.insert(node);
                    open.push_back(to);
                }
            }
        }
        None
    }
}

/// Which way a closure grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// To what is needed.
    Dependencies,
    /// To what needs it.
    Dependents,
}

/// Every address that a resource names, explicitly or by a reference.
pub fn references(declared: &Declared) -> BTreeSet<Address> {
    let mut addresses = declared.depends_on.clone();
    match &declared.resource {
        Resource::Workspace(_) | Resource::DdlPolicy(_) => {}
        Resource::Datasource(datasource) => {
            addresses.insert(datasource.workspace.clone());
        }
        Resource::Table(set) => {
            addresses.insert(set.datasource.clone());
        }
        Resource::Task(task) => {
            addresses.extend(task.tables.iter().cloned());
            addresses.extend(task.ddl_policy.clone());
            addresses.extend([
                task.workspace.clone(),
                task.source.clone(),
                task.destination.clone(),
            ]);
        }
    }
    addresses
}

/// The graph of a stack; a circle is a mistake that names all who take part.
pub fn check(desired: &Desired) -> (Option<DependencyGraph>, Diagnostics) {
    let nodes = desired
        .resources
        .iter()
        .map(|(address, d)| (address, references(d)));
    let mut diagnostics = Diagnostics::default();
    match DependencyGraph::build(nodes) {
        Ok(graph) => (Some(graph), diagnostics),
        Err(cycles) => {
            for cycle in cycles {
                diagnostics.push(cycle_diagnostic(desired, &cycle));
            }
            (None, diagnostics)
        }
    }
}

fn cycle_diagnostic(desired: &Desired, cycle: &Cycle) -> Diagnostic {
    let span = |address: &Address| desired.resources[address].field("depends_on");
    let first = cycle.0.first().expect("a cycle has a member");
    let mut diagnostic = Diagnostic::error(Code::Cycle, span(first), cycle.to_string())
        .address(first.clone())
        .help("remove one of these dependencies");
    for member in &cycle.0[1..] {
        diagnostic = diagnostic.label(span(member), format!("`{member}` is part of the circle"));
    }
    diagnostic
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Kind;

    fn task(label: &str) -> Address {
        Address::new(Kind::Task, label)
    }

    fn build(edges: &[(&str, &[&str])]) -> Result<DependencyGraph, Vec<Cycle>> {
        let nodes: Vec<_> = edges
            .iter()
            .map(|(from, to)| {
                (
                    task(from),
                    to.iter().map(|t| task(t)).collect::<BTreeSet<_>>(),
                )
            })
            .collect();
        DependencyGraph::build(nodes.iter().map(|(a, d)| (a, d.clone())))
    }

    #[test]
    fn dependencies_come_first_and_free_choices_go_by_address() {
        let graph = build(&[("a", &["z"]), ("b", &[]), ("z", &["c"]), ("c", &[])]).unwrap();
        let order: Vec<_> = graph.order().iter().map(|a| a.label.clone()).collect();
        assert_eq!(order, ["b", "c", "z", "a"]);
    }

    #[test]
    fn every_circle_is_told_whole() {
        let cycles = build(&[
            ("a", &["b"]),
            ("b", &["c"]),
            ("c", &["a"]),
            ("x", &["x"]),
            ("y", &["a"]),
        ])
        .unwrap_err();
        let shown: Vec<_> = cycles.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["task.a → task.b → task.c → task.a", "task.x → task.x"]
        );
    }
}

//! From manifests to [`Desired`]: collects, evaluates, reads, checks.

use std::collections::BTreeSet;

use super::collect::{Collected, collect};
use super::fields;
use super::inputs::Inputs;
use super::instances::expand;
use super::interpolate::Scope;
use super::lower::lower;
use super::references::References;
use super::variables::{Variables, check_environment_file};
use super::{Desired, Provider, Stack, conflicts, provider};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::manifest::{Entry, Manifest, Sources, Table, Value, parse};
use crate::source::{SourceId, Span, Spanned};

/// The name of running without `--env`.
const DEFAULT_ENVIRONMENT: &str = "default";

/// What the manifests ask for, or all that is wrong with them.
pub fn build(sources: &Sources, inputs: &Inputs) -> (Option<Desired>, Diagnostics) {
    build_checked(sources, inputs, |_| Diagnostics::default())
}

/// The same with one more check, which is made beside other mistakes too, so that one run tells of all: it sees whatever
/// could be read.
pub fn build_checked(
    sources: &Sources,
    inputs: &Inputs,
    check: impl FnOnce(&Desired) -> Diagnostics,
) -> (Option<Desired>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let desired = read(sources, inputs, &mut diagnostics);
    if let Some(desired) = &desired {
        diagnostics.extend(check(desired));
    }
    diagnostics.dedup();
    (desired.filter(|_| !diagnostics.has_errors()), diagnostics)
}

fn read(sources: &Sources, inputs: &Inputs, diagnostics: &mut Diagnostics) -> Option<Desired> {
    let Some(stack_file) = sources.stack else {
        if !sources.complete {
            // It may be there and unreadable, which has been said.
            return None;
        }
        diagnostics.push(
            Diagnostic::unplaced(Code::NotAStack, "there is no `syncform.toml` here")
                .help("run `syncform init` for a stack to start from, or choose another directory with `-C DIR`"),
        );
        return None;
    };
    let manifests: Vec<Manifest> = sources
        .manifests
        .iter()
        .map(|id| parse(&sources.map, *id, diagnostics))
        .collect();
    let environment = environment(sources, inputs, diagnostics);
    let broken: BTreeSet<SourceId> = manifests
        .iter()
        .chain(&environment)
        .filter(|manifest| !manifest.sound)
        .map(|manifest| manifest.source)
        .collect();

    let mut found = Diagnostics::default();
    let collected = collect(&manifests, stack_file, &mut found);
    let environment = environment.map(|manifest| manifest.table);
    if let Some(table) = &environment {
        check_environment_file(table, &mut found);
    }
    let desired = resolve(
        sources,
        stack_file,
        &collected,
        environment.as_ref(),
        inputs,
        &mut found,
    );
    // What could be made out of a broken file may not be what its author meant.
    found.retain(|diagnostic| {
        diagnostic
            .primary
            .is_none_or(|span| !broken.contains(&span.source))
    });
    if !broken.is_empty() || !sources.complete {
        // What seems to be missing may stand where nobody could read it.
        found.retain(|diagnostic| !diagnostic.code.is_absence());
    }
    diagnostics.extend(found);
    desired
}

/// The chosen environment's file.
fn environment(
    sources: &Sources,
    inputs: &Inputs,
    diagnostics: &mut Diagnostics,
) -> Option<Manifest> {
    if let Some(id) = sources.environments.get(DEFAULT_ENVIRONMENT) {
        let start = Span {
            source: *id,
            start: 0,
            end: 0,
        };
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidLabel,
                start,
                format!("`{DEFAULT_ENVIRONMENT}` is what running without `--env` is called"),
            )
            .help("put these values into `syncform.toml`, or give the environment another name"),
        );
    }
    let name = inputs.environment.as_deref()?;
    if let Some(id) = sources.environments.get(name) {
        return Some(parse(&sources.map, *id, diagnostics));
    }
    let names = || sources.environments.keys().map(String::as_str);
    let diagnostic = Diagnostic::unplaced(
        Code::UnknownEnvironment,
        format!("there is no `env/{name}.toml` for `--env {name}`"),
    );
    diagnostics.push(match did_you_mean(name, names()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if name == DEFAULT_ENVIRONMENT => {
            diagnostic.help("that is what running without `--env` is called: leave it out")
        }
        None if names().next().is_none() => {
            diagnostic.help("the stack has no environments: leave `--env` out")
        }
        None => diagnostic.help(format!("known: {}", fields::listed(names()))),
    });
    None
}

fn resolve(
    sources: &Sources,
    stack_file: SourceId,
    collected: &Collected<'_>,
    environment: Option<&Table>,
    inputs: &Inputs,
    diagnostics: &mut Diagnostics,
) -> Option<Desired> {
    let name = inputs.environment.as_deref();
    let bare = Scope {
        sources: &sources.map,
        environment: name.unwrap_or(DEFAULT_ENVIRONMENT),
        variables: None,
        each: None,
    };
    let values = environment
        .and_then(|table| table.get("variables"))
        .and_then(|entry| fields::table(&entry.node, diagnostics));
    let variables = Variables::read(&collected.variables, values, inputs, bare, diagnostics);
    let scope = Scope {
        variables: Some(&variables),
        ..bare
    };

    let top = Span {
        source: stack_file,
        start: 0,
        end: 0,
    };
    let stack = stack(collected.stack, top, inputs, diagnostics);
    let over = environment.and_then(|table| table.get("provider"));
    let provider = provider(collected.provider, over, top, scope, inputs, diagnostics);

    let (instances, index) = expand(&collected.blocks, scope, diagnostics);
    let references = References { index };
    let resources = lower(&instances, scope, &references, diagnostics);
    conflicts::check(&resources, diagnostics);
    Some(Desired {
        stack: stack?,
        provider: provider?,
        resources,
    })
}

fn stack(
    entry: Option<&Entry>,
    top: Span,
    inputs: &Inputs,
    diagnostics: &mut Diagnostics,
) -> Option<Stack> {
    let Some(entry) = entry else {
        diagnostics.push(
            Diagnostic::error(Code::MissingField, top, "`syncform.toml` needs [stack]")
                .help("begin it with `[stack]` and `name = \"…\"`"),
        );
        return None;
    };
    let table = fields::table(&entry.node, diagnostics)?;
    provider::stack(table, entry.node.span, inputs, diagnostics)
}

/// Reads `[provider]` with the environment's settings laid over it.
fn provider(
    entry: Option<&Entry>,
    over: Option<&Entry>,
    top: Span,
    scope: Scope<'_>,
    inputs: &Inputs,
    diagnostics: &mut Diagnostics,
) -> Option<Provider> {
    let mut span = top;
    let mut merged = Table::default();
    for entry in [entry, over].into_iter().flatten() {
        let table = fields::table(&entry.node, diagnostics)?;
        if let Some(seed) = table.get("seed")
            && let Value::String(text) = &seed.node.value
        {
            let seed = Spanned {
                value: text.as_str(),
                span: seed.node.span,
            };
            provider::check_seed(seed, diagnostics);
        }
        merged = merged.overlaid(table);
        if span == top {
            span = entry.node.span;
        }
    }
    let merged = scope.table(&merged.entries, diagnostics);
    provider::provider(&merged, span, inputs, diagnostics)
}

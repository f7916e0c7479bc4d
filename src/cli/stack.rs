//! Reading a stack: manifests in, everything that planning needs out, or every mistake at once.

use std::collections::BTreeMap;

use super::context::Context;
use super::exit::{Exit, Failure};
use crate::desired::{self, Desired, Endpoint, Inputs, Signature};
use crate::diagnostic::Diagnostics;
use crate::graph::{self, DependencyGraph};
use crate::manifest::{self, Sources};
use crate::plan::Service;
use crate::render::{diagnostics_json, events, snippet};

/// A stack without mistakes.
pub(super) struct Stack {
    /// The texts, for messages.
    pub(super) sources: Sources,
    /// What they say.
    pub(super) desired: Desired,
    /// What depends on what.
    pub(super) graph: DependencyGraph,
}

/// Reads and checks, and says all that is wrong; nothing is called.
pub(super) fn check(
    context: &Context,
) -> (Sources, Option<(Desired, DependencyGraph)>, Diagnostics) {
    let (sources, mut diagnostics) = manifest::load(&context.root);
    let inputs = Inputs {
        environment: context.global.environment.clone(),
        variables: context
            .global
            .variables
            .iter()
            .cloned()
            .collect::<BTreeMap<_, _>>(),
        endpoint: context.global.endpoint.clone(),
        ..Inputs::default()
    };
    // Circles are looked for beside other mistakes, so that one run tells of all.
    let mut graph = None;
    let (desired, found) = desired::build_checked(&sources, &inputs, |desired| {
        let (built, found) = graph::check(desired);
        graph = built;
        found
    });
    diagnostics.extend(found);
    (sources, desired.zip(graph), diagnostics)
}

/// The stack, or a failure after all of its mistakes were shown.
pub(super) fn read(context: &Context) -> Result<Stack, Failure> {
    let (sources, checked, diagnostics) = check(context);
    show(context, &sources, &diagnostics)?;
    let (desired, graph) = checked.ok_or_else(|| mistakes(&diagnostics))?;
    Ok(Stack {
        sources,
        desired,
        graph,
    })
}

/// Shows what was found; errors end the command.
pub(super) fn show(
    context: &Context,
    sources: &Sources,
    diagnostics: &Diagnostics,
) -> Result<(), Failure> {
    for diagnostic in diagnostics_json::diagnostics(&sources.map, diagnostics) {
        context.ui.event(|| events::diagnosed(diagnostic, None));
    }
    if !diagnostics.is_empty() {
        let color = context.ui.color_err();
        context
            .ui
            .note(&snippet::diagnostics(&sources.map, diagnostics, color));
    }
    if diagnostics.has_errors() {
        Err(mistakes(diagnostics))
    } else {
        Ok(())
    }
}

fn mistakes(diagnostics: &Diagnostics) -> Failure {
    Failure::new(
        Exit::Error,
        format!("the stack cannot be used: {}", snippet::count(diagnostics)),
    )
}

/// The provider's settings as a plan keeps them.
pub(super) fn service(desired: &Desired) -> Service {
    let provider = &desired.provider;
    Service {
        region: provider.region.clone(),
        endpoint: match &provider.endpoint {
            Endpoint::Region => "region".to_owned(),
            Endpoint::Embedded => "embedded".to_owned(),
            Endpoint::Url(url) => url.clone(),
        },
        seed: provider.seed.clone(),
        profile: provider.profile.clone(),
        signature: match provider.signature {
            Signature::HmacSha1 => "hmac-sha1",
            Signature::Acs3HmacSha256 => "acs3-hmac-sha256",
        }
        .to_owned(),
        qps: provider.qps,
        parallelism: provider.parallelism,
    }
}

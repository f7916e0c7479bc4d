//! Diagnostics as programs read them: the shape of Terraform's `validate -json`, with what is ours under `x_syncform`.
//!
//! Texts are made safe for terminals here too, since people look at JSON; file names are as they are, to be opened.

use serde_json::{Value, json};

use super::safe;
use super::snippet::Excerpts;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::source::{SourceMap, Span};

/// The document of `validate --json`.
pub fn validation(sources: &SourceMap, diagnostics: &Diagnostics) -> Value {
    let of = |severity| {
        diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count()
    };
    json!({
        "format_version": "1.0",
        "valid": !diagnostics.has_errors(),
        "error_count": of(Severity::Error),
        "warning_count": of(Severity::Warning),
        "diagnostics": self::diagnostics(sources, diagnostics),
    })
}

/// Every diagnostic, by file and place.
pub fn diagnostics(sources: &SourceMap, diagnostics: &Diagnostics) -> Vec<Value> {
    let excerpts = Excerpts::new(sources, diagnostics);
    diagnostics
        .sorted()
        .into_iter()
        .map(|diagnostic| one(sources, &excerpts, diagnostic))
        .collect()
}

fn one(sources: &SourceMap, excerpts: &Excerpts<'_>, diagnostic: &Diagnostic) -> Value {
    let mut object = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "summary": diagnostic.code.summary(),
        "detail": safe::text(&diagnostic.detail),
    });
    if let Some(address) = &diagnostic.address {
        object["address"] = json!(address);
    }
    if let Some(span) = diagnostic.primary {
        object["range"] = range(sources, span);
        object["snippet"] = snippet(excerpts, diagnostic, span);
    }
    object["x_syncform"] = json!({
        "code": diagnostic.code.as_str(),
        "help": diagnostic.help.as_deref().map(safe::text),
        "labels": diagnostic
            .labels
            .iter()
            .map(|label| json!({ "range": range(sources, label.span), "text": safe::text(&label.text) }))
            .collect::<Vec<_>>(),
    });
    object
}

/// A place of the file itself: lines and columns count from 1, bytes from 0.
fn range(sources: &SourceMap, span: Span) -> Value {
    let point = |offset: usize| {
        let (line, column) = sources.line_column(Span {
            start: offset,
            end: offset,
            ..span
        });
        json!({ "line": line, "column": column, "byte": offset })
    };
    json!({
        "filename": sources.file(span.source).path,
        "start": point(span.start),
        "end": point(span.end),
    })
}

/// The shown lines; the highlight counts bytes of `code`, which is masked as all that is shown.
fn snippet(excerpts: &Excerpts<'_>, diagnostic: &Diagnostic, span: Span) -> Value {
    let place = excerpts.range(span);
    let lines = excerpts.lines(span.source, std::slice::from_ref(&place));
    json!({
        "context": diagnostic.address,
        "code": lines.text,
        "start_line": lines.first,
        "highlight_start_offset": place.start - lines.start,
        "highlight_end_offset": place.end - lines.start,
        "values": [],
    })
}

//! Diagnostics as people read them: the line, the spot underlined, what is wrong, the likely mend.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::excerpt::Excerpt;
use super::safe;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::source::{SourceId, SourceMap, Span};

/// Every diagnostic, by file and place, with a count at the end. Empty if there are none.
pub fn diagnostics(sources: &SourceMap, diagnostics: &Diagnostics, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let excerpts = Excerpts::new(sources, diagnostics);
    let mut out = String::new();
    for diagnostic in diagnostics.sorted() {
        out.push_str(&renderer.render(&[excerpts.group(diagnostic)]));
        out.push_str("\n\n");
    }
    if !diagnostics.is_empty() {
        out.push_str(&count(diagnostics));
        out.push('\n');
    }
    out
}

/// How many there are: `2 errors and 1 warning in 2 files`.
pub fn count(diagnostics: &Diagnostics) -> String {
    let of = |severity| {
        diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count()
    };
    let files: BTreeSet<SourceId> = diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.primary)
        .map(|span| span.source)
        .collect();
    let number = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let counts: Vec<String> = [
        number(of(Severity::Error), "error"),
        number(of(Severity::Warning), "warning"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let counts = counts.join(" and ");
    match number(files.len(), "file") {
        Some(files) => format!("{counts} in {files}"),
        None => counts,
    }
}

/// The text of each file that some diagnostic shows.
pub(super) struct Excerpts<'s> {
    sources: &'s SourceMap,
    files: BTreeMap<SourceId, Excerpt>,
}

/// Whole lines of a shown file.
pub(super) struct Lines<'e> {
    /// The number of the first one, counted from 1.
    pub(super) first: usize,
    /// Where they begin in the excerpt.
    pub(super) start: usize,
    /// Their text, without the last line break.
    pub(super) text: &'e str,
}

impl<'s> Excerpts<'s> {
    /// Prepares every file that is shown. What one diagnostic hides is hidden in all of them.
    pub(super) fn new(sources: &'s SourceMap, diagnostics: &Diagnostics) -> Self {
        let mut hidden = BTreeMap::<SourceId, Vec<Range<usize>>>::new();
        let mut shown = BTreeSet::new();
        for diagnostic in diagnostics.iter() {
            shown.extend(diagnostic.spots().map(|span| span.source));
            for span in &diagnostic.hidden {
                hidden
                    .entry(span.source)
                    .or_default()
                    .push(span.start..span.end);
            }
        }
        let files = shown
            .into_iter()
            .map(|id| {
                let hidden = hidden.remove(&id).unwrap_or_default();
                (id, Excerpt::new(&sources.file(id).text, hidden))
            })
            .collect();
        Self { sources, files }
    }

    /// Where a place is shown.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        self.files[&span.source].range(span.start..span.end)
    }

    /// The lines from the first to the last of some shown places of one file.
    pub(super) fn lines(&self, source: SourceId, places: &[Range<usize>]) -> Lines<'_> {
        let text = self.files[&source].text.as_str();
        let from = places.iter().map(|place| place.start).min().unwrap_or(0);
        let to = places.iter().map(|place| place.end).max().unwrap_or(0);
        let start = text[..from].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[to..].find('\n').map_or(text.len(), |more| to + more);
        Lines {
            first: text[..start].matches('\n').count() + 1,
            start,
            text: &text[start..end],
        }
    }

    fn group(&self, diagnostic: &Diagnostic) -> Group<'_> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = level
            .primary_title(diagnostic.code.summary())
            .id(diagnostic.code.as_str())
            .elements(self.snippets(diagnostic));
        if diagnostic.primary.is_none() {
            let detail = safe::line(&diagnostic.detail).into_owned();
            group = group.element(Level::NOTE.message(detail));
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(safe::line(help).into_owned()));
        }
        group
    }

    /// One snippet for each file that a diagnostic speaks of, the one with its own spot first.
    fn snippets(
        &self,
        diagnostic: &Diagnostic,
    ) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let Some(primary) = diagnostic.primary else {
            return Vec::new();
        };
        let mut sources = vec![primary.source];
        for label in &diagnostic.labels {
            if !sources.contains(&label.span.source) {
                sources.push(label.span.source);
            }
        }
        sources
            .into_iter()
            .map(|source| self.snippet(source, diagnostic, primary))
            .collect()
    }

    fn snippet(
        &self,
        source: SourceId,
        diagnostic: &Diagnostic,
        primary: Span,
    ) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let labels = diagnostic
            .labels
            .iter()
            .map(|label| (AnnotationKind::Context, label.span, label.text.as_str()));
        let annotations: Vec<_> =
            std::iter::once((AnnotationKind::Primary, primary, diagnostic.detail.as_str()))
                .chain(labels)
                .filter(|(_, span, _)| span.source == source)
                .map(|(kind, span, text)| (kind, self.range(span), safe::line(text).into_owned()))
                .collect();
        let places: Vec<_> = annotations
            .iter()
            .map(|(_, place, _)| place.clone())
            .collect();
        let lines = self.lines(source, &places);
        let path = safe::line(&self.sources.file(source).path).into_owned();
        Snippet::source(lines.text)
            .line_start(lines.first)
            .path(path)
            .annotations(annotations.into_iter().map(|(kind, place, text)| {
                kind.span(place.start - lines.start..place.end - lines.start)
                    .label(text)
            }))
    }
}

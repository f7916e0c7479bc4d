//! What is wrong with a manifest, where, and how to mend it.
//!
//! Readers collect diagnostics and go on; [`crate::render`] sorts and draws them. The summary is fixed by the
//! [`Code`], the detail names names, the help is the likely mend.

mod codes;

pub use codes::Code;

use crate::address::Address;
use crate::source::Span;

/// Whether planning may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing may be called before it is mended.
    Error,
    /// Worth reading; nothing is stopped.
    Warning,
}

/// A second place that explains the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there.
    pub text: String,
}

/// One problem of the user's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem.
    pub code: Code,
    /// Whether it stops the run.
    pub severity: Severity,
    /// What is wrong, with names: a lowercase fragment without a full stop.
    pub detail: String,
    /// The spot to underline.
    pub primary: Option<Span>,
    /// Other spots.
    pub labels: Vec<Label>,
    /// The likely mend.
    pub help: Option<String>,
    /// The resource it belongs to.
    pub address: Option<Address>,
    /// Places that hold what must never be shown: their text is masked wherever this run shows it.
    pub hidden: Vec<Span>,
}

impl Diagnostic {
    /// An error at a spot.
    pub fn error(code: Code, span: Span, detail: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            detail: detail.into(),
            primary: Some(span),
            labels: Vec::new(),
            help: None,
            address: None,
            hidden: Vec::new(),
        }
    }

    /// An error that no manifest's text can show: of an option, a directory, the stack as a whole.
    pub fn unplaced(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            detail: detail.into(),
            primary: None,
            labels: Vec::new(),
            help: None,
            address: None,
            hidden: Vec::new(),
        }
    }

    /// Every place it shows, its own first.
    pub fn spots(&self) -> impl Iterator<Item = Span> {
        self.primary
            .into_iter()
            .chain(self.labels.iter().map(|label| label.span))
    }

    /// The same with the likely mend.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with one more spot.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// The same, said of one resource.
    #[must_use]
    pub fn address(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    /// The same, with one more place to mask.
    #[must_use]
    pub fn hide(mut self, span: Span) -> Self {
        self.hidden.push(span);
        self
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// What a reader found, in the order in which it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another reader's.
    pub fn extend(&mut self, others: Diagnostics) {
        self.0.extend(others.0);
    }

    /// Whether any of them stops the run.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says of which resource they are, where that is not said yet.
    pub fn of(mut self, address: &Address) -> Self {
        for diagnostic in &mut self.0 {
            diagnostic.address.get_or_insert_with(|| address.clone());
        }
        self
    }

    /// All of them, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Leaves those that `keep` wants.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    /// Leaves one of those that say the same of the same spot, as the instances of one `for_each` do.
    pub fn dedup(&mut self) {
        let mut seen: Vec<Diagnostic> = Vec::new();
        let mut spots = std::collections::BTreeMap::<_, Vec<usize>>::new();
        for diagnostic in std::mem::take(&mut self.0) {
            let at = spots
                .entry((diagnostic.primary, diagnostic.code))
                .or_default();
            if !at.iter().any(|i| seen[*i].detail == diagnostic.detail) {
                at.push(seen.len());
                seen.push(diagnostic);
            }
        }
        self.0 = seen;
    }

    /// All of them, by file and offset; those without a spot come last.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|d| (d.primary.is_none(), d.primary, d.code));
        sorted
    }
}

/// The candidate nearest to a word that was not understood, if it is near enough to be what was meant.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = word.chars().count();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        // A third of the word may be mistyped, or its end left out: past that the suggestion surprises more than it helps.
        .filter(|(distance, candidate)| {
            *distance <= (length / 3).max(1) || (length > 2 && candidate.starts_with(word))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn only_what_is_near_is_suggested() {
        let words = ["normal", "ignore", "warning", "critical"];
        let near = |word| did_you_mean(word, words);
        assert_eq!(near("nromal"), Some("normal"));
        assert_eq!(near("warn"), Some("warning"));
        assert_eq!(near("w"), None);
        assert_eq!(near("drop"), None);
    }
}

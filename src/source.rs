//! Where a piece of a manifest was written: which file, which bytes, which line.

use serde::{Deserialize, Serialize};

/// One manifest's text under the name that messages show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path below the stack's root, with `/` on every system.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// Which file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A range of bytes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

/// A value with the place where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Another value from the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: f(self.value),
            span: self.span,
        }
    }

    /// The value behind a reference, at the same place.
    pub fn as_ref(&self) -> Spanned<&T> {
        Spanned {
            value: &self.value,
            span: self.span,
        }
    }
}

/// A place to show to people: what survives when the text is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The path below the stack's root.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
}

/// Every file that was read for a stack, in a stable order.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and answers its id.
    pub fn add(&mut self, file: SourceFile) -> SourceId {
        let id = SourceId(u32::try_from(self.files.len()).expect("fewer than 2^32 manifests"));
        self.files.push(file);
        id
    }

    /// The file of an id that this map gave out.
    pub fn file(&self, id: SourceId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Every file with its id.
    pub fn files(&self) -> impl Iterator<Item = (SourceId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, file)| {
            (
                SourceId(u32::try_from(i).expect("fewer than 2^32 manifests")),
                file,
            )
        })
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.file(span.source).text[span.start..span.end]
    }

    /// Line and column of the span's start, both counted from 1; the column counts characters.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = &self.file(span.source).text;
        let before = &text[..text.floor_char_boundary(span.start)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    /// The span's file and line.
    pub fn location(&self, span: Span) -> Location {
        Location {
            file: self.file(span.source).path.clone(),
            line: self.line_column(span).0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let mut map = SourceMap::default();
        let source = map.add(SourceFile {
            path: "a.toml".into(),
            text: "x = 1\nläbel = \"y\"\n".into(),
        });
        let at = |start| {
            map.line_column(Span {
                source,
                start,
                end: start + 1,
            })
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(6), (2, 1));
        assert_eq!(at(15), (2, 9));
    }
}

//! One door for every test of manifests: texts in, desired state or diagnostics out.

use syncform::desired::{self, Desired, Inputs};
use syncform::diagnostic::{Diagnostic, Diagnostics, Severity};
use syncform::manifest::Sources;
use syncform::source::SourceFile;

/// A stack that is sound by itself, for tests to add a block to.
pub(crate) const BASE: &str = r#"
[stack]
name = "shop"

[provider]
region = "cn-shanghai"

[workspace.analytics]
project_id = 10000

[datasource.mysql_pub]
workspace = "analytics"
type = "mysql"

[datasource.odps_first]
workspace = "analytics"
type = "odps"

[table.shop]
datasource = "mysql_pub"
include = ["orders"]

[ddl_policy.careful]
default = "warning"
"#;

/// The files of a stack by path.
pub(crate) fn sources(files: &[(&str, &str)]) -> Sources {
    Sources::new(files.iter().map(|(path, text)| SourceFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    }))
}

/// Reads a stack of these files under these options.
pub(crate) fn build_with(
    files: &[(&str, &str)],
    inputs: &Inputs,
) -> (Sources, Option<Desired>, Diagnostics) {
    let sources = sources(files);
    let (desired, diagnostics) = desired::build(&sources, inputs);
    (sources, desired, diagnostics)
}

/// What a sound stack asks for.
pub(crate) fn desired(files: &[(&str, &str)], inputs: &Inputs) -> Desired {
    let (_, desired, diagnostics) = build_with(files, inputs);
    let messages: Vec<_> = diagnostics.iter().collect();
    desired.unwrap_or_else(|| panic!("{messages:#?}"))
}

/// Reads a stack of these files.
pub(crate) fn build(files: &[(&str, &str)]) -> (Sources, Option<Desired>, Diagnostics) {
    build_with(files, &Inputs::default())
}

/// Compares what is said of a manifest with what its comments say.
///
/// A comment of carets marks a spot of the line above it, followed by `severity[code]: detail`. Where a spot begins in
/// the first column, the comment begins with `#<`, which stands for two carets. The manifest stands beside [`BASE`].
#[track_caller]
pub(crate) fn check_diagnostics(manifest: &str) {
    let (sources, _, diagnostics) = build(&[("syncform.toml", BASE), ("test.toml", manifest)]);
    let found: Vec<String> = diagnostics
        .sorted()
        .into_iter()
        .map(|diagnostic| found(&sources, diagnostic))
        .collect();
    assert_eq!(
        found.join("\n"),
        expected(manifest).join("\n"),
        "left: what is said; right: what the comments expect"
    );
}

/// `line:column:length severity[code]: detail` of a diagnostic.
fn found(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let said = format!("{severity}[{}]: {}", diagnostic.code, diagnostic.detail);
    let Some(span) = diagnostic.primary else {
        return said;
    };
    let (line, column) = sources.map.line_column(span);
    let length = sources.map.slice(span).chars().count();
    let file = match sources.map.file(span.source).path.as_str() {
        "test.toml" => "",
        other => other,
    };
    format!("{file}{line}:{column}:{length} {said}")
}

/// The same of every comment.
fn expected(manifest: &str) -> Vec<String> {
    let mut expected = Vec::new();
    let mut marked_line = 0;
    for (i, line) in manifest.lines().enumerate() {
        let rest = line.strip_prefix('#').unwrap_or_default();
        let carets = rest.trim_start();
        if !carets.starts_with(['^', '<']) {
            marked_line = i + 1;
            continue;
        }
        let said = carets.trim_start_matches(['^', '<']);
        let blank = rest.len() - carets.len();
        let length = carets.len() - said.len();
        let (column, length) = match carets.starts_with('<') {
            true => (1, length + 1),
            false => (blank + 2, length),
        };
        expected.push(format!("{marked_line}:{column}:{length} {}", said.trim()));
    }
    expected
}

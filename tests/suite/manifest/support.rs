//! One door for every test of manifests: texts in, desired state or diagnostics out.

use syncform::desired::{self, Desired, Inputs};
use syncform::diagnostic::Diagnostics;
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

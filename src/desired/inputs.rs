//! What the command line adds to the manifests.

use std::collections::BTreeMap;

/// Everything besides the manifests that decides what is desired.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// `--env`.
    pub environment: Option<String>,
    /// `--var`, by the variable's name.
    pub variables: BTreeMap<String, String>,
    /// `--endpoint`: stands in for `[provider] endpoint`.
    pub endpoint: Option<String>,
    /// Which syncform this is, for `[stack] requires`.
    pub version: semver::Version,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            environment: None,
            variables: BTreeMap::new(),
            endpoint: None,
            version: env!("CARGO_PKG_VERSION")
                .parse()
                .expect("cargo accepts only semantic versions"),
        }
    }
}

//! `~/.alibabacloud/credentials.ini`, the profiles of the SDKs.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Credentials, NoCredentials};
use crate::secret::Secret;

/// The key of a section; none if there is no such section.
pub(super) fn find(
    path: &Path,
    text: &str,
    name: &str,
) -> Result<Option<Credentials>, NoCredentials> {
    let Some(section) = section(text, name) else {
        return Ok(None);
    };
    let origin = format!("the section [{name}] of {}", path.display());
    let value = |key: &'static str| {
        section
            .get(key)
            .filter(|value| !value.is_empty())
            .map(|value| (*value).to_owned())
    };
    match value("type").as_deref() {
        Some("access_key") => {
            let required = |key| {
                value(key).ok_or_else(|| NoCredentials::Incomplete {
                    origin: origin.clone(),
                    missing: key,
                })
            };
            Ok(Some(Credentials {
                access_key_id: required("access_key_id")?,
                secret: Secret::new(required("access_key_secret")?),
                security_token: None,
                origin,
            }))
        }
        Some(mode) => Err(NoCredentials::Unsupported {
            origin,
            mode: mode.to_owned(),
        }),
        None => Err(NoCredentials::Incomplete {
            origin,
            missing: "type",
        }),
    }
}

/// The keys of one section. `#` begins a comment anywhere, so that no value can hold one (API facts 9.1).
fn section<'a>(text: &'a str, name: &str) -> Option<BTreeMap<&'a str, &'a str>> {
    let mut found = None;
    let mut inside = false;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            inside = header.trim() == name;
            if inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, Some((key, value))) = (inside, line.split_once('='))
            && let Some(keys) = &mut found
        {
            keys.insert(key.trim(), value.trim());
        }
    }
    found
}

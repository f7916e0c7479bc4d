//! Secrets: how a manifest refers to one, what may be remembered of one.
//!
//! A [`Secret`] has no `Debug`, no `Display` and no `Serialize`, so that no message, log line or file can show it by
//! accident; [`Secret::reveal`] is the one way out, called where a request body is built.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Where a secret is to be found when it is needed: what manifests and plans may hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// The environment variable of this name.
    Env(String),
    /// The content of a file below the stack's root, without its last line break.
    File(String),
    /// What a program prints, without its last line break; the words go to the program as they are, no shell reads them.
    Command(Vec<String>),
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name:?}"),
            Self::File(path) => write!(f, "file {path:?}"),
            Self::Command(words) => {
                write!(f, "command {:?}", words.first().map_or("", String::as_str))
            }
        }
    }
}

/// A secret's value, wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value over.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself: only for the request that carries it and for its signature.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What state remembers instead of the value.
    pub fn fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
        mac.update(self.0.as_bytes());
        // 64 bits: enough to tell that a secret changed, too few to help whoever guesses at it offline.
        Fingerprint(hex::encode(&mac.finalize().into_bytes()[..8]))
    }
}

/// The key of a state's fingerprints, minted with its lineage: equal secrets of two stacks look different.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey(Vec<u8>);

impl FingerprintKey {
    /// Takes the bytes that the state keeps.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the state to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Tells that a secret changed, and nothing else about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(String);

/// Reads secrets from where they are: the one door to environment, files and programs.
pub trait SecretSource {
    /// The value behind a reference, or why it cannot be had (in words that show none of it).
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, UnavailableSecret>;
}

/// Why a secret could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret from {reference} cannot be read: {reason}")]
pub struct UnavailableSecret {
    /// Where it was looked for.
    pub reference: SecretRef,
    /// What went wrong there.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_a_change_but_depends_on_the_state() {
        let of = |secret: &str, key: &[u8]| {
            Secret::new(secret.into()).fingerprint(&FingerprintKey::new(key.to_vec()))
        };
        assert_eq!(of("s3cret", b"k"), of("s3cret", b"k"));
        assert_ne!(of("s3cret", b"k"), of("s3cret2", b"k"));
        assert_ne!(of("s3cret", b"k"), of("s3cret", b"l"));
    }
}

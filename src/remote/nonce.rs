//! Nonces: what makes every request a new one, so that a recorded request cannot be sent again by someone else.

use std::sync::{Mutex, PoisonError};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use uuid::Uuid;

/// Gives a text that no request carried before.
pub trait NonceSource: Send + Sync {
    /// The next one.
    fn next(&self) -> String;
}

/// Nonces from the operating system's randomness: 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsNonces;

impl NonceSource for OsNonces {
    fn next(&self) -> String {
        Uuid::new_v4().simple().to_string()
    }
}

/// Nonces from a seed, for runs that are to be repeatable.
#[derive(Debug)]
pub struct SeededNonces(Mutex<ChaCha12Rng>);

impl SeededNonces {
    /// The same seed gives the same nonces.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha12Rng::seed_from_u64(seed)))
    }
}

impl NonceSource for SeededNonces {
    fn next(&self) -> String {
        let mut bytes = [0; 16];
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rng.fill_bytes(&mut bytes);
        hex::encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_new_and_a_seed_repeats_them() {
        let (a, b) = (SeededNonces::new(7), SeededNonces::new(7));
        let first = a.next();
        assert_eq!(first, b.next());
        assert_ne!(first, a.next());
        assert_ne!(OsNonces.next(), OsNonces.next());
        assert_eq!(OsNonces.next().len(), first.len());
    }
}

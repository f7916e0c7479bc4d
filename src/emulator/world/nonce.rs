//! Nonces: each may be seen once while a request that carries it could still be in time.
//!
//! The key of a nonce is the minute in which it came and a hash of it, so that those whose time is over are one
//! range at the front of the table.

use sha2::{Digest as _, Sha256};

use super::object::Moment;
use super::table::Table;

const MINUTE_MS: i64 = 60_000;

fn key(minute: i64, hash: u64) -> u128 {
    (u128::from(minute.unsigned_abs()) << 64) | u128::from(hash)
}

fn hash(nonce: &str) -> u64 {
    let digest = Sha256::digest(nonce.as_bytes());
    u64::from_be_bytes(
        digest[..8]
            .try_into()
            .expect("a digest is longer than eight bytes"),
    )
}

/// The first minute whose nonces still count.
fn oldest(skew_ms: i64, now: Moment) -> i64 {
    // A request may be dated `skew` ahead and is then in time until `skew` after that.
    (now.0.div_euclid(MINUTE_MS) - (2 * skew_ms) / MINUTE_MS - 1).max(0)
}

/// Notes a nonce; false if it was noted before.
pub(crate) fn note(nonces: &mut Table<u128, ()>, nonce: &str, skew_ms: i64, now: Moment) -> bool {
    let (minute, hash) = (now.0.div_euclid(MINUTE_MS), hash(nonce));
    // However far the skew reaches back, there is nothing before the first that was noted.
    let first = nonces
        .keys()
        .next()
        .map_or(minute, |first| i64::try_from(first >> 64).unwrap_or(minute));
    let used = (oldest(skew_ms, now).max(first)..=minute)
        .any(|minute| nonces.contains_key(&key(minute, hash)));
    if !used {
        nonces.insert(key(minute, hash), ());
    }
    !used
}

/// Forgets the nonces that no request in time could carry.
pub(crate) fn sweep(nonces: &mut Table<u128, ()>, skew_ms: i64, now: Moment) {
    let gone: Vec<u128> = nonces
        .range(..key(oldest(skew_ms, now), 0))
        .map(|(key, ())| *key)
        .collect();
    for key in gone {
        nonces.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_until_its_time_is_over() {
        let mut nonces = Table::default();
        let (now, skew) = (Moment(1_700_000_000_000), 15 * MINUTE_MS);
        assert!(note(&mut nonces, "a", skew, now));
        assert!(!note(&mut nonces, "a", skew, now));
        assert!(note(&mut nonces, "b", skew, now));
        assert!(!note(&mut nonces, "a", skew, now.plus(29 * MINUTE_MS)));
        sweep(&mut nonces, skew, now.plus(29 * MINUTE_MS));
        assert_eq!(nonces.len(), 2);
        sweep(&mut nonces, skew, now.plus(33 * MINUTE_MS));
        assert!(nonces.is_empty());
    }

    #[test]
    fn a_skew_of_centuries_keeps_every_nonce_and_costs_no_search_of_them() {
        let mut nonces = Table::default();
        let (now, skew) = (Moment(1_700_000_000_000), i64::from(u32::MAX) * 1000);
        for nonce in 0..10_000 {
            assert!(note(&mut nonces, &nonce.to_string(), skew, now.plus(nonce)));
        }
        sweep(&mut nonces, skew, now.plus(MINUTE_MS));
        assert!(!note(&mut nonces, "7", skew, now.plus(MINUTE_MS)));
    }
}

//! The state's rows: identity, objects, generations, and what was last seen of the objects.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Row, named_params};
use serde::de::DeserializeOwned;

use super::db::Db;
use super::error::StoreError;
use super::{Minted, digest};
use crate::address::Address;
use crate::secret::FingerprintKey;
use crate::state::{Lineage, Object, Serial, State, StateChange, Tracked};

/// What the one row of `meta` says.
pub(super) struct Meta {
    pub(super) identity: Minted,
    pub(super) serial: Serial,
}

/// Reads a state's identity and serial.
pub(super) fn meta(db: &Db) -> Result<Meta, StoreError> {
    let row = db.row(
        "SELECT lineage, stack, serial, fingerprint_key, digest FROM meta",
        (),
        |row| {
            let serial: i64 = row.get(2)?;
            let meta = Meta {
                identity: Minted {
                    lineage: Lineage(row.get(0)?),
                    stack: row.get(1)?,
                    fingerprint_key: FingerprintKey::new(row.get(3)?),
                },
                serial: Serial(serial.unsigned_abs()),
            };
            Ok((meta, row.get::<_, String>(4)?))
        },
    )?;
    let (meta, stored) = row.ok_or_else(|| db.corrupt("table meta is empty"))?;
    if stored != meta_digest(&meta) {
        return Err(db.corrupt("table meta is not what was written"));
    }
    Ok(meta)
}

/// Writes a state's identity and serial.
pub(super) fn put_meta(db: &Db, meta: &Meta) -> Result<(), StoreError> {
    db.execute(
        "INSERT OR REPLACE INTO meta (id, lineage, stack, serial, fingerprint_key, digest)
         VALUES (1, :lineage, :stack, :serial, :key, :digest)",
        named_params! {
            ":lineage": meta.identity.lineage.0,
            ":stack": meta.identity.stack,
            ":serial": number(meta.serial),
            ":key": meta.identity.fingerprint_key.as_bytes(),
            ":digest": meta_digest(meta),
        },
    )?;
    Ok(())
}

fn meta_digest(Meta { identity, serial }: &Meta) -> String {
    digest::of(&[
        identity.lineage.0.as_bytes(),
        identity.stack.as_bytes(),
        &serial.0.to_be_bytes(),
        identity.fingerprint_key.as_bytes(),
    ])
}

/// The serial as SQLite keeps it; one more each write, it never comes near the end of the range.
pub(super) fn number(serial: Serial) -> i64 {
    i64::try_from(serial.0).unwrap_or(i64::MAX)
}

/// Raises the serial.
pub(super) fn raise_serial(db: &Db, mut meta: Meta) -> Result<(), StoreError> {
    meta.serial = Serial(meta.serial.0 + 1);
    put_meta(db, &meta)
}

/// Reads the whole state.
pub(super) fn state(db: &Db) -> Result<State, StoreError> {
    let Meta { identity, serial } = meta(db)?;
    Ok(State {
        lineage: identity.lineage,
        serial,
        resources: tracked(db)?,
        generations: generations(db)?,
    })
}

fn tracked(db: &Db) -> Result<BTreeMap<Address, Tracked>, StoreError> {
    let rows: Vec<(String, String, String)> = db.rows(
        "SELECT address, tracked, digest FROM resources",
        (),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    rows.into_iter()
        .map(|(address, tracked, stored)| {
            let row = || format!("`{}` in table resources", address.escape_debug());
            digest::check(db, &stored, &[address.as_bytes(), tracked.as_bytes()], row)?;
            Ok((
                parse_address(db, &address, "resources")?,
                parse(db, &tracked, row)?,
            ))
        })
        .collect()
}

fn generations(db: &Db) -> Result<BTreeMap<Address, u32>, StoreError> {
    let rows = db.rows(
        "SELECT address, generation, digest FROM generations",
        (),
        generation_row,
    )?;
    rows.into_iter()
        .map(|row| {
            let generation = checked_generation(db, &row)?;
            Ok((parse_address(db, &row.0, "generations")?, generation))
        })
        .collect()
}

/// Address, generation and digest, as they are stored.
type GenerationRow = (String, u32, String);

fn generation_row(row: &Row<'_>) -> rusqlite::Result<GenerationRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn checked_generation(
    db: &Db,
    (address, generation, stored): &GenerationRow,
) -> Result<u32, StoreError> {
    let columns = [address.as_bytes(), &generation.to_be_bytes()];
    digest::check(db, stored, &columns, || {
        format!("`{}` in table generations", address.escape_debug())
    })?;
    Ok(*generation)
}

/// Writes one change of state.
pub(super) fn apply(db: &Db, change: &StateChange) -> Result<(), StoreError> {
    match change {
        StateChange::Put(address, tracked) => put(db, address, tracked),
        StateChange::Remove(address) => db
            .execute(
                "DELETE FROM resources WHERE address = ?1",
                [address.to_string()],
            )
            .map(drop),
        StateChange::NextGeneration(address) => next_generation(db, address),
    }
}

fn put(db: &Db, address: &Address, tracked: &Tracked) -> Result<(), StoreError> {
    let address = address.to_string();
    let tracked = json(tracked);
    let digest = digest::of(&[address.as_bytes(), tracked.as_bytes()]);
    db.execute(
        "INSERT INTO resources (address, tracked, digest) VALUES (?1, ?2, ?3)
         ON CONFLICT (address) DO UPDATE SET tracked = excluded.tracked, digest = excluded.digest",
        (address, tracked, digest),
    )?;
    Ok(())
}

fn next_generation(db: &Db, address: &Address) -> Result<(), StoreError> {
    // Through the checked read: a damaged count must not become the start of the next one.
    let before = db
        .row(
            "SELECT address, generation, digest FROM generations WHERE address = ?1",
            [address.to_string()],
            generation_row,
        )?
        .map_or(Ok(0), |row| checked_generation(db, &row))?;
    let generation = before
        .checked_add(1)
        .ok_or_else(|| db.corrupt(format!("`{address}` in table generations has no next life")))?;
    let address = address.to_string();
    db.execute(
        "INSERT OR REPLACE INTO generations (address, generation, digest) VALUES (?1, ?2, ?3)",
        (
            &address,
            generation,
            digest::of(&[address.as_bytes(), &generation.to_be_bytes()]),
        ),
    )?;
    Ok(())
}

/// Writes what was last seen of objects in state; what is not in state is not kept.
pub(super) fn put_actual(
    db: &Db,
    seen: &BTreeMap<Address, Object>,
    at: Timestamp,
) -> Result<(), StoreError> {
    for (address, object) in seen {
        db.execute(
            "UPDATE resources SET actual = ?2, refreshed_at = ?3 WHERE address = ?1",
            (address.to_string(), json(object), at.to_string()),
        )?;
    }
    Ok(())
}

/// What was last seen of an object, and when.
pub(super) fn actual(
    db: &Db,
    address: &Address,
) -> Result<Option<(Object, Timestamp)>, StoreError> {
    let row: Option<(String, Timestamp)> = db.row(
        "SELECT actual, refreshed_at FROM resources WHERE address = ?1 AND actual IS NOT NULL",
        [address.to_string()],
        |row| Ok((row.get(0)?, super::lease::timestamp(row, "refreshed_at")?)),
    )?;
    row.map(|(object, at)| {
        let object = parse(db, &object, || {
            format!("`{address}` in table resources (actual)")
        })?;
        Ok((object, at))
    })
    .transpose()
}

fn parse_address(db: &Db, text: &str, table: &str) -> Result<Address, StoreError> {
    text.parse()
        .map_err(|error| db.corrupt(format!("table {table}: {error}")))
}

/// Reads a column of JSON. `row` names it.
pub(super) fn parse<T: DeserializeOwned>(
    db: &Db,
    text: &str,
    row: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    // serde's message may quote the text, so only the place is told.
    serde_json::from_str(text).map_err(|error| {
        db.corrupt(format!(
            "{} cannot be read (column {})",
            row(),
            error.column()
        ))
    })
}

/// Writes a column of JSON.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("our own types have text keys and finite numbers")
}

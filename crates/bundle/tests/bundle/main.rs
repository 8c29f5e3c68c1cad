//! Bundles on disk: whole, damaged, replaced, plain.

mod damage;
mod plain;
mod replacing;
mod round_trip;
mod tiny;
mod words;

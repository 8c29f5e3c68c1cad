//! Raw files in, prepared folders out, as a user meets them. One binary, because each would
//! link Polars anew; one file an idea.

mod account;
mod bad_files;
mod bad_folders;
mod bad_rows;
mod determinism;
mod fixture;
mod formats;
mod languages;
mod prepared;
mod taxonomies;

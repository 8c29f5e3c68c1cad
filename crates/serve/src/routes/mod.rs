//! One file a route, or a few small ones.

pub(crate) mod batch;
pub(crate) mod docs;
pub(crate) mod model;
pub(crate) mod predict;
pub(crate) mod root;
pub(crate) mod state;

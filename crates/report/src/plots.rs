//! Figures in SVG.

pub(crate) mod frame;
pub(crate) mod learning;
pub(crate) mod panels;
pub(crate) mod simplify;
pub(crate) mod strip;

//! Manifests as users write them: what is read from good ones, what is said of bad ones.

mod golden;
mod mistakes;
mod support;
mod valid;

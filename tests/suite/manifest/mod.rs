//! Manifests as users write them: what is read from good ones, what is said of bad ones.

mod commands;
mod environments;
mod examples;
mod golden;
mod load;
mod mistakes;
mod properties;
mod support;
mod valid;

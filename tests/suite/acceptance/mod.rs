//! What a user does, with the built binary: examples planned and applied, mistakes made, faults met.

mod changes;
mod damage;
mod disk;
mod documents;
mod examples;
mod faults;
mod interrupted;
mod killed;
mod locks;
mod names;
mod pages;
mod saved_plan;
mod secrets;
mod stops;
mod task_param;
mod vanished;
mod waits;

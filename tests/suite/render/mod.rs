//! What people and programs read of plans, states and applies.

mod apply_text;
mod plan_text;
mod support;

//! What people and programs read of plans, states and applies.

mod apply_text;
mod events;
mod plan_json;
mod plan_markdown;
mod plan_text;
mod state;
mod support;

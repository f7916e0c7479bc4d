//! Names and shapes: the one place that knows how a [`Call`](super::Call) is spelled on the wire and how its answer is
//! read.
//!
//! [`encode()`] turns a call into parameters; they are not signed yet and no address is known (`remote::http` does both).
//! [`decode()`] turns an answer into a [`Reply`](super::Reply) or an [`ApiFault`](super::ApiFault), so that nobody above
//! knows which failures came with HTTP 200 (API facts 6). The documents inside parameters and answers have their own
//! files: [`task_param`], [`start_param`] and [`create_param`] on the way out, the task script and the source's tables
//! on the way in.

mod answer;
mod classify;
mod clean;
mod decode;
mod encode;
mod error_body;
mod lenient;
mod param;
mod script;

pub use answer::WireResponse;
pub use decode::decode;
pub use encode::{Method, PAGE_SIZE, VERSION, WireRequest, encode};
pub use param::{create_param, start_param, task_param};
pub use script::{parse_meta, parse_script};

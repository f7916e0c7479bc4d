//! Many reads side by side, answers in the order of the questions.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::api::{ApiFault, Call, FaultClass, Reply};
use crate::remote::Remote;

/// Sends the calls, so many at a time. `None` answers for what does not exist; any other fault ends it at once.
pub(super) async fn gather<R: Remote + 'static>(
    remote: &Arc<R>,
    parallelism: usize,
    calls: Vec<Call>,
) -> Result<Vec<Option<Reply>>, ApiFault> {
    let mut answers: Vec<Option<Reply>> = vec![None; calls.len()];
    let mut waiting = calls.into_iter().enumerate();
    let mut underway = JoinSet::new();
    loop {
        while underway.len() < parallelism.max(1)
            && let Some((index, call)) = waiting.next()
        {
            let remote = Arc::clone(remote);
            underway.spawn(async move { (index, remote.send(&call).await) });
        }
        let Some(answer) = underway.join_next().await else {
            return Ok(answers);
        };
        let (index, answer) = answer.expect("a read neither panics nor is cancelled");
        match answer {
            Ok(reply) => answers[index] = Some(reply),
            Err(fault) if fault.class == FaultClass::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
}

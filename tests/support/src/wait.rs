//! Waiting for another process, which cannot be given a clock.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{Result, Trouble};

const INTERVAL: Duration = Duration::from_millis(20);

/// Asks every 20 ms until there is an answer. Only for tests over processes: a test inside one process
/// injects its clock and waits for an event.
///
/// # Errors
///
/// `limit` passed: the text says `what` was waited for. An error of `ask` ends the waiting.
pub fn wait_until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        if start.elapsed() > limit {
            return Err(Trouble::new(format!("waited {} s for {what}", limit.as_secs())));
        }
        thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_answer_or_names_what_never_came() {
        let mut asked = 0;
        let found = wait_until("three", Duration::from_secs(20), || {
            asked += 1;
            Ok((asked == 3).then_some(asked))
        });
        assert_eq!(found.ok(), Some(3));
        let never = wait_until::<()>("Godot", Duration::ZERO, || Ok(None));
        assert!(never.expect_err("nobody came").to_string().contains("Godot"));
    }
}

//! The one side: the real host reads the stream, with its connector in the sandbox.

use std::time::Duration;

use patchbay_model::RunState;
use tokio::time::MissedTickBehavior;

use crate::{
    Amount, Result,
    measure::{cpu, resident},
    rooms::{Database, House, Rooms},
    told,
};

/// How often the run's row is looked at.
const LOOK: Duration = Duration::from_millis(25);
/// Records between two looks at the memory.
pub(crate) const MARK: u64 = 100_000;

/// What one reading of everything took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    pub(crate) records: u64,
    /// From the run's start to its end, as the store has them.
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Resident memory at each mark, KiB.
    pub(crate) memory: Vec<u64>,
}

impl Reading {
    /// Takes note of the memory whenever a mark is passed.
    pub(crate) fn passed(&mut self, records: u64) {
        self.records = records;
        while u64::try_from(self.memory.len()).is_ok_and(|marks| records >= (marks + 1) * MARK) {
            self.memory.push(resident());
        }
    }
}

/// One run of the host, from `run_now` to the end of the run's row.
pub(crate) async fn read(house: &House, database: Database, amount: Amount) -> Result<Reading> {
    let rooms = Rooms::open(house, database).await?;
    let mut reading = Reading::default();
    let before = cpu();
    rooms.app.start_jobs();
    let id = rooms.app.run_now(&rooms.tenant, rooms.sync()?).await.map_err(told)?;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let run = loop {
        look.tick().await;
        let run = rooms.app.run_row(&rooms.tenant, &id).await.map_err(told)?;
        reading.passed(run.records);
        if !matches!(run.state, RunState::Due | RunState::Running) {
            break run;
        }
    };
    reading.cpu = cpu().saturating_sub(before);
    if run.state != RunState::Done || run.records != amount.records {
        return Err(format!("the run ended {} after {} records: {:?}", run.state.as_str(), run.records, run.operator));
    }
    let (Some(started), Some(ended)) = (run.started_at, run.ended_at) else {
        return Err("the run has no start or no end".to_owned());
    };
    reading.wall = ended.since(started);
    rooms.close().await?;
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_noted_once_at_each_mark() {
        let mut reading = Reading::default();
        for records in [50_000, 100_000, 150_000, 350_000] {
            reading.passed(records);
        }
        assert_eq!((reading.memory.len(), reading.records), (3, 350_000));
        assert!(reading.memory.iter().all(|kibibytes| *kibibytes > 0));
    }
}

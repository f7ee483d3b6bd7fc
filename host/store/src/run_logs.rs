//! What a connector said during a run, and the host about it: the first lines of each run, in bounded space.

use patchbay_model::{RunId, TenantId, Timestamp};
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{
    Store, StoreError,
    row::{Reader, Row, int, many, select},
};

/// Lines of one run; the last of them says that more was left out.
const MOST: i64 = 300;
/// The level of that line: a warning.
const WARNING: u8 = 2;
/// Lines of one statement.
const AT_ONCE: usize = 100;
const LEFT_OUT: &str = "More was said than is kept.";

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How bad, as the contract counts.
    pub level: u8,
    /// What was said.
    pub message: String,
    /// More about it, a JSON object.
    pub fields: String,
}

impl Row for LogLine {
    const TABLE: &'static str = "run_logs";
    const FROM: &'static str = "run_logs l";
    const COLUMNS: &'static str = "l.at, l.level, l.message, l.fields";

    fn read(r: &mut Reader<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            at: r.next("at")?,
            level: u8::try_from(r.next::<u16>("level")?).unwrap_or(u8::MAX),
            message: r.next("message")?,
            fields: r.next("fields")?,
        })
    }
}

impl Store {
    /// Adds lines to a run that is ours.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another has taken over.
    pub async fn append_run_log(&self, run: &RunId, epoch: i64, lines: Vec<LogLine>) -> Result<(), StoreError> {
        let (run, dialect) = (run.clone(), self.dialect());
        // Beside others: the run's row is locked, and nobody else writes lines of a run without it.
        self.write_beside(move |tx| {
            Box::pin(async move {
                let ours = format!(
                    "SELECT 1 FROM runs r WHERE r.id = $1 AND r.epoch = $2 AND r.state = 'running'{}",
                    dialect.pick("", " FOR NO KEY UPDATE")
                );
                let ours = sqlx::query(AssertSqlSafe(ours)).bind(run.as_str()).bind(epoch);
                ours.fetch_optional(&mut *tx).await?.ok_or(StoreError::Stale)?;
                write(tx, &run, &lines).await
            })
        })
        .await
    }

    /// The lines of a run, in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a run that is not the tenant's.
    pub async fn run_log(&self, tenant: &TenantId, run: &RunId) -> Result<Vec<LogLine>, StoreError> {
        self.run(tenant, run).await?;
        many(self.read(), sqlx::query(select::<LogLine>("WHERE l.run = $1 ORDER BY l.no")).bind(run.as_str())).await
    }
}

/// Adds lines to a run, inside a transaction that has its row: those that still fit, and behind them one that says
/// that more was left out.
pub(crate) async fn write(tx: &mut AnyConnection, run: &RunId, lines: &[LogLine]) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let there = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM run_logs WHERE run = $1");
    let there = there.bind(run.as_str()).fetch_one(&mut *tx).await?;
    let free = usize::try_from(MOST - 1 - there).unwrap_or(0);
    let mut no = there;
    for some in lines.get(..free).unwrap_or(lines).chunks(AT_ONCE) {
        put(&mut *tx, run, no + 1, some).await?;
        no += int(u64::try_from(some.len()).unwrap_or(0));
    }
    if let Some(first) = lines.get(free)
        && no < MOST
    {
        let said = LogLine { at: first.at, level: WARNING, message: LEFT_OUT.to_owned(), fields: "{}".to_owned() };
        put(tx, run, MOST, &[said]).await?;
    }
    Ok(())
}

/// Writes lines with the numbers from `first` on.
async fn put(tx: &mut AnyConnection, run: &RunId, first: i64, lines: &[LogLine]) -> Result<(), StoreError> {
    let mut text = "INSERT INTO run_logs (run, no, at, level, message, fields) VALUES ".to_owned();
    for i in 0..lines.len() {
        let (comma, at) = (if i == 0 { "" } else { "," }, 3 + 4 * i);
        text.push_str(&format!("{comma}($1,$2+{i},${at},${},${},${})", at + 1, at + 2, at + 3));
    }
    let mut statement = sqlx::query(AssertSqlSafe(text)).bind(run.as_str()).bind(first);
    for line in lines {
        statement = statement.bind(line.at.as_micros()).bind(i64::from(line.level));
        statement = statement.bind(line.message.as_str()).bind(line.fields.as_str());
    }
    statement.execute(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests;

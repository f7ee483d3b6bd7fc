//! Several statements in one go, where none of them needs what another one answers.
//!
//! SQLite works in a thread of its own, and each statement is a way there and back, which costs more than most of the
//! statements themselves. So those that can be asked together are: joined to one text, of which the driver prepares
//! and runs one after the other, and keeps all of them prepared under that text. A server takes one at a time, in the
//! same order, each of which sees what the one before it did and, once it had to wait for a lock, what was committed
//! meanwhile.
//!
//! The first one that fails is the answer, and none behind it is run. What the ones before it did is taken back with the
//! transaction, so whoever asks may judge the first answer after the last statement has been run.

use futures_util::TryStreamExt as _;
use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Either, Execute as _, Executor as _,
    any::{AnyArguments, AnyQueryResult, AnyRow},
};

use crate::{
    StoreError,
    dialect::Dialect,
    row::{Reader, Row, Statement},
};

/// What one of them answered.
#[derive(Default)]
pub(crate) struct Answer {
    rows: Vec<AnyRow>,
    changed: u64,
}

impl Answer {
    /// How many rows it changed.
    pub(crate) fn changed(&self) -> u64 {
        self.changed
    }

    /// The first row, if there is one.
    pub(crate) fn first(&self, table: &'static str) -> Option<Reader<'_>> {
        self.rows.first().map(|row| Reader::of(row, table))
    }

    /// The same as what it holds.
    pub(crate) fn maybe<T: Row>(&self) -> Result<Option<T>, StoreError> {
        self.first(T::TABLE).map(|mut reader| T::read(&mut reader)).transpose()
    }
}

/// Runs statements one after the other, inside a transaction; an answer of each.
pub(crate) async fn together<const N: usize>(
    tx: &mut AnyConnection,
    statements: [Statement<'_>; N],
) -> Result<[Answer; N], StoreError> {
    let mut answers = Vec::with_capacity(N);
    if Dialect::of(tx) == Dialect::Sqlite {
        let statement = joined(statements)?;
        collect(tx.fetch_many(statement), &mut answers).await?;
    } else {
        for statement in statements {
            collect(tx.fetch_many(statement), &mut answers).await?;
        }
    }
    // An array as long as the one that was asked.
    answers.try_into().map_err(|_| StoreError::Unavailable("statements without an answer".to_owned()))
}

async fn collect(
    mut stream: impl futures_util::Stream<Item = Result<Either<AnyQueryResult, AnyRow>, sqlx::Error>> + Unpin,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    let mut answer = Answer::default();
    while let Some(said) = stream.try_next().await? {
        match said {
            Either::Right(row) => answer.rows.push(row),
            Either::Left(end) => {
                answer.changed = end.rows_affected();
                answers.push(std::mem::take(&mut answer));
            }
        }
    }
    Ok(())
}

/// One text, and the arguments behind each other. The places of each are counted on from those of the one before.
fn joined<const N: usize>(
    statements: [Statement<'_>; N],
) -> Result<sqlx::query::Query<'static, Any, AnyArguments>, StoreError> {
    let (mut text, mut all) = (String::new(), AnyArguments::default());
    for mut statement in statements {
        let bad = |error| StoreError::Unavailable(format!("an argument cannot be written: {error}"));
        let arguments = statement.take_arguments().map_err(bad)?.unwrap_or_default();
        if !text.is_empty() {
            text.push_str("; ");
        }
        shifted(statement.sql().as_str(), all.values.0.len(), &mut text);
        all.values.0.extend(arguments.values.0);
    }
    Ok(sqlx::query_with(AssertSqlSafe(text), all))
}

/// Adds a statement to a text, with its `$1` as the place behind so many others.
fn shifted(statement: &str, by: usize, text: &mut String) {
    let mut rest = statement;
    while let Some(at) = rest.find('$') {
        let (before, place) = rest.split_at(at + 1);
        text.push_str(before);
        let digits = place.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = place.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) => text.push_str(&(number + by).to_string()),
            Err(_) => text.push_str(number),
        }
        rest = behind;
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn places_are_counted_on_and_all_else_stays() {
        let mut text = "a; ".to_owned();
        shifted("SELECT $1, $12 || '$.x' WHERE k = $2", 3, &mut text);
        assert_eq!(text, "a; SELECT $4, $15 || '$.x' WHERE k = $5");
        let mut text = String::new();
        shifted("SELECT $1", 0, &mut text);
        assert_eq!(text, "SELECT $1");
    }

    async fn named(tx: &mut AnyConnection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT value FROM meta WHERE key = $1").bind(key).fetch_optional(tx).await?)
    }

    #[tokio::test]
    async fn each_statement_has_its_own_answer_and_sees_what_the_one_before_it_did() {
        let world = World::open().await;
        world
            .store
            .write(|tx| {
                Box::pin(async move {
                    let insert = "INSERT INTO meta (key, value) VALUES ($1, $2)";
                    let [one, none, two, found] = together(
                        &mut *tx,
                        [
                            sqlx::query(insert).bind("a").bind(vec![1_u8]),
                            sqlx::query("SELECT key FROM meta WHERE key = $1").bind("z"),
                            sqlx::query("UPDATE meta SET value = $2 WHERE key = $1 RETURNING key")
                                .bind("a")
                                .bind(vec![2_u8]),
                            sqlx::query("SELECT key, value FROM meta WHERE value = $2 AND key = $1")
                                .bind("a")
                                .bind(vec![2_u8]),
                        ],
                    )
                    .await?;
                    assert_eq!((one.changed(), one.rows.len()), (1, 0));
                    assert_eq!(none.rows.len(), 0);
                    assert_eq!((two.changed(), two.rows.len()), (1, 1));
                    let mut reader: Reader<'_> = found.first("meta").expect("a row");
                    assert_eq!(
                        (reader.next::<String>("key")?, reader.next::<Vec<u8>>("value")?),
                        ("a".to_owned(), vec![2])
                    );
                    Ok(())
                })
            })
            .await
            .expect("written");
        assert_eq!(world.store.meta("a").await, Ok(Some(vec![2])));
    }

    #[tokio::test]
    async fn a_statement_that_fails_is_the_answer_and_nothing_of_the_others_stays() {
        let world = World::open().await;
        let failed: Result<(), StoreError> = world
            .store
            .write(|tx| {
                Box::pin(async move {
                    let insert = "INSERT INTO meta (key, value) VALUES ($1, $2)";
                    let twice = [
                        sqlx::query(insert).bind("a").bind(vec![1_u8]),
                        sqlx::query(insert).bind("a").bind(vec![2_u8]),
                        sqlx::query(insert).bind("b").bind(vec![3_u8]),
                    ];
                    together(tx, twice).await.map(drop)
                })
            })
            .await;
        assert!(failed.is_err());
        let left =
            world.store.write(|tx| Box::pin(async move { Ok((named(tx, "a").await?, named(tx, "b").await?)) })).await;
        assert_eq!(left, Ok((None, None)));
    }
}

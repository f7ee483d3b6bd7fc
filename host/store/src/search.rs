//! Pickers: the host searches its own records by what their manifest's pointers point to.

use patchbay_model::{ConnectionId, TenantId};
use sqlx::Row as _;

use crate::{Store, StoreError, dialect::Dialect, row::json};

/// What a picker looks for.
#[derive(Debug, Clone, Default)]
pub struct RecordSearch {
    /// The stream.
    pub stream: String,
    /// Of this account (provider id).
    pub account: Option<String>,
    /// JSON pointer to what goes into the push's target.
    pub value: String,
    /// JSON pointer to what the person reads.
    pub label: String,
    /// JSON pointer to what tells equal labels apart.
    pub hint: Option<String>,
    /// JSON pointers and what they must hold: the choices that this one depends on.
    pub parents: Vec<(String, String)>,
    /// What label or hint must contain, whatever its case; empty for all.
    pub query: String,
    /// At most so many, and at most 200.
    pub limit: u32,
}

/// A record that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What goes into the push's target.
    pub value: String,
    /// What the person reads.
    pub label: String,
    /// What tells equal labels apart.
    pub hint: Option<String>,
}

/// The largest page.
const LIMIT: u32 = 200;

const SQLITE: &str = "SELECT value, label, hint FROM ( \
    SELECT CAST(json_extract(e.content, $4) AS TEXT) AS value, \
        CAST(json_extract(e.content, $5) AS TEXT) AS label, \
        CASE WHEN $6 IS NULL THEN NULL ELSE CAST(json_extract(e.content, $6) AS TEXT) END AS hint \
    FROM syncs s CROSS JOIN records e ON e.sync_no = s.no \
    WHERE s.connection = $1 AND s.stream = $2 AND ($3 IS NULL OR s.account = $3) AND e.content IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM json_each($7) p \
        WHERE CAST(json_extract(e.content, p.value ->> 0) AS TEXT) IS NOT (p.value ->> 1)) \
    ) WHERE value IS NOT NULL AND label IS NOT NULL \
    AND ($8 = '' OR instr(lower(label), $8) OR instr(lower(coalesce(hint, '')), $8)) \
    ORDER BY lower(label), value LIMIT $9";

/// `json_at` is made by the migration: what stands at a path of a JSON text, as text; nothing where it cannot be had.
const POSTGRES: &str = "SELECT value, label, hint FROM ( \
    SELECT json_at(e.content, $4) AS value, json_at(e.content, $5) AS label, \
        CASE WHEN $6 IS NULL THEN NULL ELSE json_at(e.content, $6) END AS hint \
    FROM syncs s JOIN records e ON e.sync_no = s.no \
    WHERE s.connection = $1 AND s.stream = $2 AND ($3 IS NULL OR s.account = $3) AND e.content IS NOT NULL \
    AND NOT EXISTS (SELECT 1 FROM json_each($7) p \
        WHERE json_at(e.content, json_at(p.value, '[\"0\"]')) IS DISTINCT FROM json_at(p.value, '[\"1\"]')) \
    ) found WHERE value IS NOT NULL AND label IS NOT NULL \
    AND ($8 = '' OR instr(lower(label), $8) OR instr(lower(coalesce(hint, '')), $8)) \
    ORDER BY lower(label), value LIMIT $9";

impl Store {
    /// Records of a stream that fit what was typed, by label.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a connection that is not the tenant's; [`StoreError::Conflict`] for a
    /// pointer that cannot be looked up.
    pub async fn search_records(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        search: &RecordSearch,
    ) -> Result<Vec<Found>, StoreError> {
        self.readable(tenant, connection).await?;
        let parents: Vec<(String, &str)> = search
            .parents
            .iter()
            .map(|(pointer, value)| Ok((path(pointer, self.dialect())?, value.as_str())))
            .collect::<Result<_, StoreError>>()?;
        let hint = search.hint.as_deref().map(|hint| path(hint, self.dialect())).transpose()?;
        // The paths and the parents' values are arguments; nothing of them is part of the statement.
        let rows = sqlx::query(self.dialect().pick(SQLITE, POSTGRES))
            .bind(connection.as_str())
            .bind(search.stream.as_str())
            .bind(search.account.as_deref())
            .bind(path(&search.value, self.dialect())?)
            .bind(path(&search.label, self.dialect())?)
            .bind(hint)
            .bind(json(&parents)?)
            .bind(search.query.to_ascii_lowercase())
            .bind(i64::from(search.limit.min(LIMIT)))
            .fetch_all(self.read())
            .await?;
        rows.iter()
            .map(|row| Ok(Found { value: row.try_get(0)?, label: row.try_get(1)?, hint: row.try_get(2)? }))
            .collect()
    }
}

/// A JSON pointer (RFC 6901) as the database takes it: a path of SQLite, a list of names for PostgreSQL. A record is
/// an object, so a number that is not the first part is a place in a list.
fn path(pointer: &str, dialect: Dialect) -> Result<String, StoreError> {
    const BAD: StoreError = StoreError::Conflict("not a pointer that can be looked up");
    let parts: Vec<String> = match pointer.strip_prefix('/') {
        None if pointer.is_empty() => Vec::new(),
        None => return Err(BAD),
        Some(parts) => parts.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect(),
    };
    let bad = |part: &String| part.is_empty() || part.contains(['"', '\\']) || part.chars().any(char::is_control);
    if parts.iter().any(bad) {
        return Err(BAD);
    }
    if dialect == Dialect::Postgres {
        return json(&parts);
    }
    let mut path = "$".to_owned();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 && part.bytes().all(|b| b.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            path.push_str(&format!(".\"{part}\""));
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(pointer: &str) -> Result<String, StoreError> {
        path(pointer, Dialect::Sqlite)
    }

    #[test]
    fn a_pointer_becomes_a_path_that_cannot_break_out() {
        assert_eq!(sqlite("/name").as_deref(), Ok("$.\"name\""));
        assert_eq!(sqlite("/lines/0/a~1b").as_deref(), Ok("$.\"lines\"[0].\"a/b\""));
        assert_eq!(sqlite("/0").as_deref(), Ok("$.\"0\""));
        assert_eq!(sqlite("").as_deref(), Ok("$"));
        for bad in ["name", "/a\"b", "/a\\b", "//", "/\u{0}"] {
            assert!(sqlite(bad).is_err(), "{bad}");
        }
    }

    use crate::{
        PageCommit, PageRecord, Step,
        testing::{World, page},
    };

    #[tokio::test]
    async fn a_picker_finds_by_label_or_hint_under_its_parent() {
        let world = World::open().await;
        let (settled, run) = world.running("b1").await;
        let records = [
            r#"{"id":7,"name":"Travel","code":"600","book":{"id":"x"}}"#,
            r#"{"id":8,"name":"travel abroad","code":"601","book":{"id":"y"}}"#,
            r#"{"id":9,"name":"Rent","code":"travel-no","book":{"id":"x"}}"#,
            r#"{"id":10,"code":"nameless","book":{"id":"x"}}"#,
        ];
        let records = records
            .iter()
            .enumerate()
            .map(|(n, content)| PageRecord { key: n.to_string(), content: (*content).to_owned() })
            .collect();
        world.store.commit_page(PageCommit { records, ..page(&run, Step::End, &[]) }).await.expect("stored");
        let mut search = RecordSearch {
            stream: "invoices".into(),
            value: "/id".into(),
            label: "/name".into(),
            hint: Some("/code".into()),
            parents: vec![("/book/id".into(), "x".into())],
            query: "TRAVEL".into(),
            limit: 10,
            ..RecordSearch::default()
        };
        let id = &settled.connection.id;
        let found = world.store.search_records(&world.tenant, id, &search).await.expect("found");
        assert_eq!(found.iter().map(|found| found.value.as_str()).collect::<Vec<_>>(), ["9", "7"]);
        search.query = "x' OR 1=1 --".into();
        assert_eq!(world.store.search_records(&world.tenant, id, &search).await, Ok(Vec::new()));
        search.label = "/name\") OR (\"".into();
        assert!(matches!(world.store.search_records(&world.tenant, id, &search).await, Err(StoreError::Conflict(_))));
    }
}

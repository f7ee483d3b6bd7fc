//! The host's database as somebody sees and changes it who has the file and not the keys: by another program
//! (python3 and its sqlite3), beside the running host or without it.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use patchbay_test_support::{Result, Trouble};
use serde_json::{Value, json};

/// One statement a line, one answer a line; bytes are `{"hex": "…"}`.
const PROGRAM: &str = r#"
import json, sqlite3, sys
def told(value): return {"hex": value.hex()} if isinstance(value, bytes) else value
def bound(value): return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
database = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        done = database.execute(asked["sql"], [bound(value) for value in asked["values"]])
        answer = {"rows": [[told(value) for value in row] for row in done.fetchall()], "changed": done.rowcount}
    except sqlite3.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"#;

/// An open database; closed with this value.
pub struct Database {
    program: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Database {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// There is no python3, or no such file.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Trouble::new(format!("{} is not there", path.display())));
        }
        let mut command = Command::new("python3");
        command.arg("-c").arg(PROGRAM).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = command.spawn().map_err(|error| Trouble::new(format!("python3 does not start: {error}")))?;
        match (program.stdin.take(), program.stdout.take()) {
            (Some(asked), Some(answers)) => Ok(Self { program, asked, answers: BufReader::new(answers) }),
            _ => Err(Trouble::new("python3 has no pipes")),
        }
    }

    /// The rows of a statement. Parameters are question marks; bytes are as [`bytes`] makes them.
    ///
    /// # Errors
    ///
    /// The database refuses it.
    pub fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>> {
        let answer = self.ask(sql, values)?;
        let rows = answer.get("rows").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(rows.into_iter().map(|row| row.as_array().cloned().unwrap_or_default()).collect())
    }

    /// The first value of the first row.
    ///
    /// # Errors
    ///
    /// The database refuses it, or there is no row.
    pub fn value(&mut self, sql: &str, values: &[Value]) -> Result<Value> {
        let first = self.rows(sql, values)?.into_iter().next().and_then(|row| row.into_iter().next());
        first.ok_or_else(|| Trouble::new(format!("{sql}: no row")))
    }

    /// Changes rows, at least one.
    ///
    /// # Errors
    ///
    /// The database refuses it, or nothing was there to change.
    pub fn change(&mut self, sql: &str, values: &[Value]) -> Result<()> {
        match self.ask(sql, values)?.get("changed").and_then(Value::as_i64) {
            Some(0) => Err(Trouble::new(format!("{sql}: nothing was changed"))),
            _ => Ok(()),
        }
    }

    fn ask(&mut self, sql: &str, values: &[Value]) -> Result<Value> {
        writeln!(self.asked, "{}", json!({ "sql": sql, "values": values }))?;
        self.asked.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(Trouble::new(format!("{sql}: {error}"))),
            None => Ok(answer),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.program.kill());
        drop(self.program.wait());
    }
}

/// Bytes as a value of a statement.
#[must_use]
pub fn bytes(value: &[u8]) -> Value {
    json!({ "hex": value.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
}

/// The bytes of a value that a statement gave; none when it is something else.
#[must_use]
pub fn of_bytes(value: &Value) -> Option<Vec<u8>> {
    let text = value.get("hex")?.as_str()?;
    (0..text.len() / 2).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

//! `query` (sheet 5.1): the part of the language that the sheet shows, read strictly.
//!
//! `SELECT *|COUNT(*) FROM Entity [WHERE condition [AND condition]…] [ORDERBY MetaData.LastUpdatedTime [ASC|DESC]]
//! [STARTPOSITION n] [MAXRESULTS n]`
//!
//! | condition | true where |
//! |---|---|
//! | `Active IN (true, false)`, `Active = true` | the record is active, or is not |
//! | `MetaData.LastUpdatedTime >= '2026-03-01T00:00:00-08:00'`, also `>` `<=` `<` | it changed then |
//! | `Id = '58'`, `DisplayName = 'De Molen'`, `AttachableRef.EntityRef.Type = 'customer'` | it says that |

use patchbay_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    api::{self, Call},
    books::Record,
    faults,
    records::{self, ATTACHABLE, Kind},
    served,
};
use crate::{exchange::Answer, lock, strict};

/// Rows, where nobody says how many, and at most.
const ROWS: usize = 100;
const MOST: usize = 1_000;

/// What is asked.
#[derive(Debug)]
struct Query {
    count: bool,
    kind: &'static Kind,
    conditions: Vec<Condition>,
    descending: Option<bool>,
    start: usize,
    most: usize,
}

#[derive(Debug)]
enum Condition {
    Active(Vec<bool>),
    Changed(String, i64),
    Is(String, String),
}

/// `GET /query?query=…`, or the query as the body of a POST.
pub(super) fn answer(call: &Call<'_>) -> Result<Answer, Answer> {
    let posted = call.request.method == "POST";
    let known: &[&str] = if posted { &["minorversion"] } else { &["query", "minorversion"] };
    strict::params("query parameter", &call.request.query, known).map_err(|why| faults::refusal(&why))?;
    let text = if posted {
        if call.request.media_type() != "application/text" {
            return Err(faults::refusal("a query is posted as application/text"));
        }
        String::from_utf8_lossy(&call.request.body).into_owned()
    } else {
        strict::no_body(call.request).map_err(|why| faults::refusal(&why))?;
        call.request.param("query").unwrap_or_default().to_owned()
    };
    let query = parse(&text).map_err(|why| {
        faults::invalid("4000", &format!("Error parsing query: {why}")).refused(&format!("query {text:?}: {why}"))
    })?;
    let books = lock(&call.fake.books);
    let mut found: Vec<&Record> =
        books.list(call.company, query.kind).iter().filter(|record| query.fits(record)).collect();
    if let Some(descending) = query.descending {
        found.sort_by_key(|record| record.updated);
        if descending {
            found.reverse();
        }
    }
    let mut response = Map::new();
    if query.count {
        response.insert("totalCount".to_owned(), json!(found.len()));
        return Ok(api::told(call, "QueryResponse", Value::Object(response)));
    }
    let rows: Vec<Value> = found.iter().skip(query.start - 1).take(query.most).map(|record| record.json()).collect();
    let list = rows.iter().map(|row| served(query.kind.entity, row)).collect();
    if !rows.is_empty() {
        response.insert("startPosition".to_owned(), json!(query.start));
        response.insert("maxResults".to_owned(), json!(rows.len()));
        response.insert(query.kind.entity.to_owned(), json!(rows));
    }
    Ok(api::told(call, "QueryResponse", Value::Object(response)).serving(list))
}

impl Query {
    fn fits(&self, record: &Record) -> bool {
        let says_active = self.conditions.iter().any(|condition| matches!(condition, Condition::Active(_)));
        let is_active = record.members.get("Active") != Some(&json!(false));
        let all = self.conditions.iter().all(|condition| match condition {
            Condition::Active(wanted) => wanted.contains(&is_active),
            Condition::Changed(how, at) => {
                let changed = record.updated.div_euclid(1_000);
                match how.as_str() {
                    ">=" => changed >= *at,
                    ">" => changed > *at,
                    "<=" => changed <= *at,
                    _ => changed < *at,
                }
            }
            Condition::Is(name, wanted) => says(record, name, wanted),
        });
        all && (says_active || is_active)
    }
}

fn says(record: &Record, name: &str, wanted: &str) -> bool {
    let of_reference = |member: &str| {
        let references = record.members.get("AttachableRef").and_then(Value::as_array).into_iter().flatten();
        references
            .filter_map(|one| one.pointer(&format!("/EntityRef/{member}"))?.as_str())
            .any(|said| said.eq_ignore_ascii_case(wanted))
    };
    match name {
        "Id" => record.id == wanted,
        "AttachableRef.EntityRef.Type" => of_reference("type"),
        "AttachableRef.EntityRef.value" => of_reference("value"),
        _ => record.text(name) == wanted,
    }
}

fn parse(text: &str) -> Result<Query, String> {
    let words = words(text)?;
    let mut at = Reader { words: &words, at: 0 };
    at.due("SELECT")?;
    let count = !at.is("*");
    if count {
        ["COUNT", "(", "*", ")"].iter().try_for_each(|due| at.due(due))?;
    }
    at.due("FROM")?;
    let entity = at.word()?;
    let kind = if entity == ATTACHABLE.entity { Some(&ATTACHABLE) } else { records::of(&entity) };
    let kind = kind.ok_or_else(|| format!("there is no entity {entity:?}"))?;
    let mut query = Query { count, kind, conditions: Vec::new(), descending: None, start: 1, most: ROWS };
    if at.is("WHERE") {
        query.conditions.push(condition(&mut at)?);
        while at.is("AND") {
            query.conditions.push(condition(&mut at)?);
        }
    }
    if at.is("ORDERBY") {
        at.due("MetaData.LastUpdatedTime")?;
        query.descending = Some(at.is("DESC"));
        if query.descending == Some(false) {
            at.is("ASC");
        }
    }
    if at.is("STARTPOSITION") {
        query.start = at.number(1, usize::MAX)?;
    }
    if at.is("MAXRESULTS") {
        query.most = at.number(1, MOST)?;
    }
    if let Some(more) = words.get(at.at) {
        return Err(format!("{more:?} is not understood"));
    }
    Ok(query)
}

fn condition(at: &mut Reader<'_>) -> Result<Condition, String> {
    let name = at.word()?;
    let how = at.word()?;
    match (name.as_str(), how.to_ascii_uppercase().as_str()) {
        ("Active", "IN") => {
            at.due("(")?;
            let mut wanted = vec![at.flag()?];
            while at.is(",") {
                wanted.push(at.flag()?);
            }
            at.due(")")?;
            Ok(Condition::Active(wanted))
        }
        ("Active", "=") => Ok(Condition::Active(vec![at.flag()?])),
        ("MetaData.LastUpdatedTime", ">=" | ">" | "<=" | "<") => {
            let text = at.quoted()?;
            // Without an offset it is no moment.
            let moment = text.parse::<Timestamp>().map_err(|_| format!("{text:?} is no moment with an offset"))?;
            Ok(Condition::Changed(how, moment.as_millis().div_euclid(1_000)))
        }
        ("Id" | "DisplayName" | "Name" | "AttachableRef.EntityRef.Type" | "AttachableRef.EntityRef.value", "=") => {
            Ok(Condition::Is(name, at.quoted()?))
        }
        _ => Err(format!("{name} {how} is not in the sheet")),
    }
}

/// Words, quoted texts (with their first quote) and signs.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' | ')' | ',' | '*' => words.push(letter.to_string()),
            '\'' => {
                let mut quoted = "'".to_owned();
                loop {
                    match letters.next() {
                        Some('\\') => quoted.extend(letters.next()),
                        Some('\'') => break,
                        Some(other) => quoted.push(other),
                        None => return Err("a quote is not closed".to_owned()),
                    }
                }
                words.push(quoted);
            }
            '<' | '>' | '=' => {
                let mut sign = letter.to_string();
                if letters.peek() == Some(&'=') {
                    sign.extend(letters.next());
                }
                words.push(sign);
            }
            _ => {
                let mut word = letter.to_string();
                while let Some(next) = letters.next_if(|next| !" (),*'<>=".contains(*next)) {
                    word.push(next);
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
}

impl Reader<'_> {
    fn word(&mut self) -> Result<String, String> {
        let word = self.words.get(self.at).cloned().ok_or("the query ends too early")?;
        self.at += 1;
        Ok(word)
    }

    /// Takes this word, when it is the next.
    fn is(&mut self, wanted: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(is);
        is
    }

    fn due(&mut self, wanted: &str) -> Result<(), String> {
        if self.is(wanted) { Ok(()) } else { Err(format!("{wanted} was due, not {:?}", self.words.get(self.at))) }
    }

    fn flag(&mut self) -> Result<bool, String> {
        self.word()?.to_ascii_lowercase().parse().map_err(|_| "true or false was due".to_owned())
    }

    fn quoted(&mut self) -> Result<String, String> {
        let word = self.word()?;
        word.strip_prefix('\'').map(str::to_owned).ok_or_else(|| format!("{word:?} has to be quoted"))
    }

    fn number(&mut self, low: usize, high: usize) -> Result<usize, String> {
        let word = self.word()?;
        let number = word.parse().ok().filter(|number| (low..=high).contains(number));
        number.ok_or_else(|| format!("{word:?} is no number from {low}"))
    }
}

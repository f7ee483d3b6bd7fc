//! Streams that only a connection can name: custom models, custom modules.
//!
//! The manifest says what they all have in common; the connector's `discover` says which there are, how they are called
//! and what their keys are. What it says is a stranger's text about a stranger's text, so every name begins with what the
//! manifest announced, and nothing that the manifest itself declares can be changed by it.

use serde::{Deserialize, Serialize};

use super::{CursorRule, Function, Stream, StreamMode, validate};
use crate::contract::StreamInfo;

/// Letters of a discovered name.
const NAME: usize = 100;
/// Letters of a title.
const TITLE: usize = 100;
/// Pointers of a key, and letters of each.
const KEY: usize = 10;
const POINTER: usize = 200;
/// Bytes of a schema.
const SCHEMA: usize = 64 * 1024;

/// What streams that are discovered have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Discovered {
    /// What every discovered name begins with, e.g. `model.`; no declared stream's name does.
    pub prefix: String,
    /// Whether a later run can go on from the cursor, or reads everything again.
    #[serde(default)]
    pub mode: StreamMode,
    /// When they are read when nobody says otherwise.
    #[serde(deserialize_with = "crate::schedule::unchecked")]
    pub schedule: String,
    /// Where in the cursor the place stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<CursorRule>,
    /// Which switch they belong to.
    pub function: Function,
    /// What is read, in plain words, for the review step.
    pub meaning: String,
    /// How many there may be for one connection.
    #[serde(default = "most", skip_serializing_if = "is_most")]
    pub limit: u32,
}

fn most() -> u32 {
    200
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_most(limit: &u32) -> bool {
    *limit == most()
}

/// A stream that was discovered and may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its title; its name where it has none.
    pub title: String,
    /// JSON pointers to the values that make a record's key.
    pub key: Vec<String>,
    /// JSON Schema of a record; none where it is none.
    pub schema: Option<String>,
    /// Read once for each account.
    pub per_account: bool,
}

impl Discovered {
    /// Whether a name may be one of them.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.prefix.as_str()).unwrap_or_default();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        name.len() <= NAME && !rest.is_empty() && rest.bytes().all(plain)
    }

    /// What a connector said of a stream, where it can be kept.
    ///
    /// # Errors
    /// Why not, for the operator.
    pub fn take(&self, info: StreamInfo) -> Result<Found, String> {
        if !self.names(&info.name) {
            let name: String = info.name.chars().take(NAME).collect();
            return Err(format!(
                "{name:?} is no name of a discovered stream: {:?} and then letters, digits, _, - and ., at most {NAME}",
                self.prefix
            ));
        }
        let pointers = info.key.iter().all(|pointer| pointer.len() <= POINTER && validate::is_pointer(pointer));
        if info.key.is_empty() || info.key.len() > KEY || !pointers {
            return Err(format!("{} has no key that can be used: 1 to {KEY} JSON pointers", info.name));
        }
        Ok(Found {
            title: title(&info.title).unwrap_or_else(|| info.name.clone()),
            schema: schema_of(&info.schema),
            name: info.name,
            key: info.key,
            per_account: info.per_account,
        })
    }

    /// The stream that one of them is.
    #[must_use]
    pub fn stream(&self, found: &Found) -> Stream {
        Stream {
            name: found.name.clone(),
            title: found.title.clone(),
            key: found.key.clone(),
            per_account: found.per_account,
            auth: Vec::new(),
            mode: self.mode,
            schedule: self.schedule.clone(),
            cursor: self.cursor.clone(),
            function: self.function,
            meaning: self.meaning.clone(),
        }
    }
}

/// A text that people read in a list: one line, and nothing that turns around what stands beside it.
fn title(text: &str) -> Option<String> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !turns(*c)).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(TITLE).collect();
    (!cut.is_empty()).then_some(cut)
}

/// A JSON Schema that says something and is no burden.
#[must_use]
pub fn schema_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= SCHEMA && !text.contains('\0'))?;
    let schema: serde_json::Value = serde_json::from_str(text).ok()?;
    // Written anew: the order and the spaces of another day are no change, and no escape brings a NUL along.
    let text = schema.is_object().then(|| schema.to_string())?;
    (!text.contains("\\u0000")).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn models() -> Discovered {
        serde_json::from_value(json!({
            "prefix": "model.", "mode": "full", "schedule": "6h", "function": "relations", "meaning": "custom models",
        }))
        .unwrap()
    }

    fn info(name: &str, title: &str, key: &[&str], schema: &[u8]) -> StreamInfo {
        StreamInfo {
            name: name.to_owned(),
            title: title.to_owned(),
            key: key.iter().map(|&pointer| pointer.to_owned()).collect(),
            schema: schema.to_vec(),
            per_account: false,
        }
    }

    /// What is wrong with the manifest of which this is the table.
    fn wrong(table: &str) -> String {
        let manifest = format!(
            "id = \"acme.books\"\nversion = \"1.0.0\"\ncontract = \"0.1.0\"\nname = \"Books\"\n\
             category = \"accounting\"\nsummary = \"Books.\"\navailability = \"coming-soon\"\n[[stream]]\n\
             name = \"model_a\"\ntitle = \"A\"\nkey = [\"/id\"]\nschedule = \"1h\"\nfunction = \"relations\"\n\
             meaning = \"all\"\n[discovered]\n{table}"
        );
        let problems = crate::manifest::parse::parse(&manifest, &|_| None).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_table_says_what_all_of_them_have_in_common() {
        let good = "prefix = \"model.\"\nschedule = \"6h\"\nfunction = \"relations\"\nmeaning = \"custom models\"\n\
            cursor = { pointer = \"/at\", kind = \"time\" }\n";
        assert_eq!(wrong(good), "");
        for (from, to, text) in [
            ("model.", "model_", "begins with it too"),
            ("model.", "", "no beginning of a name"),
            ("model.", ".", "no beginning of a name"),
            ("model.", "model", "no beginning of a name"),
            ("model.", "modèlé", "no beginning of a name"),
            ("model.", "Model.", "no beginning of a name"),
            ("model.", "a-very-long-beginning-of-it.", "no beginning of a name"),
            ("6h", "1s", "more than once a minute"),
            ("custom models", " ", "says nothing"),
            ("prefix", "mode = \"full\"\nprefix", "no place to go on from"),
            ("prefix", "limit = 501\nprefix", "501 streams"),
            ("prefix", "limit = 0\nprefix", "0 streams"),
            ("/at", "at", "discovered.cursor.pointer"),
        ] {
            let told = wrong(&good.replacen(from, to, 1));
            assert!(told.contains("discovered") && told.contains(text), "{to}: {told}");
        }
    }

    #[test]
    fn what_is_discovered_is_a_power_of_its_own() {
        let mut manifest: crate::manifest::Manifest = serde_json::from_value(json!({
            "id": "acme.books", "version": "1.0.0", "contract": "0.1.0", "name": "Books", "category": "accounting",
            "summary": "Books.",
        }))
        .unwrap();
        let before = manifest.asks();
        assert!(!before.fetch);
        manifest.discovered = Some(models());
        let after = manifest.asks();
        assert!(after.fetch);
        let beyond = after.beyond(&before).join("\n");
        assert!(beyond.contains("reads streams that only a connection can name: model.…"), "{beyond}");
        let sentences = after.sentences(&manifest).join("\n");
        assert!(sentences.contains("each only once somebody switches it on: custom models"), "{sentences}");
        manifest.discovered.as_mut().unwrap().function = Function::Tasks;
        assert!(manifest.asks().beyond(&after).join("").contains("to another switch: tasks"));
    }

    #[test]
    fn what_was_found_is_a_stream_like_the_others() {
        let found = models().take(info("model.x_project.Task-1", " Tasks\n of x ", &["/id"], b" {\"b\":1,\"a\":2}"));
        let found = found.unwrap();
        assert_eq!(found.title, "Tasks of x");
        assert_eq!(found.schema.as_deref(), Some("{\"a\":2,\"b\":1}"));
        let stream = models().stream(&found);
        assert_eq!((stream.mode, stream.schedule.as_str(), stream.key.len()), (StreamMode::Full, "6h", 1));
        assert_eq!(models().limit, 200);
        let text = serde_json::to_string(&models()).unwrap();
        assert_eq!(serde_json::from_str::<Discovered>(&text).unwrap(), models());
    }

    #[test]
    fn a_name_without_the_prefix_or_with_anything_else_is_refused() {
        let long = format!("model.{}", "x".repeat(95));
        for name in
            ["companies", "model.", "Model.x", "model.a b", "model.é", "model.a/b", "model.a\u{202e}b", &long, ""]
        {
            assert!(models().take(info(name, "t", &["/id"], b"{}")).is_err(), "{name:?}");
        }
        assert!(models().take(info(&long[..100], "t", &["/id"], b"{}")).is_ok());
    }

    #[test]
    fn a_key_is_one_to_ten_pointers() {
        let long = format!("/{}", "x".repeat(200));
        for key in [&[][..], &["id"], &[""], &["/a~2"], &["/a"; 11], &[long.as_str()]] {
            assert!(models().take(info("model.x", "t", key, b"{}")).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_title_turns_nothing_around_and_a_schema_that_is_none_is_left_out() {
        let found = models().take(info("model.x", "\u{202e}\u{0}\t", &["/id"], b"[]")).unwrap();
        assert_eq!((found.title.as_str(), found.schema), ("model.x", None));
        let deep = "[".repeat(50_000);
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(SCHEMA));
        for schema in ["", "7", "{", deep.as_str(), long.as_str(), "{\"a\":\"\\u0000\"}", "{\"a\":\"\u{0}\"}"] {
            assert_eq!(schema_of(schema.as_bytes()), None);
        }
        assert_eq!(schema_of(b"\xff\xfe"), None);
        assert_eq!(title(&"é".repeat(300)).unwrap().chars().count(), TITLE);
    }
}

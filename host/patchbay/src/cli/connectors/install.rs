//! `patchbay connectors install`: a file, a reference, or a name out of an index.

use std::path::Path;

use data_encoding::BASE64;
use patchbay_app::Reference;
use serde_json::{Value, json};

use crate::{
    cli::{client::Client, progress::Progress, publish::beside},
    exit::{Exit, Stop},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file that `patchbay package` wrote (FILE.sig beside it is its signature), a reference in a registry such as
    /// registry.example/acme/books:1.2.0, or a connector of an index: publisher.name or publisher.name@1.2.0.
    what: String,
    /// Trust the publisher's key that has this fingerprint, SHA256:…, from now on.
    #[arg(long, value_name = "FINGERPRINT")]
    trust_key: Option<String>,
}

/// What was named.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    File(&'a Path),
    Reference(&'a str),
    Listed { connector: &'a str, version: Option<&'a str> },
}

pub(super) fn run(client: &Client, args: &Args) -> Result<Value, Stop> {
    let _progress = Progress::begin(format!("installing {}", args.what));
    let mut wanted = match named(&args.what)? {
        Named::File(path) => return upload(client, path, args.trust_key.as_deref()),
        Named::Reference(reference) => json!({ "reference": reference }),
        Named::Listed { connector, version: None } => json!({ "connector": connector }),
        Named::Listed { connector, version } => json!({ "connector": connector, "version": version }),
    };
    if let (Some(wanted), Some(key)) = (wanted.as_object_mut(), &args.trust_key) {
        wanted.insert("trust_key".to_owned(), json!(key));
    }
    client.post("/v1/connectors/fetch", "application/json", wanted.to_string().as_bytes())
}

fn upload(client: &Client, file: &Path, trust_key: Option<&str>) -> Result<Value, Stop> {
    let bytes = std::fs::read(file).map_err(|error| Stop::file("read", file, &error))?;
    let signature = beside(file)?.map(|text| BASE64.encode(text.as_bytes()));
    let headers = [("patchbay-signature", signature.as_deref()), ("patchbay-trust-key", trust_key)];
    let headers: Vec<(&str, &str)> = headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    client.post_with("/v1/connectors", "application/wasm", &headers, &bytes)
}

/// A file that is there is a file, whatever else its name could be.
fn named(what: &str) -> Result<Named<'_>, Stop> {
    if Path::new(what).exists() || what.ends_with(".wasm") {
        return Ok(Named::File(Path::new(what)));
    }
    if what.contains('/') {
        return Reference::parse(what).map(|_| Named::Reference(what)).map_err(Stop::from);
    }
    let (connector, version) = match what.split_once('@') {
        Some((connector, version)) => (connector, Some(version)),
        None => (what, None),
    };
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let part = |text: &str| !text.is_empty() && text.bytes().all(letter);
    if connector.split_once('.').is_some_and(|(publisher, name)| part(publisher) && part(name)) {
        return Ok(Named::Listed { connector, version });
    }
    let why =
        format!("{what} is no file, no reference such as registry.example/acme/books:1.2.0 and no publisher.name");
    Err(Stop { exit: Exit::Usage, ..Stop::failed(why) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_told_apart_by_its_form() {
        assert_eq!(named("books.wasm").expect("a file"), Named::File(Path::new("books.wasm")));
        let reference = "registry.example/acme/books:1.2.0";
        assert_eq!(named(reference).expect("a reference"), Named::Reference(reference));
        let (connector, version) = ("acme.books", Some("1.2.0"));
        assert_eq!(named("acme.books@1.2.0").expect("listed"), Named::Listed { connector, version });
        assert_eq!(named("acme.books").expect("listed"), Named::Listed { connector, version: None });
        assert_eq!(named("Books").expect_err("nothing").exit, Exit::Usage);
        assert!(named("registry.example/acme/books").is_err());
    }
}

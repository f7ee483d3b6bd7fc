//! What every request to the desk needs, what it shows of what was written, and what its statuses mean.

use patchbay_sdk::{
    Context, Error, Object, Result,
    http::{self, Response},
    run,
};
use serde::Deserialize;

const ORIGIN: &str = "https://desk.test";

/// What a connection may choose.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) default_folder: Option<String>,
    pub(crate) default_assignee: Option<String>,
    pub(crate) partner_code: Option<String>,
}

/// Something written, as the desk shows it.
#[derive(Deserialize)]
pub(crate) struct Written {
    id: String,
    url: Option<String>,
}

/// What a search found.
#[derive(Deserialize)]
pub(crate) struct Found {
    pub(crate) items: Vec<Written>,
}

impl Settings {
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        ctx.settings()
    }
}

impl From<Written> for Object {
    fn from(written: Written) -> Self {
        Self { id: written.id, url: written.url }
    }
}

pub(crate) fn address(path: &[&str]) -> Result<String> {
    http::address(ORIGIN, path)
}

/// What the desk knows a step's object by.
pub(crate) fn reference(step: &str) -> Result<String> {
    match run::step_key(step) {
        key if key.is_empty() => Err(Error::other("The host gave no key for this step.")),
        key => Ok(key),
    }
}

/// The answer, when it is a success; else what the desk means by its status.
pub(crate) fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let error = response.error();
    Err(if response.status() == 422 { with_fields(&response, error) } else { error })
}

/// What the desk says about single values, in our words.
fn with_fields(response: &Response, error: Error) -> Error {
    #[derive(Deserialize)]
    struct Body {
        error: Told,
    }
    #[derive(Deserialize)]
    struct Told {
        code: String,
        #[serde(default)]
        fields: Vec<Wrong>,
    }
    #[derive(Deserialize)]
    struct Wrong {
        field: String,
    }
    let Ok(body) = response.json::<Body>() else { return error };
    let error = error.message("The desk refuses what was sent.").provider_code(body.error.code);
    body.error.fields.into_iter().fold(error, |error, wrong| match wrong.field.as_str() {
        "client" => error.field("/id", "The desk has no such client."),
        "folder" => error.field("/folder", "The client has no such folder."),
        field => error.field(format!("/{field}"), "The desk does not take this value."),
    })
}

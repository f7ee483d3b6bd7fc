//! What a guest can try in a real host, where a stream has a name of the manifest: the choice is then the
//! fact `choice` of its connection, which somebody typed when the connection was made.

use crate::{
    bindings::{
        exports::patchbay::connector::fetch,
        patchbay::connector::{
            blob, http,
            types::{ConnectorError, Context},
        },
    },
    info, page, pairs, text,
};

/// The stream of the manifest that does what its connection says.
const STREAM: &str = "chosen";
const FACT: &str = "choice";

/// What to do: the fact of the connection for the stream `chosen`, else the stream's name.
pub(crate) fn chosen(ctx: &Context, stream: &str) -> String {
    let fact = ctx.facts.iter().find(|fact| stream == STREAM && fact.key == FACT);
    fact.map_or(stream, |fact| fact.value.as_str()).to_owned()
}

/// One record of everything that the host gives to a connector: its context, the answer to a request with
/// the connection's credential, and bytes of the host.
pub(crate) fn echo(ctx: &Context, url: &str) -> Result<fetch::Page, ConnectorError> {
    let answer = ask(url, http::Credential::Standard, Vec::new())?;
    let mut given: Vec<(&str, String)> = vec![
        ("id", "echo".to_owned()),
        ("auth", ctx.auth.clone()),
        ("account", format!("{:?}", ctx.account)),
        ("facts", pairs(&ctx.facts).join("\n")),
        ("account_facts", pairs(&ctx.account_facts).join("\n")),
        ("settings", text(&ctx.settings)),
        ("config", text(&ctx.config)),
        ("ext", pairs(&ctx.ext).join("\n")),
        ("status", answer.status.to_string()),
        ("headers", answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()),
        ("answer_ext", pairs(&answer.ext).join("\n")),
    ];
    given.push(match answer.body {
        http::Content::Bytes(bytes) => ("body", text(&bytes)),
        http::Content::Blob(id) => ("body", text(&blob::read(&id, 0, 64 * 1024).unwrap_or_default())),
    });
    let own = blob::create("text/plain");
    blob::append(&own, b"x");
    given.push(("blob", text(&blob::read(&own, 0, 64 * 1024).unwrap_or_default())));
    let members: Vec<String> =
        given.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
    let record = format!("[{{{}}}]", members.join(","));
    Ok(page(record.into_bytes(), 1, fetch::Position::End(Vec::new())))
}

/// Asks with an `Authorization` of its own.
pub(crate) fn own_authorization(url: &str) -> Result<fetch::Page, ConnectorError> {
    let header = ("Authorization".to_owned(), "Bearer made-up".to_owned());
    let answer = ask(url, http::Credential::Nothing, vec![header])?;
    let record = format!("[{{\"id\":\"own\",\"status\":{}}}]", answer.status);
    Ok(page(record.into_bytes(), 1, fetch::Position::End(Vec::new())))
}

/// `pages:url`: asks the address before each page; ten records of their own on each.
pub(crate) fn paged(arguments: &str, cursor: Option<&[u8]>) -> Result<fetch::Page, ConnectorError> {
    let (pages, url) = arguments.split_once(':').unwrap_or((arguments, ""));
    let pages: u64 = pages.parse().unwrap_or(1);
    let number: u64 = cursor.and_then(|cursor| text(cursor).parse().ok()).unwrap_or(0);
    let answer = ask(url, http::Credential::Standard, Vec::new())?;
    if answer.status != 200 {
        return Err(ConnectorError::Transient(info(format!("status {}", answer.status))));
    }
    let records: Vec<String> = (0..10).map(|n| format!("{{\"id\":\"{number}-{n}\"}}")).collect();
    let next = (number + 1).to_string().into_bytes();
    let position = if number + 1 < pages { fetch::Position::More(next) } else { fetch::Position::End(Vec::new()) };
    Ok(page(format!("[{}]", records.join(",")).into_bytes(), 10, position))
}

fn ask(
    url: &str,
    credential: http::Credential,
    headers: Vec<(String, String)>,
) -> Result<http::Response, ConnectorError> {
    let request = http::Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers,
        body: http::Body::Empty,
        credential,
        effect: http::Effect::Read,
        step: None,
        timeout_ms: None,
        into_blob: false,
        ext: Vec::new(),
    };
    http::send(&request).map_err(|error| ConnectorError::Other(info(format!("{error:?}"))))
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if u32::from(c) < 0x20 => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

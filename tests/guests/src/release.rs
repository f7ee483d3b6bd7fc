//! What a release says of itself, for tests in which one takes the place of another: which code runs, and what the config of
//! its manifest says.
//!
//! | config | what |
//! |---|---|
//! | `said` | a word of the manifest, told with [`code`] in each record and each object |
//! | `read`, `push` | a choice for this export, whatever the connection says |

use serde_json::Value;

use crate::{
    bindings::{
        exports::patchbay::connector::fetch,
        patchbay::connector::types::{ConnectorError, Context},
    },
    outside, page,
};

/// A part of the code. A test that packs the guests again changes the digits, and has another code then.
static CODE: [u8; 27] = *b"code of the guests: 0000000";
/// Where the digits begin.
const DIGITS: usize = 20;

/// The digits of the code that runs.
pub(crate) fn code() -> String {
    let code = std::hint::black_box(&CODE);
    String::from_utf8_lossy(&code[DIGITS..]).into_owned()
}

/// What the config of the manifest says under this name.
pub(crate) fn said(ctx: &Context, name: &str) -> Option<String> {
    let config: Value = serde_json::from_slice(&ctx.config).ok()?;
    config.get(name)?.as_str().map(str::to_owned)
}

/// `pages:url`: asks the address before each page. The records are the same in each run, and each tells which release read
/// it, and from which cursor its page was read.
pub(crate) fn versioned(ctx: &Context, arguments: &str, cursor: Option<&[u8]>) -> Result<fetch::Page, ConnectorError> {
    let (pages, url) = arguments.split_once(':').unwrap_or((arguments, ""));
    let pages: u64 = pages.parse().unwrap_or(1).max(1);
    let from = cursor.map_or_else(String::new, |cursor| String::from_utf8_lossy(cursor).into_owned());
    let number: u64 = from.parse().unwrap_or(0);
    let asked = outside::paged(&format!("{}:{url}", u64::MAX), cursor)?;
    let release = whole(ctx);
    let records: Vec<Value> = (0..asked.count)
        .map(|n| serde_json::json!({ "id": format!("{}-{n}", number % pages), "release": release, "from": from }))
        .collect();
    let next = (number + 1).to_string().into_bytes();
    let position = match (number + 1) % pages {
        0 => fetch::Position::End(next),
        _ => fetch::Position::More(next),
    };
    Ok(page(serde_json::json!(records).to_string().into_bytes(), asked.count, position))
}

/// The code and what the manifest says, as one text.
pub(crate) fn whole(ctx: &Context) -> String {
    format!("{}/{}", code(), said(ctx, "said").unwrap_or_default())
}

//! `patchbay sign-in`: an address that signs a browser in as an operator, once.

use std::path::Path;

use serde_json::Value;

use super::{
    answer::cell,
    client::{Client, HostArgs},
};
use crate::exit::{Exit, Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    host: HostArgs,
    /// Print the API's own JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args, config: Option<&Path>) -> Result<Exit, Stop> {
    let Args { host, json } = args;
    let answer = Client::of(host, config)?.post("/v1/operator-sessions/invite", "application/json", b"")?;
    if json {
        println!("{answer:#}");
    } else {
        print!("{}", told(&answer));
    }
    Ok(Exit::Done)
}

/// The address alone on the first line, so that a script can take it.
fn told(answer: &Value) -> String {
    let (url, until) = (cell(answer.get("url")), cell(answer.get("expires_at")));
    format!("{url}\nOpen it in a browser before {until}. It works once, and whoever opens it is an operator.\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_stands_alone_on_the_first_line() {
        let answer = json!({"url": "http://127.0.0.1:7878/admin/sign-in#pbs_x", "expires_at": "2026-11-22T20:00:00Z"});
        let text = told(&answer);
        assert_eq!(text.lines().next(), Some("http://127.0.0.1:7878/admin/sign-in#pbs_x"));
        assert!(text.contains("before 2026-11-22T20:00:00Z"), "{text}");
    }
}

//! `/api/METHOD`: token, limit and scope first, then what the method does.

use serde_json::{Value, json};

use super::{HOST, Slack, args::Args, files, fine, history, lists, problem, refusal, tokens::Caller, writes};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// Answers a method.
pub(super) fn answer(slack: &Slack, request: &Incoming, method: &str) -> Result<Answer, Answer> {
    let known = strict::host(request, HOST).and_then(|()| strict::headers(request, &["transfer-encoding"]));
    known.map_err(|why| refusal(&why))?;
    if method == "auth.revoke" {
        return revoke(slack, request);
    }
    let caller = caller(slack, bearer(request)?)?;
    let (name, granted) = (caller.name.clone(), caller.scopes.join(","));
    let told = |answer: Answer| {
        let accepted = scope(method).unwrap_or_default();
        answer.to(Some(name.clone())).with("x-oauth-scopes", &granted).with("x-accepted-oauth-scopes", accepted)
    };
    called(slack, request, method, &caller).map(told).map_err(told)
}

fn called(slack: &Slack, request: &Incoming, method: &str, caller: &Caller) -> Result<Answer, Answer> {
    lock(&slack.limits).call(caller.team, method, slack.clock.now())?;
    if let Some(needed) = scope(method) {
        may(caller, needed)?;
    }
    match method {
        "auth.test" => lists::own(slack, request, caller),
        "team.info" => lists::team(slack, request, caller),
        "users.list" => lists::users(slack, request, caller),
        "users.lookupByEmail" => lists::by_email(slack, request, caller),
        "usergroups.list" => lists::groups(slack, request, caller),
        "conversations.list" => lists::channels(slack, request, caller),
        "conversations.members" => lists::members(slack, request, caller),
        "conversations.history" => history::channel(slack, request, caller),
        "conversations.replies" => history::thread(slack, request, caller),
        "conversations.open" => writes::open(slack, request, caller),
        "conversations.join" => writes::join(slack, request, caller),
        "chat.postMessage" => writes::post(slack, request, caller),
        "chat.update" => writes::update(slack, request, caller),
        "files.getUploadURLExternal" => files::room(slack, request, caller),
        "files.completeUploadExternal" => files::complete(slack, request, caller),
        _ => Err(refusal(&format!("the fake does not know the method {method:?}"))),
    }
}

/// The scope without which a method does nothing; what a conversation needs on top depends on its kind.
fn scope(method: &str) -> Option<&'static str> {
    match method {
        "team.info" => Some("team:read"),
        "users.list" => Some("users:read"),
        "users.lookupByEmail" => Some("users:read.email"),
        "usergroups.list" => Some("usergroups:read"),
        "conversations.open" => Some("im:write"),
        "conversations.join" => Some("channels:join"),
        "chat.postMessage" | "chat.update" => Some("chat:write"),
        "files.getUploadURLExternal" | "files.completeUploadExternal" => Some("files:write"),
        _ => None,
    }
}

/// Whether a scope was granted; the error says which one is missing.
pub(super) fn may(caller: &Caller, needed: &str) -> Result<(), Answer> {
    if caller.scopes.iter().any(|granted| granted == needed) {
        return Ok(());
    }
    let body = json!({ "ok": false, "error": "missing_scope", "needed": needed, "provided": caller.scopes.join(",") });
    Err(Answer::json(200, &body))
}

fn bearer(request: &Incoming) -> Result<&str, Answer> {
    let Some(header) = request.header("authorization") else { return Err(problem("not_authed")) };
    header.strip_prefix("Bearer ").ok_or_else(|| refusal("the token is sent as Bearer"))
}

fn caller(slack: &Slack, token: &str) -> Result<Caller, Answer> {
    let found = lock(&slack.tokens).caller(token, slack.clock.now());
    found.map_err(|(error, name)| problem(error).to(name))
}

/// `auth.revoke`; the token may stand in the form too, which is how a client of RFC 7009 says what it gives back.
fn revoke(slack: &Slack, request: &Incoming) -> Result<Answer, Answer> {
    let args = Args::of_read(request, &["test", "token", "token_type_hint", "client_id"])?;
    let token = match args.text("token") {
        Some(_) if request.method == "GET" => return Err(refusal("a token is never in the query")),
        Some(token) => token.to_owned(),
        None => bearer(request)?.to_owned(),
    };
    let caller = caller(slack, &token)?;
    let only_checks = args.flag("test", false)?;
    if !only_checks {
        lock(&slack.tokens).revoke(&token);
    }
    Ok(fine(json!({ "revoked": !only_checks })).to(Some(caller.name)))
}

/// One page of a list. **The second page is always empty**, and has a cursor all the same. A cursor belongs to what was asked
/// and is good for nothing else.
pub(super) fn page(slack: &Slack, method: &str, args: &Args, all: &[Value]) -> Result<(Vec<Value>, String), Answer> {
    let most = lock(&slack.limits).page(method);
    let asked = args.number("limit", 100)?;
    if !(1..=1_000).contains(&asked) {
        return Err(problem("invalid_arguments"));
    }
    let size = asked.min(most);
    let mark = crate::seed::sha256(format!("{method}/{}", args.question()).as_bytes());
    let mark = mark.get(..12).unwrap_or_default();
    let wrong = || problem("invalid_cursor");
    let (from, rested) = match args.text("cursor") {
        None => (0, false),
        Some(cursor) => {
            let mut parts = cursor.split('-');
            let (of, from, rested) = (parts.next(), parts.next(), parts.next());
            let from = from.and_then(|from| from.parse::<usize>().ok()).ok_or_else(wrong)?;
            if of != Some(mark) || parts.next().is_some() || from > all.len() {
                return Err(wrong());
            }
            (from, rested == Some("r"))
        }
    };
    // The empty page: nothing of it is lost, and the cursor goes on.
    if from > 0 && !rested {
        return Ok((Vec::new(), format!("{mark}-{from}-r")));
    }
    let shown: Vec<Value> = all.iter().skip(from).take(size).cloned().collect();
    let next = from + shown.len();
    let cursor = if next >= all.len() {
        String::new()
    } else if from == 0 {
        format!("{mark}-{next}-e")
    } else {
        format!("{mark}-{next}-r")
    };
    Ok((shown, cursor))
}

//! Sessions: a login with JSON, and one nested as JSON-RPC, whose other call carries the password itself.

use serde_json::{Value, json};

use super::{Logins, TokenCall, echo, grants::Grant, problem, secrets::ACCOUNTS};
use crate::{
    exchange::{Answer, Incoming},
    lock, strict,
};

/// `POST /session`: `user`, `password` and, where one is sent, `database`.
pub(super) fn plain(logins: &Logins, request: &Incoming) -> Result<Answer, Answer> {
    let body = strict::object(request, &["user", "password", "database"]);
    let body = body.map_err(|why| problem(400, "invalid_request", &why))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let opened = open(logins, request, text("database"), text("user"), text("password"));
    let rules = logins.behaviour();
    Ok(match opened {
        Some(token) if rules.says_life => {
            Answer::json(200, &json!({ "token": token, "expires_in": rules.access_life.as_secs() }))
        }
        Some(token) => Answer::json(200, &json!({ "token": token })),
        None => problem(if rules.errors_in_200 { 200 } else { 401 }, "invalid_login", "user or password is wrong"),
    })
}

/// `POST /jsonrpc`: `common.login` with `[database, user, password]`, `object.execute` with
/// `[database, user, password, …]`. Errors come with status 200.
pub(super) fn rpc(logins: &Logins, request: &Incoming) -> Result<Answer, Answer> {
    let body = strict::object(request, &["jsonrpc", "method", "params", "id"]);
    let body = Value::Object(body.map_err(|why| problem(400, "invalid_request", &why))?);
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let [database, user, password] = ["/params/args/0", "/params/args/1", "/params/args/2"].map(text);
    let said = |name: &str, value: Value| json!({ "jsonrpc": "2.0", "id": body.get("id"), name: value });
    let denied =
        || said("error", json!({ "code": 100, "message": "Access Denied", "data": { "name": "AccessDenied" } }));
    let answer = match (text("/params/service"), text("/params/method")) {
        (Some("common"), Some("login")) => match open(logins, request, database, user, password) {
            Some(token) => {
                let life = logins.behaviour().access_life.as_secs();
                said("result", json!({ "session": { "token": token, "life": life } }))
            }
            None => denied(),
        },
        (Some("object"), Some("execute")) => match account(logins, database, user, password) {
            Some(account) => said("result", echo::me(request, account)),
            None => denied(),
        },
        _ => return Err(problem(400, "invalid_request", "params must name common.login or object.execute")),
    };
    Ok(Answer::json(200, &answer))
}

fn open(
    logins: &Logins,
    request: &Incoming,
    database: Option<&str>,
    user: Option<&str>,
    password: Option<&str>,
) -> Option<String> {
    let mut call = TokenCall::of("session", None);
    let token = account(logins, database, user, password).map(|account| {
        let grant = Grant { account: account.to_owned(), client: String::new(), region: None, scopes: Vec::new() };
        lock(&logins.grants).session(grant, &logins.behaviour(), logins.clock.now())
    });
    match &token {
        Some(token) => call.gave = lock(&logins.grants).name(token),
        None => call.refused = Some("invalid_login".to_owned()),
    }
    logins.note(request, call);
    token
}

/// Whose user, password and, where it is sent, database these are.
pub(super) fn account(
    logins: &Logins,
    database: Option<&str>,
    user: Option<&str>,
    password: Option<&str>,
) -> Option<&'static str> {
    ACCOUNTS.into_iter().find(|account| {
        let known = logins.credentials(account);
        Some(known.user.as_str()) == user
            && Some(known.password.as_str()) == password
            && database.is_none_or(|database| database == known.database)
    })
}

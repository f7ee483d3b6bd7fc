//! `/api/v2/…`: the token first, then what its owner may see.

use serde_json::{Value, json};

use super::{Brokercloud, HOST, OFFICE, files, list, problem, refusal};
use crate::{
    exchange::{Answer, Incoming},
    journal::Served,
    lock, strict,
};

/// Answers a call of the API.
pub(super) fn answer(fake: &Brokercloud, request: &Incoming) -> Result<Answer, Answer> {
    strict::host(request, HOST).map_err(refusal)?;
    strict::headers(request, &["transfer-encoding"]).map_err(refusal)?;
    let value = request.header("authorization").and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let access = fake.door.access(value, fake.clock.now()).map_err(|name| {
        let why = "The access token provided has expired.";
        let challenge = format!("Bearer realm=\"Service\", error=\"invalid_grant\", error_description=\"{why}\"");
        let body = json!({ "error": "invalid_grant", "error_description": why });
        Answer::json(401, &body).with("www-authenticate", &challenge).to(name)
    })?;
    let known = |answer: Answer| answer.to(Some(access.name.clone()));
    if fake.is_throttled(&access.name) {
        return Err(known(problem(429, "Too Many Requests").with("retry-after", "60")));
    }
    route(fake, request, access.account).map(known).map_err(known)
}

fn route(fake: &Brokercloud, request: &Incoming, who: &str) -> Result<Answer, Answer> {
    let segments = request.segments();
    let ["api", "v2", rest @ ..] = segments.as_slice() else { return Err(unknown()) };
    let listed = |kind: &str| {
        if who == "portal" && kind != "party" {
            return Err(problem(403, "Access Denied."));
        }
        let rows = lock(&fake.data).seen(kind, who).into_iter().cloned().collect();
        list::page(request, kind, rows)
    };
    match (request.method.as_str(), rest) {
        ("GET", ["users", "me"]) if !lock(&fake.gaps).me => me(request, who),
        ("GET", ["parties"]) => listed("party"),
        ("GET", ["contracts"]) => listed("contract"),
        ("GET", ["claims"]) => listed("claim"),
        ("GET", ["users"]) => listed("user"),
        ("GET", ["parties", id]) => {
            plain(request)?;
            let data = lock(&fake.data);
            let party = id.parse().ok().and_then(|id| data.party(who, id)).ok_or_else(not_found)?;
            Ok(Answer::json(200, party).serving(vec![Served::of("party", party)]))
        }
        ("GET", ["parties", id, "files"]) if !lock(&fake.gaps).listing => {
            let data = lock(&fake.data);
            let id = id.parse().map_err(|_| not_found())?;
            data.party(who, id).ok_or_else(not_found)?;
            list::page(request, "file", data.files_of(id).into_iter().cloned().collect())
        }
        ("POST", ["parties", id, "files"]) => files::upload(fake, request, who, id),
        ("POST", ["files"]) => files::encoded(fake, request, who),
        _ => Err(unknown()),
    }
}

/// Whose token it is (assumed).
fn me(request: &Incoming, who: &str) -> Result<Answer, Answer> {
    plain(request)?;
    let person = match who {
        "broker" => json!({ "id": 881, "office_id": OFFICE, "name": "An Peeters", "email": "an@kantoor.example" }),
        "portal" => json!({ "id": 990, "office_id": OFFICE, "name": "Els Janssens", "email": "els@voorbeeld.example" }),
        _ => json!({ "id": 883, "office_id": 18, "name": "Jan Claes", "email": "jan@anderkantoor.example" }),
    };
    Ok(Answer::json(200, &person))
}

fn plain(request: &Incoming) -> Result<(), Answer> {
    strict::no_body(request).and_then(|()| strict::no_query(request)).map_err(refusal)
}

pub(super) fn not_found() -> Answer {
    problem(404, "Not Found")
}

fn unknown() -> Answer {
    Answer { status: 404, ..refusal("the fake does not know this method and path".to_owned()) }
}

/// 422 as the sheet assumes it.
pub(super) fn invalid(field: &str, message: &str) -> Answer {
    let errors: Value = json!({ field: [message] });
    Answer::json(422, &json!({ "code": 422, "message": "Validation Failed", "errors": errors }))
}

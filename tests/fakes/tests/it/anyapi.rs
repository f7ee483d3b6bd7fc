//! What the fake of any API promises: the same bookings behind every style of paging, six kinds of credential, a store of keys,
//! and refusals of what the sheet does not name.

use std::collections::BTreeSet;

use super::calls::{Answer, plain};
use patchbay_fakes::{
    Fakes, FakesConfig, Stand, also,
    anyapi::{AnyApi, BOOKINGS, HOST, LOGIN_HOST, Manner, ORIGIN, Throttle},
};
use serde_json::{Value, json};

fn start() -> Fakes {
    let also = also::all().into_iter().filter(|fake| fake.name() == "generic").collect();
    Fakes::start(FakesConfig { also, ..FakesConfig::small() }).expect("the fakes start")
}

fn stand(fakes: &Fakes) -> &Stand<AnyApi> {
    fakes.stand::<AnyApi>().expect("it was started")
}

fn key(fakes: &Fakes) -> String {
    stand(fakes).provider.credential(Manner::HeaderKey)["api_key"].clone()
}

fn send(fakes: &Fakes, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
    let key = key(fakes);
    let mut headers = vec![("host", HOST), ("x-api-key", key.as_str())];
    headers.extend_from_slice(more);
    if !body.is_empty() && !more.iter().any(|(name, _)| *name == "content-type") {
        headers.push(("content-type", "application/json"));
    }
    plain(method, &format!("{}/api/v1{path}", stand(fakes).plain), &headers, body).expect("an answer")
}

fn get(fakes: &Fakes, path: &str) -> Answer {
    send(fakes, "GET", path, &[], "")
}

fn ids(rows: &Value) -> Vec<String> {
    rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_style_of_paging_leads_through_the_same_bookings() {
    let fakes = start();
    let mut lists: Vec<Vec<String>> = Vec::new();
    let numbered = |page: u32| get(&fakes, &format!("/bookings?page={page}&per_page=100&include=customer")).json();
    assert_eq!(numbered(1)["meta"], json!({ "page": 1, "last_page": 3, "total": BOOKINGS }));
    lists.push((1..=3).flat_map(|page| ids(&numbered(page)["data"])).collect());
    let offset = |from: u32| ids(&get(&fakes, &format!("/offset/bookings?offset={from}&limit=100")).json()["items"]);
    lists.push([0, 100, 200].into_iter().flat_map(offset).collect());
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&fakes, &format!("/cursor/bookings?size=100{after}")).json();
        all.extend(ids(&page["rows"]));
        assert_eq!(page["paging"]["has_more"], json!(page["paging"]["next"].is_string()));
        let Some(next) = page["paging"]["next"].as_str() else { break };
        after = format!("&after={}", next.replace('/', "%2F").replace('=', "%3D"));
    }
    lists.push(all);
    let (mut all, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = send(
            &fakes,
            "POST",
            "/search/bookings",
            &[],
            &json!({ "page": { "size": 100, "token": token } }).to_string(),
        );
        all.extend(ids(&page.json()["result"]["rows"]));
        token = page.json()["result"]["token"].clone();
        if token == "" {
            break;
        }
    }
    lists.push(all);
    for (first, at) in [("/next/bookings", Some("/next")), ("/link/bookings", None)] {
        let (mut all, mut path) = (Vec::new(), first.to_owned());
        loop {
            let answer = get(&fakes, &path);
            let body = answer.json();
            all.extend(ids(if at.is_some() { &body["value"] } else { &body }));
            let next = match at {
                Some(at) => body.pointer(at).and_then(Value::as_str).map(str::to_owned),
                None => answer
                    .headers
                    .get("link")
                    .and_then(|link| link.rsplit('<').next()?.split('>').next().map(str::to_owned)),
            };
            let Some(next) = next else { break };
            path = next.strip_prefix(&format!("{ORIGIN}/api/v1")).expect("within the API").to_owned();
        }
        lists.push(all);
    }
    lists.push(ids(&get(&fakes, "/all/bookings").json()));
    assert_eq!(lists.len(), 7);
    for list in &lists {
        assert_eq!(list.len(), BOOKINGS);
        assert_eq!(list.iter().collect::<BTreeSet<_>>(), lists[0].iter().collect::<BTreeSet<_>>());
    }
}

#[test]
fn what_changed_and_what_is_gone_is_told_in_each_format() {
    let fakes = start();
    let api = &stand(&fakes).provider;
    assert!(api.remove("b-1001") && !api.remove("b-1001") && api.touch("b-1002") && !api.touch("b-1001"));
    let new = api.add();
    let changed = ["b-1001".to_owned(), "b-1002".to_owned(), new.clone()];
    let of = |path: &str, at: &str| ids(get(&fakes, path).json().pointer(at).unwrap_or(&Value::Null));
    assert_eq!(of("/bookings?updated_since=2026-02-01T00:00:00Z", "/data"), changed);
    assert_eq!(of("/next/bookings?since_day=2026-02-01", "/value"), changed);
    assert_eq!(of("/link/bookings?revision=00000238", ""), changed);
    assert_eq!(of("/cursor/bookings?since=1769904000", "/rows"), changed[1..]);
    assert_eq!(of("/cursor/bookings/deleted?since=1769904000", "/rows"), changed[..1]);
    let search = json!({ "filter": { "since_ms": 1_769_904_000_000_i64 } }).to_string();
    assert_eq!(ids(&send(&fakes, "POST", "/search/bookings", &[], &search).json()["result"]["rows"]), changed);
    assert_eq!(of("/all/bookings", "").len(), BOOKINGS);
    assert_eq!(get(&fakes, "/link/bookings?place=nonsense").status, 410);
}

#[test]
fn each_credential_is_accepted_in_its_own_manner_and_never_two_at_once() {
    let fakes = start();
    let stand = stand(&fakes);
    let ask = |query: &str, headers: &[(&str, &str)]| {
        let headers: Vec<(&str, &str)> = headers.iter().copied().chain([("host", HOST)]).collect();
        plain("GET", &format!("{}/api/v1/me{query}", stand.plain), &headers, "").expect("an answer").status
    };
    let token = stand.provider.credential(Manner::Bearer)["token"].clone();
    let bearer = format!("Bearer {token}");
    assert_eq!(ask("", &[("authorization", &bearer)]), 200);
    assert_eq!(ask("", &[("x-api-key", &key(&fakes))]), 200);
    assert_eq!(ask(&format!("?api_key={}", key(&fakes)), &[]), 200);
    assert_eq!(ask("", &[]), 200);
    assert_eq!(ask("", &[("authorization", &bearer), ("x-api-key", &key(&fakes))]), 401);
    assert_eq!(ask("", &[("x-api-key", "wrong")]), 401);
    let entered = stand.provider.credential(Manner::ClientCredentials);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        entered["client_id"], entered["client_secret"]
    );
    let headers = [("host", LOGIN_HOST), ("content-type", "application/x-www-form-urlencoded")];
    let given = plain("POST", &format!("{}/oauth/token", stand.plain), &headers, &form).expect("an answer").json();
    let given = format!("Bearer {}", given["access_token"].as_str().unwrap_or_default());
    assert_eq!(ask("", &[("authorization", &given)]), 200);
    stand.provider.revoke(Manner::ClientCredentials, true);
    assert_eq!(ask("", &[("authorization", &given)]), 401);
    assert_eq!(plain("POST", &format!("{}/oauth/token", stand.plain), &headers, &form).expect("an answer").status, 401);
    stand.provider.revoke(Manner::HeaderKey, true);
    assert_eq!(ask("", &[("x-api-key", &key(&fakes))]), 401);
    assert_eq!(ask("", &[("authorization", &bearer)]), 200, "only that one was taken back");
}

#[test]
fn a_key_writes_once_and_is_refused_for_something_else() {
    let fakes = start();
    let note = |key: &str, text: &str| {
        send(&fakes, "POST", "/customers/c-7/notes", &[("idempotency-key", key)], &json!({ "text": text }).to_string())
    };
    let first = note("k-1", "Hallo");
    let again = note("k-1", "Hallo");
    assert_eq!((first.status, first.json()), (201, again.json()));
    assert_eq!(again.headers.get("idempotent-replay").map(String::as_str), Some("true"));
    assert_eq!(note("k-1", "Anders").status, 422);
    assert_eq!(note("k-2", "").json()["errors"]["text"], json!(["is required"]));
    assert_eq!(stand(&fakes).provider.written("note").len(), 1);
    assert_eq!(stand(&fakes).journal.objects().len(), 1, "what is answered again made nothing");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let subscribe = || send(&fakes, "POST", "/subscriptions", &form, "email=els%40acme.example&list=news").status;
    assert_eq!((subscribe(), subscribe()), (201, 409));
    let tag = |label: &str| send(&fakes, "PUT", "/tags/vip", &[], &json!({ "label": label }).to_string()).status;
    assert_eq!((tag("VIP"), tag("VIP")), (201, 200));
    let refused = send(&fakes, "POST", "/messages", &[], r#"{"text":"verboden"}"#);
    assert_eq!((refused.status, &refused.json()["ok"]), (200, &json!(false)));
}

#[test]
fn every_way_to_say_not_now_and_what_is_not_in_the_sheet() {
    let fakes = start();
    let api = &stand(&fakes).provider;
    for (how, status, header) in [
        (Throttle::Seconds(7), 429, "retry-after"),
        (Throttle::Date(7), 429, "retry-after"),
        (Throttle::Forbidden(7), 403, "x-ratelimit-reset"),
        (Throttle::Unavailable(7), 503, "retry-after"),
    ] {
        api.throttle(how, 1);
        let refused = get(&fakes, "/me");
        assert_eq!((refused.status, refused.headers.contains_key(header)), (status, true), "{how:?}");
        assert_eq!(get(&fakes, "/me").status, 200);
    }
    api.oversize(1);
    assert!(get(&fakes, "/all/bookings").body.len() > 8 * 1024 * 1024);
    for odd in ["/bookings?limit=3", "/offset/bookings?limit=101", "/me?x=1", "/cursor/bookings?since=yesterday"] {
        assert_eq!(get(&fakes, odd).status, 400, "{odd}");
    }
    assert_eq!(send(&fakes, "GET", "/me", &[("x-odd", "1")], "").status, 400);
    assert_eq!(send(&fakes, "POST", "/tasks", &[], r#"{"title":"T","colour":"red"}"#).status, 400);
    assert_eq!(get(&fakes, "/guests").status, 404);
    let refusals = stand(&fakes).journal.entries().iter().filter(|entry| entry.refusal.is_some()).count();
    assert_eq!(refusals, 6);
}

#[test]
fn bookings_change_between_pages_when_they_are_told_to() {
    let fakes = start();
    stand(&fakes).provider.change_between_pages(true);
    let first = ids(&get(&fakes, "/bookings?page=1&per_page=100").json()["data"]);
    let second = ids(&get(&fakes, "/bookings?page=2&per_page=100").json()["data"]);
    assert_eq!(first.first().map(String::as_str), Some("b-1001"));
    assert_eq!(second.first().map(String::as_str), Some("b-1102"), "one slipped from the second page to the first");
}

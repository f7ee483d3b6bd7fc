//! What the desk promises to tests of pushes: what the same request twice does, what can be found and when, and
//! what became of a write whose answer was lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::calls::{Answer, plain};
use patchbay_fakes::{
    Act, DeskConfig, Fakes, FakesConfig, Rule,
    desk::{HOST, Kind, Lag, LoneDesk},
};
use patchbay_model::{Clock, ManualClock, SystemClock, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn start() -> Fakes {
    Fakes::start(FakesConfig::small()).expect("the fakes start")
}

fn send(
    fakes: &Fakes,
    office: &str,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: &str,
) -> Result<Answer, ureq::Error> {
    let bearer = format!("Bearer {}", fakes.desk.provider.key(office));
    let mut headers = vec![("host", HOST), ("authorization", bearer.as_str()), ("user-agent", "patchbay-test")];
    headers.extend_from_slice(more);
    if !body.is_empty() && !more.iter().any(|(name, _)| *name == "content-type") {
        headers.push(("content-type", "application/json"));
    }
    plain(method, &format!("{}{path}", fakes.desk.plain), &headers, body)
}

fn get(fakes: &Fakes, path: &str) -> Answer {
    send(fakes, "owner", "GET", path, &[], "").expect("an answer")
}

fn post(fakes: &Fakes, path: &str, body: &Value) -> Answer {
    send(fakes, "owner", "POST", path, &[], &body.to_string()).expect("an answer")
}

fn task(reference: &str) -> Value {
    json!({ "client": "c1", "title": format!("Task {reference}"), "reference": reference })
}

fn found(fakes: &Fakes, path: &str) -> usize {
    get(fakes, path).json()["items"].as_array().map_or(0, Vec::len)
}

/// Waits for what another thread does.
fn eventually(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_strange_key_and_what_is_not_in_the_sheet_are_refused_and_every_answer_has_an_id() {
    let fakes = start();
    assert_eq!(get(&fakes, "/me").json()["id"], "office-owner");
    assert_eq!(send(&fakes, "load-12", "GET", "/me", &[], "").expect("an answer").json()["id"], "office-load-12");
    for office in ["revoked", "nobody"] {
        assert_eq!(send(&fakes, office, "GET", "/me", &[], "").expect("an answer").status, 401);
    }
    fakes.desk.provider.accept("owner", false);
    assert_eq!(get(&fakes, "/me").status, 401);
    fakes.desk.provider.accept("owner", true);
    assert_eq!(post(&fakes, "/tasks", &json!({ "client": "c1", "title": "T", "colour": "red" })).status, 400);
    let missing = post(&fakes, "/tasks", &json!({ "client": "c999", "title": "T", "reference": "r" }));
    assert_eq!((missing.status, &missing.json()["error"]["fields"][0]["field"]), (422, &json!("client")));
    fakes.desk.script.add(Rule::on("GET", "/me", Act::status(500)));
    let broken = get(&fakes, "/me");
    let told = fakes.desk.journal.entries();
    let last = told.last().expect("an entry");
    assert_eq!((broken.status, broken.headers.get("x-request-id")), (500, last.request_id.as_ref()));
    let ids: std::collections::BTreeSet<_> = told.iter().map(|entry| entry.request_id.clone()).collect();
    assert_eq!((ids.len(), ids.contains(&None)), (told.len(), false), "each one another");
    assert!(!format!("{told:?}").contains(&fakes.desk.provider.key("owner")), "the key's value is in the journal");
}

#[test]
fn a_letter_of_the_same_key_is_one_and_of_another_content_is_refused() {
    let fakes = start();
    let letter = json!({ "client": "c1", "title": "Hello", "text": "Dear" }).to_string();
    let send = |office: &str, key: &str, body: &str| {
        send(&fakes, office, "POST", "/letters", &[("idempotency-key", key)], body).expect("an answer")
    };
    let (first, again) = (send("owner", "key-00001", &letter), send("owner", "key-00001", &letter));
    assert_eq!((first.status, again.status, first.json()), (201, 201, again.json()));
    let other = letter.replace("Dear", "Cheap");
    assert_eq!(send("owner", "key-00001", &other).json()["error"]["code"], "key_reused");
    assert_eq!(send("other", "key-00001", &other).status, 201, "another office has keys of its own");
    assert_eq!(post(&fakes, "/letters", &json!({ "client": "c1", "title": "T", "text": "t" })).status, 400);
    assert_eq!((fakes.desk.provider.objects(Kind::Letter).len(), fakes.desk.provider.doubles()), (2, vec![]));
    assert_eq!((fakes.desk.journal.objects().len(), get(&fakes, "/letters?reference=key-00001").status), (2, 404));
    let keys = fakes.desk.journal.entries();
    assert_eq!(keys[0].headers.get("idempotency-key").map(String::as_str), Some("key-00001"));
}

#[test]
fn the_same_task_twice_is_two_and_a_card_twice_is_one() {
    let fakes = start();
    for path in ["/tasks", "/entries"] {
        assert_eq!(post(&fakes, path, &task("r1")).status, 201);
        assert_eq!(found(&fakes, &format!("{path}?reference=r1")), 1);
    }
    assert_eq!(fakes.desk.provider.doubles(), vec![]);
    post(&fakes, "/tasks", &task("r1"));
    let call = json!({ "client": "c1", "title": "Ring" });
    assert_eq!((post(&fakes, "/calls", &call).status, post(&fakes, "/calls", &call).status), (201, 201));
    let card = json!({ "client": "c2", "title": "Card" }).to_string();
    let put = || send(&fakes, "owner", "PUT", "/cards/abc", &[], &card).expect("an answer");
    assert_eq!((put().status, put().status), (201, 200));
    let cards = fakes.desk.provider.objects(Kind::Card);
    assert_eq!((cards.len(), cards[0].writes), (1, 2));
    let doubles = fakes.desk.provider.doubles();
    let twice: Vec<(Kind, &str, usize)> = doubles.iter().map(|(kind, named, n)| (*kind, named.as_str(), *n)).collect();
    assert_eq!(twice, [(Kind::Task, "Task r1", 2), (Kind::Task, "r1", 2), (Kind::Call, "Ring", 2)]);
    let kinds: Vec<String> = fakes.desk.journal.objects().into_iter().map(|made| made.kind).collect();
    assert_eq!(kinds, ["task", "entry", "task", "call", "call", "card", "card-change"]);
    assert_eq!(fakes.desk.provider.tally(Kind::Task).get("Task r1"), Some(&2));
    assert_eq!(fakes.desk.provider.count(Kind::Task, "r1"), 2);
}

#[test]
fn a_note_is_changed_by_its_id_and_by_nobody_else() {
    let fakes = start();
    let note = json!({ "client": "c1", "folder": "2026", "title": "N", "text": "old", "reference": "n1" });
    let made = post(&fakes, "/notes", &note);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let patch = |office: &str| {
        send(&fakes, office, "PATCH", &format!("/notes/{id}"), &[], "{\"text\":\"new\"}").expect("an answer").status
    };
    assert_eq!((patch("other"), patch("owner")), (404, 200));
    let now = get(&fakes, &format!("/notes/{id}")).json();
    assert_eq!((&now["text"], &now["title"], &now["url"]), (&json!("new"), &json!("N"), &made.json()["url"]));
    assert_eq!(found(&fakes, "/notes?reference=n1"), 1);
    assert_eq!(
        send(&fakes, "other", "GET", "/notes?reference=n1", &[], "").expect("an answer").json()["items"],
        json!([])
    );
    assert_eq!(
        post(
            &fakes,
            "/notes",
            &json!({ "client": "c1", "folder": "f5", "title": "N", "text": "t", "reference": "n2" })
        )
        .status,
        422
    );
}

#[test]
fn a_search_lags_as_long_as_it_is_told() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_253_400_000)));
    let config = FakesConfig { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..FakesConfig::small() };
    let fakes = Fakes::start(config).expect("the fakes start");
    let desk = &fakes.desk.provider;
    desk.lag(Kind::Task, Lag::Time(Duration::from_secs(5)));
    post(&fakes, "/tasks", &task("slow"));
    post(&fakes, "/entries", &task("quick"));
    let seen = |reference: &str| found(&fakes, &format!("/tasks?reference={reference}"));
    assert_eq!((seen("slow"), found(&fakes, "/entries?reference=quick")), (0, 1));
    clock.advance(Duration::from_secs(4));
    assert_eq!(seen("slow"), 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(seen("slow"), 1);
    desk.lag(Kind::Task, Lag::UntilTold);
    post(&fakes, "/tasks", &task("hidden"));
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(seen("hidden"), 0);
    desk.show();
    assert_eq!((seen("hidden"), desk.count(Kind::Task, "hidden")), (1, 1));
}

#[test]
fn a_write_whose_answer_was_lost_is_applied_when_the_test_says_so() {
    let fakes = start();
    let (desk, script) = (&fakes.desk.provider, &fakes.desk.script);
    script.add(Rule::on("POST", "/tasks", Act::later("told")));
    let body = task("late").to_string();
    assert!(send(&fakes, "owner", "POST", "/tasks", &[], &body).is_err(), "there is no answer");
    assert!(script.wait_until_held("told", Duration::from_secs(20)));
    assert_eq!((found(&fakes, "/tasks?reference=late"), desk.count(Kind::Task, "late")), (0, 0));
    script.release("told");
    eventually("the late write", || desk.count(Kind::Task, "late") == 1);
    eventually("its entry", || fakes.desk.journal.objects().len() == 1);
    let entries = fakes.desk.journal.entries();
    let late = entries.iter().find(|entry| entry.created.is_some()).expect("an entry");
    assert_eq!((late.status, late.method.as_str(), script.holding("told")), (None, "POST", 0));
    assert!(late.request_id.is_some() && late.rule.as_deref().is_some_and(|rule| rule.contains("apply-later")));

    script.add(Rule::on("POST", "/tasks", Act::Drop).saying("Task other"));
    script.add(Rule::on("POST", "/tasks", Act::ApplyLater { name: "never".to_owned(), ms: Some(1) }));
    assert!(send(&fakes, "owner", "POST", "/tasks", &[], &task("timed").to_string()).is_err());
    eventually("the timed write", || desk.count(Kind::Task, "timed") == 1);
    assert_eq!(post(&fakes, "/tasks", &task("third")).status, 201);
    assert!(send(&fakes, "owner", "POST", "/tasks", &[], &task("other").to_string()).is_err());
    assert_eq!(desk.count(Kind::Task, "other"), 0);
}

#[test]
fn a_late_letter_finds_that_its_key_was_used() {
    let fakes = start();
    let letter = json!({ "client": "c1", "title": "Hello", "text": "Dear" }).to_string();
    let again = || send(&fakes, "owner", "POST", "/letters", &[("idempotency-key", "key-00001")], &letter);
    fakes.desk.script.add(Rule::on("POST", "/letters", Act::later("told")));
    assert!(again().is_err());
    assert_eq!(again().expect("an answer").status, 201);
    fakes.desk.script.release("told");
    eventually("the late one", || fakes.desk.journal.entries().len() == 2);
    assert_eq!((fakes.desk.provider.objects(Kind::Letter).len(), fakes.desk.journal.objects().len()), (1, 1));
}

#[test]
fn a_file_is_hashed_and_not_kept_and_a_report_names_it() {
    let fakes = start();
    let content = "%PDF-1.7 ".repeat(400_000);
    let part = |name: &str, more: &str, value: &str| {
        format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let file = part("file", "; filename=\"a.pdf\"\r\nContent-Type: application/pdf", &content);
    let form = format!("{}{}{file}--cut--\r\n", part("reference", "", "u1"), part("client", "", "c1"));
    let kind = [("content-type", "multipart/form-data; boundary=cut")];
    fakes.desk.script.add(Rule::on("POST", "/files", Act::status(503)).saying("b.pdf"));
    fakes.desk.script.add(Rule::on("POST", "/files", Act::status(502)).saying("a.pdf"));
    assert_eq!(send(&fakes, "owner", "POST", "/files", &kind, &form).expect("an answer").status, 502);
    let made = send(&fakes, "owner", "POST", "/files", &kind, &form).expect("an answer");
    assert_eq!(made.status, 201, "{}", made.body);
    let sha256: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(made.json()["sha256"], json!(sha256));
    assert_eq!((&made.json()["size"], &made.json()["name"]), (&json!(content.len()), &json!("a.pdf")));
    assert_eq!(found(&fakes, "/files?reference=u1"), 1);
    let report = |file: &str| json!({ "client": "c1", "title": "Report", "file": file, "reference": "r1" });
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(post(&fakes, "/reports", &report(&id)).status, 201);
    assert_eq!(post(&fakes, "/reports", &report("file-9")).status, 422);
    let theirs = send(&fakes, "other", "POST", "/reports", &[], &report(&id).to_string()).expect("an answer");
    assert_eq!(theirs.status, 422, "another office has no such file");
    let cut = send(&fakes, "owner", "POST", "/files", &kind, form.trim_end_matches("--\r\n")).expect("an answer");
    assert_eq!((cut.status, fakes.desk.provider.objects(Kind::File).len()), (400, 1));
    assert_eq!(post(&fakes, "/files", &json!({})).status, 400, "no form");
}

#[test]
fn pages_lead_through_twenty_thousand_clients_once_and_then_through_what_changed() {
    let desk = DeskConfig { clients: 20_000, folders: 1 };
    let fakes = Fakes::start(FakesConfig { desk, ..FakesConfig::small() }).expect("the fakes start");
    let walk = |start: &str| {
        let (mut path, mut ids, mut last) = (start.to_owned(), Vec::new(), String::new());
        loop {
            let page = get(&fakes, &path).json();
            for item in page["items"].as_array().expect("items") {
                ids.push(item["id"].as_str().expect("an id").to_owned());
                item["changed_at"].as_str().expect("a moment").clone_into(&mut last);
            }
            match page["next"].as_str() {
                Some(next) => path = format!("{start}&after={next}"),
                None => return (ids, last),
            }
        }
    };
    let (ids, last) = walk("/clients?size=1000");
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (20_000, 20_000));
    assert_eq!(walk("/folders?size=1000").0.len(), 20_000);
    assert!(fakes.desk.provider.rename("c7", "Renamed"));
    let added = fakes.desk.provider.add_client("Added");
    let (changed, _) = walk(&format!("/clients?size=1&changed_since={last}"));
    assert_eq!(changed, ["c20000", "c7", added.as_str()]);
}

#[test]
fn a_search_finds_every_word_and_folders_of_their_client_only() {
    let fakes = start();
    let desk = &fakes.desk.provider;
    let (one, two) = (desk.add_client("Zoë Décor NV"), desk.add_client("Zoë Décor NV"));
    let hits = get(&fakes, "/search/clients?q=d%C3%A9cor%20ZO%C3%8B").json();
    let ids: Vec<&str> = hits["items"].as_array().expect("items").iter().filter_map(|hit| hit["id"].as_str()).collect();
    assert_eq!(ids, [one.as_str(), two.as_str()]);
    assert_ne!(hits["items"][0]["code"], hits["items"][1]["code"], "the code tells equal names apart");
    let page = get(&fakes, "/search/clients?q=&size=10&page=4").json();
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next"]), (Some(10), &json!(5)));
    let folder = desk.add_folder(&two, "Only here");
    let of = |client: &str| get(&fakes, &format!("/search/folders?client={client}&q=only")).json()["items"].clone();
    assert_eq!((of(&one), &of(&two)[0]["id"]), (json!([]), &json!(folder)));
    assert_eq!(get(&fakes, "/search/folders?client=c1&q=").json()["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_test_in_another_process_has_the_same_controls() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let desk = LoneDesk::start(7, DeskConfig::default(), None, &clock).expect("the desk starts");
    let control = |method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = plain(method, &format!("{}/_fake/{path}", desk.stand.plain), &[], &body).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    control("POST", "desk/lag", &json!({ "kind": "task", "ms": 60_000 }));
    control("POST", "desk/size", &json!({ "clients": 3, "folders": 2 }));
    control("POST", "desk/key", &json!({ "name": "other", "accepted": false }));
    assert_eq!(control("POST", "desk/rename", &json!({ "id": "c3", "name": "X" })), json!({ "renamed": true }));
    control("POST", "behaviour", &json!({ "act": { "kind": "apply-later", "name": "told" } }));
    let bearer = format!("Bearer {}", desk.stand.provider.key("owner"));
    let headers = [("host", HOST), ("authorization", bearer.as_str()), ("content-type", "application/json")];
    let write = || plain("POST", &format!("{}/tasks", desk.stand.plain), &headers, &task("r1").to_string());
    assert!(write().is_err());
    control("POST", "behaviour/release", &json!({ "name": "told" }));
    eventually("the late write", || control("GET", "desk/tally", &Value::Null)["task"]["Task r1"] == json!(1));
    control("POST", "desk/show", &json!({}));
    assert_eq!(control("GET", "desk/doubles", &Value::Null), json!({ "doubles": [] }));
    let clients = control("GET", "records?kind=client", &Value::Null);
    assert_eq!((clients["records"].as_array().map(Vec::len), &clients["records"][2]["name"]), (Some(3), &json!("X")));
    assert_eq!(control("GET", "records?kind=task", &Value::Null)["records"][0]["reference"], "r1");
    assert_eq!(desk.describe()["desk"]["host"], HOST);
}

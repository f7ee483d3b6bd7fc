//! What the GitHub fake promises to those who write connectors against it.

use std::sync::Arc;

use super::calls::{github, plain};
use patchbay_fakes::{Act, Fakes, FakesConfig, Journal, Rule, github::HOST};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::Value;

const ISSUES: &str = "/repos/voorbeeld/app/issues";

fn start() -> Fakes {
    Fakes::start(FakesConfig::small()).expect("the fakes start")
}

#[test]
fn what_the_sheet_does_not_name_is_refused_with_its_name() {
    let fakes = start();
    let query = github(&fakes, "owner", "GET", &format!("{ISSUES}?labels=bug"), "").expect("an answer");
    assert_eq!((query.status, query.body.contains("labels")), (400, true));
    let size = github(&fakes, "owner", "GET", &format!("{ISSUES}?per_page=101"), "").expect("an answer");
    assert_eq!((size.status, size.body.contains("per_page")), (400, true));
    let body = github(&fakes, "owner", "POST", ISSUES, r#"{"title":"x","type":"bug"}"#).expect("an answer");
    assert_eq!((body.status, body.body.contains("type")), (400, true));
    assert!(fakes.github.journal.objects().is_empty());
    let url = format!("{}{ISSUES}", fakes.github.plain);
    let bearer = format!("Bearer {}", fakes.github.provider.token("owner"));
    let headers = [("host", HOST), ("authorization", bearer.as_str()), ("user-agent", "x"), ("x-request-id", "1")];
    let header = plain("GET", &url, &headers, "").expect("an answer");
    assert_eq!((header.status, header.body.contains("x-request-id")), (400, true));
    assert_eq!(fakes.github.journal.entries().iter().filter(|entry| entry.refusal.is_some()).count(), 4);
}

#[test]
fn a_call_without_what_the_sheet_requires_is_refused() {
    let fakes = start();
    let url = format!("{}/user", fakes.github.plain);
    let nobody = plain("GET", &url, &[("user-agent", "")], "").expect("an answer");
    assert_eq!(nobody.status, 403);
    let bearer = format!("Bearer {}", fakes.github.provider.token("owner"));
    let headers =
        [("host", HOST), ("authorization", bearer.as_str()), ("user-agent", "x"), ("accept", "application/json")];
    assert_eq!(plain("GET", &url, &headers, "").expect("an answer").status, 400);
    let unknown = [("host", HOST), ("authorization", "Bearer ghp_x"), ("user-agent", "x")];
    assert_eq!(plain("GET", &url, &unknown, "").expect("an answer").status, 401);
    let elsewhere = plain("GET", &url, &[("user-agent", "x")], "").expect("an answer");
    assert_eq!((elsewhere.status, elsewhere.body.contains("host must be")), (400, true));
    assert_eq!(github(&fakes, "revoked", "GET", "/user", "").expect("an answer").status, 401);
}

#[test]
fn links_lead_through_every_record_once() {
    let fakes = start();
    let mut path = format!("{ISSUES}?state=all&sort=updated&direction=asc&per_page=3");
    let mut ids = Vec::new();
    for _ in 0..20 {
        let page = github(&fakes, "owner", "GET", &path, "").expect("an answer");
        assert_eq!(page.status, 200, "{}", page.body);
        ids.extend(page.json().as_array().expect("records").iter().map(|record| record["id"].as_u64()));
        let links = page.headers.get("link").cloned().unwrap_or_default();
        let Some(next) = links.split(", ").find(|link| link.ends_with("rel=\"next\"")) else { break };
        let url = next.trim_start_matches('<').split('>').next().expect("an address");
        url.strip_prefix("https://api.github.com").expect("the real origin").clone_into(&mut path);
    }
    let all = fakes.github.provider.records("issue");
    let here = all.iter().filter(|issue| issue["repository_url"].to_string().ends_with("voorbeeld/app\""));
    let mut expected: Vec<_> = here.map(|issue| issue["id"].as_u64()).collect();
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert!(all.iter().any(|issue| issue.get("pull_request").is_some()));
    assert_eq!(fakes.github.journal.served().len(), ids.len());
}

#[test]
fn since_includes_its_own_second_and_finds_what_was_made() {
    let fakes = start();
    let made = github(&fakes, "owner", "POST", ISSUES, r#"{"title":"Nieuw","body":"tekst"}"#).expect("an answer");
    assert_eq!(made.status, 201);
    let updated = made.json()["updated_at"].as_str().expect("a time").to_owned();
    let path = format!("{ISSUES}?state=all&sort=updated&direction=asc&since={updated}");
    let found = github(&fakes, "owner", "GET", &path, "").expect("an answer");
    assert_eq!((found.count(), found.json()[0]["id"].as_u64()), (1, made.json()["id"].as_u64()));
    let object = &fakes.github.journal.objects()[0];
    assert_eq!((object.kind.as_str(), object.parent.as_str()), ("issue", "voorbeeld/app"));
    assert_eq!(object.content["title"], "Nieuw");
}

#[test]
fn an_issue_is_commented_and_closed() {
    let fakes = start();
    let comment = github(&fakes, "owner", "POST", &format!("{ISSUES}/1/comments"), r#"{"body":"ok"}"#);
    assert_eq!(comment.expect("an answer").status, 201);
    let closed = github(&fakes, "owner", "PATCH", &format!("{ISSUES}/1"), r#"{"state":"closed"}"#);
    assert_eq!(closed.expect("an answer").json()["state"], "closed");
    let empty = github(&fakes, "owner", "POST", ISSUES, r#"{"title":""}"#).expect("an answer");
    assert_eq!((empty.status, empty.json()["errors"][0]["code"].as_str()), (422, Some("missing_field")));
    let kinds: Vec<String> = fakes.github.journal.objects().into_iter().map(|object| object.kind).collect();
    assert_eq!(kinds, ["comment", "close"]);
}

#[test]
fn a_private_repository_of_others_is_not_there_and_a_reader_may_not_write() {
    let fakes = start();
    let foreign = "/repos/ander/geheim/issues";
    assert_eq!(github(&fakes, "owner", "GET", foreign, "").expect("an answer").status, 404);
    assert_eq!(github(&fakes, "stranger", "GET", foreign, "").expect("an answer").status, 200);
    let refused = github(&fakes, "reader", "POST", ISSUES, r#"{"title":"x"}"#).expect("an answer");
    assert_eq!((refused.status, refused.headers.contains_key("retry-after")), (403, false));
    let owner = github(&fakes, "owner", "GET", "/user", "").expect("an answer");
    assert_eq!(owner.headers.get("x-oauth-scopes").map(String::as_str), Some("repo, read:user"));
}

#[test]
fn limits_are_told_and_lift_when_their_time_comes() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_190_400_000)));
    let mut config = FakesConfig { clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
    config.github.primary = Some(3);
    config.github.secondary = Some(1);
    let fakes = Fakes::start(config).expect("the fakes start");
    let write = || github(&fakes, "owner", "POST", ISSUES, r#"{"title":"x"}"#).expect("an answer");
    assert_eq!(write().status, 201);
    let second = write();
    assert_eq!((second.status, second.headers.get("retry-after").map(String::as_str)), (403, Some("60")));
    github(&fakes, "owner", "GET", "/user", "").expect("an answer");
    let third = github(&fakes, "owner", "GET", "/user", "").expect("an answer");
    assert_eq!((third.status, third.headers["x-ratelimit-remaining"].as_str()), (403, "0"));
    assert_eq!(third.headers["x-ratelimit-reset"], (1_795_190_400 + 3_600).to_string());
    clock.advance(std::time::Duration::from_secs(3_600));
    assert_eq!(write().status, 201);
}

#[test]
fn a_lost_answer_took_effect_and_a_dropped_request_did_not() {
    let fakes = start();
    fakes.github.script.add(Rule::on("POST", ISSUES, Act::LoseAnswer));
    fakes.github.script.add(Rule::on("POST", ISSUES, Act::Drop));
    let write = || github(&fakes, "owner", "POST", ISSUES, r#"{"title":"x"}"#);
    assert!(write().is_err(), "the answer is lost");
    assert_eq!(fakes.github.journal.objects().len(), 1);
    assert!(write().is_err(), "the request is dropped");
    assert_eq!(fakes.github.journal.objects().len(), 1);
    assert_eq!(write().expect("an answer").status, 201);
    let statuses: Vec<_> = fakes.github.journal.entries().iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [None, None, Some(201)]);
}

#[test]
fn rules_answer_cut_and_repeat() {
    let fakes = start();
    let read = |query: &str| github(&fakes, "owner", "GET", &format!("{ISSUES}?{query}"), "").expect("an answer");
    let script = &fakes.github.script;
    script.add(Rule::on("GET", ISSUES, Act::html()).after(1));
    assert_eq!(read("per_page=2").count(), 2);
    let html = read("per_page=2");
    assert_eq!((html.status, html.headers["content-type"].as_str()), (200, "text/html; charset=utf-8"));
    assert_eq!(read("per_page=2").count(), 2, "the rule is used up");
    script.add(Rule::on("GET", ISSUES, Act::Cut { bytes: 20 }));
    assert_eq!(read("per_page=2").body.len(), 20);
    script.add(Rule::on("GET", ISSUES, Act::too_many("7")).containing("page=2"));
    assert_eq!(read("per_page=2").status, 429);
    script.add(Rule::on("GET", ISSUES, Act::SamePage).times(0));
    let same = format!("<https://api.github.com{ISSUES}?per_page=2&page=2>; rel=\"next\"");
    assert_eq!(read("per_page=2&page=2").headers["link"], same);
    assert_eq!(read("per_page=2&page=2").headers["link"], same);
}

#[test]
fn a_held_request_waits_for_its_release() {
    let fakes = Arc::new(start());
    fakes.github.script.add(Rule::on("GET", "/user", Act::Hold { name: "gate".to_owned(), applied: false }));
    let caller = {
        let fakes = Arc::clone(&fakes);
        std::thread::spawn(move || github(&fakes, "owner", "GET", "/user", "").map(|answer| answer.status))
    };
    assert!(fakes.github.script.wait_until_held("gate", std::time::Duration::from_secs(20)));
    assert_eq!(fakes.github.journal.last(), 0, "it has not been answered");
    fakes.github.script.release("gate");
    assert_eq!(caller.join().expect("the caller ends").ok(), Some(200));
}

#[test]
fn the_journal_is_in_the_file_and_holds_no_credential() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = FakesConfig { journal_dir: Some(folder.path().to_owned()), ..FakesConfig::small() };
    let fakes = Fakes::start(config.clone()).expect("the fakes start");
    github(&fakes, "owner", "POST", ISSUES, r#"{"title":"x"}"#).expect("an answer");
    let (path, token) = (fakes.github.journal.path().to_owned(), fakes.github.provider.token("owner"));
    let before = fakes.github.journal.entries();
    drop(fakes);
    assert_eq!(Journal::read(&path).expect("a journal"), before);
    assert_eq!(before[0].token.as_deref(), Some("owner"));
    assert!(!std::fs::read_to_string(&path).expect("a file").contains(&token));
    let fakes = Fakes::start(config).expect("the fakes start");
    assert_eq!(fakes.github.journal.last(), 1, "it goes on after what is there");
}

#[test]
fn the_controls_do_the_same_over_http() {
    let fakes = start();
    let control = |method: &str, path: &str, body: &str| {
        plain(method, &format!("{}/_fake/{path}", fakes.github.plain), &[], body).expect("an answer").json()
    };
    let rule = r#"{"method":"GET","path":"/user","act":{"kind":"answer","status":500}}"#;
    assert_eq!(control("POST", "behaviour", rule)["added"], 1);
    assert!(control("POST", "behaviour", r#"{"path":"/","act":{"kind":"explode"}}"#)["error"].is_string());
    assert_eq!(github(&fakes, "owner", "GET", "/user", "").expect("an answer").status, 500);
    let touched = control("POST", "github/touch", r#"{"repo":"voorbeeld/docs","change":2,"create":1,"comments":1}"#);
    let count = |name: &str| touched[name].as_array().map(Vec::len);
    assert_eq!([count("changed"), count("created"), count("comments")], [Some(2), Some(1), Some(1)]);
    assert_eq!(control("GET", "journal", "")["last"], 1);
    let records = |kind: &str| control("GET", &format!("records?kind={kind}"), "")["records"].as_array().map(Vec::len);
    assert_eq!(records("issue"), Some(fakes.github.provider.records("issue").len()));
    control("POST", "reset", "");
    assert_eq!(control("GET", "journal?after=0", "")["entries"], Value::Array(Vec::new()));
}

#[test]
fn the_demo_has_more_than_ten_thousand_records_that_follow_from_the_seed() {
    let [one, two] = [0, 1].map(|_| Fakes::start(FakesConfig::default()).expect("the fakes start"));
    let count = |fakes: &Fakes| {
        let issues = fakes.github.provider.records("issue");
        let plain = issues.iter().filter(|issue| issue.get("pull_request").is_none()).count();
        plain + fakes.github.provider.records("comment").len()
    };
    assert!(count(&one) > 10_400, "{}", count(&one));
    assert_eq!(one.github.provider.records("comment"), two.github.provider.records("comment"));
    assert_eq!(one.github.provider.tokens(), two.github.provider.tokens());
}

#[test]
fn repositories_are_sorted_as_asked_and_foreign_ones_left_out() {
    let fakes = start();
    let names = |query: &str| {
        let list = github(&fakes, "owner", "GET", &format!("/user/repos{query}"), "").expect("an answer");
        let names = list.json().as_array().map(|rows| rows.iter().map(|row| row["name"].clone()).collect::<Vec<_>>());
        names.unwrap_or_default()
    };
    assert_eq!(names("?sort=full_name"), ["app", "docs", "infra"]);
    assert_eq!(names("?sort=full_name&direction=desc&per_page=2"), ["infra", "docs"]);
    assert_eq!(names("?sort=updated&direction=asc&since=2030-01-01T00:00:00Z"), Vec::<Value>::new());
}

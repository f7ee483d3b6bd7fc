//! What the AdminPulse fake promises to those who write connectors against it.

use patchbay_fakes::{
    Fakes, FakesConfig, Stand,
    adminpulse::{Adminpulse, HOST},
    also,
};
use serde_json::{Value, json};

use super::{
    calls::{Answer, plain},
    consent::{Walk, form},
};

const SCOPES: &str = "relations.read tasks.read users.read offline_access";

struct Office {
    fakes: Fakes,
}

impl Office {
    fn open() -> Self {
        let all = also::all().into_iter().filter(|one| one.name() == "adminpulse").collect();
        let office =
            Self { fakes: Fakes::start(FakesConfig { also: all, ..FakesConfig::small() }).expect("the fakes start") };
        office.fake().allow_redirect(super::consent::REDIRECT);
        office
    }

    fn stand(&self) -> &Stand<Adminpulse> {
        self.fakes.stand().expect("the fake")
    }

    fn fake(&self) -> &Adminpulse {
        &self.stand().provider
    }

    fn walk(&self) -> Walk<'_> {
        let (authorize, token) = ("/connect/authorize", "/connect/token");
        let origin = self.stand().plain.as_str();
        Walk { origin, host: "login.adminpulse.be", authorize, token, client: self.fake().client() }
    }

    fn send(&self, token: &str, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str()), ("host", HOST)];
        if !body.is_empty() {
            headers.push(("content-type", kind));
        }
        plain(method, &format!("{}{path}", self.stand().plain), &headers, body).expect("an answer")
    }

    fn get(&self, path: &str) -> Answer {
        self.send(&self.fake().key("owner"), "GET", path, "", "")
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&self.fake().key("owner"), "POST", path, "application/json", &body.to_string())
    }
}

fn results(answer: &Answer) -> Vec<Value> {
    answer.json()["results"].as_array().cloned().unwrap_or_default()
}

#[test]
fn pages_are_counted_from_zero_and_hold_at_most_four_hundred() {
    let office = Office::open();
    let pages: Vec<usize> =
        (0..4).map(|page| results(&office.get(&format!("/relations?page={page}&pageSize=12"))).len()).collect();
    assert_eq!(pages, [12, 12, 6, 0]);
    assert_eq!(office.get("/relations?page=0&pageSize=12").json()["pageCount"], 3);
    assert_eq!(results(&office.get("/relations?pageSize=5000")).len(), 30);
    assert_eq!(office.get("/companies").count(), 1, "a bare array");
}

#[test]
fn days_in_queries_are_written_day_first() {
    let office = Office::open();
    assert_eq!(office.get("/tasks?deadlineFrom=2026-01-01").status, 400);
    assert_eq!(results(&office.get("/tasks?deadlineFrom=01072026")).len(), 0);
    assert_eq!(results(&office.get("/tasks?deadlineFrom=30062026&deadlineUntil=30062026")).len(), 26);
    let id = office.fake().add_email("Vandaag");
    let today: String = office.fake().records("email").pop().expect("an e-mail")["createDate"]
        .as_str()
        .map(|day| format!("{}{}{}", &day[8..10], &day[5..7], &day[..4]))
        .expect("a day");
    let found = results(&office.get(&format!("/emails?LastSyncTime={today}")));
    assert_eq!(found.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [json!(id)]);
}

#[test]
fn a_relation_is_found_by_both_identifiers_and_its_tasks_by_its_id_only() {
    let office = Office::open();
    let relation = office.fake().records("relation")[0].clone();
    let (id, unique) = (relation["id"].as_str().expect("an id"), relation["uniqueIdentifier"].as_str().expect("one"));
    assert_eq!(office.get(&format!("/relations/{id}")).json(), relation);
    assert_eq!(office.get(&format!("/relations/{unique}")).json(), relation);
    assert_eq!(office.get("/relations/nobody").status, 404);
    assert_eq!(results(&office.get(&format!("/tasks?relationId={id}"))).len(), 3);
    assert_eq!(results(&office.get(&format!("/tasks?relationId={unique}"))).len(), 0);
    assert_eq!(results(&office.get("/relations?search=K-0007")).len(), 1);
    assert_eq!(results(&office.get("/relations?vatNumber=0710000007")).len(), 1);
    assert_eq!(office.get("/relations?vatNumber=BE0710000007").status, 400);
}

#[test]
fn a_missing_scope_is_401_like_a_key_that_is_not_known() {
    let office = Office::open();
    let fake = office.fake();
    for (key, path, status) in [
        ("limited", "/companies", 401),
        ("limited", "/users", 401),
        ("limited", "/tasks", 200),
        ("writer", "/relations", 200),
        ("expired", "/tasks", 401),
        ("nobody", "/tasks", 401),
    ] {
        assert_eq!(office.send(&fake.key(key), "GET", path, "", "").status, status, "{key} {path}");
    }
    fake.accept("owner", false);
    assert_eq!(office.get("/tasks").status, 401);
    fake.accept("owner", true);
    assert_eq!(office.get("/tasks").status, 200);
}

#[test]
fn a_meeting_is_a_document_a_task_and_an_interaction_that_names_both() {
    let office = Office::open();
    let linked = form(&[
        ("file", "https://files.example/verslag.pdf"),
        ("fileName", "Verslag.pdf"),
        ("relationIdentifier", "APR000100"),
        ("documentType", "13"),
        ("tagNames", "patchbay-0a1b2c3d"),
    ]);
    let owner = office.fake().key("owner");
    let form_type = "application/x-www-form-urlencoded";
    let document = office.send(&owner, "POST", "/documents/add", form_type, &linked);
    assert_eq!(document.status, 200, "{}", document.body);
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let uploaded = [
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n",
        &part("fileName", "v.pdf"),
        &part("relationIdentifier", "APR000100"),
        &part("documentType", "13"),
        "--b--\r\n",
    ]
    .concat();
    let file = office.send(&owner, "POST", "/documents/add", "multipart/form-data; boundary=b", &uploaded);
    assert_eq!(file.status, 200, "{}", file.body);
    let task = office.post(
        "/tasks",
        &json!({ "relationIdentifier": "APR000100", "name": "Bel de klant",
        "deadline": "2026-12-05T00:00:00", "status": 0, "assigneeId": null, "externalReference": "pb:1" }),
    );
    assert_eq!(task.status, 200, "{}", task.body);
    let ids = [document.json()["id"].clone(), file.json()["id"].clone()];
    let made = office.post(
        "/interactions",
        &json!({ "relationIdentifier": "APR000100", "subject": "Overleg",
        "description": "<p>x</p>", "date": "2026-11-21T10:00:00", "type": "meeting", "documentIds": ids,
        "taskIds": [task.json()["id"]], "externalReference": "pb:2" }),
    );
    assert_eq!(made.status, 200, "{}", made.body);
    let kinds: Vec<String> = office.stand().journal.objects().into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["document", "document", "task", "interaction"]);
}

#[test]
fn what_is_written_to_the_wrong_identifier_or_names_nothing_is_refused() {
    let office = Office::open();
    let id = office.fake().records("relation")[0]["id"].clone();
    for body in [
        json!({ "relationIdentifier": id, "subject": "x" }),
        json!({ "relationIdentifier": "APR000100", "subject": " " }),
        json!({ "relationIdentifier": "APR000100", "subject": "x", "date": "2026-11-21" }),
        json!({ "relationIdentifier": "APR000100", "subject": "x", "taskIds": ["t-404"] }),
        json!({ "relationIdentifier": "APR000100", "subject": "x", "colour": "red" }),
    ] {
        assert_eq!(office.post("/interactions", &body).status, 400, "{body}");
    }
    assert!(office.stand().journal.objects().is_empty());
}

#[test]
fn the_fifty_first_upload_of_a_minute_is_refused() {
    let office = Office::open();
    let (owner, kind) = (office.fake().key("owner"), "application/x-www-form-urlencoded");
    let statuses: Vec<u16> =
        (0..51).map(|_| office.send(&owner, "POST", "/documents/add", kind, "file=x").status).collect();
    assert_eq!((statuses[49], statuses[50]), (400, 429));
    assert_eq!(office.get("/tasks").status, 200, "other calls have a limit of their own");
}

#[test]
fn a_login_gives_tokens_with_the_scopes_that_were_asked_for_and_refresh_tokens_rotate() {
    let office = Office::open();
    let walk = office.walk();
    let path = walk.address(&[("scope", SCOPES)]);
    let first = walk.connect(&path, &office.fake().login());
    let access = |tokens: &Value| tokens["access_token"].as_str().unwrap_or_default().to_owned();
    assert_eq!(office.send(&access(&first), "GET", "/relations", "", "").status, 200);
    assert_eq!(office.send(&access(&first), "POST", "/tasks", "application/json", "{}").status, 401, "no such scope");
    let second = walk.refresh(&first["refresh_token"]);
    assert_eq!(second.status, 200, "{}", second.body);
    let old = walk.refresh(&first["refresh_token"]);
    assert_eq!((old.status, old.json()["error"].as_str()), (400, Some("invalid_grant")));
    office.fake().expire_access();
    assert_eq!(office.send(&access(&second.json()), "GET", "/relations", "", "").status, 401);
    office.fake().revoke_all();
    assert_eq!(walk.refresh(&second.json()["refresh_token"]).status, 400);
    let denied = walk.decide(&path, &office.fake().login(), "deny");
    assert_eq!(denied[0], ("error".to_owned(), "access_denied".to_owned()));
    for wrong in [("scope", "everything"), ("redirect_uri", "http://127.0.0.1:1/"), ("prompt", "login")] {
        assert_eq!(walk.open(&walk.address(&[wrong])).status, 400, "{wrong:?}");
    }
}

#[test]
fn no_secret_is_in_the_journal() {
    let office = Office::open();
    let walk = office.walk();
    walk.connect(&walk.address(&[("scope", SCOPES)]), &office.fake().login());
    office.get("/tasks");
    let text = std::fs::read_to_string(office.stand().journal.path()).expect("a journal");
    for secret in office.fake().secrets() {
        assert!(!text.contains(&secret));
    }
}

//! What the Brokercloud fake promises to those who write connectors against it.

use patchbay_fakes::{
    Act, Fakes, FakesConfig, Rule, Stand, also,
    brokercloud::{Brokercloud, HOST},
};
use serde_json::{Value, json};

use super::{
    calls::{Answer, plain},
    consent::Walk,
};

struct Office {
    fakes: Fakes,
}

impl Office {
    fn open() -> Self {
        let all = also::all().into_iter().filter(|one| one.name() == "brokercloud").collect();
        let office =
            Self { fakes: Fakes::start(FakesConfig { also: all, ..FakesConfig::small() }).expect("the fakes start") };
        office.fake().allow_redirect(super::consent::REDIRECT);
        office
    }

    fn stand(&self) -> &Stand<Brokercloud> {
        self.fakes.stand().expect("the fake")
    }

    fn fake(&self) -> &Brokercloud {
        &self.stand().provider
    }

    fn walk(&self) -> Walk<'_> {
        let (authorize, token) = ("/oauth/v2/auth", "/oauth/v2/token");
        Walk { origin: &self.stand().plain, host: HOST, authorize, token, client: self.fake().client() }
    }

    fn access(&self, who: &str) -> String {
        let walk = self.walk();
        let tokens = walk.connect(&walk.address(&[]), &self.fake().login(who));
        tokens["access_token"].as_str().expect("a token").to_owned()
    }

    fn send(&self, access: &str, method: &str, path: &str, kind: &str, body: &str) -> Option<Answer> {
        let bearer = format!("Bearer {access}");
        let mut headers = vec![("authorization", bearer.as_str()), ("host", HOST)];
        if !body.is_empty() {
            headers.push(("content-type", kind));
        }
        plain(method, &format!("{}/api/v2{path}", self.stand().plain), &headers, body).ok()
    }

    fn get(&self, access: &str, path: &str) -> Answer {
        self.send(access, "GET", path, "", "").expect("an answer")
    }

    fn upload(&self, access: &str, party: u64, content: &str) -> Option<Answer> {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.pdf\"\r\nContent-Type: application/pdf\r\n\r\n{content}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nVerslag.pdf\r\n--b--\r\n"
        );
        self.send(access, "POST", &format!("/parties/{party}/files"), "multipart/form-data; boundary=b", &body)
    }
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.json()["data"].as_array().cloned().unwrap_or_default()
}

#[test]
fn lists_have_an_envelope_a_search_an_order_and_at_most_a_hundred_rows() {
    let office = Office::open();
    let access = office.access("broker");
    let page = office.get(&access, "/parties?start=1&length=10&draw=7");
    assert_eq!(
        (rows(&page).len(), page.json()["recordsFiltered"].as_u64(), page.json()["draw"].as_u64()),
        (3, Some(4), Some(7))
    );
    assert_eq!(
        rows(&office.get(&access, "/parties?length=500")).len(),
        4,
        "more than a hundred are asked for, not refused"
    );
    let id = office.fake().add_party("Zeldzaam & Co");
    let found = office.get(&access, "/parties?search%5Bvalue%5D=zeldzaam%20%26");
    assert_eq!((rows(&found)[0]["id"].clone(), found.json()["recordsTotal"].as_u64()), (json!(id), Some(5)));
    let ordered = "columns%5B0%5D%5Bdata%5D=id&order%5B0%5D%5Bcolumn%5D=0&order%5B0%5D%5Bdir%5D=desc";
    assert_eq!(rows(&office.get(&access, &format!("/parties?{ordered}&length=1")))[0]["id"], json!(id));
    assert_eq!(office.get(&access, "/parties?page=1").status, 400);
    assert_eq!(office.get(&access, "/parties?order%5B0%5D%5Bdir%5D=asc").status, 400);
}

#[test]
fn offices_do_not_see_each_other_and_a_customer_sees_one_party() {
    let office = Office::open();
    let (broker, other, portal) = (office.access("broker"), office.access("other"), office.access("portal"));
    assert_eq!(rows(&office.get(&other, "/parties")).len(), 3);
    assert_eq!(office.get(&other, "/parties/5021").status, 404);
    assert_eq!(office.get(&broker, "/parties/5021").status, 200);
    assert_eq!(rows(&office.get(&portal, "/parties")).len(), 1);
    assert_eq!(office.get(&portal, "/contracts").status, 403);
    assert_eq!(office.upload(&portal, 5021, "x").expect("an answer").status, 403);
    assert_eq!(office.get(&broker, "/users/me").json()["office_id"], 17);
    office.fake().tells_who(false);
    assert_eq!(office.get(&broker, "/users/me").status, 404);
}

#[test]
fn a_file_is_put_with_a_party_and_the_same_twice_is_two() {
    let office = Office::open();
    let access = office.access("broker");
    let made = [0, 1].map(|_| office.upload(&access, 5024, "%PDF").expect("an answer"));
    assert_eq!(made.each_ref().map(|answer| answer.status), [201, 201]);
    let files = rows(&office.get(&access, "/parties/5024/files"));
    assert_eq!(
        files.iter().map(|file| (&file["name"], &file["size"])).collect::<Vec<_>>(),
        [(&json!("Verslag.pdf"), &json!(4)); 2]
    );
    let body = json!({ "party_id": 5024, "name": "b.txt", "mime_type": "text/plain", "content": "aGFsbG8=" });
    let encoded = office.send(&access, "POST", "/files", "application/json", &body.to_string()).expect("an answer");
    assert_eq!((encoded.status, encoded.json()["size"].as_u64()), (201, Some(5)));
    let folder = json!({ "party_id": 5024, "name": "b.txt", "folder": 7, "content": "" }).to_string();
    assert_eq!(office.send(&access, "POST", "/files", "application/json", &folder).expect("an answer").status, 400);
    assert_eq!(office.upload(&access, 7001, "x").expect("an answer").status, 404, "a party of another office");
    let large = "x".repeat(20 * 1024 * 1024 + 1);
    assert_eq!(office.upload(&access, 5024, &large).expect("an answer").status, 413);
    assert_eq!(office.stand().journal.objects().len(), 3);
}

#[test]
fn a_file_may_be_stored_although_no_answer_comes() {
    let office = Office::open();
    let access = office.access("broker");
    office.stand().script.add(Rule::on("POST", "/api/v2/parties/", Act::LoseAnswer));
    assert!(office.upload(&access, 5024, "%PDF").is_none());
    assert_eq!(rows(&office.get(&access, "/parties/5024/files")).len(), 1);
}

#[test]
fn refresh_tokens_rotate_and_the_old_one_ends_at_once() {
    let office = Office::open();
    let walk = office.walk();
    let first = walk.connect(&walk.address(&[]), &office.fake().login("broker"));
    assert_eq!(first["expires_in"], 3_600);
    let second = walk.refresh(&first["refresh_token"]).json();
    let old = walk.refresh(&first["refresh_token"]);
    assert_eq!((old.status, old.json()["error"].as_str()), (400, Some("invalid_grant")));
    office.fake().expire_access();
    let refused = office.get(second["access_token"].as_str().expect("a token"), "/parties");
    assert_eq!((refused.status, refused.json()["error"].as_str()), (401, Some("invalid_grant")));
    assert!(refused.headers["www-authenticate"].contains("error=\"invalid_grant\""));
    assert!(office.fake().accepts_refresh(second["refresh_token"].as_str().expect("a token")));
    let wrong = [("scope", "x"), ("code_challenge", "x"), ("response_type", "token")];
    assert!(wrong.iter().all(|wrong| walk.open(&walk.address(&[*wrong])).status == 400));
}

#[test]
fn the_sixty_first_call_of_a_minute_is_refused() {
    let office = Office::open();
    office.fake().limit_calls(true);
    let access = office.access("broker");
    let statuses: Vec<Answer> = (0..61).map(|_| office.get(&access, "/parties?length=1")).collect();
    assert_eq!((statuses[59].status, statuses[60].status), (200, 429));
    assert_eq!(statuses[60].headers["retry-after"], "60");
}

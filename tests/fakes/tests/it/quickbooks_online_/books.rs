//! What it promises about queries, changes, writes and limits.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, BAKKERIJ, DAY, JSON, MOLEN, World, code, form};

fn query(world: &World, tokens: &Value, text: &str) -> Answer {
    let path = format!("query?{}", form(&[("query", text), ("minorversion", "75")]));
    world.api(tokens, MOLEN, "GET", &path, &[], "")
}

fn ids(answer: &Answer, entity: &str) -> Vec<String> {
    let rows = answer.json()["QueryResponse"][entity].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row["Id"].as_str().map(str::to_owned)).collect()
}

fn changes(world: &World, tokens: &Value, entities: &str, since: &str) -> Answer {
    let path = format!("cdc?{}", form(&[("entities", entities), ("changedSince", since), ("minorversion", "75")]));
    world.api(tokens, MOLEN, "GET", &path, &[], "")
}

fn post(world: &World, tokens: &Value, path: &str, id: &str, body: &Value) -> Answer {
    world.api(tokens, MOLEN, "POST", &format!("{path}?minorversion=75&requestid={id}"), &[JSON], &body.to_string())
}

fn kinds(world: &World) -> Vec<String> {
    world.stand().journal.objects().into_iter().map(|object| object.kind).collect()
}

fn note(entity: &str, id: &str, text: &str) -> Value {
    json!({ "AttachableRef": [{ "EntityRef": { "type": entity, "value": id } }], "Note": text })
}

#[test]
fn pages_are_asked_for_by_position_and_together_they_are_all_there_is() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let count = query(&world, &tokens, "SELECT COUNT(*) FROM Invoice").json();
    assert_eq!(count["QueryResponse"]["totalCount"], 640);
    assert_eq!(ids(&query(&world, &tokens, "select * from Invoice"), "Invoice").len(), 100);
    let order = "ORDERBY MetaData.LastUpdatedTime ASC";
    let mut all = Vec::new();
    for start in [1, 401] {
        let page =
            query(&world, &tokens, &format!("SELECT * FROM Invoice {order} STARTPOSITION {start} MAXRESULTS 400"));
        assert_eq!(page.json()["QueryResponse"]["startPosition"], start);
        all.extend(ids(&page, "Invoice"));
    }
    let known: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!((all.len(), known.len()), (640, 640));
    let nothing =
        query(&world, &tokens, &format!("SELECT * FROM Invoice {order} STARTPOSITION 641 MAXRESULTS 400")).json();
    assert_eq!(nothing["QueryResponse"], json!({}), "the list is left out");
    assert!(nothing["time"].as_str().is_some_and(|time| time.ends_with("-07:00")));
    // The same query as the body of a POST.
    let headers = [("content-type", "application/text")];
    let posted = world.api(&tokens, MOLEN, "POST", "query?minorversion=75", &headers, "SELECT COUNT(*) FROM Invoice");
    assert_eq!(posted.json()["QueryResponse"]["totalCount"], 640);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn what_is_inactive_is_hidden_unless_both_kinds_are_asked_for() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let found =
        |condition: &str| ids(&query(&world, &tokens, &format!("SELECT * FROM Vendor{condition}")), "Vendor").len();
    assert_eq!(found(""), 14);
    assert_eq!(found(" WHERE Active IN (true, false)"), 15);
    assert_eq!(found(" WHERE Active = false"), 1);
    assert_eq!(found(" WHERE DisplayName = 'Leverancier 5'"), 1);
    assert_eq!(found(" WHERE Id = '1004' AND Active IN (true, false)"), 1);
    assert_eq!(found(" WHERE MetaData.LastUpdatedTime >= '2026-03-02T00:00:00-08:00'"), 14);
    assert_eq!(found(" WHERE MetaData.LastUpdatedTime > '2026-03-02T13:00:00+00:00'"), 3);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_query_that_the_sheet_does_not_show_is_refused() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let wrong = [
        "SELECT * FROM Employee",
        "SELECT * FROM Invoice WHERE Balance > '0'",
        "SELECT * FROM Invoice WHERE Id = 5",
        "SELECT * FROM Invoice WHERE Id = '5' OR Id = '6'",
        "SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime > '2026-03-02T00:00:00'",
        "SELECT * FROM Invoice MAXRESULTS 1001",
        "SELECT * FROM Invoice STARTPOSITION 0",
        "SELECT * FROM Invoice ORDERBY TxnDate",
        "SELECT * FROM Invoice WHERE Id = '5",
        "",
    ];
    for text in wrong {
        let answer = query(&world, &tokens, text);
        assert_eq!((answer.status, code(&answer).as_str()), (400, "4000"), "{text}");
    }
    assert_eq!(world.refusals(), wrong.len());
    assert_eq!(world.api(&tokens, MOLEN, "GET", "invoice/5", &[], "").status, 404);
    assert_eq!(
        world.api(&tokens, MOLEN, "GET", "cdc?entities=TaxCode&changedSince=2026-11-20T00:00:00Z", &[], "").status,
        400
    );
    assert_eq!(world.api(&tokens, MOLEN, "GET", "query?query=x&page=2", &[], "").status, 400);
    assert_eq!(world.api(&tokens, MOLEN, "GET", "query?query=x", &[("x-other", "1")], "").status, 400);
    assert_eq!(world.refusals(), wrong.len() + 4);
}

#[test]
fn changes_are_told_with_what_was_deleted_and_voided_documents_stay() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let realm = world.fake().realm(MOLEN);
    let since = "2026-11-21T10:00:00Z";
    let nothing = changes(&world, &tokens, "Customer,Invoice", since).json();
    assert_eq!(nothing["CDCResponse"], json!([{ "QueryResponse": [{}, {}] }]));
    world.clock.advance(Duration::from_secs(60));
    assert!(world.fake().delete(&realm, "Invoice", "4011"));
    assert!(world.fake().void(&realm, "Invoice", "4012"));
    assert!(world.fake().change(&realm, "Customer", "5", "Active", json!(false)));
    let told = changes(&world, &tokens, "Customer,Invoice", since).json();
    let lists = &told["CDCResponse"][0]["QueryResponse"];
    assert_eq!((&lists[0]["Customer"][0]["Id"], &lists[0]["Customer"][0]["Active"]), (&json!("5"), &json!(false)));
    let invoices = lists[1]["Invoice"].as_array().expect("a list");
    let gone = invoices.iter().find(|one| one["status"] == "Deleted").expect("a deletion");
    assert_eq!(gone["Id"], "4011");
    let voided = invoices.iter().find(|one| one["PrivateNote"] == "Voided").expect("a voided one");
    assert_eq!((&voided["Id"], &voided["TotalAmt"]), (&json!("4012"), &json!(0)));
    assert!(
        !ids(&query(&world, &tokens, "SELECT * FROM Invoice MAXRESULTS 1000"), "Invoice").contains(&"4011".to_owned())
    );
    assert_eq!(changes(&world, &tokens, "Bill", "2026-11-21T11:01:00+01:00").status, 200, "an offset is encoded");
    assert_eq!(world.refusals(), 0);
}

#[test]
fn changes_of_more_than_thirty_days_ago_are_refused_and_of_a_thousand_some_are_missing() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let old = changes(&world, &tokens, "Invoice", "2026-10-20T00:00:00Z");
    assert_eq!((old.status, code(&old).is_empty()), (400, false));
    assert_eq!(changes(&world, &tokens, "Invoice", "2026-10-22T10:00:00Z").status, 200, "exactly thirty days");
    let realm = world.fake().realm(MOLEN);
    (0..1_001).for_each(|at| drop(world.fake().add(&realm, "Bill", &format!("Import {at}"))));
    let told = changes(&world, &tokens, "Bill", "2026-11-21T00:00:00Z").json();
    let rows = told["CDCResponse"][0]["QueryResponse"][0]["Bill"].as_array().map(Vec::len);
    assert_eq!(rows, Some(1_000));
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_request_id_is_written_once_whoever_asks_again_and_never_for_something_else() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let first = post(&world, &tokens, "attachable", "r-1", &note("Customer", "5", "Betaling afgesproken"));
    assert_eq!(first.status, 200, "{}", first.body);
    world.clock.advance(Duration::from_secs(5));
    let again = post(&world, &tokens, "attachable", "r-1", &note("Customer", "5", "Betaling afgesproken"));
    assert_eq!(again.body, first.body, "the first answer");
    let other = post(&world, &tokens, "attachable", "r-1", &note("Customer", "5", "Iets anders"));
    assert_eq!((other.status, code(&other).as_str()), (400, "600"));
    assert_eq!(kinds(&world), ["note"]);
    assert_eq!(post(&world, &tokens, "attachable", "r-2", &note("Customer", "5", "Betaling afgesproken")).status, 200);
    assert_eq!(kinds(&world), ["note", "note"]);
    // What was refused was not written under its id.
    assert_eq!(code(&post(&world, &tokens, "attachable", "r-3", &note("Customer", "5", &"é".repeat(2_001)))), "6000");
    assert_eq!(post(&world, &tokens, "attachable", "r-3", &note("Customer", "5", &"é".repeat(2_000))).status, 200);
    assert_eq!(code(&post(&world, &tokens, "attachable", "r-4", &note("Customer", "99999", "x"))), "2500");
    assert_eq!(code(&post(&world, &tokens, "attachable", "r-4", &note("customer", "5", "x"))), "2170");
    let listed = query(
        &world,
        &tokens,
        "SELECT * FROM Attachable WHERE AttachableRef.EntityRef.Type = 'customer' AND AttachableRef.EntityRef.value = '5'",
    );
    assert_eq!(ids(&listed, "Attachable").len(), 3);
    assert_eq!(world.refusals(), 0);
    assert_eq!(post(&world, &tokens, "attachable", "r_5", &note("Customer", "5", "x")).status, 400);
    assert_eq!(post(&world, &tokens, "attachable", "r-6", &json!({ "Note": "x", "Lat": "1" })).status, 400);
    assert_eq!(world.refusals(), 2);
}

#[test]
fn an_upload_has_a_slot_for_each_file_and_one_that_fails_stops_no_other() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let part = |number: &str, to: &str| {
        let said = json!({ "AttachableRef": [{ "EntityRef": { "type": "Invoice", "value": to } }], "FileName": "a.pdf", "ContentType": "application/pdf" });
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"file_metadata_{number}\"\r\nContent-Type: application/json\r\n\r\n{said}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file_content_{number}\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n"
        )
    };
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let send = |form: &str| world.api(&tokens, MOLEN, "POST", "upload?minorversion=75&requestid=u1", &headers, form);
    let both = format!("{}{}--b--\r\n", part("01", "4005"), part("02", "99999"));
    let answer = send(&both).json();
    let slots = answer["AttachableResponse"].as_array().expect("a list");
    assert_eq!((&slots[0]["Attachable"]["FileName"], &slots[0]["Attachable"]["Size"]), (&json!("a.pdf"), &json!(4)));
    assert_eq!(slots[1]["Fault"]["Error"][0]["code"], "2500");
    assert_eq!(send(&both).json(), answer);
    assert_eq!(kinds(&world), ["file"]);
    assert_eq!(world.refusals(), 0);
    let lonely = both.replace("file_content_02", "file_content_03").replace("u1", "u2");
    assert_eq!(world.api(&tokens, MOLEN, "POST", "upload?requestid=u2", &headers, &lonely).status, 400);
    assert_eq!(world.refusals(), 1);
}

#[test]
fn a_change_of_another_state_is_stale_and_a_sparse_one_keeps_what_it_leaves_out() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let customer =
        |id: &str| world.fake().records(&world.fake().realm(MOLEN), "Customer").into_iter().find(|one| one["Id"] == id);
    let before = customer("5").expect("there");
    let change = |state: &Value, request: &str| {
        post(
            &world,
            &tokens,
            "customer",
            request,
            &json!({ "sparse": true, "Id": "5", "SyncToken": state, "Notes": "x" }),
        )
    };
    let changed = change(&before["SyncToken"], "c1").json();
    assert_eq!((&changed["Customer"]["Notes"], &changed["Customer"]["City"]), (&json!("x"), &before["City"]));
    assert_eq!(changed["Customer"]["DisplayName"], before["DisplayName"]);
    assert_ne!(changed["Customer"]["SyncToken"], before["SyncToken"]);
    assert_eq!(code(&change(&before["SyncToken"], "c2")), "5010");
    assert_eq!(change(&changed["Customer"]["SyncToken"], "c2").status, 200);
    let whole =
        json!({ "Id": "6", "SyncToken": customer("6").expect("there")["SyncToken"], "DisplayName": "Klant zes" });
    assert_eq!(post(&world, &tokens, "customer", "c3", &whole).json()["Customer"]["CompanyName"], Value::Null);
    let make = |name: &str, request: &str| post(&world, &tokens, "customer", request, &json!({ "DisplayName": name }));
    assert_eq!(code(&make("Leverancier 2", "c4")), "6240", "a vendor has this name");
    assert_eq!(code(&make("", "c5")), "2020");
    assert_eq!(make("Nieuwe klant", "c6").json()["Customer"]["SyncToken"], "0");
    assert_eq!(code(&post(&world, &tokens, "customer", "c7", &json!({ "Id": "99999", "SyncToken": "0" }))), "610");
    assert_eq!(kinds(&world), ["customer", "customer", "customer", "customer"]);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn invoices_are_made_and_documents_deleted() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let lines = json!([{ "Amount": 10.5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {} }]);
    let made =
        post(&world, &tokens, "invoice", "i1", &json!({ "CustomerRef": { "value": "5" }, "Line": lines })).json();
    let id = made["Invoice"]["Id"].as_str().expect("an id");
    assert_eq!(
        code(&post(&world, &tokens, "invoice", "i2", &json!({ "CustomerRef": { "value": "99999" }, "Line": lines }))),
        "2500"
    );
    let delete = |request: &str| {
        let path = format!("invoice?operation=delete&requestid={request}");
        world.api(&tokens, MOLEN, "POST", &path, &[JSON], &json!({ "Id": id, "SyncToken": "0" }).to_string())
    };
    assert_eq!(delete("i3").json()["Invoice"]["status"], "Deleted");
    assert_eq!(code(&delete("i4")), "610");
    assert_eq!(kinds(&world), ["invoice", "deletion"]);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn without_asking_for_json_the_answer_is_xml() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let path =
        format!("/v3/company/{}/query?{}", world.fake().realm(MOLEN), form(&[("query", "SELECT COUNT(*) FROM Bill")]));
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
    let answer = world.ask(super::API, "GET", &path, &[("authorization", &bearer), ("accept", "*/*")], "");
    assert_eq!(answer.headers["content-type"], "application/xml");
}

#[test]
fn calls_are_counted_by_minute_for_each_company_when_a_test_says_so() {
    let world = World::start();
    let [molen, bakkerij] = [MOLEN, BAKKERIJ].map(|company| world.connected("owner", company));
    world.fake().limit_calls(true);
    (0..500).for_each(|_| assert_eq!(world.info(&molen, MOLEN).status, 200));
    let over = world.info(&molen, MOLEN);
    assert_eq!((over.status, code(&over).as_str(), over.headers.get("retry-after")), (429, "3001", None));
    assert_eq!(world.info(&bakkerij, BAKKERIJ).status, 200, "another company has its own");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.info(&molen, MOLEN).status, 200);
}

#[test]
fn a_touch_changes_a_little_of_everything() {
    let world = World::start();
    let tokens = world.connected("owner", MOLEN);
    let realm = world.fake().realm(MOLEN);
    world.clock.advance(DAY);
    let tokens = world.refresh(&tokens).json();
    world.fake().touch(&realm);
    let told = changes(&world, &tokens, "Customer,Transfer", "2026-11-22T09:00:00Z").json();
    let lists = &told["CDCResponse"][0]["QueryResponse"];
    assert_eq!(lists[0]["Customer"].as_array().map(Vec::len), Some(3));
    assert_eq!(lists[1]["Transfer"].as_array().map(Vec::len), Some(3));
    let encoded: String = form_urlencoded::byte_serialize(b"2026-11-22T10:00:00+01:00").collect();
    assert!(encoded.contains("%2B"));
}

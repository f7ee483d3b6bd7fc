//! What it promises about lists, writes and limits.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, BAKKERIJ, JSON, MOLEN, World, form};

fn ids(answer: &Answer, list: &str, key: &str) -> Vec<String> {
    let rows = answer.json()[list].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row[key].as_str().map(str::to_owned)).collect()
}

/// A write to the first organisation.
fn write(world: &World, tokens: &Value, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let tenant = world.xero().tenant(MOLEN);
    let mut all = vec![("xero-tenant-id", tenant.as_str())];
    all.extend_from_slice(headers);
    world.api(tokens, method, &format!("/api.xro/2.0/{path}"), &all, body)
}

fn note(text: &str) -> String {
    json!({ "HistoryRecords": [{ "Details": text }] }).to_string()
}

fn kinds(world: &World) -> Vec<String> {
    world.stand().journal.objects().into_iter().map(|object| object.kind).collect()
}

#[test]
fn pages_are_counted_and_together_they_are_all_there_is() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let mut all = Vec::new();
    for page in 1..=3 {
        let path = format!("Invoices?page={page}&pageSize=100&order=UpdatedDateUTC%20ASC&unitdp=4");
        let answer = world.read(&tokens, &path, &[]);
        let info = json!({ "page": page, "pageSize": 100, "pageCount": 3, "itemCount": 250 });
        assert_eq!(answer.json()["pagination"], info);
        all.extend(ids(&answer, "Invoices", "InvoiceID"));
    }
    all.sort();
    let mut known: Vec<String> = world
        .xero()
        .records(&world.xero().tenant(MOLEN), "Invoices")
        .iter()
        .filter_map(|record| record["InvoiceID"].as_str().map(str::to_owned))
        .collect();
    known.sort();
    assert_eq!(all, known);
    let one = &world.read(&tokens, "Invoices?page=1&unitdp=4", &[]).json()["Invoices"][0];
    assert_eq!(one["LineItems"][0]["UnitAmount"], 33.3333);
    assert_eq!(one["DateString"], "2026-03-02T00:00:00");
    assert_eq!(world.read(&tokens, "Invoices?page=1", &[]).json()["Invoices"][0]["LineItems"][0]["UnitAmount"], 33.33);
    let unpaged = world.read(&tokens, "Invoices", &[]).json();
    assert_eq!(unpaged["Invoices"].as_array().map(Vec::len), Some(250));
    assert_eq!((&unpaged["pagination"], &unpaged["Invoices"][0]["LineItems"]), (&Value::Null, &Value::Null));
    assert_eq!(world.refusals(), 0);
}

#[test]
fn what_has_changed_after_a_moment_is_told_with_what_was_voided() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let tenant = world.xero().tenant(MOLEN);
    let since = |since: &str| {
        ids(&world.read(&tokens, "Invoices?page=1", &[("if-modified-since", since)]), "Invoices", "InvoiceID")
    };
    assert_eq!(since("2026-11-21T09:59:59"), Vec::<String>::new());
    let id = world.xero().records(&tenant, "Invoices")[20]["InvoiceID"].as_str().expect("an id").to_owned();
    assert!(world.xero().change(&tenant, "Invoices", &id, "Status", json!("VOIDED")));
    assert_eq!(since("2026-11-21T09:59:59"), [id.as_str()]);
    assert_eq!(since("2026-11-21T09:59:59Z"), [id]);
    assert_eq!(since("2026-11-21T10:00:00"), Vec::<String>::new(), "the second itself is not after it");
    let wrong = world.read(&tokens, "Invoices?page=1", &[("if-modified-since", "Sat, 21 Nov 2026 09:59:59 GMT")]);
    assert_eq!((wrong.status, world.refusals()), (412, 1));
    assert_eq!(world.read(&tokens, "Currencies", &[("if-modified-since", "2026-11-21T09:59:59")]).status, 400);
}

#[test]
fn archived_contacts_come_only_when_they_are_asked_for() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let count = |path: &str| world.read(&tokens, path, &[]).json()["pagination"]["itemCount"].clone();
    assert_eq!(count("Contacts?page=1"), 219);
    assert_eq!(count("Contacts?page=1&includeArchived=true"), 220);
    let summary = world.read(&tokens, "Contacts?page=1&summaryOnly=true", &[]).json();
    assert_eq!(summary["Contacts"][0]["Addresses"], Value::Null);
}

#[test]
fn a_list_is_searched_by_what_the_sheet_names_and_everything_else_is_an_error() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let found = |condition: &str| {
        let path = format!("Contacts?page=1&pageSize=1000&{}", form(&[("where", condition)]));
        let answer = world.read(&tokens, &path, &[]);
        (answer.status, ids(&answer, "Contacts", "Name").len())
    };
    assert_eq!(found("Name==\"Relatie 5\""), (200, 1));
    assert_eq!(found("Name.ToLower().Contains(\"relatie 21\") AND EmailAddress!=null"), (200, 11));
    assert_eq!(found("Name.StartsWith(\"Relatie\") && IsCustomer==null"), (200, 0));
    let id = world.xero().records(&world.xero().tenant(MOLEN), "Contacts")[9]["ContactID"].clone();
    let id = id.as_str().unwrap_or_default();
    assert_eq!(found(&format!("ContactID==Guid(\"{id}\")")), (200, 1));
    assert_eq!(ids(&world.read(&tokens, &format!("Contacts?page=1&IDs={id}"), &[]), "Contacts", "ContactID"), [id]);
    assert_eq!(
        world.read(&tokens, "Invoices?page=1&where=Date%3CDateTime(1970,01,01)", &[]).json()["pagination"]["itemCount"],
        1
    );
    assert_eq!(world.refusals(), 0);
    let wrong = world.read(&tokens, "Contacts?page=1&where=Name~5", &[]);
    assert_eq!((wrong.status, wrong.json()["Type"].clone()), (400, json!("QueryParseException")));
}

#[test]
fn what_the_sheet_does_not_name_is_refused() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let id = world.xero().records(&world.xero().tenant(MOLEN), "Contacts")[0]["ContactID"].clone();
    let id = id.as_str().unwrap_or_default();
    for path in ["Contacts?page=1&searchTerm=x", "Accounts?page=1", "Contacts?page=1&order=Name", "Invoices?pageSize=5"]
    {
        assert_eq!(world.read(&tokens, path, &[]).status, 400, "{path}");
    }
    assert_eq!(world.read(&tokens, "Contacts?page=1", &[("x-other", "1")]).status, 400);
    assert_eq!(world.read(&tokens, &format!("Contacts/{id}"), &[]).status, 404);
    assert_eq!(write(&world, &tokens, "PUT", "Quotes", &[JSON], "{}").status, 404);
    let body = json!({ "HistoryRecords": [{ "Details": "x", "Title": "y" }] }).to_string();
    assert_eq!(write(&world, &tokens, "PUT", &format!("Contacts/{id}/History"), &[JSON], &body).status, 400);
    assert_eq!(world.refusals(), 8);
    assert_eq!(world.read(&tokens, "Journals?offset=0", &[]).status, 401, "a scope that nobody granted");
}

#[test]
fn without_asking_for_json_the_answer_is_xml() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let tenant = world.xero().tenant(MOLEN);
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap_or_default());
    let headers = [("authorization", bearer.as_str()), ("xero-tenant-id", &tenant), ("accept", "*/*")];
    let answer = world.ask("api.xero.com", "GET", "/api.xro/2.0/Organisation", &headers, "");
    assert_eq!(answer.headers["content-type"], "text/xml; charset=utf-8");
    assert!(answer.headers.contains_key("xero-correlation-id"));
    assert_eq!(answer.headers["x-daylimit-remaining"], "4999");
}

#[test]
fn a_key_is_written_once_whoever_asks_again_and_never_for_something_else() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let id = world.xero().records(&world.xero().tenant(MOLEN), "Invoices")[0]["InvoiceID"].clone();
    let path = format!("Invoices/{}/History", id.as_str().unwrap_or_default());
    let send =
        |key: &str, text: &str| write(&world, &tokens, "PUT", &path, &[JSON, ("idempotency-key", key)], &note(text));
    let first = send("k1", "Betaling afgesproken");
    assert_eq!(first.status, 200, "{}", first.body);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(send("k1", "Betaling afgesproken").body, first.body);
    assert_eq!(send("k1", "Iets anders").status, 400);
    assert_eq!(kinds(&world), ["history"]);
    assert_eq!(send("k2", "Betaling afgesproken").status, 200);
    assert_eq!(kinds(&world), ["history", "history"]);
    assert_eq!(send(&"k".repeat(129), "x").status, 400);
    let other =
        write(&world, &tokens, "POST", &path, &[JSON, ("idempotency-key", "k1")], &note("Betaling afgesproken"));
    assert_eq!(other.status, 400, "the method is part of the request");
    assert_eq!(send("k3", &"é".repeat(2_501)).json()["Type"], "ValidationException");
    assert_eq!(send("k3", &"é".repeat(2_500)).status, 200, "what was refused was not written under the key");
    assert_eq!(write(&world, &tokens, "PUT", "Invoices/none/History", &[JSON], &note("x")).status, 404);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_key_is_forgotten_some_minutes_after_its_first_call_and_then_the_same_is_written_twice() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let id = world.xero().records(&world.xero().tenant(MOLEN), "Invoices")[0]["InvoiceID"].clone();
    let path = format!("Invoices/{}/History", id.as_str().unwrap_or_default());
    let send = || write(&world, &tokens, "PUT", &path, &[JSON, ("idempotency-key", "k1")], &note("Betaling")).status;
    assert_eq!(send(), 200);
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(179));
        assert_eq!((send(), kinds(&world).len()), (200, 1), "asking again does not make it last longer");
    }
    world.clock.advance(Duration::from_secs(2));
    assert_eq!((send(), kinds(&world).len()), (200, 2));
}

#[test]
fn a_record_has_at_most_ten_files_and_post_replaces_one_of_the_same_name() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let id = world.xero().records(&world.xero().tenant(MOLEN), "Invoices")[0]["InvoiceID"].clone();
    let id = id.as_str().unwrap_or_default();
    let pdf = ("content-type", "application/pdf");
    let send = |method: &str, name: &str| {
        write(&world, &tokens, method, &format!("Invoices/{id}/Attachments/{name}"), &[pdf], "%PDF-1.7")
    };
    let first = send("PUT", "verslag%20%C3%A9.pdf").json();
    assert_eq!(first["Attachments"][0]["FileName"], "verslag é.pdf");
    assert_eq!(first["Attachments"][0]["ContentLength"], 8);
    assert_eq!(
        send("POST", "verslag%20%C3%A9.pdf").json()["Attachments"][0]["AttachmentID"],
        first["Attachments"][0]["AttachmentID"]
    );
    for number in 2..=10 {
        assert_eq!(send("PUT", &format!("{number}.pdf")).status, 200);
    }
    assert_eq!(send("PUT", "11.pdf").json()["Type"], "ValidationException");
    world.xero().allow_files(11);
    assert_eq!(send("PUT", "11.pdf").status, 200);
    let told = &world.read(&tokens, "Invoices?page=1&pageSize=1", &[]).json()["Invoices"][0];
    assert_eq!(told["HasAttachments"], true);
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\r\n--b--\r\n";
    let tenant = world.xero().tenant(MOLEN);
    let headers = [("xero-tenant-id", tenant.as_str()), ("content-type", "multipart/form-data; boundary=b")];
    let inbox = world.api(&tokens, "POST", "/files.xro/1.0/Files", &headers, form);
    assert_eq!((inbox.status, inbox.json()["Name"].clone()), (201, json!("a.pdf")));
    assert_eq!(kinds(&world).last().map(String::as_str), Some("file"));
    assert_eq!(world.refusals(), 0);
}

#[test]
fn contacts_are_made_and_changed_and_told_one_by_one_when_that_is_asked_for() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    let two =
        json!({ "Contacts": [{ "Name": "Nieuwe klant" }, { "Name": "Fout", "EmailAddress": "fout" }] }).to_string();
    let all = write(&world, &tokens, "PUT", "Contacts", &[JSON], &two);
    assert_eq!((all.status, all.json()["ErrorNumber"].clone()), (400, json!(10)));
    assert_eq!(kinds(&world), Vec::<String>::new());
    let each = write(&world, &tokens, "PUT", "Contacts?summarizeErrors=false", &[JSON], &two).json();
    let states: Vec<&Value> =
        each["Contacts"].as_array().expect("a list").iter().map(|one| &one["StatusAttributeString"]).collect();
    assert_eq!(states, ["OK", "ERROR"]);
    let again = json!({ "Contacts": [{ "Name": "Nieuwe klant", "FirstName": "An" }] }).to_string();
    assert_eq!(write(&world, &tokens, "PUT", "Contacts", &[JSON], &again).status, 400);
    let changed = write(&world, &tokens, "POST", "Contacts", &[JSON], &again).json();
    assert_eq!(changed["Contacts"][0]["ContactID"], each["Contacts"][0]["ContactID"]);
    assert_eq!(changed["Contacts"][0]["FirstName"], "An");
    let line = json!({ "Description": "Advies", "Quantity": 1, "UnitAmount": 10.5, "AccountCode": "200" });
    let invoice = |contact: &Value| {
        json!({ "Invoices": [{ "Type": "ACCREC", "Contact": { "ContactID": contact }, "LineItems": [line] }] })
            .to_string()
    };
    assert_eq!(write(&world, &tokens, "PUT", "Invoices", &[JSON], &invoice(&json!("none"))).status, 400);
    assert_eq!(
        write(&world, &tokens, "PUT", "Invoices", &[JSON], &invoice(&changed["Contacts"][0]["ContactID"])).status,
        200
    );
    assert_eq!(kinds(&world), ["contact", "contact", "invoice"]);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_write_needs_more_than_the_right_to_read() {
    let world = World::start();
    let tokens = world
        .redeemed(&world.consent("owner", "accounting.contacts.read", &world.xero().tenant(BAKKERIJ), "allow"))
        .json();
    assert_eq!(world.read(&tokens, "Contacts?page=1", &[]).status, 200);
    assert_eq!(write(&world, &tokens, "PUT", "Contacts", &[JSON], "{\"Contacts\":[{\"Name\":\"x\"}]}").status, 401);
    assert_eq!(world.read(&tokens, "Invoices?page=1", &[]).status, 401);
}

#[test]
fn calls_are_counted_by_minute_and_day_for_each_organisation_when_a_test_says_so() {
    let world = World::start();
    let tokens = world.connected("owner", BAKKERIJ);
    world.xero().limit_calls(true);
    let ask = |name: &str| {
        let tenant = world.xero().tenant(name);
        world.api(&tokens, "GET", "/api.xro/2.0/Organisation", &[("xero-tenant-id", &tenant)], "")
    };
    for left in (0..60).rev() {
        assert_eq!(ask(MOLEN).headers["x-minlimit-remaining"], left.to_string());
    }
    world.clock.advance(Duration::from_secs(20));
    let answer = ask(MOLEN);
    let (wait, why) = (&answer.headers["retry-after"], &answer.headers["x-rate-limit-problem"]);
    assert_eq!((answer.status, wait.as_str(), why.as_str()), (429, "40", "minute"));
    assert_eq!(ask(BAKKERIJ).status, 200, "another organisation has its own");
    world.clock.advance(Duration::from_secs(40));
    assert_eq!(ask(MOLEN).headers["x-daylimit-remaining"], "4939");
    world.xero().use_up(&world.xero().tenant(MOLEN), true);
    let answer = ask(MOLEN);
    let (wait, why) = (&answer.headers["retry-after"], &answer.headers["x-rate-limit-problem"]);
    assert_eq!((answer.status, wait.as_str(), why.as_str()), (429, "40000", "day"));
    assert_eq!(ask(BAKKERIJ).status, 200);
}

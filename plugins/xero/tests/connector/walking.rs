//! Long lists, that change while they are read.

use patchbay_sdk::{Case, Position, testing::TestHost};
use serde_json::{Value, json};

use super::stage::{BASE, CONTACT, HOUR, NOW, TENANT, read_from};

const AT: &str = "/Date(1772445000000+0000)/";
const MINUTE: u64 = 60_000;

fn asked(path: &str, query: &str, since: Option<&str>, body: &Value) -> Value {
    let headers = since.map_or(json!({}), |since| json!({ "if-modified-since": since }));
    json!({ "request": { "method": "GET", "url": format!("{BASE}/{path}?{query}"), "headers": headers },
        "answer": { "body": body } })
}

fn order(rest: &str) -> String {
    format!("order=UpdatedDateUTC%20ASC{rest}")
}

fn payments(page: u32, size: u32, ids: &[&str], count: Option<u32>) -> Value {
    let rows: Vec<Value> = ids.iter().map(|id| json!({ "PaymentID": id, "UpdatedDateUTC": AT })).collect();
    let pagination = count.map(|count| json!({ "pageCount": count }));
    let body = json!({ "Payments": rows, "pagination": pagination });
    asked("Payments", &order(&format!("&page={page}&pageSize={size}")), None, &body)
}

fn items(ids: &[&str]) -> Value {
    let rows: Vec<Value> = ids.iter().map(|id| json!({ "ItemID": id, "UpdatedDateUTC": AT })).collect();
    asked("Items", &format!("unitdp=4&{}", order("")), None, &json!({ "Items": rows }))
}

/// A cursor in the middle of records of one moment: the second page comes next.
fn half_way(asked: u64, restarts: u32) -> Value {
    json!({ "newest": 1_772_445_000_000_u64, "whole": null, "read": 2, "under_way": { "since": null, "page": 2, "size": 2,
        "whole": NOW, "limited": false, "asked": asked, "mark": null, "restarts": restarts } })
}

fn host(exchanges: &[Value]) -> TestHost {
    let host = TestHost::answering(&json!(exchanges).to_string()).in_order();
    host.set_now_ms(NOW);
    host
}

#[test]
fn the_number_of_a_page_holds_for_a_minute_and_after_a_rest_the_walk_begins_again() {
    {
        let _host = host(&[payments(2, 2, &["c"], Some(2))]);
        assert_eq!(read_from("payments", Some(half_way(NOW - MINUTE, 0)), 2).unwrap().records.len(), 1);
    }
    {
        // The first record has changed meanwhile and moved to the end, and the third one into its page.
        let _host = host(&[payments(1, 2, &["b", "c"], Some(2)), payments(2, 2, &["a"], Some(2))]);
        let reading = read_from("payments", Some(half_way(NOW - MINUTE - 1, 0)), 2).unwrap();
        let ids: Vec<&str> = reading.records.iter().filter_map(|row| row["PaymentID"].as_str()).collect();
        assert_eq!(ids, ["b", "c", "a"]);
        assert!(matches!(reading.position, Position::Complete(_)));
    }
    // Where every request has to wait, it comes to an end all the same, and says so.
    let slow = host(&[payments(2, 2, &["c"], Some(2))]);
    assert_eq!(read_from("payments", Some(half_way(NOW - HOUR, 5)), 2).unwrap().records.len(), 1);
    assert_eq!(slow.logs().len(), 1);
}

#[test]
fn a_list_that_is_another_at_its_second_piece_begins_again() {
    let (before, after) = (items(&["a", "b", "c"]), items(&["b", "c", "a"]));
    {
        let _host = host(&[before.clone(), after.clone(), after.clone()]);
        let reading = read_from("items", None, 2).unwrap();
        let ids: Vec<&str> = reading.records.iter().filter_map(|row| row["ItemID"].as_str()).collect();
        assert_eq!(ids, ["a", "b", "b", "c", "a"], "all of the list as it is by now");
        assert!(matches!(reading.position, Position::Complete(_)));
    }
    let turns: Vec<Value> = (0..7).map(|at| if at % 2 == 0 { before.clone() } else { after.clone() }).collect();
    let _host = host(&turns);
    let error = read_from("items", None, 2).unwrap_err();
    assert_eq!(error.case(), Case::Transient, "what is never the same twice is not said to be whole");
}

#[test]
fn a_hundred_rows_are_a_full_page_where_xero_does_not_say_how_many_it_gives() {
    let ids: Vec<String> = (0..100).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (first, second) in [(&ids[..], &ids[..3]), (&ids[..], &ids[..0])] {
        let _host = host(&[payments(1, 200, first, None), payments(2, 200, second, None)]);
        let reading = read_from("payments", None, 1_000).unwrap();
        assert_eq!(reading.records.len(), first.len() + second.len());
    }
    let _host = host(&[payments(1, 200, &ids[..99], None)]);
    assert_eq!(read_from("payments", None, 1_000).unwrap().records.len(), 99);
}

#[test]
fn contacts_and_invoices_are_read_whole_once_a_week_because_balances_change_without_a_moment() {
    let week = 7 * 24 * HOUR;
    let cursor =
        |whole: u64| Some(json!({ "newest": 1_772_445_000_000_u64, "whole": whole, "read": 1, "under_way": null }));
    let since = Some("2026-03-02T09:49:58");
    for (stream, path, more, drifts) in [
        ("contacts", "Contacts", "includeArchived=true&", true),
        ("invoices", "Invoices", "unitdp=4&", true),
        ("credit_notes", "CreditNotes", "unitdp=4&", false),
    ] {
        let query = format!("{more}{}", order("&page=1&pageSize=200"));
        let list = |since: Option<&str>| asked(path, &query, since, &json!({ path: [] }));
        {
            let _host = host(&[list(since)]);
            let reading = read_from(stream, cursor(NOW - week + 1), 1_000).unwrap();
            assert!(matches!(reading.position, Position::End(_)), "{stream}");
        }
        let host = host(&[list(since.filter(|_| !drifts))]);
        let reading = read_from(stream, cursor(NOW - week), 1_000).unwrap();
        assert_eq!(matches!(reading.position, Position::Complete(_)), drifts, "{stream}");
        let conditions = host.requests()[0].headers.iter().filter(|(name, _)| name == "if-modified-since").count();
        assert_eq!(conditions == 0, drifts, "{stream}");
        let place: Value = serde_json::from_slice(reading.position.cursor()).unwrap();
        assert_eq!(place["whole"] == json!(NOW), drifts, "{stream}: the next one is in a week");
    }
}

#[test]
fn an_invoice_or_bill_has_a_name_to_be_chosen_by_even_without_a_number() {
    let row = |more: Value| {
        let mut row = json!({ "InvoiceID": CONTACT, "UpdatedDateUTC": AT });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let rows = json!([
        row(json!({ "Type": "ACCREC", "InvoiceNumber": "INV-0142", "Reference": "Q1" })),
        row(json!({ "Type": "ACCPAY", "InvoiceNumber": "", "Reference": "F-9" })),
        row(json!({ "Type": "ACCPAY", "DateString": "2026-03-02T00:00:00" })),
        row(json!({ "Type": "ACCREC", "InvoiceNumber": null })),
    ]);
    let query = format!("unitdp=4&{}", order("&page=1&pageSize=200"));
    let _host = host(&[asked("Invoices", &query, None, &json!({ "Invoices": rows }))]);
    let reading = read_from("invoices", None, 1_000).unwrap();
    let labels: Vec<&str> = reading.records.iter().filter_map(|row| row["label"].as_str()).collect();
    assert_eq!(labels, ["INV-0142", "F-9", "Bill of 2026-03-02", "Invoice 2b1d0000"]);
    assert_eq!(reading.records[0]["target_id"], json!(format!("{TENANT}/{CONTACT}")));
}
